//! From a column's type and the options to its generator.

use super::parts::{Dates, Times, this_year};
use super::{default, draw};
use crate::connectors::fake::config::{Numbers, Values};
use crate::connectors::fake::wrong::Wrong;
use crate::model::unfit;
use crate::table::{Column, DataType, Field, VectorKind};
use arrow::array::{
    ArrayRef, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
};
use arrow::datatypes::{FieldRef, Fields};
use std::sync::Arc;

/// Makes the values of one column, or of a part of one.
#[derive(Clone, Debug)]
pub(in crate::connectors::fake) enum Generator {
    /// Nulls.
    Null,
    /// true and false.
    Boolean,
    /// Integers of one of the four types: `min + [0, span)`.
    Integer { data_type: DataType, min: i64, span: u64 },
    /// An integer column that counts up from its first number.
    Counter { data_type: DataType, start: i64 },
    /// 32-bit floats, rounded to so many decimals.
    Float { min: f32, max: f32, scale: Option<i32> },
    /// Doubles, rounded to so many decimals.
    Double { min: f64, max: f64, scale: Option<i32> },
    /// Decimals of all digits.
    Decimal { precision: u8, scale: i8 },
    /// ASCII letters as text.
    Text { length: usize },
    /// ASCII letters as bytes.
    Bytes { length: usize },
    /// Dates.
    Date(Dates),
    /// Times.
    Time(Times),
    /// Timestamps; with a zone: UTC.
    Timestamp { dates: Dates, times: Times, zoned: bool },
    /// Random elements of this array.
    Pick(ArrayRef),
    /// The one element of this array.
    Constant(ArrayRef),
    /// The current date or time.
    Now(DataType),
    /// Lists of `size` elements.
    List { element: Box<Generator>, size: usize, field: FieldRef },
    /// Maps of at most `size` entries: equal keys collapse.
    Map { key: Box<Generator>, value: Box<Generator>, size: usize, entries: FieldRef },
    /// Rows.
    Row { fields: Fields, parts: Vec<Generator> },
    /// Float vectors.
    FloatVector { min: f32, max: f32, dimension: usize, field: FieldRef },
    /// Other vectors, as bytes.
    ByteVector { kind: VectorKind, min: f32, max: f32, dimension: usize },
}

impl Generator {
    /// The generator of column `index`.
    ///
    /// # Errors
    /// A value that could never be made: a range upside down, a negative size, a default of the wrong type.
    pub(super) fn compile(index: usize, column: &Column, values: &Values) -> Result<Self, Wrong> {
        match values.counter {
            Some((counted, start)) if counted == index => {
                Ok(Generator::Counter { data_type: column.data_type.clone(), start })
            }
            _ => compile(column, &column.data_type, values).map_err(|why| match why {
                Why::Option(wrong) => wrong,
                Why::Column(option, message) => {
                    let dot = if option.is_empty() { "" } else { "." };
                    let key = match values.long_form {
                        true => format!("schema.columns[{index}]{dot}{option}"),
                        false => format!("schema.fields.{}", column.name),
                    };
                    Wrong::new(key, format!("column \"{}\": {message}", column.name))
                }
            }),
        }
    }

    /// About how many bytes one value takes.
    pub(super) fn width(&self) -> u64 {
        match self {
            Generator::Null | Generator::Boolean => 1,
            Generator::Integer { .. }
            | Generator::Counter { .. }
            | Generator::Float { .. }
            | Generator::Double { .. }
            | Generator::Date(_)
            | Generator::Time(_)
            | Generator::Timestamp { .. }
            | Generator::Now(_) => 8,
            Generator::Decimal { .. } => 32,
            Generator::Text { length } | Generator::Bytes { length } => 4 + *length as u64,
            Generator::Pick(array) | Generator::Constant(array) => {
                (array.get_array_memory_size() / array.len().max(1)) as u64
            }
            Generator::List { element, size, .. } => 4 + element.width().saturating_mul(*size as u64),
            Generator::Map { key, value, size, .. } => {
                4 + key.width().saturating_add(value.width()).saturating_mul(*size as u64)
            }
            Generator::Row { parts, .. } => {
                parts.iter().fold(1, |sum: u64, part| sum.saturating_add(part.width()))
            }
            Generator::FloatVector { dimension, .. } | Generator::ByteVector { dimension, .. } => {
                4 + 8 * *dimension as u64
            }
        }
    }
}

