//! A column downcast once, to be read value by value.

use crate::table::{DataType, VectorKind};
use arrow::array::{
    Array, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray, MapArray, StringArray,
    StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes as types;

/// A column and which of its values are null.
#[derive(Debug)]
pub(super) struct View<'a> {
    nulls: Option<&'a NullBuffer>,
    pub(super) values: Values<'a>,
}

/// The values of a column by type.
#[derive(Debug)]
pub(super) enum Values<'a> {
    /// All null; also what an array of another type than declared is taken for.
    Null,
    Boolean(&'a BooleanArray),
    TinyInt(&'a Int8Array),
    SmallInt(&'a Int16Array),
    Int(&'a Int32Array),
    BigInt(&'a Int64Array),
    Float(&'a Float32Array),
    Double(&'a Float64Array),
    Decimal128(&'a Decimal128Array, i8),
    Decimal256(&'a Decimal256Array, i8),
    String(&'a StringArray),
    Bytes(&'a BinaryArray),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Timestamp(&'a TimestampMicrosecondArray),
    /// Timestamps in UTC.
    Instant(&'a TimestampMicrosecondArray),
    Array(&'a ListArray, Box<View<'a>>),
    Map(&'a MapArray, Box<View<'a>>, Box<View<'a>>),
    Row(Vec<View<'a>>),
    /// Floats of one row, side by side.
    Vector(&'a Float32Array, usize),
}

impl<'a> View<'a> {
    /// The view of a column of that type. The array must be what [`DataType::to_arrow`] says.
    pub(super) fn of(array: &'a dyn Array, data_type: &DataType) -> Self {
        Self { nulls: array.nulls(), values: values(array, data_type).unwrap_or(Values::Null) }
    }

    /// Whether a value is null.
    #[inline]
    pub(super) fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null) || self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }
}

fn values<'a>(array: &'a dyn Array, data_type: &DataType) -> Option<Values<'a>> {
    Some(match data_type {
        DataType::Null => Values::Null,
        DataType::Boolean => Values::Boolean(array.as_boolean_opt()?),
        DataType::TinyInt => Values::TinyInt(array.as_primitive_opt::<types::Int8Type>()?),
        DataType::SmallInt => Values::SmallInt(array.as_primitive_opt::<types::Int16Type>()?),
        DataType::Int => Values::Int(array.as_primitive_opt::<types::Int32Type>()?),
        DataType::BigInt => Values::BigInt(array.as_primitive_opt::<types::Int64Type>()?),
        DataType::Float => Values::Float(array.as_primitive_opt::<types::Float32Type>()?),
        DataType::Double => Values::Double(array.as_primitive_opt::<types::Float64Type>()?),
        DataType::Decimal(_, scale) => match array.as_primitive_opt::<types::Decimal128Type>() {
            Some(array) => Values::Decimal128(array, *scale),
            None => Values::Decimal256(array.as_primitive_opt::<types::Decimal256Type>()?, *scale),
        },
        DataType::String => Values::String(array.as_string_opt::<i32>()?),
        DataType::Bytes => Values::Bytes(array.as_binary_opt::<i32>()?),
        DataType::Date => Values::Date(array.as_primitive_opt::<types::Date32Type>()?),
        DataType::Time => Values::Time(array.as_primitive_opt::<types::Time64MicrosecondType>()?),
        DataType::Timestamp => {
            Values::Timestamp(array.as_primitive_opt::<types::TimestampMicrosecondType>()?)
        }
        DataType::TimestampTz => {
            Values::Instant(array.as_primitive_opt::<types::TimestampMicrosecondType>()?)
        }
        DataType::Array(element) => {
            let list = array.as_list_opt::<i32>()?;
            Values::Array(list, Box::new(View::of(list.values().as_ref(), element)))
        }
        DataType::Map(key, value) => {
            let map = array.as_map_opt()?;
            let (keys, values) = (View::of(map.keys().as_ref(), key), View::of(map.values().as_ref(), value));
            Values::Map(map, Box::new(keys), Box::new(values))
        }
        DataType::Row(fields) => {
            let row: &StructArray = array.as_struct_opt()?;
            Values::Row(
                row.columns().iter().zip(fields).map(|(c, f)| View::of(c.as_ref(), &f.data_type)).collect(),
            )
        }
        DataType::Vector(VectorKind::Float, 0) => {
            let list = array.as_list_opt::<i32>()?;
            Values::Array(list, Box::new(View::of(list.values().as_ref(), &DataType::Float)))
        }
        DataType::Vector(..) => {
            let list = array.as_fixed_size_list_opt()?;
            let floats = list.values().as_primitive_opt::<types::Float32Type>()?;
            Values::Vector(floats, usize::try_from(list.value_length()).ok()?)
        }
    })
}

/// The positions of one array's elements, or one map's entries, within all of the column.
pub(super) fn range_of(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}
