//! Arithmetic with decimals, exact to the last digit and rounded half up at the end.
//!
//! In 128 bits as long as they hold what is in between, else in 256. A FLOAT or DOUBLE counts as the shortest decimal
//! that reads back as the same number. As everywhere in a job, more digits than the precision stay, as many as the
//! column can carry.

use super::arithmetic::{Op, Side};
use super::decimal_value::{Rounding, divide, fits, of_double, of_float, plain, power, rescale};
use crate::table::DataType;
use crate::transforms::sql::function::Kernel;
use arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, AsArray, Decimal128Array, Decimal128Builder, Decimal256Array,
    Decimal256Builder, Float32Array, Float64Array, Int64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, i256};
use datafusion_common::ScalarValue;
use std::sync::Arc;

/// One decimal: its digits in as few bits as hold them, and its scale.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decimal {
    Short(i128, i32),
    Long(i256, i32),
}

impl Decimal {
    pub(super) fn long(self) -> (i256, i32) {
        match self {
            Decimal::Short(value, scale) => (i256::from_i128(value), scale),
            Decimal::Long(value, scale) => (value, scale),
        }
    }
}

/// A column of numbers, read as decimals.
pub(super) enum Decimals {
    Whole(Int64Array),
    Short(Decimal128Array, i32),
    Long(Decimal256Array, i32),
    Float(Float32Array),
    Double(Float64Array),
    Null,
}

impl Decimals {
    pub(super) fn of(column: &ArrayRef) -> Result<Self, String> {
        Ok(match column.data_type() {
            ArrowType::Null => Decimals::Null,
            ArrowType::Float32 => Decimals::Float(column.as_primitive().clone()),
            ArrowType::Float64 => Decimals::Double(column.as_primitive().clone()),
            ArrowType::Decimal128(_, scale) => {
                Decimals::Short(column.as_primitive().clone(), i32::from(*scale))
            }
            ArrowType::Decimal256(_, scale) => {
                Decimals::Long(column.as_primitive().clone(), i32::from(*scale))
            }
            _ => {
                let whole = cast(column, &ArrowType::Int64).map_err(super::problem)?;
                Decimals::Whole(whole.as_primitive().clone())
            }
        })
    }

    /// The decimal of a row; `None` when it is null.
    ///
    /// # Errors
    /// NaN or infinite.
    pub(super) fn get(&self, row: usize) -> Result<Option<Decimal>, String> {
        let number = |found: Option<(i128, i32)>, shown: &dyn std::fmt::Display| match found {
            Some((value, scale)) => Ok(Some(Decimal::Short(value, scale))),
            None => Err(format!("{shown} is no decimal")),
        };
        Ok(match self {
            Decimals::Whole(a) if a.is_valid(row) => Some(Decimal::Short(a.value(row).into(), 0)),
            Decimals::Short(a, scale) if a.is_valid(row) => Some(Decimal::Short(a.value(row), *scale)),
            Decimals::Long(a, scale) if a.is_valid(row) => Some(Decimal::Long(a.value(row), *scale)),
            Decimals::Float(a) if a.is_valid(row) => return number(of_float(a.value(row)), &a.value(row)),
            Decimals::Double(a) if a.is_valid(row) => return number(of_double(a.value(row)), &a.value(row)),
            _ => None,
        })
    }
}

/// A column of decimals being built.
pub(super) enum Builder {
    Short(Decimal128Builder),
    Long(Decimal256Builder),
}

impl Builder {
    pub(super) fn new(data_type: &DataType, rows: usize) -> Self {
        match data_type.to_arrow() {
            arrow @ ArrowType::Decimal256(..) => {
                Builder::Long(Decimal256Builder::with_capacity(rows).with_data_type(arrow))
            }
            arrow => Builder::Short(Decimal128Builder::with_capacity(rows).with_data_type(arrow)),
        }
    }

    /// How many digits a value can have.
    fn digits(&self) -> u8 {
        match self {
            Builder::Short(_) => 38,
            Builder::Long(_) => 76,
        }
    }

    pub(super) fn push_null(&mut self) {
        match self {
            Builder::Short(builder) => builder.append_null(),
            Builder::Long(builder) => builder.append_null(),
        }
    }

