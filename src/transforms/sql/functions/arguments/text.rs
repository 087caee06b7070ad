//! Arguments that are read as text or bytes.

use super::call::value;
use crate::format::JavaText;
use crate::table::DataType;
use crate::transforms::sql::function::Values;
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StringArray, StringBuilder};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use std::borrow::Cow;

/// An argument that is read as text.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) struct Text {
    pub(super) index: usize,
    pub(super) data_type: DataType,
    pub(super) is_plain: bool,
}

impl Text {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A value of another type than the call was bound for.
    pub(in crate::transforms::sql::functions) fn of<'a>(
        &self,
        values: &Values<'a>,
    ) -> Result<TextArgument<'a>, String> {
        Ok(match value(values, self.index)? {
            ColumnarValue::Scalar(ScalarValue::Utf8(text)) => {
                TextArgument::Scalar(text.as_deref().map(Cow::Borrowed))
            }
            ColumnarValue::Scalar(scalar) if scalar.is_null() => TextArgument::Scalar(None),
            ColumnarValue::Scalar(scalar) => {
                let texts = self.converted(&scalar.to_array().map_err(|e| e.to_string())?);
                TextArgument::Scalar(texts.iter().next().flatten().map(|text| Cow::Owned(text.to_owned())))
            }
            ColumnarValue::Array(array) => TextArgument::Array(self.converted(array)),
        })
    }

    fn converted(&self, array: &ArrayRef) -> StringArray {
        match array.as_primitive_opt::<TimestampMicrosecondType>() {
            Some(times) if self.is_plain => (0..times.len())
                .map(|row| times.is_valid(row).then(|| times.value_as_datetime(row)).flatten())
                .map(|time| time.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string()))
                .collect(),
            _ => texts_of(array, &self.data_type),
        }
    }
}

/// The texts of an argument.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) enum TextArgument<'a> {
    /// One for all rows.
    Scalar(Option<Cow<'a, str>>),
    /// One for each row.
    Array(StringArray),
}

impl TextArgument<'_> {
    /// The text of a row.
    #[inline]
    pub(in crate::transforms::sql::functions) fn get(&self, row: usize) -> Option<&str> {
        match self {
            TextArgument::Scalar(text) => text.as_deref(),
            TextArgument::Array(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }

    /// Bytes of all its texts: how much a result of about the same size needs.
    pub(in crate::transforms::sql::functions) fn bytes(&self, rows: usize) -> usize {
        match self {
            TextArgument::Scalar(text) => {
                text.as_deref().map_or(0, str::len).saturating_mul(rows).min(1 << 20)
            }
            TextArgument::Array(texts) => {
                texts.value_data().len().min(texts.offsets().last().map_or(0, |o| *o as usize))
            }
        }
    }
}

/// An argument that is read as bytes.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) struct Bytes {
    pub(super) text: Text,
}

/// The bytes of an argument.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) enum BytesArgument<'a> {
    /// One for each row.
    Array(BinaryArray),
    /// One for all rows.
    Scalar(Option<Cow<'a, [u8]>>),
    /// Of texts.
    Text(TextArgument<'a>),
}

impl Bytes {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A value of another type than the call was bound for.
    pub(in crate::transforms::sql::functions) fn of<'a>(
        &self,
        values: &Values<'a>,
    ) -> Result<BytesArgument<'a>, String> {
        Ok(match value(values, self.text.index)? {
            ColumnarValue::Scalar(ScalarValue::Binary(bytes)) => {
                BytesArgument::Scalar(bytes.as_deref().map(Cow::Borrowed))
            }
            ColumnarValue::Array(array) => match array.as_binary_opt::<i32>() {
                Some(bytes) => BytesArgument::Array(bytes.clone()),
                None => BytesArgument::Text(self.text.of(values)?),
            },
            ColumnarValue::Scalar(_) => BytesArgument::Text(self.text.of(values)?),
        })
    }
}

impl BytesArgument<'_> {
    /// The bytes of a row.
    #[inline]
    pub(in crate::transforms::sql::functions) fn get(&self, row: usize) -> Option<&[u8]> {
        match self {
            BytesArgument::Array(bytes) => bytes.is_valid(row).then(|| bytes.value(row)),
            BytesArgument::Scalar(bytes) => bytes.as_deref(),
            BytesArgument::Text(texts) => texts.get(row).map(str::as_bytes),
        }
    }
}

/// The texts of any values: text is shared, bytes are read as UTF-8, all else takes its Java text.
pub(in crate::transforms::sql::functions) fn texts_of(array: &ArrayRef, data_type: &DataType) -> StringArray {
    if let Some(texts) = array.as_string_opt::<i32>() {
        return texts.clone();
    }
    if let Some(bytes) = array.as_binary_opt::<i32>() {
        return bytes.iter().map(|value| value.map(String::from_utf8_lossy)).collect();
    }
    let texts = JavaText::new(array, data_type);
    let mut column = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let mut text = String::new();
    for row in 0..array.len() {
        if texts.is_null(row) {
            column.append_null();
        } else {
            text.clear();
            texts.push(row, &mut text);
            column.append_value(&text);
        }
    }
    column.finish()
}
