//! `ROUND`, `CEIL`, `FLOOR`, `TRUNC`.

use super::decimals::{self, DecimalColumn, with_zeros, without_digits};
use super::doubles::{round_text, whole_double};
use super::{number_type, of_number};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use crate::transforms::sql::functions::arguments::{self, Double, IntegerArgument, NumberArgument};
use crate::transforms::sql::functions::columns::{column, converted, per_value, typed};
use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, Float64Array, PrimitiveArray};
use arrow::datatypes::{
    ArrowNativeType, DataType as ArrowType, DecimalType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type,
};
use std::fmt::Display;
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["ROUND"],
        usage: "ROUND(number[, digits])",
        about: "Rounds half away from zero to so many digits behind the point (0), of the same type; negative digits \
                round before the point.",
        bind: |call| with_digits(call, Mode::HalfUp),
    },
    Function {
        names: &["TRUNC", "TRUNCATE"],
        usage: "TRUNC(number[, digits])",
        about: "Cuts to so many digits behind the point (0), as DOUBLE; negative digits cut before the point.",
        bind: |call| with_digits(call, Mode::Down),
    },
    Function {
        names: &["CEIL", "CEILING"],
        usage: "CEIL(number)",
        about: "The smallest INT that is not below the number; an error if there is none.",
        bind: |call| to_int(call, Mode::Ceiling),
    },
    Function {
        names: &["FLOOR"],
        usage: "FLOOR(number)",
        about: "The largest INT that is not above the number; an error if there is none.",
        bind: |call| to_int(call, Mode::Floor),
    },
];

/// Where a number goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// To the nearest, halves away from zero.
    HalfUp,
    /// Towards zero.
    Down,
    Ceiling,
    Floor,
}

fn with_digits(call: &Call<'_>, mode: Mode) -> Result<Bound, String> {
    call.arity(1..=2)?;
    let kind = number_type(call, 0)?;
    let result = if mode == Mode::Down { DataType::Double } else { kind.clone() };
    if call.is_null(0) {
        return Ok(arguments::always_null(result));
    }
    let digits = call.integer_if_given(1)?;
    let number: Double = call.double(0)?;
    let is_text = *call.type_of(0) == DataType::String;
    let arrow = result.to_arrow();
    Ok(Bound::new(result, move |values| {
        // a null count of digits is none
        let digits = match &digits {
            Some(digits) => digits.of(values)?,
            None => NumberArgument::Scalar(None),
        };
        let rounding = Rounding { digits: &digits, mode, kind: &kind };
        let rounded = |array: &ArrayRef| converted(&rounding.round(array)?, &arrow);
        match &digits {
            _ if is_text => rounded(&doubles(&number, values)?),
            NumberArgument::Scalar(_) => per_value(values, 0, rounded),
            NumberArgument::Array(_) => rounded(&column(values, 0)?),
        }
    }))
}

fn doubles(number: &Double, values: &Values<'_>) -> Result<ArrayRef, String> {
    Ok(match number.of(values)? {
        NumberArgument::Array(numbers) => Arc::new(numbers),
        NumberArgument::Scalar(Some(number)) => Arc::new(Float64Array::from_value(number, values.rows)),
        NumberArgument::Scalar(None) => Arc::new(Float64Array::new_null(values.rows)),
    })
}

/// Rounding of a column to digits, which may differ from row to row.
struct Rounding<'a> {
    digits: &'a IntegerArgument,
    mode: Mode,
    kind: &'a DataType,
}

impl Rounding<'_> {
    fn round(&self, array: &ArrayRef) -> Result<ArrayRef, String> {
        Ok(match self.kind {
            DataType::TinyInt => self.whole::<Int8Type>(array)?,
            DataType::SmallInt => self.whole::<Int16Type>(array)?,
            DataType::Int => self.whole::<Int32Type>(array)?,
            DataType::BigInt => self.whole::<Int64Type>(array)?,
            DataType::Float => {
                let round = |value: f32, digits| Ok(round_double(value.into(), digits, self.mode) as f32);
                Arc::new(self.each::<Float32Type>(typed(array)?, round)?)
            }
            DataType::Double => {
                let round = |value, digits| Ok(round_double(value, digits, self.mode));
                Arc::new(self.each::<Float64Type>(typed(array)?, round)?)
            }
            _ => decimals::compute(array, Digits(self))?,
        })
    }

    fn whole<T: ArrowPrimitiveType>(&self, array: &ArrayRef) -> Result<ArrayRef, String>
    where
        T::Native: Display + TryFrom<i64>,
    {
        let round = |value: T::Native, digits: i64| {
            if digits >= 0 {
                return Ok(value);
            }
            let dropped = u32::try_from(digits.unsigned_abs()).unwrap_or(u32::MAX);
            let wide = i128::from(value.to_i64().unwrap_or_default());
            let rounded = with_zeros(wide, dropped, self.mode).and_then(|wide| i64::try_from(wide).ok());
            rounded
                .and_then(|rounded| T::Native::try_from(rounded).ok())
                .ok_or_else(|| format!("ROUND({value}, {digits}) doesn't fit {}", self.kind))
        };
        Ok(Arc::new(self.each::<T>(typed::<T>(array)?, round)?))
    }

    fn each<T: ArrowPrimitiveType>(
        &self,
        array: &PrimitiveArray<T>,
        round: impl Fn(T::Native, i64) -> Result<T::Native, String>,
    ) -> Result<PrimitiveArray<T>, String> {
        match self.digits {
            NumberArgument::Scalar(digits) => array.try_unary(|value| round(value, digits.unwrap_or(0))),
            digits @ NumberArgument::Array(_) => array
                .iter()
                .enumerate()
                .map(|(row, value)| value.map(|value| round(value, digits.get(row).unwrap_or(0))).transpose())
                .collect(),
        }
    }
}

