//! Fills columns: one loop per column, no decision per row.

use super::draw::{below, digits, letters, unit_f32, unit_f64, wide_digits};
use super::parts::DAY;
use super::{Generator, compile, nested, now};
use crate::connectors::fake::fixed::repeat;
use crate::table::DataType;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float32Array,
    Float64Array, NullArray, PrimitiveArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::buffer::{BooleanBuffer, Buffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use rand::RngCore;
use rand::rngs::SmallRng;
use std::sync::Arc;

impl Generator {
    /// `rows` values; `first` is the number of the first one among all rows of the table.
    ///
    /// # Errors
    /// What Arrow refuses; nothing that options could cause.
    pub(in crate::connectors::fake) fn fill(
        &self,
        rows: usize,
        first: u64,
        rng: &mut SmallRng,
    ) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Generator::Null => Arc::new(NullArray::new(rows)),
            Generator::Boolean => {
                let words: Vec<u64> = (0..rows.div_ceil(64)).map(|_| rng.next_u64()).collect();
                Arc::new(BooleanArray::new(BooleanBuffer::new(Buffer::from_vec(words), 0, rows), None))
            }
            Generator::Integer { data_type, min, span } => {
                let (min, span) = (*min, *span);
                let mut next = || min.wrapping_add_unsigned(below(rng, span));
                match data_type {
                    DataType::TinyInt => primitive::<Int8Type>(rows, || next() as i8),
                    DataType::SmallInt => primitive::<Int16Type>(rows, || next() as i16),
                    DataType::Int => primitive::<Int32Type>(rows, || next() as i32),
                    _ => primitive::<Int64Type>(rows, next),
                }
            }
            Generator::Counter { data_type, start } => {
                let mut number = start.wrapping_add_unsigned(first).wrapping_sub(1);
                let mut next = || {
                    number = number.wrapping_add(1);
                    number
                };
                match data_type {
                    DataType::Int => primitive::<Int32Type>(rows, || next() as i32),
                    _ => primitive::<Int64Type>(rows, next),
                }
            }
            Generator::Float { min, max, scale } => {
                let (min, width) = (*min, *max - *min);
                let mut values: Vec<f32> = (0..rows).map(|_| min + unit_f32(rng) * width).collect();
                if let Some(scale) = scale {
                    values.iter_mut().for_each(|v| *v = rounded(f64::from(*v), *scale) as f32);
                }
                Arc::new(Float32Array::from(values))
            }
            Generator::Double { min, max, scale } => {
                let (min, width) = (*min, *max - *min);
                let mut values: Vec<f64> = (0..rows).map(|_| min + unit_f64(rng) * width).collect();
                if let Some(scale) = scale {
                    values.iter_mut().for_each(|v| *v = rounded(*v, *scale));
                }
                Arc::new(Float64Array::from(values))
            }
            Generator::Decimal { precision, scale } if *precision <= 38 => {
                let values: Vec<i128> = (0..rows).map(|_| digits(rng, u32::from(*precision))).collect();
                Arc::new(Decimal128Array::from(values).with_precision_and_scale(*precision, *scale)?)
            }
            Generator::Decimal { precision, scale } => {
                let values: Vec<_> = (0..rows).map(|_| wide_digits(rng, u32::from(*precision))).collect();
                Arc::new(Decimal256Array::from(values).with_precision_and_scale(*precision, *scale)?)
            }
            Generator::Text { length } => {
                let text = Buffer::from_vec(letters(rng, rows * length));
                Arc::new(StringArray::try_new(offsets(rows, *length), text, None)?)
            }
            Generator::Bytes { length } => {
                let bytes = Buffer::from_vec(letters(rng, rows * length));
                Arc::new(BinaryArray::try_new(offsets(rows, *length), bytes, None)?)
            }
            Generator::Date(dates) => {
                Arc::new(Date32Array::from_iter_values((0..rows).map(|_| dates.draw(rng))))
            }
            Generator::Time(times) => {
                Arc::new(Time64MicrosecondArray::from_iter_values((0..rows).map(|_| times.draw(rng))))
            }
            Generator::Timestamp { dates, times, zoned } => {
                let micros = (0..rows).map(|_| i64::from(dates.draw(rng)) * DAY + times.draw(rng));
                let array = TimestampMicrosecondArray::from_iter_values(micros);
                Arc::new(if *zoned { array.with_timezone("UTC") } else { array })
            }
            Generator::Pick(from) => {
                let indices: Vec<u32> = (0..rows).map(|_| compile::pick(rng, from.len())).collect();
                take(from, &UInt32Array::from(indices), None)?
            }
            Generator::Constant(value) => repeat(value, rows)?,
            Generator::Now(data_type) => repeat(&now(data_type), rows)?,
            Generator::List { element, size, field } => nested::list(element, *size, field, rows, rng)?,
            Generator::Map { key, value, size, entries } => {
                nested::map(key, value, *size, entries, rows, rng)?
            }
            Generator::Row { fields, parts } => nested::row(fields, parts, rows, rng)?,
            Generator::FloatVector { min, max, dimension, field } => {
                nested::float_vector((*min, *max), *dimension, field, rows, rng)?
            }
            Generator::ByteVector { kind, min, max, dimension } => {
                nested::byte_vector(*kind, (*min, *max), *dimension, rows, rng)?
            }
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(rows: usize, mut next: impl FnMut() -> T::Native) -> ArrayRef {
    let values: Vec<T::Native> = (0..rows).map(|_| next()).collect();
    Arc::new(PrimitiveArray::<T>::new(values.into(), None))
}

/// Offsets of `rows` values of `length` each. A batch is never so large that they overflow.
pub(super) fn offsets(rows: usize, length: usize) -> OffsetBuffer<i32> {
    let ends: Vec<i32> = (0..=rows).map(|row| (row * length) as i32).collect();
    OffsetBuffer::new(ScalarBuffer::from(ends))
}

/// `value` rounded half up to that many decimals; values too large to have that many stay as they are.
fn rounded(value: f64, scale: i32) -> f64 {
    let factor = 10f64.powi(scale);
    let scaled = value * factor;
    if scaled.is_finite() && scaled.abs() < 2f64.powi(53) { scaled.round() / factor } else { value }
}
