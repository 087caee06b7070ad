//! `ABS` and `SIGN`.

use super::decimals::{self, DecimalColumn};
use super::{number_type, of_number};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::columns::{converted, typed};
use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, DecimalType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type,
};
use std::fmt::Display;
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["ABS"],
        usage: "ABS(number)",
        about: "The number without its sign, of the same type; an error if that type can't hold it, as for \
                ABS(-2147483648).",
        bind: abs,
    },
    Function {
        names: &["SIGN"],
        usage: "SIGN(number)",
        about: "-1, 0 or 1 (INT): whether the number is below, at or above 0; 0 for NaN.",
        bind: sign,
    },
];

fn abs(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let result = number_type(call, 0)?;
    let kind = result.clone();
    of_number(call, result, move |array| {
        Ok(match &kind {
            DataType::TinyInt => whole::<Int8Type>(array, &kind)?,
            DataType::SmallInt => whole::<Int16Type>(array, &kind)?,
            DataType::Int => whole::<Int32Type>(array, &kind)?,
            DataType::BigInt => whole::<Int64Type>(array, &kind)?,
            DataType::Float => Arc::new(typed::<Float32Type>(array)?.unary::<_, Float32Type>(f32::abs)),
            DataType::Double => Arc::new(typed::<Float64Type>(array)?.unary::<_, Float64Type>(f64::abs)),
            _ => decimals::compute(array, Abs)?,
        })
    })
}

fn whole<T: ArrowPrimitiveType>(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef, String>
where
    T::Native: Display,
{
    let abs = |value: T::Native| {
        if value.is_lt(T::Native::ZERO) {
            value
                .neg_checked()
                .map_err(|_| format!("ABS({value}) doesn't fit {kind}; CAST the argument to a wider type"))
        } else {
            Ok(value)
        }
    };
    Ok(Arc::new(typed::<T>(array)?.try_unary::<_, T, String>(abs)?))
}

struct Abs;

impl DecimalColumn for Abs {
    fn compute<T: DecimalType>(&self, array: &PrimitiveArray<T>) -> Result<ArrayRef, String> {
        let abs = |value: T::Native| if value.is_lt(T::Native::ZERO) { value.neg_wrapping() } else { value };
        // a decimal's digits have the same bound on both sides
        Ok(Arc::new(array.unary::<_, T>(abs).with_data_type(array.data_type().clone())))
    }
}

fn sign(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let kind = number_type(call, 0)?;
    of_number(call, DataType::Int, move |array| match &kind {
        DataType::Float | DataType::Double => {
            let numbers = converted(array, &ArrowType::Float64)?;
            let sign = |value: f64| i32::from(value > 0.0) - i32::from(value < 0.0);
            Ok(Arc::new(typed::<Float64Type>(&numbers)?.unary::<_, Int32Type>(sign)))
        }
        DataType::Decimal(..) => decimals::compute(array, Sign),
        _ => {
            let numbers = converted(array, &ArrowType::Int64)?;
            let sign = |value: i64| i32::from(value > 0) - i32::from(value < 0);
            Ok(Arc::new(typed::<Int64Type>(&numbers)?.unary::<_, Int32Type>(sign)))
        }
    })
}

struct Sign;

impl DecimalColumn for Sign {
    fn compute<T: DecimalType>(&self, array: &PrimitiveArray<T>) -> Result<ArrayRef, String> {
        let sign = |value: T::Native| {
            i32::from(value.is_gt(T::Native::ZERO)) - i32::from(value.is_lt(T::Native::ZERO))
        };
        Ok(Arc::new(array.unary::<_, Int32Type>(sign)))
    }
}
