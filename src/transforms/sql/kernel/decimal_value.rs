//! Exact decimals: a whole number of 128 or 256 bits and a scale.

use arrow::array::ArrowNativeTypeOp;
use arrow::datatypes::i256;

/// What becomes of digits behind the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// To the nearest; the half away from zero.
    HalfUp,
    /// To the next greater.
    Ceiling,
    /// Towards zero.
    Down,
}

/// `10^exponent`, if the type can hold it.
pub(super) fn power<T: ArrowNativeTypeOp>(exponent: i32) -> Option<T> {
    T::from_usize(10)?.pow_checked(u32::try_from(exponent).ok()?).ok()
}

/// The value at another scale; `None` when it is too large.
pub(super) fn rescale<T: ArrowNativeTypeOp>(value: T, from: i32, to: i32, rounding: Rounding) -> Option<T> {
    if to >= from {
        return if to == from { Some(value) } else { value.mul_checked(power(to - from)?).ok() };
    }
    match power(from - to) {
        Some(divisor) => divide(value, divisor, rounding),
        // beyond the type's range nothing but the direction is left
        None if rounding == Rounding::Ceiling && value.is_gt(T::ZERO) => Some(T::ONE),
        None => Some(T::ZERO),
    }
}

/// The rounded quotient; `None` for a division by zero or when it is too large.
pub(super) fn divide<T: ArrowNativeTypeOp>(value: T, divisor: T, rounding: Rounding) -> Option<T> {
    let quotient = value.div_checked(divisor).ok()?;
    let rest = value.mod_checked(divisor).ok()?;
    if rest.is_zero() {
        return Some(quotient);
    }
    let is_positive = rest.is_gt(T::ZERO) == divisor.is_gt(T::ZERO);
    let away = match rounding {
        Rounding::Ceiling => is_positive,
        Rounding::Down => false,
        // 2·|rest| ≥ |divisor|, without leaving the range
        Rounding::HalfUp => {
            let (rest, divisor) = (magnitude(rest)?, magnitude(divisor)?);
            rest.is_ge(divisor.sub_checked(rest).ok()?)
        }
    };
    match (away, is_positive) {
        (false, _) => Some(quotient),
        (true, true) => quotient.add_checked(T::ONE).ok(),
        (true, false) => quotient.sub_checked(T::ONE).ok(),
    }
}

fn magnitude<T: ArrowNativeTypeOp>(value: T) -> Option<T> {
    if value.is_lt(T::ZERO) { value.neg_checked().ok() } else { Some(value) }
}

/// Whether the value has at most that many digits.
pub(super) fn fits<T: ArrowNativeTypeOp>(value: T, precision: u8) -> bool {
    match power::<T>(precision.into()) {
        Some(limit) => magnitude(value).is_some_and(|value| value.is_lt(limit)),
        None => true,
    }
}

/// The shortest decimal that reads back as the number; `None` for NaN and the infinite.
pub(super) fn of_double(value: f64) -> Option<(i128, i32)> {
    if value.is_finite() { of_text(&format!("{value:e}")) } else { None }
}

/// As [`of_double`].
pub(super) fn of_float(value: f32) -> Option<(i128, i32)> {
    if value.is_finite() { of_text(&format!("{value:e}")) } else { None }
}

fn of_text(text: &str) -> Option<(i128, i32)> {
    let (value, scale) = parse(text)?;
    Some((value.to_i128()?, scale))
}

/// The decimal that a text spells: `-12.50`, `1e3`.
pub(super) fn parse(text: &str) -> Option<(i256, i32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes().first()? {
        b'-' => (true, &mantissa[1..]),
        b'+' => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = i256::from_string(&all)?;
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    Some((if negative { value.checked_neg()? } else { value }, scale))
}

/// As one writes it: `1234.5678`; with an exponent where that would be all zeros.
pub(super) fn plain(digits: i256, scale: i32) -> String {
    let text = digits.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    match usize::try_from(scale) {
        Ok(0) => text,
        Ok(scale) if scale <= MOST_DIGITS => {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) if scale.unsigned_abs() as usize <= MOST_DIGITS => {
            format!("{text}{}", "0".repeat(scale.unsigned_abs() as usize))
        }
        _ => format!("{text}E{}", -i64::from(scale)),
    }
}

/// Digits that are written out.
const MOST_DIGITS: usize = 76;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quotients_are_rounded_in_both_widths(a in -10i128.pow(30)..10i128.pow(30), b in -10i128.pow(6)..10i128.pow(6)) {
            prop_assume!(b != 0);
            let sign = a.signum() * b.signum();
            let half_up = sign * ((2 * a.abs() + b.abs()) / (2 * b.abs()));
            let ceiling = -(-a * b.signum()).div_euclid(b.abs());
            for (rounding, wanted) in [(Rounding::HalfUp, half_up), (Rounding::Ceiling, ceiling), (Rounding::Down, a / b)] {
                prop_assert_eq!(divide(a, b, rounding), Some(wanted));
                let wide = divide(i256::from_i128(a), i256::from_i128(b), rounding);
                prop_assert_eq!(wide, Some(i256::from_i128(wanted)));
            }
        }

        #[test]
        fn the_shortest_decimal_reads_back(value in proptest::num::f64::NORMAL) {
            let shown = of_double(value).map(|(digits, scale)| format!("{digits}e{}", -scale));
            prop_assert_eq!(shown.and_then(|text| text.parse().ok()), Some(value));
        }
    }

    #[test]
    fn decimals_are_written_out() {
        for (digits, scale, wanted) in [
            (12_345_678, 3, "12345.678"),
            (-5, 3, "-0.005"),
            (12, 0, "12"),
            (-12, -3, "-12000"),
            (1, 77, "1E-77"),
            (1, -300, "1E300"),
        ] {
            assert_eq!(plain(i256::from_i128(digits), scale), wanted);
        }
    }

    #[test]
    fn what_is_beyond_the_range() {
        assert_eq!(parse("-12.50"), Some((i256::from_i128(-1250), 2)));
        assert_eq!(parse("1e3"), Some((i256::from_i128(1), -3)));
        for text in ["", "-", ".", "1.2.3", "1e", "0x1", "1 "] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(rescale(5i128, 40, 0, Rounding::Ceiling), Some(1));
        assert_eq!(rescale(-5i128, 40, 0, Rounding::Ceiling), Some(0));
        assert_eq!(rescale(5i128, 0, 39, Rounding::HalfUp), None);
        assert_eq!(divide(1i128, 0, Rounding::HalfUp), None);
        assert!(fits(99i128, 2) && !fits(-100i128, 2) && fits(i128::MAX, 60));
    }
}
