//! Doubles as the decimal numbers that their shortest texts are, as Java's `BigDecimal.valueOf` takes them.

use super::decimals::without_digits;
use super::rounding::Mode;

/// A double without digits behind the point.
pub(super) fn whole_double(value: f64, mode: Mode) -> f64 {
    match mode {
        Mode::HalfUp => value.round(),
        Mode::Down => value.trunc(),
        Mode::Ceiling => value.ceil(),
        Mode::Floor => value.floor(),
    }
}

/// The digits of a double's shortest text, and the power of ten they count; none for NaN and the infinities.
fn digits_of(value: f64) -> Option<(i128, i64)> {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let behind = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len());
    let digits = mantissa.replace('.', "").parse().ok()?;
    Some((digits, exponent.parse::<i64>().ok()? - i64::try_from(behind).ok()?))
}

/// The double nearest to a decimal number.
fn nearest(digits: i128, power: i64) -> Option<f64> {
    format!("{digits}e{power}").parse().ok()
}

/// Rounds to digits behind the point.
pub(super) fn round_text(value: f64, digits: i64, mode: Mode) -> f64 {
    let rounded = digits_of(value).and_then(|(unscaled, power)| {
        let dropped = power.saturating_neg().saturating_sub(digits);
        let dropped = u32::try_from(dropped).ok().filter(|dropped| *dropped > 0)?;
        nearest(without_digits(unscaled, dropped, mode)?, digits.saturating_neg())
    });
    // nothing to drop, or no number; decimal numbers have no -0
    rounded.unwrap_or(value) + 0.0
}

/// What division leaves, with the sign of what is divided: `remainder(0.3, 0.1)` is 0.
pub(super) fn remainder(value: f64, divisor: f64) -> f64 {
    let exact = || {
        let (value, value_power) = digits_of(value)?;
        let (divisor, divisor_power) = digits_of(divisor)?;
        let zeros = value_power - divisor_power;
        if zeros >= 0 {
            // the value's zeros are not written out: their rest alone counts
            let divisor = divisor.abs();
            let rest = (value % divisor) * power_rest(zeros, divisor) % divisor;
            return nearest(rest, divisor_power);
        }
        let factor = u32::try_from(-zeros).ok().and_then(|zeros| 10i128.checked_pow(zeros));
        // a divisor that doesn't fit is larger than any value's digits
        let rest =
            factor.and_then(|factor| divisor.checked_mul(factor)).map_or(value, |divisor| value % divisor);
        nearest(rest, value_power)
    };
    exact().unwrap_or(value % divisor)
}

/// What division of a power of ten leaves; a double has at most 17 digits, so no product is too large.
fn power_rest(mut power: i64, divisor: i128) -> i128 {
    let (mut rest, mut square) = (1 % divisor, 10 % divisor);
    while power > 0 {
        if power % 2 == 1 {
            rest = rest * square % divisor;
        }
        square = square * square % divisor;
        power /= 2;
    }
    rest
}
