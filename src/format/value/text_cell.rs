//! Cells of text and csv files → values; nested ones by the separators of their level.

use super::cells::Cells;
use super::{decimal, instant, number, time};
use crate::format::delimiter::level_separator;
use crate::model::said_of;
use arrow::datatypes::DataType as ArrowType;
use memchr::{memchr, memchr_iter};
use std::collections::HashMap;
use std::hash::Hash;

/// The deepest level that has a separator of its own (U+0008; beyond come tab and line feed).
pub(crate) const MAX_LEVEL: usize = 7;

impl Cells {
    /// Appends the value that a cell of a column, or a part at `level` of one, spells. A blank cell is null.
    ///
    /// # Errors
    /// A text that is no value of the type. The column must be given up then: parts may have been appended.
    #[inline]
    pub(crate) fn push_text(&mut self, text: &[u8], level: usize) -> Result<(), String> {
        if number::is_blank(text) {
            self.push_null();
            return Ok(());
        }
        match self {
            Cells::String(strings) | Cells::Bytes(strings) => strings.push(text),
            Cells::BigInt(b) => b.append_value(number::integer(text, i64::MIN, i64::MAX)?),
            Cells::Int(b) => {
                b.append_value(number::integer(text, i32::MIN.into(), i32::MAX.into())? as i32);
            }
            Cells::Double(b) => b.append_value(number::double(text)?),
            Cells::Timestamp(..)
            | Cells::Date(_)
            | Cells::Time(_)
            | Cells::Decimal128(..)
            | Cells::Decimal256(..) => self.push_parsed(text)?,
            Cells::Boolean(b) => b.append_value(text.eq_ignore_ascii_case(b"true")),
            Cells::TinyInt(b) => {
                b.append_value(number::integer(text, i8::MIN.into(), i8::MAX.into())? as i8);
            }
            Cells::SmallInt(b) => {
                b.append_value(number::integer(text, i16::MIN.into(), i16::MAX.into())? as i16);
            }
            Cells::Float(b) => b.append_value(number::float(text)?),
            Cells::Null(rows) => *rows += 1,
            Cells::Array(_) | Cells::Map(_) | Cells::Row(_) => self.push_nested(text, level)?,
            Cells::Unreadable(data_type, _) => {
                return Err(format!("values of type {data_type} can't be read from text"));
            }
        }
        Ok(())
    }

    /// Appends a date, time, timestamp or decimal: the types that text and JSON spell alike.
    #[inline]
    pub(crate) fn push_parsed(&mut self, text: &[u8]) -> Result<(), String> {
        match self {
            Cells::Timestamp(b, ArrowType::Timestamp(_, Some(_))) => b.append_value(instant::instant(text)?),
            Cells::Timestamp(b, _) => b.append_value(time::timestamp(text)?),
            Cells::Date(b) => b.append_value(time::date(text)?),
            Cells::Time(b) => b.append_value(time::time_of_day(text)?),
            Cells::Decimal128(b, _, scale) => b.append_value(decimal::decimal128(text, *scale)?),
            Cells::Decimal256(b, _, scale) => b.append_value(decimal::decimal256(text, *scale)?),
            _ => {}
        }
        Ok(())
    }

    fn push_nested(&mut self, text: &[u8], level: usize) -> Result<(), String> {
        let separator = level_separator(level + 1);
        match self {
            Cells::Array(array) => {
                for part in parts(text, separator) {
                    array.elements.push_text(part, level + 1)?;
                }
                array.close(true);
            }
            Cells::Map(map) => {
                let mark = level_separator(level + 2);
                let nested = matches!(map.values, Cells::Array(_) | Cells::Map(_) | Cells::Row(_));
                let entries: Vec<(&[u8], &[u8])> =
                    parts(text, separator).map(|entry| entry_of(entry, mark, nested)).collect();
                for (key, value) in last_of_equal(&entries) {
                    map.keys.push_key(key, level + 1)?;
                    map.values
                        .push_text(value, level + 1)
                        .map_err(|e| said_of(&String::from_utf8_lossy(key), e))?;
                }
                map.close(true);
            }
            Cells::Row(row) => {
                let mut parts = parts(text, separator);
                for (field, name) in row.fields.iter_mut().zip(&row.names) {
                    match parts.next() {
                        Some(part) => {
                            field
                                .push_text(part, level + 1)
                                .map_err(|e| format!("field \"{name}\": {}", said_of(name, e)))?;
                        }
                        None => field.push_null(),
                    }
                }
                row.close(true);
            }
            _ => {}
        }
        Ok(())
    }

    /// A key of a map: never null, so a blank one of a text map reads `null`.
    pub(crate) fn push_key(&mut self, text: &[u8], level: usize) -> Result<(), String> {
        match self {
            Cells::String(strings) if number::is_blank(text) => strings.push(b"null"),
            _ if number::is_blank(text) => return Err("a map's key can't be empty".into()),
            _ => self.push_text(text, level)?,
        }
        Ok(())
    }
}

/// The entries without those whose key comes again: the last of equal keys wins.
pub(crate) fn last_of_equal<K: Eq + Hash + Copy, V>(entries: &[(K, V)]) -> impl Iterator<Item = &(K, V)> {
    let mut last = HashMap::new();
    if entries.len() > 16 {
        last.extend(entries.iter().enumerate().map(|(index, (key, _))| (*key, index)));
    }
    entries.iter().enumerate().filter_map(move |(index, entry)| {
        let again = match last.get(&entry.0) {
            Some(at) => *at != index,
            None => entries[index + 1..].iter().any(|(later, _)| *later == entry.0),
        };
        (!again).then_some(entry)
    })
}

/// The parts between separators; empty ones at the end do not count.
fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let end = text.iter().rposition(|b| *b != separator).map_or(0, |at| at + 1);
    let text = &text[..end];
    let mut start = 0;
    let cuts = memchr_iter(separator, text).chain((end > 0).then_some(end));
    cuts.map(move |cut| {
        let part = &text[start..cut];
        start = cut + 1;
        part
    })
}

/// Key and value of an entry. A plain value ends at the next mark; a nested one has marks of its own in it.
fn entry_of(entry: &[u8], mark: u8, nested: bool) -> (&[u8], &[u8]) {
    let Some(at) = memchr(mark, entry) else {
        return (entry, b"");
    };
    let rest = &entry[at + 1..];
    let end = if nested { None } else { memchr(mark, rest) };
    (&entry[..at], &rest[..end.unwrap_or(rest.len())])
}
