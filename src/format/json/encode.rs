//! Rows → JSON lines.

use crate::format::print::{self, DecimalStyle, Fraction, Out};
use crate::format::view::{Values, View, range_of};
use crate::format::{Encoder, FormatError};
use crate::table::{Column, DataType, Field};
use arrow::record_batch::RecordBatch;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How rows are written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// What stands between two rows.
    pub row_delimiter: String,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { row_delimiter: "\n".into() }
    }
}

/// Writes one compact object per row, columns in order, nulls as `null`.
///
/// # Errors
/// A column of a type that JSON can't carry.
pub fn encoder(columns: &[Column], options: &WriteOptions) -> Result<Box<dyn Encoder>, String> {
    let fields: Vec<Field> =
        columns.iter().map(|c| Field { name: c.name.clone(), data_type: c.data_type.clone() }).collect();
    for field in &fields {
        if let DataType::Vector(..) = field.data_type {
            return Err(format!("column \"{}\": {} can't be written as JSON", field.name, field.data_type));
        }
    }
    let names = Names::of(&fields);
    Ok(Box::new(JsonEncoder {
        fields,
        names,
        row_delimiter: options.row_delimiter.clone().into_bytes(),
        rows: 0,
    }))
}

/// What stands before each value of an object: `{"a":`, `,"b":`; and the names of what is nested in it.
#[derive(Debug)]
pub(super) struct Names {
    before: Vec<Vec<u8>>,
    inner: Vec<Inner>,
}

/// How what is nested in a value is written.
#[derive(Debug)]
pub(super) enum Inner {
    Plain,
    /// Of elements or map values.
    Items(Box<Inner>),
    /// A row as an object.
    Row(Names),
    /// A row as the list of its values.
    Values(Vec<Inner>),
}

impl Names {
    fn of(fields: &[Field]) -> Self {
        let before = fields.iter().enumerate().map(|(index, field)| {
            let mut text = vec![if index == 0 { b'{' } else { b',' }];
            push_quoted_bytes(&mut text, field.name.as_bytes());
            text.push(b':');
            text
        });
        Self { before: before.collect(), inner: fields.iter().map(|f| Inner::of(&f.data_type)).collect() }
    }
}

impl Inner {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Array(item) | DataType::Map(_, item) => Inner::Items(Box::new(Inner::of(item))),
            DataType::Row(fields) => Inner::Row(Names::of(fields)),
            _ => Inner::Plain,
        }
    }

    /// The same with rows as lists.
    pub(super) fn without_names(data_type: &DataType) -> Self {
        match data_type {
            DataType::Array(item) | DataType::Map(_, item) => {
                Inner::Items(Box::new(Inner::without_names(item)))
            }
            DataType::Row(fields) => {
                Inner::Values(fields.iter().map(|f| Inner::without_names(&f.data_type)).collect())
            }
            _ => Inner::Plain,
        }
    }
}

struct JsonEncoder {
    fields: Vec<Field>,
    names: Names,
    row_delimiter: Vec<u8>,
    /// Rows of this file so far.
    rows: u64,
}

impl Encoder for JsonEncoder {
    fn begin(&mut self, _out: &mut Vec<u8>) {
        self.rows = 0;
    }

    fn encode(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), FormatError> {
        if rows.num_columns() != self.fields.len() {
            return Err(FormatError::new(format!(
                "{} columns were given, {} are to be written",
                rows.num_columns(),
                self.fields.len()
            )));
        }
        let columns = rows.columns().iter().zip(&self.fields);
        let views: Vec<View<'_>> = columns.map(|(c, f)| View::of(c.as_ref(), &f.data_type)).collect();
        for row in 0..rows.num_rows() {
            if self.rows > 0 {
                out.extend_from_slice(&self.row_delimiter);
            }
            self.rows += 1;
            push_object(out, &views, row, &self.names);
        }
        Ok(())
    }
}

