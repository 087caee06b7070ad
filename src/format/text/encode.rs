//! Rows → lines of text.

use super::TimeFormats;
use super::decode::check_levels;
use crate::format::delimiter::level_separator;
use crate::format::print::{self, DecimalStyle};
use crate::format::view::{Values, View, range_of};
use crate::format::{Encoder, FormatError};
use crate::table::{Column, DataType};
use arrow::record_batch::RecordBatch;

/// How text files are written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// What parts the columns, literally.
    pub field_delimiter: String,
    /// What stands between two rows.
    pub row_delimiter: String,
    /// Names for the first line of each file.
    pub header: Option<Vec<String>>,
    /// How dates and times are written.
    pub formats: TimeFormats,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            field_delimiter: "\u{1}".into(),
            row_delimiter: "\n".into(),
            header: None,
            formats: TimeFormats::default(),
        }
    }
}

/// An encoder of text files.
///
/// # Errors
/// Types that text can't carry, or nested deeper than separators reach.
pub fn encoder(columns: &[Column], options: &WriteOptions) -> Result<Box<dyn Encoder>, String> {
    let types = writable(columns)?;
    let delimiter = options.field_delimiter.clone().into_bytes();
    let row_delimiter = options.row_delimiter.clone().into_bytes();
    let header = options.header.as_ref().map(|names| names.join(&options.field_delimiter).into_bytes());
    Ok(Box::new(TextEncoder {
        types,
        delimiter,
        row_delimiter,
        header,
        formats: options.formats,
        begun: false,
    }))
}

/// The types of columns that text can carry.
pub(in crate::format) fn writable(columns: &[Column]) -> Result<Vec<DataType>, String> {
    check_levels(columns)?;
    let vector = columns.iter().find(|c| matches!(c.data_type, DataType::Vector(..)));
    match vector {
        Some(column) => {
            Err(format!("column \"{}\": {} can't be written as text", column.name, column.data_type))
        }
        None => Ok(columns.iter().map(|c| c.data_type.clone()).collect()),
    }
}

/// The columns of a batch, downcast; an error when there are others than wanted.
pub(in crate::format) fn views<'a>(
    rows: &'a RecordBatch,
    types: &[DataType],
) -> Result<Vec<View<'a>>, FormatError> {
    if rows.num_columns() != types.len() {
        let (given, wanted) = (rows.num_columns(), types.len());
        return Err(FormatError::new(format!("{given} columns were given, {wanted} are to be written")));
    }
    Ok(rows.columns().iter().zip(types).map(|(c, t)| View::of(c.as_ref(), t)).collect())
}

struct TextEncoder {
    types: Vec<DataType>,
    delimiter: Vec<u8>,
    row_delimiter: Vec<u8>,
    header: Option<Vec<u8>>,
    formats: TimeFormats,
    /// Whether the file has a line already.
    begun: bool,
}

impl Encoder for TextEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.begun = self.header.is_some();
        if let Some(header) = &self.header {
            out.extend_from_slice(header);
        }
    }

    fn encode(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let views = views(rows, &self.types)?;
        for row in 0..rows.num_rows() {
            if std::mem::replace(&mut self.begun, true) {
                out.extend_from_slice(&self.row_delimiter);
            }
            for (index, view) in views.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(&self.delimiter);
                }
                push_cell(out, view, row, 0, &self.formats);
            }
        }
        Ok(())
    }
}

/// Appends a value as text files have it; null is nothing.
#[inline]
pub(in crate::format) fn push_cell(
    out: &mut Vec<u8>,
    view: &View<'_>,
    row: usize,
    level: usize,
    formats: &TimeFormats,
) {
    if view.is_null(row) {
        return;
    }
    match &view.values {
        Values::String(a) => out.extend_from_slice(a.value(row).as_bytes()),
        Values::BigInt(a) => print::integer(out, a.value(row)),
        Values::Int(a) => print::integer(out, a.value(row).into()),
        Values::Double(a) => print::double(out, a.value(row)),
        Values::Timestamp(a) => formats.push_timestamp(out, a.value(row)),
        Values::Instant(a) => {
            formats.push_timestamp(out, a.value(row));
            out.push(b'Z');
        }
        Values::Date(a) => formats.push_date(out, a.value(row)),
        Values::Time(a) => formats.push_time(out, a.value(row)),
        Values::Boolean(a) => print::boolean(out, a.value(row)),
        Values::TinyInt(a) => print::integer(out, a.value(row).into()),
        Values::SmallInt(a) => print::integer(out, a.value(row).into()),
        Values::Float(a) => print::float(out, a.value(row)),
        Values::Decimal128(a, scale) => {
            print::decimal128(out, a.value(row), *scale, DecimalStyle::Scaled);
        }
        Values::Decimal256(a, scale) => {
            print::decimal256(out, a.value(row), *scale, DecimalStyle::Scaled);
        }
        Values::Bytes(a) => out.extend_from_slice(a.value(row)),
        Values::Array(a, elements) => {
            let range = range_of(a.value_offsets(), row);
            for at in range.clone() {
                if at > range.start {
                    out.push(level_separator(level + 1));
                }
                push_cell(out, elements, at, level + 1, formats);
            }
        }
        Values::Map(a, keys, values) => {
            let range = range_of(a.value_offsets(), row);
            for at in range.clone() {
                if at > range.start {
                    out.push(level_separator(level + 1));
                }
                push_cell(out, keys, at, level + 1, formats);
                out.push(level_separator(level + 2));
                push_cell(out, values, at, level + 1, formats);
            }
        }
        Values::Row(fields) => {
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(level_separator(level + 1));
                }
                push_cell(out, field, row, level + 1, formats);
            }
        }
        Values::Null | Values::Vector(..) => {}
    }
}
