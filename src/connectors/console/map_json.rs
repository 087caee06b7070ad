//! Maps as Console shows them: the compact JSON of a plain object mapper. Decimals keep their scale, bytes are base64,
//! dates and times lists of numbers (`[2024,1,2,3,4]`, seconds and nanoseconds where they are not 0), rows objects of
//! table, kind and fields.

use crate::format::java_text::JavaText;
use crate::table::{DataType, VectorKind};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, FixedSizeListArray, ListArray, MapArray, StringArray, StructArray,
};
use arrow::datatypes::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike, NaiveTime, Timelike};

/// Prints the maps of one column.
pub(super) struct MapJson<'a> {
    map: &'a MapArray,
    keys: JavaText<'a>,
    values: Json<'a>,
}

/// Prints values inside a map.
enum Json<'a> {
    /// Quoted and escaped.
    Text(&'a StringArray),
    /// Base64.
    Bytes(&'a BinaryArray),
    /// `[2024,1,2]`.
    Moment(&'a ArrayRef, &'a DataType),
    /// `"2024-01-02T03:04Z"`.
    Instant(&'a ArrayRef, JavaText<'a>),
    /// Bare numbers; `NaN` and the infinities quoted.
    Float(&'a ArrayRef, JavaText<'a>),
    /// Bare text.
    Bare(&'a ArrayRef, JavaText<'a>),
    List(&'a ListArray, Box<Json<'a>>),
    Vector(&'a FixedSizeListArray, Box<Json<'a>>),
    Map(Box<MapJson<'a>>),
    Row(&'a StructArray, Vec<Json<'a>>),
}

impl<'a> MapJson<'a> {
    /// Prints `map`, whose keys and values are of these types.
    pub(super) fn new(map: &'a MapArray, key: &'a DataType, value: &'a DataType) -> Self {
        Self { map, keys: JavaText::new(map.keys().as_ref(), key), values: Json::new(map.values(), value) }
    }

    /// Whether the map itself is null.
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.map.is_null(row)
    }

    /// One map.
    pub(super) fn push(&self, row: usize, out: &mut String) {
        let offsets = self.map.value_offsets();
        let mut key = String::new();
        out.push('{');
        for at in offsets[row] as usize..offsets[row + 1] as usize {
            if at > offsets[row] as usize {
                out.push(',');
            }
            key.clear();
            self.keys.push(at, &mut key);
            push_quoted(&key, out);
            out.push(':');
            self.values.push(at, out);
        }
        out.push('}');
    }
}

impl<'a> Json<'a> {
    fn new(array: &'a ArrayRef, data_type: &'a DataType) -> Self {
        let bare = || Json::Bare(array, JavaText::new(array.as_ref(), data_type));
        match data_type {
            DataType::String => array.as_string_opt().map_or_else(bare, Json::Text),
            DataType::Bytes => array.as_binary_opt().map_or_else(bare, Json::Bytes),
            DataType::Date | DataType::Time | DataType::Timestamp => Json::Moment(array, data_type),
            DataType::TimestampTz => Json::Instant(array, JavaText::new(array.as_ref(), data_type)),
            DataType::Float | DataType::Double => {
                Json::Float(array, JavaText::new(array.as_ref(), data_type))
            }
            DataType::Array(element) => array.as_list_opt().map_or_else(bare, |list: &ListArray| {
                Json::List(list, Box::new(Json::new(list.values(), element)))
            }),
            DataType::Map(key, value) => {
                array.as_map_opt().map_or_else(bare, |map| Json::Map(Box::new(MapJson::new(map, key, value))))
            }
            DataType::Row(fields) => array.as_struct_opt().map_or_else(bare, |row| {
                let parts = row.columns().iter().zip(fields);
                Json::Row(row, parts.map(|(part, field)| Json::new(part, &field.data_type)).collect())
            }),
            DataType::Vector(VectorKind::Float, _) => {
                array.as_fixed_size_list_opt().map_or_else(bare, |list| {
                    Json::Vector(list, Box::new(Json::new(list.values(), &DataType::Float)))
                })
            }
            DataType::Vector(_, _) => array.as_binary_opt().map_or_else(bare, Json::Bytes),
            _ => bare(),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Json::Text(array) => array.is_null(row),
            Json::Bytes(array) => array.is_null(row),
            Json::Moment(array, _) => array.is_null(row),
            Json::Instant(array, _) | Json::Float(array, _) | Json::Bare(array, _) => {
                array.is_null(row) || array.data_type().is_null()
            }
            Json::List(array, _) => array.is_null(row),
            Json::Vector(array, _) => array.is_null(row),
            Json::Map(map) => map.is_null(row),
            Json::Row(array, _) => array.is_null(row),
        }
    }

    fn push(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            out.push_str("null");
            return;
        }
        match self {
            Json::Text(array) => push_quoted(array.value(row), out),
            Json::Bytes(array) => push_quoted(&STANDARD.encode(array.value(row)), out),
            Json::Moment(array, data_type) => push_moment(array, data_type, row, out),
            Json::Instant(_, text) => {
                out.push('"');
                text.push(row, out);
                out.push('"');
            }
            Json::Float(_, text) => {
                let start = out.len();
                text.push(row, out);
                if !out.ends_with(|c: char| c.is_ascii_digit()) {
                    out.insert(start, '"');
                    out.push('"');
                }
            }
            Json::Bare(_, text) => text.push(row, out),
            Json::List(array, element) => {
                let offsets = array.value_offsets();
                joined(offsets[row] as usize..offsets[row + 1] as usize, out, |at, out| {
                    element.push(at, out)
                });
            }
            Json::Vector(array, element) => {
                let width = array.value_length() as usize;
                joined(row * width..(row + 1) * width, out, |at, out| element.push(at, out));
            }
            Json::Map(map) => map.push(row, out),
            Json::Row(_, parts) => {
                out.push_str("{\"tableId\":\"\",\"rowKind\":\"INSERT\",\"fields\":");
                joined(parts.iter(), out, |part, out| part.push(row, out));
                out.push('}');
            }
        }
    }
}

