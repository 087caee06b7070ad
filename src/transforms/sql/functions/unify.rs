//! Values of several types made one type: for `COALESCE`, `MULTI_IF`, `ARRAY` and their like.

use super::arguments::{Text, TextArgument, value};
use super::columns::{converted, typed};
use crate::table::DataType;
use crate::transforms::sql::function::{Call, Values};
use arrow::array::{Array, ArrayRef, Datum, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::{DataType as ArrowType, Date32Type, TimestampMicrosecondType};
use datafusion_expr::ColumnarValue;
use std::sync::Arc;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Whether it is a type of numbers.
pub(super) fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::Float
            | DataType::Double
            | DataType::Decimal(_, _)
    )
}

/// The type that holds values of all these: the widest number, TIMESTAMP for dates and timestamps, else STRING; null if
/// all are null. None if one of them has no text.
pub(super) fn common<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    types.into_iter().try_fold(DataType::Null, |common, other| {
        Some(match (&common, other) {
            (DataType::Null, one) | (one, DataType::Null) => one.clone(),
            (one, other) if one == other => common,
            (one, other) if is_number(one) && is_number(other) => wider(one, other),
            (DataType::Date, DataType::Timestamp) | (DataType::Timestamp, DataType::Date) => {
                DataType::Timestamp
            }
            (one, other) if has_text(one) && has_text(other) => DataType::String,
            _ => return None,
        })
    })
}

fn has_text(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Array(_)
            | DataType::Map(_, _)
            | DataType::Row(_)
            | DataType::Vector(_, _)
            | DataType::Bytes
    )
}

fn wider(one: &DataType, other: &DataType) -> DataType {
    match (one, other) {
        (DataType::Double, _) | (_, DataType::Double) => DataType::Double,
        (DataType::Float, small) | (small, DataType::Float) => match small {
            DataType::TinyInt | DataType::SmallInt => DataType::Float,
            _ => DataType::Double,
        },
        _ => {
            let (rank, rank_of_other) = (digits(one), digits(other));
            if !matches!(one, DataType::Decimal(..)) && !matches!(other, DataType::Decimal(..)) {
                return if rank >= rank_of_other { one.clone() } else { other.clone() };
            }
            let (whole, scale) = (rank.0.max(rank_of_other.0), rank.1.max(rank_of_other.1));
            let precision = u8::try_from(whole + i32::from(scale)).unwrap_or(u8::MAX).min(76);
            DataType::Decimal(precision, scale)
        }
    }
}

/// Digits of a number before its point, and behind it.
fn digits(data_type: &DataType) -> (i32, i8) {
    match data_type {
        DataType::Decimal(precision, scale) => (i32::from(*precision) - i32::from(*scale), *scale),
        DataType::TinyInt => (3, 0),
        DataType::SmallInt => (5, 0),
        DataType::Int => (10, 0),
        _ => (19, 0),
    }
}

/// An argument that is made another type.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    index: usize,
    text: Text,
    from: DataType,
    to: DataType,
    arrow: ArrowType,
}

impl Operand {
    /// An argument, to be made a type.
    ///
    /// # Errors
    /// A type that can't be made the other.
    pub(super) fn bind(call: &Call<'_>, index: usize, to: &DataType) -> Result<Self, String> {
        let from = call.type_of(index);
        let is_possible = match (from, to) {
            (from, to) if from == to => true,
            (DataType::Null, _) => true,
            (from, DataType::String) => has_text(from),
            (DataType::String, to) => is_number(to),
            (DataType::Date | DataType::Timestamp, DataType::Date | DataType::Timestamp)
            | (DataType::Timestamp, DataType::Time) => true,
            (from, to) => is_number(from) && is_number(to),
        };
        if !is_possible {
            return Err(format!(
                "argument {} of {} is {from}, which can't be made {to} like the first one; CAST one of them",
                index + 1,
                call.name
            ));
        }
        let (from, to, arrow) = (from.clone(), to.clone(), to.to_arrow());
        Ok(Self { index, text: call.text(index), from, to, arrow })
    }

    /// Its values of a batch.
    ///
    /// # Errors
    /// A value that doesn't fit the other type.
    pub(super) fn of(&self, values: &Values<'_>) -> Result<Operands, String> {
        let given = value(values, self.index)?;
        let is_literal = matches!(given, ColumnarValue::Scalar(_));
        if self.to == DataType::String && self.from != DataType::String && self.from != DataType::Null {
            let array: ArrayRef = match self.text.of(values)? {
                TextArgument::Array(texts) => Arc::new(texts),
                TextArgument::Scalar(text) => Arc::new(StringArray::from(vec![text.as_deref()])),
            };
            return Ok(Operands { array, is_literal });
        }
        let array = match given {
            ColumnarValue::Array(array) => array.clone(),
            ColumnarValue::Scalar(scalar) => scalar.to_array().map_err(|e| e.to_string())?,
        };
        let array = match (&self.from, &self.to) {
            (DataType::Null, _) => new_null_array(&self.arrow, array.len()),
            (DataType::Date, DataType::Timestamp) => midnights(&array)?,
            _ => converted(&array, &self.arrow)?,
        };
        Ok(Operands { array, is_literal })
    }
}

fn midnights(dates: &ArrayRef) -> Result<ArrayRef, String> {
    let midnight = |days: i32| {
        i64::from(days).checked_mul(MICROS_PER_DAY).ok_or("a date is beyond the range of timestamps")
    };
    let array: TimestampMicrosecondArray =
        typed::<Date32Type>(dates)?.try_unary::<_, TimestampMicrosecondType, _>(midnight)?;
    Ok(Arc::new(array))
}

/// An argument's values of a batch: one if it is a literal.
#[derive(Clone, Debug)]
pub(super) struct Operands {
    /// The values.
    pub(super) array: ArrayRef,
    /// Whether there is one for all rows.
    pub(super) is_literal: bool,
}

impl Operands {
    /// Where the value of a row is.
    #[inline]
    pub(super) fn at(&self, row: usize) -> usize {
        if self.is_literal { 0 } else { row }
    }
}

impl Datum for Operands {
    fn get(&self) -> (&dyn Array, bool) {
        (&self.array, self.is_literal)
    }
}
