//! Decimals as Java's `BigDecimal` reads them, converted to the declared scale.

use super::number::ascii_digits;
use crate::model::shown_bytes;
use arrow::datatypes::i256;

/// What a decimal text says: `±digits · 10^exponent`.
pub(crate) struct DecimalText<'a> {
    /// Whether a minus stands in front.
    pub negative: bool,
    /// Digits before the point.
    pub whole: &'a [u8],
    /// Digits behind it.
    pub fraction: &'a [u8],
    /// The written exponent.
    pub exponent: i64,
}

impl<'a> DecimalText<'a> {
    /// Reads `1.50`, `+5.`, `.5`, `1e3`; no blanks. ASCII digits only.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, body) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
        let (whole, rest) = body.split_at(digits(body));
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => rest.split_at(digits(rest)),
            all => (&[][..], all),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => std::str::from_utf8(rest).ok()?.parse::<i32>().ok()?.into(),
            _ => return None,
        };
        Some(Self { negative, whole, fraction, exponent })
    }
}

/// Digits that 128 bits hold.
const DIGITS_128: usize = 38;
/// Digits that 256 bits hold.
const DIGITS_256: usize = 76;

/// The unscaled value of a decimal with `scale` digits behind the point; rounded half up. The declared precision
/// binds nobody but the formats that store it; up to 38 digits.
///
/// # Errors
/// No decimal, or too many digits.
pub(super) fn decimal128(text: &[u8], scale: i8) -> Result<i128, String> {
    if let Some(value) = short(text, scale) {
        return Ok(value);
    }
    let (negative, digits) = scaled_digits(text, DIGITS_128, scale)?;
    let value = digits.iter().fold(0i128, |value, digit| value * 10 + i128::from(*digit));
    Ok(if negative { -value } else { value })
}

/// As [`decimal128`], for up to 76 digits.
pub(super) fn decimal256(text: &[u8], scale: i8) -> Result<i256, String> {
    let (negative, digits) = scaled_digits(text, DIGITS_256, scale)?;
    let ten = i256::from_i128(10);
    let value = digits.iter().fold(i256::ZERO, |value, digit| {
        value.wrapping_mul(ten).wrapping_add(i256::from_i128(i128::from(*digit)))
    });
    Ok(if negative { value.wrapping_neg() } else { value })
}

/// The common case: a short plain number with no more digits behind the point than the scale.
fn short(text: &[u8], scale: i8) -> Option<i128> {
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if body.len() > 17 || body.is_empty() {
        return None;
    }
    let (mut value, mut behind, mut point) = (0i64, 0i8, false);
    for b in body {
        match b {
            b'0'..=b'9' => {
                value = value * 10 + i64::from(b - b'0');
                behind += i8::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    let shift = u32::try_from(scale - behind).ok().filter(|s| *s <= 18)?;
    if point && body.len() == 1 {
        return None;
    }
    let value = i128::from(value) * i128::from(10i64.pow(shift));
    Some(if negative { -value } else { value })
}

/// The digits (as numbers, no leading zeros) of the unscaled value.
fn scaled_digits(text: &[u8], most: usize, scale: i8) -> Result<(bool, Vec<u8>), String> {
    let plain = ascii_digits(text);
    let read = DecimalText::parse(plain.as_deref().map_or(text, str::as_bytes));
    let read = read.ok_or_else(|| format!("{} is not a decimal", shown_bytes(text)))?;
    let too_wide =
        || format!("{} has more than the {most} digits of a decimal with scale {scale}", shown_bytes(text));
    let all = read.whole.iter().chain(read.fraction).map(|b| b - b'0');
    let mut digits: Vec<u8> = all.skip_while(|d| *d == 0).collect();
    // how many zeros to add (or digits to cut) to come to the wanted scale
    let shift = i64::from(scale) + read.exponent - read.fraction.len() as i64;
    if digits.is_empty() {
        return Ok((false, digits));
    }
    if digits.len() as i64 + shift > most as i64 {
        return Err(too_wide());
    }
    if shift >= 0 {
        digits.resize(digits.len() + shift as usize, 0);
    } else {
        let cut = usize::try_from(-shift).unwrap_or(usize::MAX);
        let up = digits.len().checked_sub(cut).is_some_and(|at| digits[at] >= 5);
        digits.truncate(digits.len().saturating_sub(cut));
        if up {
            add_one(&mut digits);
        }
    }
    if digits.len() > most { Err(too_wide()) } else { Ok((read.negative, digits)) }
}

fn add_one(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_get_the_declared_scale() {
        for (text, value) in [
            ("1", Some(100)),
            ("1.5", Some(150)),
            ("1.234", Some(123)),
            ("1.235", Some(124)),
            ("-1.235", Some(-124)),
            ("1.999", Some(200)),
            ("99999999.994", Some(9_999_999_999)),
            ("99999999.995", Some(10_000_000_000)),
            ("1e3", Some(100_000)),
            ("1E-3", Some(0)),
            ("5E-3", Some(1)),
            ("5.", Some(500)),
            (".5", Some(50)),
            ("+1.5", Some(150)),
            ("-0.00", Some(0)),
            ("00.50", Some(50)),
            ("0e2000000000", Some(0)),
            ("1e-2000000000", Some(0)),
            ("1e2000000000", None),
            ("100000000", Some(10_000_000_000)),
            ("1e35", Some(10i128.pow(37))),
            ("1e36", None),
            ("٣", Some(300)),
            ("1.5 ", None),
            ("1_0", None),
            ("abc", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1e", None),
            ("1.2.3", None),
        ] {
            assert_eq!(decimal128(text.as_bytes(), 2).ok(), value, "{text:?}");
        }
        assert_eq!(decimal128(b"12.7", 0), Ok(13));
        assert_eq!(decimal128(b"0", 0), Ok(0));
        assert_eq!(
            decimal128(b"12345678901234567890.123456789012345678", 18),
            Ok(12_345_678_901_234_567_890_123_456_789_012_345_678)
        );
        let wide = decimal256(b"-123456789012345678901234567890123456789.5", 0).unwrap();
        assert_eq!(wide.to_string(), "-123456789012345678901234567890123456790");
    }
}
