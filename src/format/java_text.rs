//! The text that Java's `toString` gives a value: Console's lines, partition values, lengths.

use super::json::push_quoted;
use super::print::{self, DecimalStyle, Fraction};
use super::view::{Values, View, range_of};
use crate::table::DataType;
use arrow::array::Array;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The Java texts of one column's values: `1.0E10`, `2024-01-02T03:04`, `[a, b]`; bytes and vectors as lists too, a
/// map as compact JSON (by Java's plain object mapper: bytes base64, `[2024,1,2,3,4,5]`), null as `null`.
#[derive(Debug)]
pub struct JavaText<'a> {
    view: View<'a>,
}

impl<'a> JavaText<'a> {
    /// Looks at a column of that type.
    #[must_use]
    pub fn new(array: &'a dyn Array, data_type: &'a DataType) -> Self {
        Self { view: View::of(array, data_type) }
    }

    /// Whether the value is null.
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        self.view.is_null(row)
    }

    /// Appends the text of one value.
    #[inline]
    pub fn push(&self, row: usize, out: &mut String) {
        push(&self.view, row, out);
    }
}

fn push(view: &View<'_>, row: usize, out: &mut String) {
    if view.is_null(row) {
        return out.push_str("null");
    }
    match &view.values {
        Values::Null => out.push_str("null"),
        Values::Boolean(a) => print::boolean(out, a.value(row)),
        Values::TinyInt(a) => print::integer(out, a.value(row).into()),
        Values::SmallInt(a) => print::integer(out, a.value(row).into()),
        Values::Int(a) => print::integer(out, a.value(row).into()),
        Values::BigInt(a) => print::integer(out, a.value(row)),
        Values::Float(a) => print::float(out, a.value(row)),
        Values::Double(a) => print::double(out, a.value(row)),
        Values::Decimal128(a, scale) => {
            print::decimal128(out, a.value(row), *scale, DecimalStyle::Scaled);
        }
        Values::Decimal256(a, scale) => {
            print::decimal256(out, a.value(row), *scale, DecimalStyle::Scaled);
        }
        Values::String(a) => out.push_str(a.value(row)),
        Values::Bytes(a) => list(out, a.value(row).iter(), |out, b| print::integer(out, (*b as i8).into())),
        Values::Date(a) => print::date(out, a.value(row), Some(b'-'), false),
        Values::Time(a) => print::time(out, a.value(row), Some(b':'), Fraction::Java),
        Values::Timestamp(a) => print::iso(out, a.value(row), Fraction::Java),
        Values::Instant(a) => {
            print::iso(out, a.value(row), Fraction::Java);
            out.push('Z');
        }
        Values::Array(a, elements) => {
            list(out, range_of(a.value_offsets(), row), |out, at| push(elements, at, out));
        }
        Values::Row(fields) => list(out, fields.iter(), |out, field| push(field, row, out)),
        Values::Vector(a, dimension) => {
            let range = row * dimension..(row + 1) * dimension;
            list(out, range, |out, at| print::float(out, a.value(at)));
        }
        Values::Map(..) => push_mapped(view, row, out),
    }
}

fn list<T>(out: &mut String, items: impl Iterator<Item = T>, mut push: impl FnMut(&mut String, T)) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push(out, item);
    }
    out.push(']');
}

