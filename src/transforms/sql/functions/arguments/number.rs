//! Arguments that are read as numbers.

use super::call::value;
use crate::model::shown;
use crate::transforms::sql::function::Values;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, Decimal256Type, Float64Type, Int64Type, i256,
};
use datafusion_expr::ColumnarValue;

/// An argument that is read as integer.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) struct Integer {
    pub(super) index: usize,
    pub(super) name: String,
}

/// The integers of an argument.
pub(in crate::transforms::sql::functions) type IntegerArgument = NumberArgument<Int64Type>;

impl Integer {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A text that is no number.
    pub(in crate::transforms::sql::functions) fn of(
        &self,
        values: &Values<'_>,
    ) -> Result<IntegerArgument, String> {
        NumberArgument::of(value(values, self.index)?, |array| integers(array, &self.name, self.index))
    }
}

/// An argument that is read as double.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) struct Double {
    pub(super) index: usize,
    pub(super) name: String,
}

/// The doubles of an argument.
pub(in crate::transforms::sql::functions) type DoubleArgument = NumberArgument<Float64Type>;

impl Double {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A text that is no number.
    pub(in crate::transforms::sql::functions) fn of(
        &self,
        values: &Values<'_>,
    ) -> Result<DoubleArgument, String> {
        NumberArgument::of(value(values, self.index)?, |array| doubles(array, &self.name, self.index))
    }
}

/// The numbers of an argument.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) enum NumberArgument<T: ArrowPrimitiveType> {
    /// One for all rows.
    Scalar(Option<T::Native>),
    /// One for each row.
    Array(PrimitiveArray<T>),
}

impl<T: ArrowPrimitiveType> NumberArgument<T> {
    fn of(
        value: &ColumnarValue,
        convert: impl FnOnce(&ArrayRef) -> Result<PrimitiveArray<T>, String>,
    ) -> Result<Self, String> {
        Ok(match value {
            ColumnarValue::Scalar(scalar) => {
                let array = scalar.to_array().map_err(|e| e.to_string())?;
                Self::Scalar(convert(&array)?.iter().next().flatten())
            }
            ColumnarValue::Array(array) => Self::Array(convert(array)?),
        })
    }

    /// The number of a row.
    #[inline]
    pub(in crate::transforms::sql::functions) fn get(&self, row: usize) -> Option<T::Native> {
        match self {
            NumberArgument::Scalar(number) => *number,
            NumberArgument::Array(numbers) => numbers.is_valid(row).then(|| numbers.value(row)),
        }
    }
}

pub(super) fn integers(array: &ArrayRef, name: &str, index: usize) -> Result<Int64Array, String> {
    match array.data_type() {
        ArrowType::Int64 => Ok(array.as_primitive::<Int64Type>().clone()),
        ArrowType::Float32 | ArrowType::Float64 => {
            Ok(doubles(array, name, index)?.unary::<_, Int64Type>(|value| value as i64))
        }
        ArrowType::Decimal128(_, scale) => {
            let scale = *scale;
            let whole = |value: i128| clamp(whole_of_decimal(i256::from_i128(value), scale));
            Ok(array.as_primitive::<Decimal128Type>().unary::<_, Int64Type>(whole))
        }
        ArrowType::Decimal256(_, scale) => {
            let scale = *scale;
            let whole = |value: i256| clamp(whole_of_decimal(value, scale));
            Ok(array.as_primitive::<Decimal256Type>().unary::<_, Int64Type>(whole))
        }
        ArrowType::Utf8 => parsed(array, name, index, |text| {
            text.parse::<i64>().ok().or_else(|| text.parse::<f64>().ok().map(|value| value as i64))
        }),
        _ => Ok(converted(array, &ArrowType::Int64)?.as_primitive::<Int64Type>().clone()),
    }
}

fn doubles(array: &ArrayRef, name: &str, index: usize) -> Result<Float64Array, String> {
    match array.data_type() {
        ArrowType::Float64 => Ok(array.as_primitive::<Float64Type>().clone()),
        ArrowType::Utf8 => parsed(array, name, index, |text| text.parse().ok()),
        _ => Ok(converted(array, &ArrowType::Float64)?.as_primitive::<Float64Type>().clone()),
    }
}

fn converted(array: &ArrayRef, wanted: &ArrowType) -> Result<ArrayRef, String> {
    cast(array, wanted).map_err(|e| format!("{} can't be made a number: {e}", array.data_type()))
}

fn parsed<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    name: &str,
    index: usize,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>, String> {
    let number = |text: &str| {
        parse(text.trim())
            .ok_or_else(|| format!("argument {} of {name} is {}, which is no number", index + 1, shown(text)))
    };
    array.as_string::<i32>().iter().map(|text| text.map(number).transpose()).collect()
}

/// The digits in front of the point.
fn whole_of_decimal(value: i256, scale: i8) -> i256 {
    let power = i256::from_i128(10).checked_pow(u32::from(scale.unsigned_abs()));
    match power {
        Some(power) if scale >= 0 => value.checked_div(power).unwrap_or(i256::ZERO),
        Some(power) => {
            value.checked_mul(power).unwrap_or(if value.is_negative() { i256::MIN } else { i256::MAX })
        }
        None => i256::ZERO,
    }
}

fn clamp(value: i256) -> i64 {
    value.to_i128().and_then(|value| i64::try_from(value).ok()).unwrap_or(if value.is_negative() {
        i64::MIN
    } else {
        i64::MAX
    })
}