struct Digits<'a>(&'a Rounding<'a>);

impl DecimalColumn for Digits<'_> {
    fn compute<T: DecimalType>(&self, array: &PrimitiveArray<T>) -> Result<ArrayRef, String> {
        let (precision, scale) = (array.precision(), array.scale());
        let Rounding { mode, kind, .. } = *self.0;
        let round = |value: T::Native, digits: i64| {
            let dropped = i64::from(scale).saturating_sub(digits);
            if dropped <= 0 {
                return Ok(value);
            }
            with_zeros(value, u32::try_from(dropped).unwrap_or(u32::MAX), mode)
                .filter(|rounded| T::is_valid_decimal_precision(*rounded, precision))
                .ok_or_else(|| {
                    let shown = T::format_decimal(value, precision, scale);
                    format!(
                        "ROUND({shown}, {digits}) doesn't fit {kind}; CAST the argument to a wider DECIMAL"
                    )
                })
        };
        let rounded = self.0.each::<T>(array, round)?;
        Ok(Arc::new(rounded.with_data_type(array.data_type().clone())))
    }
}

/// A double rounded to digits behind the point: that of its shortest decimal text, as Java's `BigDecimal` does.
pub(super) fn round_double(value: f64, digits: i64, mode: Mode) -> f64 {
    /// Below it a power of ten is exact.
    const EXACT_POWER: i32 = 22;
    /// Below it the product with a power of ten is off by less than [`SAFE`].
    const EXACT_PRODUCT: f64 = (1u64 << 36) as f64;
    const SAFE: f64 = 1e-4;
    if digits == 0 && mode != Mode::HalfUp {
        return whole_double(value, mode);
    }
    let exact = i32::try_from(digits).ok().filter(|digits| (0..=EXACT_POWER).contains(digits));
    if let Some(digits) = exact {
        let power = 10f64.powi(digits);
        let shifted = value * power;
        let fraction = (shifted - shifted.floor()).abs();
        let near = [0.0, 0.5, 1.0].into_iter().any(|edge| (fraction - edge).abs() < SAFE);
        if shifted.abs() < EXACT_PRODUCT && !near {
            let whole = match mode {
                Mode::HalfUp => shifted.round(),
                other => whole_double(shifted, other),
            };
            // decimal numbers have no -0
            return whole / power + 0.0;
        }
    }
    round_text(value, digits, mode)
}

fn to_int(call: &Call<'_>, mode: Mode) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let kind = number_type(call, 0)?;
    let name = call.name.to_owned();
    of_number(call, DataType::Int, move |array| match &kind {
        DataType::Float | DataType::Double => {
            let to_int = |value: f64| {
                let whole = whole_double(value, mode);
                let fits = whole >= f64::from(i32::MIN) && whole <= f64::from(i32::MAX);
                if fits { Ok(whole as i32) } else { Err(no_int(&name, &value)) }
            };
            let doubles = converted(array, &ArrowType::Float64)?;
            Ok(Arc::new(typed::<Float64Type>(&doubles)?.try_unary::<_, Int32Type, _>(to_int)?))
        }
        DataType::Decimal(..) => decimals::compute(array, ToInt { name: &name, mode }),
        _ => {
            let to_int = |value: i64| i32::try_from(value).map_err(|_| no_int(&name, &value));
            let wide = converted(array, &ArrowType::Int64)?;
            Ok(Arc::new(typed::<Int64Type>(&wide)?.try_unary::<_, Int32Type, _>(to_int)?))
        }
    })
}

fn no_int(name: &str, value: &impl Display) -> String {
    format!("{name}({value}) doesn't fit INT; ROUND and TRUNC keep larger numbers")
}

struct ToInt<'a> {
    name: &'a str,
    mode: Mode,
}

impl DecimalColumn for ToInt<'_> {
    fn compute<T: DecimalType>(&self, array: &PrimitiveArray<T>) -> Result<ArrayRef, String> {
        let (precision, scale) = (array.precision(), array.scale());
        let digits = u32::from(scale.unsigned_abs());
        let to_int = |value: T::Native| {
            let whole = if scale >= 0 {
                without_digits(value, digits, self.mode)
            } else {
                T::Native::usize_as(10).pow_checked(digits).and_then(|power| value.mul_checked(power)).ok()
            };
            whole
                .and_then(|whole| whole.to_i64())
                .and_then(|whole| i32::try_from(whole).ok())
                .ok_or_else(|| no_int(self.name, &T::format_decimal(value, precision, scale)))
        };
        Ok(Arc::new(array.try_unary::<_, Int32Type, String>(to_int)?))
    }
}
