//! Checks of one column, evaluated on a whole batch.

use super::bound::{Bound, End};
use super::deep::{At, has_digits, same, typed, unscaled};
use crate::format::java_text::JavaText;
use crate::table::DataType;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, Scalar};
use arrow::compute::kernels::cmp::neq;
use arrow::compute::{max, min};
use arrow::datatypes::{
    Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, i256,
};

/// What must hold for every value of a column. All but [`Check::NotNull`] and [`Check::Null`] leave nulls alone.
#[derive(Debug)]
pub(super) enum Check {
    /// No value is null.
    NotNull,
    /// Every value is null.
    Null,
    /// No row passes.
    Never,
    /// No value that is not null passes.
    NoValue,
    /// Integers and decimals, in units of their last digit.
    Whole { end: End, outermost: i256 },
    /// Floats and doubles.
    Real { end: End, outermost: f64 },
    /// Length of the Java text, in UTF-16 units.
    Length { end: End, outermost: f64 },
    /// At most that many digits.
    Digits(u8),
    /// Values of that type; only for types that the column's type does not decide.
    Typed(DataType),
    /// Equal to this one value of the same type.
    Equals(ArrayRef),
    /// Equal to this one nested value of that type.
    DeepEquals(ArrayRef, DataType),
}

impl Check {
    /// The first row that fails, if any does.
    pub(super) fn first_failure(&self, array: &ArrayRef, data_type: &DataType) -> Option<usize> {
        let nothing = array.data_type().is_null();
        match self {
            Check::NotNull if nothing => (!array.is_empty()).then_some(0),
            Check::NotNull => {
                if array.null_count() == 0 {
                    return None;
                }
                (0..array.len()).find(|row| array.is_null(*row))
            }
            Check::Never => (!array.is_empty()).then_some(0),
            _ if nothing => None,
            Check::Null | Check::NoValue => {
                if array.null_count() == array.len() {
                    return None;
                }
                (0..array.len()).find(|row| array.is_valid(*row))
            }
            Check::Whole { end, outermost } => whole(array, data_type, *end, *outermost),
            Check::Real { end, outermost } => real(array, *end, *outermost),
            Check::Length { end, outermost } => length(array, data_type, *end, *outermost),
            Check::Digits(most) => {
                valid(array).find(|row| !unscaled(array, *row).is_some_and(|value| has_digits(value, *most)))
            }
            Check::Typed(wanted) => valid(array).find(|row| !typed(array, *row, data_type, wanted)),
            Check::Equals(literal) => match neq(array, &Scalar::new(literal.clone())) {
                Ok(differs) if differs.true_count() == 0 => None,
                Ok(differs) => (0..differs.len()).find(|row| differs.is_valid(*row) && differs.value(*row)),
                Err(_) => valid(array).next(),
            },
            Check::DeepEquals(literal, literal_type) => {
                valid(array).find(|row| !same(At(array, *row, data_type), At(literal, 0, literal_type)))
            }
        }
    }

    /// `MIN` or `MAX` of a column of that type.
    pub(super) fn number(data_type: &DataType, bound: Bound, end: End) -> Check {
        match data_type {
            DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
                Check::Whole { end, outermost: bound.whole(end, 0) }
            }
            DataType::Decimal(_, scale) => {
                Check::Whole { end, outermost: bound.whole(end, u32::try_from(*scale).unwrap_or(0)) }
            }
            DataType::Float | DataType::Double => Check::Real { end, outermost: bound.as_f64() },
            _ => Check::NoValue,
        }
    }
}

fn valid(array: &ArrayRef) -> impl Iterator<Item = usize> + '_ {
    (0..array.len()).filter(|row| array.is_valid(*row))
}

fn whole(array: &ArrayRef, data_type: &DataType, end: End, outermost: i256) -> Option<usize> {
    let wide = |value: i64| i256::from_i128(value.into());
    match data_type {
        DataType::TinyInt => extreme::<Int8Type>(array, end, outermost, |v| wide(v.into())),
        DataType::SmallInt => extreme::<Int16Type>(array, end, outermost, |v| wide(v.into())),
        DataType::Int => extreme::<Int32Type>(array, end, outermost, |v| wide(v.into())),
        DataType::BigInt => extreme::<Int64Type>(array, end, outermost, wide),
        DataType::Decimal(precision, _) if *precision <= 38 => {
            extreme::<Decimal128Type>(array, end, outermost, i256::from_i128)
        }
        DataType::Decimal(_, _) => extreme::<Decimal256Type>(array, end, outermost, |v| v),
        _ => valid(array).next(),
    }
}

/// Compares the smallest or largest value of the column with the bound, and looks at rows only when it fails.
fn extreme<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    end: End,
    outermost: i256,
    widen: impl Fn(T::Native) -> i256,
) -> Option<usize>
where
    T::Native: arrow::array::ArrowNativeTypeOp,
{
    let values: &PrimitiveArray<T> = array.as_primitive_opt()?;
    let passes = |value: T::Native| match end {
        End::Min => widen(value) >= outermost,
        End::Max => widen(value) <= outermost,
    };
    let extreme = match end {
        End::Min => min(values),
        End::Max => max(values),
    };
    if extreme.is_none_or(passes) {
        return None;
    }
    valid(array).find(|row| !passes(values.value(*row)))
}

fn real(array: &ArrayRef, end: End, outermost: f64) -> Option<usize> {
    // NaN compares with nothing, so it fails both ends.
    let passes = |value: f64| match end {
        End::Min => value >= outermost,
        End::Max => value <= outermost,
    };
    if let Some(doubles) = array.as_primitive_opt::<Float64Type>() {
        let all = doubles.values().iter().fold(true, |all, value| all & passes(*value));
        return if all { None } else { valid(array).find(|row| !passes(doubles.value(*row))) };
    }
    let floats = array.as_primitive_opt::<Float32Type>()?;
    let all = floats.values().iter().fold(true, |all, value| all & passes(f64::from(*value)));
    if all { None } else { valid(array).find(|row| !passes(f64::from(floats.value(*row)))) }
}

fn length(array: &ArrayRef, data_type: &DataType, end: End, outermost: f64) -> Option<usize> {
    let passes = |length: usize| match end {
        End::Min => length as f64 >= outermost,
        End::Max => length as f64 <= outermost,
    };
    let units = |text: &str| if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    if let Some(texts) = array.as_string_opt::<i32>() {
        return valid(array).find(|row| !passes(units(texts.value(*row))));
    }
    let java = JavaText::new(array.as_ref(), data_type);
    let mut text = String::new();
    valid(array).find(|row| {
        text.clear();
        java.push(*row, &mut text);
        !passes(units(&text))
    })
}
