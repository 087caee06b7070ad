//! What every format gives: a decoder and an encoder.

use super::FormatError;
use arrow::record_batch::RecordBatch;

/// What one call of [`Decoder::decode`] made.
#[derive(Debug)]
pub struct Decoded {
    /// The rows; `None` when no complete row was there (lines may have been skipped all the same).
    pub rows: Option<RecordBatch>,
    /// Bytes at the front that are done; the next call begins behind them.
    pub used: usize,
}

/// UTF-8 bytes → rows of the columns it was made for. Invalid UTF-8 reads as U+FFFD.
pub trait Decoder: Send {
    /// Decodes the complete lines at the front of `bytes` into at most `max_rows` rows; with `last` nothing follows,
    /// so that the last line needs no end. A call that uses nothing and gives no rows wants more bytes (the caller
    /// should then offer twice as many); at the end of the input, that is the end.
    ///
    /// # Errors
    /// A value that can't be read, with its line and column; nothing can be decoded after that.
    fn decode(&mut self, bytes: &[u8], last: bool, max_rows: usize) -> Result<Decoded, FormatError>;

    /// Versioned state to go on behind the used bytes.
    fn state(&self) -> Vec<u8>;

    /// Goes on where `state` was taken.
    ///
    /// # Errors
    /// Bytes that no `state` of this format answered.
    fn restore(&mut self, state: &[u8]) -> Result<(), FormatError>;
}

/// Rows → bytes. The row delimiter stands between rows, none after the last.
pub trait Encoder: Send {
    /// Starts a new file: writes the header, if there is one.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Appends rows; they must have the columns the encoder was made for.
    ///
    /// # Errors
    /// Other columns.
    fn encode(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), FormatError>;
}
