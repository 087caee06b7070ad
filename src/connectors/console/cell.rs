//! Values as Console shows them.

use super::map_json::MapJson;
use crate::format::java_text::JavaText;
use crate::table::{DataType, VectorKind};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, FixedSizeListArray, ListArray, StringArray, StructArray,
};

/// Prints the values of one column, or of a part of one.
pub(super) enum Cell<'a> {
    /// As they are.
    Text(&'a StringArray),
    /// `[104, -1]`.
    Bytes(&'a BinaryArray),
    /// `[a, b]`.
    List(&'a ListArray, Box<Cell<'a>>),
    /// `[1.0, 2.0]`.
    Vector(&'a FixedSizeListArray, Box<Cell<'a>>),
    /// `{"a":1}`.
    Map(MapJson<'a>),
    /// `[x, y]`.
    Row(&'a StructArray, Vec<Cell<'a>>),
    /// Java's text.
    Plain(&'a dyn Array, JavaText<'a>),
}

impl<'a> Cell<'a> {
    /// Prints `array`, which holds values of that type.
    pub(super) fn new(array: &'a ArrayRef, data_type: &'a DataType) -> Self {
        let plain = || Cell::Plain(array.as_ref(), JavaText::new(array.as_ref(), data_type));
        match data_type {
            DataType::String => array.as_string_opt().map_or_else(plain, Cell::Text),
            DataType::Bytes => array.as_binary_opt().map_or_else(plain, Cell::Bytes),
            DataType::Array(element) => array.as_list_opt().map_or_else(plain, |list: &ListArray| {
                Cell::List(list, Box::new(Cell::new(list.values(), element)))
            }),
            DataType::Map(key, value) => {
                array.as_map_opt().map_or_else(plain, |map| Cell::Map(MapJson::new(map, key, value)))
            }
            DataType::Row(fields) => array.as_struct_opt().map_or_else(plain, |row| {
                let parts = row.columns().iter().zip(fields);
                Cell::Row(row, parts.map(|(part, field)| Cell::new(part, &field.data_type)).collect())
            }),
            DataType::Vector(VectorKind::Float, 0) => {
                array.as_list_opt().map_or_else(plain, |list: &ListArray| {
                    Cell::List(list, Box::new(Cell::new(list.values(), &DataType::Float)))
                })
            }
            DataType::Vector(VectorKind::Float, _) => {
                array.as_fixed_size_list_opt().map_or_else(plain, |list| {
                    Cell::Vector(list, Box::new(Cell::new(list.values(), &DataType::Float)))
                })
            }
            DataType::Vector(_, _) => array.as_binary_opt().map_or_else(plain, Cell::Bytes),
            _ => plain(),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Cell::Text(array) => array.is_null(row),
            Cell::Bytes(array) => array.is_null(row),
            Cell::List(array, _) => array.is_null(row),
            Cell::Vector(array, _) => array.is_null(row),
            Cell::Map(map) => map.is_null(row),
            Cell::Row(array, _) => array.is_null(row),
            Cell::Plain(array, _) => array.is_null(row) || array.data_type().is_null(),
        }
    }

    /// A value of a line: null is empty.
    pub(super) fn push_top(&self, row: usize, out: &mut String) {
        if !self.is_null(row) {
            self.push_value(row, out);
        }
    }

    /// A value inside another one: null is `null`.
    fn push(&self, row: usize, out: &mut String) {
        if self.is_null(row) { out.push_str("null") } else { self.push_value(row, out) }
    }

    fn push_value(&self, row: usize, out: &mut String) {
        match self {
            Cell::Text(array) => out.push_str(array.value(row)),
            Cell::Bytes(array) => {
                let bytes = array.value(row).iter();
                joined(bytes, out, |byte, out| out.push_str(itoa::Buffer::new().format(*byte as i8)));
            }
            Cell::List(array, element) => {
                let offsets = array.value_offsets();
                joined(offsets[row] as usize..offsets[row + 1] as usize, out, |at, out| {
                    element.push(at, out)
                });
            }
            Cell::Vector(array, element) => {
                let width = array.value_length() as usize;
                joined(row * width..(row + 1) * width, out, |at, out| element.push(at, out));
            }
            Cell::Map(map) => map.push(row, out),
            Cell::Row(_, parts) => joined(parts.iter(), out, |part, out| part.push(row, out)),
            Cell::Plain(_, text) => text.push(row, out),
        }
    }
}

/// `[a, b]`.
fn joined<T>(items: impl Iterator<Item = T>, out: &mut String, push: impl Fn(T, &mut String)) {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        push(item, out);
    }
    out.push(']');
}
