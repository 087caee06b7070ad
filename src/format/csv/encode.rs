//! Rows → records of csv.

use crate::format::text::{TimeFormats, push_cell, views, writable};
use crate::format::view::{Values, View};
use crate::format::{Encoder, FormatError};
use crate::table::{Column, DataType};
use arrow::record_batch::RecordBatch;
use memchr::{memchr, memchr3};

/// How csv files are written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// What stands between two rows.
    pub row_delimiter: String,
    /// Names for the first line of each file.
    pub header: Option<Vec<String>>,
    /// How dates and times are written.
    pub formats: TimeFormats,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { row_delimiter: "\n".into(), header: None, formats: TimeFormats::default() }
    }
}

/// An encoder of csv files; cells that need it are quoted, the delimiter is a comma.
///
/// # Errors
/// Types that text can't carry, or nested deeper than separators reach.
pub fn encoder(columns: &[Column], options: &WriteOptions) -> Result<Box<dyn Encoder>, String> {
    let row_delimiter = options.row_delimiter.clone().into_bytes();
    let header = options.header.as_ref().map(|names| {
        let mut line = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                line.push(b',');
            }
            push_quotable(&mut line, name.as_bytes(), &row_delimiter);
        }
        line
    });
    let types = writable(columns)?;
    Ok(Box::new(CsvEncoder { types, row_delimiter, header, formats: options.formats, begun: false }))
}

struct CsvEncoder {
    types: Vec<DataType>,
    row_delimiter: Vec<u8>,
    header: Option<Vec<u8>>,
    formats: TimeFormats,
    /// Whether the file has a line already.
    begun: bool,
}

impl Encoder for CsvEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.begun = self.header.is_some();
        if let Some(header) = &self.header {
            out.extend_from_slice(header);
        }
    }

    fn encode(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let views = views(rows, &self.types)?;
        let mut nested = Vec::new();
        for row in 0..rows.num_rows() {
            if std::mem::replace(&mut self.begun, true) {
                out.extend_from_slice(&self.row_delimiter);
            }
            for (index, view) in views.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                self.push(out, view, row, &mut nested);
            }
        }
        Ok(())
    }
}

impl CsvEncoder {
    #[inline]
    fn push(&self, out: &mut Vec<u8>, view: &View<'_>, row: usize, nested: &mut Vec<u8>) {
        match &view.values {
            Values::String(a) => {
                if !view.is_null(row) {
                    push_quotable(out, a.value(row).as_bytes(), &self.row_delimiter);
                }
            }
            Values::Bytes(_) | Values::Array(..) | Values::Map(..) | Values::Row(_) => {
                nested.clear();
                push_cell(nested, view, row, 0, &self.formats);
                push_quotable(out, nested, &self.row_delimiter);
            }
            _ => push_cell(out, view, row, 0, &self.formats),
        }
    }
}

/// Appends a text; in quotes where it would not read back without: it holds the delimiter, a quote, a line break,
/// the row delimiter.
fn push_quotable(out: &mut Vec<u8>, text: &[u8], row_delimiter: &[u8]) {
    let special = memchr3(b',', b'"', b'\n', text).is_some()
        || memchr(b'\r', text).is_some()
        || holds_other(text, row_delimiter);
    if !special {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Whether a text holds a row delimiter that is no line break.
fn holds_other(text: &[u8], row_delimiter: &[u8]) -> bool {
    match row_delimiter {
        [] | [b'\n'] | [b'\r', b'\n'] | [b'\r'] => false,
        [a, ..] if memchr(*a, text).is_none() => false,
        other => memchr::memmem::find(text, other).is_some(),
    }
}