fn push_quoted(text: &str, out: &mut String) {
    // Serialising a text can't fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

fn push_moment(array: &ArrayRef, data_type: &DataType, row: usize, out: &mut String) {
    let mut parts: Vec<i64> = Vec::with_capacity(7);
    let day_of = |days: i32| DateTime::from_timestamp(i64::from(days) * 86_400, 0);
    match data_type {
        DataType::Date => {
            let date = array.as_primitive_opt::<Date32Type>().and_then(|dates| day_of(dates.value(row)));
            parts.extend(date.into_iter().flat_map(|date| date_parts(&date)));
        }
        DataType::Time => {
            let micros =
                array.as_primitive_opt::<Time64MicrosecondType>().map_or(0, |times| times.value(row));
            let (seconds, nanos) = (micros / 1_000_000, micros % 1_000_000 * 1000);
            let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds as u32, nanos as u32);
            parts.extend(time.into_iter().flat_map(|time| time_parts(&time)));
        }
        _ => {
            let micros = array.as_primitive_opt::<TimestampMicrosecondType>().map_or(0, |m| m.value(row));
            if let Some(moment) = DateTime::from_timestamp_micros(micros) {
                parts.extend(date_parts(&moment));
                parts.extend(time_parts(&moment.time()));
            }
        }
    }
    joined(parts.iter(), out, |part, out| out.push_str(itoa::Buffer::new().format(*part)));
}

fn date_parts(date: &impl Datelike) -> [i64; 3] {
    [date.year().into(), date.month().into(), date.day().into()]
}

fn time_parts(time: &NaiveTime) -> Vec<i64> {
    let mut parts = vec![i64::from(time.hour()), i64::from(time.minute())];
    if time.second() > 0 || time.nanosecond() > 0 {
        parts.push(time.second().into());
    }
    if time.nanosecond() > 0 {
        parts.push(time.nanosecond().into());
    }
    parts
}

/// `[a,b]`.
fn joined<T>(items: impl Iterator<Item = T>, out: &mut String, push: impl Fn(T, &mut String)) {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        push(item, out);
    }
    out.push(']');
}