fn push_object(out: &mut Vec<u8>, views: &[View<'_>], row: usize, names: &Names) {
    for ((view, before), inner) in views.iter().zip(&names.before).zip(&names.inner) {
        out.extend_from_slice(before);
        push_value(out, view, row, inner);
    }
    out.extend_from_slice(if views.is_empty() { b"{}" } else { b"}" });
}

pub(super) fn push_value(out: &mut Vec<u8>, view: &View<'_>, row: usize, inner: &Inner) {
    if view.is_null(row) {
        return out.extend_from_slice(b"null");
    }
    match &view.values {
        Values::String(a) => push_quoted_bytes(out, a.value(row).as_bytes()),
        Values::Bytes(a) => {
            let text = STANDARD.encode(a.value(row));
            out.push(b'"');
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        }
        Values::Date(_) | Values::Time(_) | Values::Timestamp(_) | Values::Instant(_) => {
            out.push(b'"');
            push_plain(out, view, row);
            out.push(b'"');
        }
        Values::Float(a) if !a.value(row).is_finite() => quoted_plain(out, view, row),
        Values::Double(a) if !a.value(row).is_finite() => quoted_plain(out, view, row),
        Values::Array(a, elements) => {
            let Inner::Items(inner) = inner else { return };
            out.push(b'[');
            let range = range_of(a.value_offsets(), row);
            for at in range.clone() {
                if at > range.start {
                    out.push(b',');
                }
                push_value(out, elements, at, inner);
            }
            out.push(b']');
        }
        Values::Map(a, keys, values) => {
            let Inner::Items(inner) = inner else { return };
            out.push(b'{');
            let range = range_of(a.value_offsets(), row);
            for at in range.clone() {
                if at > range.start {
                    out.push(b',');
                }
                push_key(out, keys, at);
                out.push(b':');
                push_value(out, values, at, inner);
            }
            out.push(b'}');
        }
        Values::Row(fields) => match inner {
            Inner::Row(names) => push_object(out, fields, row, names),
            Inner::Values(inner) => {
                out.push(b'[');
                for (index, (field, inner)) in fields.iter().zip(inner).enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    push_value(out, field, row, inner);
                }
                out.push(b']');
            }
            Inner::Plain | Inner::Items(_) => {}
        },
        _ => push_plain(out, view, row),
    }
}

fn quoted_plain(out: &mut Vec<u8>, view: &View<'_>, row: usize) {
    out.push(b'"');
    push_plain(out, view, row);
    out.push(b'"');
}

fn push_key(out: &mut Vec<u8>, keys: &View<'_>, row: usize) {
    match &keys.values {
        Values::String(a) if !keys.is_null(row) => push_quoted_bytes(out, a.value(row).as_bytes()),
        Values::Bytes(_) => push_value(out, keys, row, &Inner::Plain),
        _ => quoted_plain(out, keys, row),
    }
}

/// A value that is no container, without quotes.
fn push_plain(out: &mut impl Out, view: &View<'_>, row: usize) {
    if view.is_null(row) {
        return out.text("null");
    }
    match &view.values {
        Values::Boolean(a) => print::boolean(out, a.value(row)),
        Values::TinyInt(a) => print::integer(out, a.value(row).into()),
        Values::SmallInt(a) => print::integer(out, a.value(row).into()),
        Values::Int(a) => print::integer(out, a.value(row).into()),
        Values::BigInt(a) => print::integer(out, a.value(row)),
        Values::Float(a) => print::float(out, a.value(row)),
        Values::Double(a) => print::double(out, a.value(row)),
        Values::Decimal128(a, scale) => {
            print::decimal128(out, a.value(row), *scale, DecimalStyle::Stripped);
        }
        Values::Decimal256(a, scale) => {
            print::decimal256(out, a.value(row), *scale, DecimalStyle::Stripped);
        }
        Values::Date(a) => print::date(out, a.value(row), Some(b'-'), false),
        Values::Time(a) => print::time(out, a.value(row), Some(b':'), Fraction::Trimmed),
        Values::Timestamp(a) => print::iso(out, a.value(row), Fraction::Trimmed),
        Values::Instant(a) => {
            print::iso(out, a.value(row), Fraction::Trimmed);
            out.text("Z");
        }
        Values::Null
        | Values::String(_)
        | Values::Bytes(_)
        | Values::Array(..)
        | Values::Map(..)
        | Values::Row(_)
        | Values::Vector(..) => out.text("null"),
    }
}

/// Appends a text in quotes, control characters escaped.
pub(in crate::format) fn push_quoted(out: &mut String, text: &str) {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    push_quoted_bytes(&mut bytes, text.as_bytes());
    out.bytes(&bytes);
}

/// What a byte becomes in a text: 0 itself, `u` an escape by number, else the letter behind the backslash.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0A] = b'n';
    table[0x0C] = b'f';
    table[0x0D] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// As [`push_quoted`], for UTF-8 bytes.
pub(super) fn push_quoted_bytes(out: &mut Vec<u8>, text: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push(b'"');
    let mut start = 0;
    for (at, byte) in text.iter().enumerate() {
        let escape = ESCAPES[usize::from(*byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&text[start..at]);
        start = at + 1;
        if escape == b'u' {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        } else {
            out.extend_from_slice(&[b'\\', escape]);
        }
    }
    out.extend_from_slice(&text[start..]);
    out.push(b'"');
}
