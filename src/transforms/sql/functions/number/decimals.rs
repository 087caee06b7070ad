//! Columns of decimals of either width, and rounding of their digits.

use super::rounding::Mode;
use crate::transforms::sql::functions::columns::typed;
use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, PrimitiveArray};
use arrow::datatypes::{DataType as ArrowType, Decimal128Type, Decimal256Type, DecimalType};

/// A computation of decimals, the same for 128 and 256 bits.
pub(super) trait DecimalColumn {
    /// Computes a column.
    ///
    /// # Errors
    /// A result that doesn't fit.
    fn compute<T: DecimalType>(&self, array: &PrimitiveArray<T>) -> Result<ArrayRef, String>;
}

/// Computes a column of either width.
///
/// # Errors
/// A column of no decimals; those of the computation.
pub(super) fn compute(array: &ArrayRef, computation: impl DecimalColumn) -> Result<ArrayRef, String> {
    match array.data_type() {
        ArrowType::Decimal256(..) => computation.compute(typed::<Decimal256Type>(array)?),
        _ => computation.compute(typed::<Decimal128Type>(array)?),
    }
}

/// Drops so many of a number's last digits, rounded; none if the result doesn't fit its bits.
pub(super) fn without_digits<N: ArrowNativeTypeOp>(value: N, digits: u32, mode: Mode) -> Option<N> {
    let Ok(power) = N::usize_as(10).pow_checked(digits) else {
        // more digits than any number has: less than a half is dropped
        return match mode {
            Mode::Ceiling if value.is_gt(N::ZERO) => Some(N::ONE),
            Mode::Floor if value.is_lt(N::ZERO) => Some(N::ZERO.sub_wrapping(N::ONE)),
            _ => Some(N::ZERO),
        };
    };
    let (whole, rest) = (value.div_wrapping(power), value.mod_wrapping(power));
    let is_negative = value.is_lt(N::ZERO);
    let away = match mode {
        Mode::Down => false,
        Mode::Ceiling => !rest.is_zero() && !is_negative,
        Mode::Floor => !rest.is_zero() && is_negative,
        // the power is even unless nothing is dropped
        Mode::HalfUp => {
            let half = power.div_wrapping(N::usize_as(2));
            digits > 0 && (rest.is_ge(half) || rest.is_le(half.neg_wrapping()))
        }
    };
    match (away, is_negative) {
        (false, _) => Some(whole),
        (true, false) => whole.add_checked(N::ONE).ok(),
        (true, true) => whole.sub_checked(N::ONE).ok(),
    }
}

/// Sets so many of a number's last digits to 0, rounded; none if the result doesn't fit its bits.
pub(super) fn with_zeros<N: ArrowNativeTypeOp>(value: N, digits: u32, mode: Mode) -> Option<N> {
    let kept = without_digits(value, digits, mode)?;
    if kept.is_zero() {
        return Some(kept);
    }
    kept.mul_checked(N::usize_as(10).pow_checked(digits).ok()?).ok()
}
