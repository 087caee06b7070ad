//! Turns bytes into Arrow batches and back: text, csv, json. No files, no sockets.
//!
//! The route of a byte: [`charset`] makes it UTF-8 → a [`Decoder`] cuts lines and cells → `value` parses each cell
//! straight into the builder of its column → one [`RecordBatch`](arrow::record_batch::RecordBatch). Back: `view`
//! downcasts each column once → an [`Encoder`] writes row after row into one byte vector.
//!
//! Invariants:
//! - No input panics or overflows a stack; a value that can't be read is a [`FormatError`] with its line and column.
//! - Decoding in chunks of any size gives the same rows as decoding in one piece, also across [`Decoder::restore`].
//! - Nothing is allocated per cell on the way of plain values.
//! - Every value is read by its own form: no column remembers the date format that came first.

pub mod charset;
pub mod csv;
mod delimiter;
mod error;
pub mod java_text;
pub mod java_time;
pub mod json;
mod lines;
pub mod parquet;
mod port;
mod print;
#[cfg(test)]
mod tests;
pub mod text;
mod typed_text;
mod value;
mod view;

pub use error::FormatError;
pub use java_text::JavaText;
pub use json::ColumnBuilder;
pub use port::{Decoded, Decoder, Encoder};
pub(crate) use print::{civil_of_days, days_of_civil};
pub use typed_text::TypedText;
pub(crate) use value::instant::of_local;
pub(crate) use value::time as time_text;