/// Why there is no generator.
enum Why {
    /// An option of the table; the same for every column.
    Option(Wrong),
    /// Of the column: its property, and what is wrong with it.
    Column(&'static str, String),
}

impl From<Wrong> for Why {
    fn from(wrong: Wrong) -> Self {
        Why::Option(wrong)
    }
}

/// The generator of a column, or of a part of it; parts share the column's length, scale and default.
fn compile(column: &Column, data_type: &DataType, values: &Values) -> Result<Generator, Why> {
    Ok(match data_type {
        DataType::Null => Generator::Null,
        DataType::Array(element) => Generator::List {
            element: Box::new(compile(column, element, values)?),
            size: values.array_size,
            field: Arc::new(DataType::element_field(element)),
        },
        DataType::Map(key, value) => Generator::Map {
            key: Box::new(compile(column, key, values)?),
            value: Box::new(compile(column, value, values)?),
            size: values.map_size,
            entries: Arc::new(DataType::entries_field(key, value)),
        },
        DataType::Row(fields) => Generator::Row {
            fields: DataType::arrow_fields(fields),
            parts: fields
                .iter()
                .map(|Field { data_type, .. }| compile(column, data_type, values))
                .collect::<Result<_, _>>()?,
        },
        DataType::Vector(kind, dimension) => vector(*kind, *dimension as usize, values)?,
        scalar => match &column.default {
            Some(value) => default::constant(scalar, value).map_err(|message| {
                let said = if column.secret().is_some() { unfit() } else { message };
                Why::Column("defaultValue", said)
            })?,
            None => random(column, scalar, values)?,
        },
    })
}

fn vector(kind: VectorKind, dimension: usize, values: &Values) -> Result<Generator, Why> {
    let (min, max) = values.vector;
    ordered("vector.float", &min, &max)?;
    Ok(match kind {
        VectorKind::Float => Generator::FloatVector {
            min,
            max,
            dimension,
            field: Arc::new(arrow::datatypes::Field::new("item", arrow::datatypes::DataType::Float32, false)),
        },
        kind => Generator::ByteVector { kind, min, max, dimension },
    })
}

fn random(column: &Column, data_type: &DataType, values: &Values) -> Result<Generator, Why> {
    let dates = || Dates::new(&values.date, this_year());
    let times = || Times::new(&values.time);
    Ok(match data_type {
        DataType::Boolean => Generator::Boolean,
        DataType::TinyInt => integer(data_type, "tinyint", &values.tinyint)?,
        DataType::SmallInt => integer(data_type, "smallint", &values.smallint)?,
        DataType::Int => integer(data_type, "int", &values.int)?,
        DataType::BigInt => integer(data_type, "bigint", &values.bigint)?,
        DataType::Float => {
            let Numbers { min, max, template } = &values.float;
            if template.is_empty() {
                ordered("float", min, max)?;
                Generator::Float { min: *min as f32, max: *max as f32, scale: column.scale }
            } else {
                let floats = template.iter().map(|v| v.map(|v| v as f32));
                Generator::Pick(Arc::new(Float32Array::from_iter(floats)))
            }
        }
        DataType::Double => {
            let Numbers { min, max, template } = &values.double;
            if template.is_empty() {
                ordered("double", min, max)?;
                Generator::Double { min: *min, max: *max, scale: column.scale }
            } else {
                Generator::Pick(Arc::new(Float64Array::from(template.clone())))
            }
        }
        DataType::Decimal(precision, scale) => {
            let possible = (1..=76).contains(precision) && (0..=*precision as i8).contains(scale);
            if !possible {
                let message = format!("there is no random value of type {data_type}");
                return Err(Why::Column("", message));
            }
            Generator::Decimal { precision: *precision, scale: *scale }
        }
        DataType::String if values.strings.is_empty() => {
            let own = column.length.or(values.long_form.then_some(0));
            let length = match own {
                Some(length) => usize::try_from(length).map_err(|_| {
                    Why::Column("columnLength", format!("{length} is not allowed; allowed: 0 or more"))
                })?,
                None => values.string_length,
            };
            Generator::Text { length }
        }
        DataType::String => Generator::Pick(Arc::new(StringArray::from(values.strings.clone()))),
        DataType::Bytes => Generator::Bytes { length: values.bytes_length },
        DataType::Date => Generator::Date(dates()?),
        DataType::Time => Generator::Time(times()?),
        DataType::Timestamp => Generator::Timestamp { dates: dates()?, times: times()?, zoned: false },
        DataType::TimestampTz => Generator::Timestamp { dates: dates()?, times: times()?, zoned: true },
        DataType::Null
        | DataType::Array(_)
        | DataType::Map(_, _)
        | DataType::Row(_)
        | DataType::Vector(_, _) => Generator::Null,
    })
}

fn integer(data_type: &DataType, name: &str, numbers: &Numbers<i64>) -> Result<Generator, Wrong> {
    let Numbers { min, max, template } = numbers;
    if template.is_empty() {
        ordered(name, min, max)?;
        return Ok(Generator::Integer {
            data_type: data_type.clone(),
            min: *min,
            span: max.abs_diff(*min).max(1),
        });
    }
    // Options let only values pass that fit the type.
    Ok(Generator::Pick(match data_type {
        DataType::TinyInt => Arc::new(Int8Array::from_iter(template.iter().map(|v| v.map(|v| v as i8)))),
        DataType::SmallInt => Arc::new(Int16Array::from_iter(template.iter().map(|v| v.map(|v| v as i16)))),
        DataType::Int => Arc::new(Int32Array::from_iter(template.iter().map(|v| v.map(|v| v as i32)))),
        _ => Arc::new(Int64Array::from(template.clone())),
    }))
}

fn ordered<T: PartialOrd + std::fmt::Display>(name: &str, min: &T, max: &T) -> Result<(), Wrong> {
    let wrong = || Wrong::new(format!("{name}.min"), format!("{min} is larger than {name}.max, {max}"));
    if min <= max { Ok(()) } else { Err(wrong()) }
}

/// A random index below `len` (at least 1), for picking.
pub(super) fn pick(rng: &mut rand::rngs::SmallRng, len: usize) -> u32 {
    draw::below(rng, len as u64) as u32
}