    /// Appends the digits of a value; `false` when they are too many.
    pub(super) fn push(&mut self, value: i256, precision: u8) -> bool {
        match self {
            Builder::Short(builder) => match value.to_i128().filter(|value| fits(*value, precision)) {
                Some(value) => builder.append_value(value),
                None => return false,
            },
            Builder::Long(_) if !fits(value, precision) => return false,
            Builder::Long(builder) => builder.append_value(value),
        }
        true
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Short(builder) => Arc::new(builder.finish()),
            Builder::Long(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Computes `left op right` as the decimal type `result`.
pub(in crate::transforms::sql) fn arithmetic(op: Op, result: &DataType) -> Kernel {
    let result = result.clone();
    let scale = match result {
        DataType::Decimal(_, scale) => i32::from(scale),
        _ => 0,
    };
    Arc::new(move |values| {
        let (left, right) = (Side::of(values, 0)?, Side::of(values, 1)?);
        let (a, b) = (Decimals::of(left.array())?, Decimals::of(right.array())?);
        let mut out = Builder::new(&result, values.rows);
        let digits_at_most = out.digits();
        for row in 0..values.rows {
            let (Some(a), Some(b)) = (a.get(left.at(row))?, b.get(right.at(row))?) else {
                out.push_null();
                continue;
            };
            let digits = match (a, b) {
                (Decimal::Short(a, from), Decimal::Short(b, to)) => {
                    compute(op, (a, from), (b, to), scale).map(i256::from_i128)
                }
                _ => None,
            };
            let digits = digits.or_else(|| compute(op, a.long(), b.long(), scale));
            if !digits.is_some_and(|digits| out.push(digits, digits_at_most)) {
                let is_zero = b.long().0 == i256::ZERO && matches!(op, Op::Divide | Op::Remainder);
                return Err(if is_zero {
                    "division by zero".into()
                } else {
                    format!("the result of {} and {} doesn't fit {result}", shown(a), shown(b))
                });
            }
        }
        Ok(out.finish())
    })
}

fn shown(value: Decimal) -> String {
    let (digits, scale) = value.long();
    plain(digits, scale)
}

/// The digits of the result at `scale`; `None` when the type can't hold what is in between, and for a zero divisor.
fn compute<T: ArrowNativeTypeOp>(op: Op, (a, from): (T, i32), (b, to): (T, i32), scale: i32) -> Option<T> {
    let same = from.max(to);
    let round = |value, from| rescale(value, from, scale, Rounding::HalfUp);
    let raise = |value: T, from: i32| rescale(value, from, same, Rounding::HalfUp);
    match op {
        Op::Add => round(raise(a, from)?.add_checked(raise(b, to)?).ok()?, same),
        Op::Subtract => round(raise(a, from)?.sub_checked(raise(b, to)?).ok()?, same),
        Op::Multiply => round(a.mul_checked(b).ok()?, from + to),
        Op::Remainder => round(raise(a, from)?.mod_checked(raise(b, to)?).ok()?, same),
        Op::Divide => {
            let shift = scale + to - from;
            let (a, b) = if shift >= 0 {
                (a.mul_checked(power(shift)?).ok()?, b)
            } else {
                (a, b.mul_checked(power(-shift)?).ok()?)
            };
            divide(a, b, Rounding::HalfUp)
        }
    }
}

/// The decimal that a double spells, as a literal; `None` when it has none of at most 38 digits.
pub(in crate::transforms::sql) fn literal(value: f64) -> Option<(ScalarValue, DataType)> {
    let (digits, scale) = of_double(value)?;
    let (digits, scale) =
        if scale < 0 { (rescale(digits, scale, 0, Rounding::HalfUp)?, 0) } else { (digits, scale) };
    let scale = i8::try_from(scale).ok().filter(|scale| *scale <= 38)?;
    let precision = (1..=38).find(|precision| fits(digits, *precision))?.max(scale.unsigned_abs());
    Some((ScalarValue::Decimal128(Some(digits), precision, scale), DataType::Decimal(precision, scale)))
}
