//! Finds lines, and what every line-wise decoder does around them: marks, headers, limits, state.

use super::FormatError;
use super::value::{Cells, arrow_field};
use crate::model::said_of;
use crate::table::Column;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use memchr::{memchr2, memchr3};
use std::sync::Arc;

/// A batch ends at so many bytes of input, however few its rows: Arrow's offsets have 31 bits.
pub(super) const MAX_BATCH_BYTES: usize = 64 << 20;
/// The longest line.
pub(super) const MAX_LINE_BYTES: usize = 512 << 20;

const STATE_VERSION: u8 = 1;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The line that begins at `from`: where it ends, and where the next one begins. Lines end at `\n`, `\r\n`, `\r`, or
/// (with `last`) where the bytes do; `None`: its end is not there yet.
#[inline]
pub(super) fn next_line(bytes: &[u8], from: usize, last: bool) -> Option<(usize, usize)> {
    let rest = &bytes[from..];
    line_end(rest, memchr2(b'\n', b'\r', rest), last).map(|(end, next)| (from + end, from + next))
}

/// A look at a line in which quotes mean something.
pub(super) enum Line {
    /// As [`next_line`] has it; no quote is in it.
    Plain(usize, usize),
    /// A quote comes before its end.
    Quoted,
    /// Its end is not there yet.
    Cut,
}

/// Looks for the end and for a quote at once.
#[inline]
pub(super) fn next_unquoted_line(bytes: &[u8], from: usize, last: bool) -> Line {
    let rest = &bytes[from..];
    let found = memchr3(b'\n', b'\r', b'"', rest);
    if found.is_some_and(|at| rest[at] == b'"') {
        return Line::Quoted;
    }
    line_end(rest, found, last).map_or(Line::Cut, |(end, next)| Line::Plain(from + end, from + next))
}

/// What a line break at `found` says: where the line ends, and where the next one begins.
#[inline]
fn line_end(line: &[u8], found: Option<usize>, last: bool) -> Option<(usize, usize)> {
    match found {
        Some(at) if line[at] == b'\n' => Some((at, at + 1)),
        Some(at) => match line.get(at + 1) {
            Some(b'\n') => Some((at, at + 2)),
            Some(_) => Some((at, at + 1)),
            None => last.then_some((at, at + 1)),
        },
        None => (last && !line.is_empty()).then_some((line.len(), line.len())),
    }
}

/// Where a decoder stands in its input.
#[derive(Debug)]
pub(super) struct Progress {
    /// Lines that are done.
    pub(super) lines: u64,
    /// Lines of the header still to skip.
    skip: u64,
}

impl Progress {
    pub(super) fn new(skip: u64) -> Self {
        Self { lines: 0, skip }
    }

    /// Bytes to pass over in front of the next row: a byte order mark at the very beginning, the header; and whether
    /// they are all there.
    pub(super) fn lead(&mut self, bytes: &[u8], last: bool) -> (usize, bool) {
        let mut at = 0;
        if self.lines == 0 {
            if bytes.len() < BOM.len() && !last && BOM.starts_with(bytes) {
                return (0, false);
            }
            if bytes.starts_with(BOM) {
                at = BOM.len();
            }
        }
        while self.skip > 0 {
            let Some((_, next)) = next_line(bytes, at, last) else {
                return (at, false);
            };
            self.skip -= 1;
            self.lines += 1;
            at = next;
        }
        (at, true)
    }

    /// What a call that came to `at` has used: nothing before the first line is done, so that the mark stays with it.
    pub(super) fn used(&self, at: usize) -> usize {
        if self.lines == 0 { 0 } else { at }
    }

    pub(super) fn state(&self) -> Vec<u8> {
        let mut state = vec![STATE_VERSION];
        state.extend_from_slice(&self.lines.to_le_bytes());
        state.extend_from_slice(&self.skip.to_le_bytes());
        state
    }

    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), FormatError> {
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
        let read = match state {
            [STATE_VERSION, rest @ ..] if rest.len() == 16 => number(&rest[..8]).zip(number(&rest[8..])),
            _ => None,
        };
        let (lines, skip) = read.ok_or_else(|| FormatError::new("stored state of a decoder is damaged"))?;
        (self.lines, self.skip) = (lines, skip);
        Ok(())
    }

    /// Refuses a line that has grown beyond the limit without an end.
    pub(super) fn check_length(&self, waiting: usize) -> Result<(), FormatError> {
        if waiting <= MAX_LINE_BYTES {
            return Ok(());
        }
        let mega = MAX_LINE_BYTES >> 20;
        Err(FormatError::new(format!("a row is longer than {mega} MB; is the format right?"))
            .line(self.lines + 1))
    }
}

/// The columns that a decoder fills.
pub(super) struct Table {
    schema: SchemaRef,
    pub(super) names: Vec<String>,
    pub(super) cells: Vec<Cells>,
    pub(super) rows: usize,
}

impl Table {
    pub(super) fn new<'c>(columns: impl Iterator<Item = &'c Column> + Clone) -> Self {
        let fields: Vec<_> = columns.clone().map(|c| arrow_field(&c.name, &c.data_type)).collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            names: columns.clone().map(|c| c.name.clone()).collect(),
            cells: columns.map(|c| Cells::new(&c.data_type)).collect(),
            rows: 0,
        }
    }

    /// The error of a value; the message is not shown of a secret one.
    pub(super) fn error(&self, column: usize, line: u64, message: String) -> FormatError {
        match self.names.get(column) {
            Some(name) => FormatError::new(said_of(name, message)).line(line).column(name),
            None => FormatError::new(message).line(line),
        }
    }

    /// The rows so far; `None` if there are none.
    pub(super) fn finish(&mut self) -> Result<Option<RecordBatch>, FormatError> {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return Ok(None);
        }
        let columns = self.cells.iter_mut().map(Cells::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map(Some)
            .map_err(|e| FormatError::new(format!("columns don't fit together: {e}")))
    }
}
