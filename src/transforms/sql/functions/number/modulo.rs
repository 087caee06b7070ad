//! `MOD`.

use super::doubles::remainder;
use super::number_type;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use crate::transforms::sql::functions::arguments::{self, Double};
use crate::transforms::sql::functions::columns::{both, converted, numbers};
use arrow::array::{ArrayRef, ArrowNativeTypeOp, PrimitiveArray};
use arrow::datatypes::{Decimal128Type, Decimal256Type, DecimalType, Float64Type, Int64Type};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["MOD"],
    usage: "MOD(number, divisor)",
    about: "What division leaves, with the sign of the number and the type of the divisor (of the number, if only that \
            one has a fraction); an error for divisor 0.",
    bind: modulo,
}];

fn is_whole(kind: &DataType) -> bool {
    matches!(kind, DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt)
}

fn is_double(kind: &DataType) -> bool {
    matches!(kind, DataType::Float | DataType::Double)
}

/// Digits before the point, digits behind it.
fn digits(kind: &DataType) -> (i32, i8) {
    match kind {
        DataType::Decimal(precision, scale) => (i32::from(*precision) - i32::from(*scale), *scale),
        DataType::TinyInt => (3, 0),
        DataType::SmallInt => (5, 0),
        DataType::Int => (10, 0),
        _ => (19, 0),
    }
}

fn result_type(value: &DataType, divisor: &DataType) -> DataType {
    match (value, divisor) {
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (_, divisor) if is_double(divisor) => divisor.clone(),
        (value, _) if is_double(value) => DataType::Double,
        (_, divisor) if is_whole(value) => divisor.clone(),
        (value, divisor) if is_whole(divisor) => value.clone(),
        (value, divisor) => {
            let ((whole, _), (_, scale), (_, of_value)) = (digits(divisor), digits(divisor), digits(value));
            let scale = scale.max(of_value);
            let precision = (whole + i32::from(scale)).clamp(1, 76);
            DataType::Decimal(u8::try_from(precision).unwrap_or(76), scale)
        }
    }
}

fn modulo(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let (value, divisor) = (number_type(call, 0)?, number_type(call, 1)?);
    let result = result_type(&value, &divisor);
    if call.any_null(&[0, 1]) {
        return Ok(arguments::always_null(result));
    }
    let arrow = result.to_arrow();
    if is_double(&value) || is_double(&divisor) {
        let (value, divisor): (Double, Double) = (call.double(0)?, call.double(1)?);
        return Ok(Bound::new(result, move |values| {
            let rest = |value: f64, divisor: f64| match divisor {
                0.0 => Err(format!("MOD({value}, 0): division by zero")),
                divisor => Ok(remainder(value, divisor)),
            };
            let rests =
                both::<_, _, Float64Type>(values.rows, &value.of(values)?, &divisor.of(values)?, rest)?;
            converted(&(Arc::new(rests) as ArrayRef), &arrow)
        }));
    }
    if is_whole(&value) && is_whole(&divisor) {
        let (value, divisor) = (call.integer(0)?, call.integer(1)?);
        return Ok(Bound::new(result, move |values| {
            let rest = |value: i64, divisor: i64| match divisor {
                0 => Err(format!("MOD({value}, 0): division by zero")),
                divisor => Ok(value.wrapping_rem(divisor)),
            };
            let rests = both::<_, _, Int64Type>(values.rows, &value.of(values)?, &divisor.of(values)?, rest)?;
            converted(&(Arc::new(rests) as ArrayRef), &arrow)
        }));
    }
    let ((value_whole, value_scale), (divisor_whole, divisor_scale)) = (digits(&value), digits(&divisor));
    let scale = value_scale.max(divisor_scale);
    let is_narrow = value_whole.max(divisor_whole) + i32::from(scale) <= 38;
    Ok(Bound::new(result, move |values| {
        let rests = if is_narrow {
            decimal_rests::<Decimal128Type>(values, scale)?
        } else {
            decimal_rests::<Decimal256Type>(values, scale)?
        };
        converted(&rests, &arrow)
    }))
}

/// Both as decimals of one scale, so that their digits' rest is the rest.
fn decimal_rests<T: DecimalType>(values: &Values<'_>, scale: i8) -> Result<ArrayRef, String> {
    let common = T::TYPE_CONSTRUCTOR(T::MAX_PRECISION, scale);
    let value = numbers::<T>(values, 0, |array| converted(array, &common))?;
    let divisor = numbers::<T>(values, 1, |array| converted(array, &common))?;
    let rest = |value: T::Native, divisor: T::Native| {
        if divisor.is_zero() {
            let shown = T::format_decimal(value, T::MAX_PRECISION, scale);
            return Err(format!("MOD({shown}, 0): division by zero"));
        }
        Ok(value.mod_wrapping(divisor))
    };
    let rests: PrimitiveArray<T> = both::<T, T, T>(values.rows, &value, &divisor, rest)?;
    Ok(Arc::new(rests.with_data_type(common)))
}