/// JSON as Java's plain object mapper writes it, which knows nothing of the engine's types.
fn push_mapped(view: &View<'_>, row: usize, out: &mut String) {
    if view.is_null(row) {
        return out.push_str("null");
    }
    match &view.values {
        Values::String(a) => push_quoted(out, a.value(row)),
        Values::Bytes(a) => push_quoted(out, &STANDARD.encode(a.value(row))),
        Values::Float(a) if !a.value(row).is_finite() => quoted(out, |out| push(view, row, out)),
        Values::Double(a) if !a.value(row).is_finite() => quoted(out, |out| push(view, row, out)),
        Values::Date(a) => numbers(out, &date_parts(a.value(row))),
        Values::Time(a) => numbers(out, &time_parts(a.value(row))),
        Values::Instant(_) => quoted(out, |out| push(view, row, out)),
        Values::Timestamp(a) => {
            let (days, micros) = print::split_micros(a.value(row));
            numbers(out, &[date_parts(days), time_parts(micros)].concat());
        }
        Values::Array(a, elements) => {
            commas(out, ['[', ']'], range_of(a.value_offsets(), row), |out, at| {
                push_mapped(elements, at, out);
            });
        }
        Values::Row(fields) => {
            out.push_str("{\"tableId\":\"\",\"rowKind\":\"INSERT\",\"fields\":");
            commas(out, ['[', ']'], fields.iter(), |out, field| push_mapped(field, row, out));
            out.push('}');
        }
        Values::Map(a, keys, values) => {
            commas(out, ['{', '}'], range_of(a.value_offsets(), row), |out, at| {
                let mut key = String::new();
                push(keys, at, &mut key);
                push_quoted(out, &key);
                out.push(':');
                push_mapped(values, at, out);
            });
        }
        _ => push(view, row, out),
    }
}

fn quoted(out: &mut String, push: impl FnOnce(&mut String)) {
    out.push('"');
    push(out);
    out.push('"');
}

fn commas<T>(
    out: &mut String,
    ends: [char; 2],
    items: impl Iterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    out.push(ends[0]);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(ends[1]);
}

fn numbers(out: &mut String, numbers: &[i64]) {
    commas(out, ['[', ']'], numbers.iter(), |out, number| print::integer(out, *number));
}

fn date_parts(days: i32) -> Vec<i64> {
    let (year, month, day) = print::civil_of_days(days);
    vec![year.into(), month.into(), day.into()]
}

/// Hour and minute; seconds and nanoseconds only as far as they are not 0.
fn time_parts(micros: i64) -> Vec<i64> {
    let (seconds, nanos) = (micros / 1_000_000, micros % 1_000_000 * 1000);
    let mut parts = vec![seconds / 3600, seconds / 60 % 60];
    if seconds % 60 != 0 || nanos != 0 {
        parts.push(seconds % 60);
    }
    if nanos != 0 {
        parts.push(nanos);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ColumnBuilder;
    use crate::options::Tree;

    fn shown(data_type: &str, json: &str) -> String {
        let data_type = DataType::parse(data_type).unwrap();
        let mut builder = ColumnBuilder::new(&data_type);
        builder.push(&serde_json::from_str::<Tree>(json).unwrap()).unwrap();
        let array = builder.finish();
        let mut out = String::new();
        JavaText::new(&array, &data_type).push(0, &mut out);
        out
    }

    #[test]
    fn values_as_java_prints_them() {
        for (data_type, json, text) in [
            ("int", "5", "5"),
            ("int", "null", "null"),
            ("double", "1e10", "1.0E10"),
            ("decimal(5,2)", "1.5", "1.50"),
            ("date", "\"2024-01-02\"", "2024-01-02"),
            ("time", "\"03:04:00\"", "03:04"),
            ("time", "\"03:04:00.5\"", "03:04:00.500"),
            ("timestamp", "\"2024-01-02 03:04:00\"", "2024-01-02T03:04"),
            ("timestamp", "\"2024-01-02 03:04:05.123456\"", "2024-01-02T03:04:05.123456"),
            ("bytes", "\"/wD+\"", "[-1, 0, -2]"),
            ("array<string>", "[\"a\", null]", "[a, null]"),
            (
                "{a = int, b = \"array<int>\", m = \"map<string,int>\"}",
                "[1, [2], {\"k\": 3}]",
                "[1, [2], {\"k\":3}]",
            ),
            ("map<string, timestamp>", "{\"a\":\"2024-01-02 03:04:05\"}", "{\"a\":[2024,1,2,3,4,5]}"),
            ("map<string, decimal(5,2)>", "{\"a\":\"1.50\"}", "{\"a\":1.50}"),
            (
                "map<int, {x = string}>",
                "{\"7\":[\"q\\\"\"]}",
                "{\"7\":{\"tableId\":\"\",\"rowKind\":\"INSERT\",\"fields\":[\"q\\\"\"]}}",
            ),
        ] {
            assert_eq!(shown(data_type, json), text);
        }
    }
}
