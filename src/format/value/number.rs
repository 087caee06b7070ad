//! Integers and floating-point numbers as Java's `parseInt`, `parseDouble` and `parseFloat` read them.

use super::hex_float::Hex;
use crate::model::java;
use crate::model::shown_bytes;

/// The text with all decimal digits in ASCII; `None` when it has no others (or is no UTF-8).
pub(super) fn ascii_digits(text: &[u8]) -> Option<String> {
    java::ascii_digits(std::str::from_utf8(text).ok()?)
}

/// Without the blanks and control characters (up to U+0020) at both ends: Java's `trim`.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| *b > b' ').unwrap_or(text.len());
    let end = text.iter().rposition(|b| *b > b' ').map_or(start, |at| at + 1);
    &text[start..end]
}

/// Whether a cell counts as empty: only white space as Java sees it (U+3000 too, U+00A0 not).
#[inline]
pub(crate) fn is_blank(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b'!'..=b'~', ..] => false,
        all => is_white(all),
    }
}

fn is_white(mut text: &[u8]) -> bool {
    loop {
        text = match text {
            [] => return true,
            [b'\t'..=b'\r' | 0x1C..=0x20, rest @ ..] => rest,
            // U+1680, U+2000 … U+200A without U+2007, U+2028, U+2029, U+205F, U+3000
            [0xE1, 0x9A, 0x80, rest @ ..]
            | [0xE2, 0x80, 0x80..=0x86 | 0x88..=0x8A | 0xA8 | 0xA9, rest @ ..]
            | [0xE2, 0x81, 0x9F, rest @ ..]
            | [0xE3, 0x80, 0x80, rest @ ..] => rest,
            _ => return false,
        };
    }
}

/// An integer between `min` and `max`: optional sign, digits, nothing else.
pub(crate) fn integer(text: &[u8], min: i64, max: i64) -> Result<i64, String> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let mut value = 0i64;
    let fast = !digits.is_empty()
        && digits.len() <= 18
        && digits.iter().all(|b| {
            let digit = b.wrapping_sub(b'0');
            value = value * 10 + i64::from(digit);
            digit < 10
        });
    let found = if fast { Some(if negative { -value } else { value }) } else { slow_integer(text) };
    match found {
        Some(value) if (min..=max).contains(&value) => Ok(value),
        Some(_) => Err(out_of_range(text, min, max)),
        None if is_digits(digits) => Err(out_of_range(text, min, max)),
        None => Err(format!("{} is not an integer", shown_bytes(text))),
    }
}

pub(super) fn is_digits(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn out_of_range(text: &[u8], min: i64, max: i64) -> String {
    format!("{} is out of range; allowed: {min} … {max}", shown_bytes(text))
}

/// More than 18 digits, or digits of other scripts.
fn slow_integer(text: &[u8]) -> Option<i64> {
    let plain = ascii_digits(text);
    let text = plain.as_deref().or_else(|| std::str::from_utf8(text).ok())?;
    text.parse().ok()
}

/// A double as Java reads it: trimmed; `NaN`, `Infinity`, `1.5f`, `0x1p3`; beyond the range infinite or zero.
pub(crate) fn double(text: &[u8]) -> Result<f64, String> {
    if let Some(value) = short_decimal(text) {
        return Ok(value);
    }
    match parse(text) {
        Some(Number::Decimal(text)) => text.parse().map_err(|_| not_a_number(text.as_bytes())),
        Some(Number::Special(value)) => Ok(value),
        Some(Number::Hex(hex)) => Ok(hex.to_f64()),
        None => Err(not_a_number(text)),
    }
}

/// What most doubles look like: at most 15 digits with perhaps a sign and a point. Both the digits as a whole number
/// and the power of ten are doubles exactly, so that their quotient is the nearest one.
fn short_decimal(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if body.len() > 16 {
        return None;
    }
    let (mut value, mut digits, mut point) = (0u64, 0, None);
    for byte in body {
        match byte.wrapping_sub(b'0') {
            digit @ 0..=9 => {
                value = value * 10 + u64::from(digit);
                digits += 1;
            }
            _ if *byte == b'.' && point.is_none() => point = Some(digits),
            _ => return None,
        }
    }
    let scale = point.map_or(0, |before| digits - before);
    let power = POWERS.get(scale).filter(|_| (1..=15).contains(&digits))?;
    let value = value as f64 / power;
    Some(if negative { -value } else { value })
}

/// A float as Java reads it; see [`double`].
pub(crate) fn float(text: &[u8]) -> Result<f32, String> {
    match parse(text) {
        Some(Number::Decimal(text)) => text.parse().map_err(|_| not_a_number(text.as_bytes())),
        Some(Number::Special(value)) => Ok(value as f32),
        Some(Number::Hex(hex)) => Ok(hex.to_f32()),
        None => Err(not_a_number(text)),
    }
}

fn not_a_number(text: &[u8]) -> String {
    format!("{} is not a number", shown_bytes(text))
}

enum Number<'a> {
    /// Digits with optional point and exponent, in a form that Rust reads the same way.
    Decimal(&'a str),
    Special(f64),
    Hex(Hex),
}

fn parse(text: &[u8]) -> Option<Number<'_>> {
    let text = trim(text);
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    match body.first()? {
        b'N' => (body == b"NaN").then_some(Number::Special(f64::NAN)),
        b'I' => (body == b"Infinity").then_some(Number::Special(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        })),
        b'0' if body.get(1).is_some_and(|b| matches!(b, b'x' | b'X')) => {
            Hex::parse(negative, &body[2..]).map(Number::Hex)
        }
        b'0'..=b'9' | b'.' => {
            let plain = without_suffix(body);
            is_decimal(plain).then_some(())?;
            let text = &text[..text.len() - (body.len() - plain.len())];
            std::str::from_utf8(text).ok().map(Number::Decimal)
        }
        _ => None,
    }
}

pub(super) fn without_suffix(body: &[u8]) -> &[u8] {
    match body {
        [rest @ .., b'f' | b'F' | b'd' | b'D'] => rest,
        all => all,
    }
}

/// Digits with at most one point and at least one digit, then perhaps an exponent.
fn is_decimal(body: &[u8]) -> bool {
    let digits = |from: usize| body[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut at = whole;
    let mut fraction = 0;
    if body.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        at += 1 + fraction;
    }
    if whole + fraction == 0 {
        return false;
    }
    if matches!(body.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(body.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return false;
        }
        at += exponent;
    }
    at == body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        let int = |text: &str| integer(text.as_bytes(), i64::from(i32::MIN), i64::from(i32::MAX)).ok();
        for (text, value) in [
            ("7", Some(7)),
            ("+7", Some(7)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("１２", Some(12)),
            ("٣", Some(3)),
            ("-2147483648", Some(-2_147_483_648)),
            ("2147483648", None),
            ("00000000000000000000000000000000000001", Some(1)),
            ("99999999999999999999", None),
            (" 7", None),
            ("", None),
            ("+", None),
            ("1_0", None),
            ("1.0", None),
            ("5L", None),
            ("--5", None),
        ] {
            assert_eq!(int(text), value, "{text:?}");
        }
        assert_eq!(integer(b"-9223372036854775808", i64::MIN, i64::MAX), Ok(i64::MIN));
        assert!(integer(b"9223372036854775808", i64::MIN, i64::MAX).unwrap_err().contains("out of range"));
    }

    #[test]
    fn floating_points() {
        for (text, value) in [
            ("1", Some(1.0)),
            (" 1.5 ", Some(1.5)),
            ("-12345.678901234", Some(-12_345.678_901_234)),
            ("0.000000000000001", Some(1e-15)),
            ("999999999999999", Some(999_999_999_999_999.0)),
            ("9007199254740993", Some(9_007_199_254_740_992.0)),
            ("1..5", None),
            ("-", None),
            ("1.", Some(1.0)),
            (".5", Some(0.5)),
            ("+.5e-1", Some(0.05)),
            ("1.5D", Some(1.5)),
            ("1e309", Some(f64::INFINITY)),
            ("1e-400", Some(0.0)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("0x1p3", Some(8.0)),
            ("0x1.8P1", Some(3.0)),
            ("-0x.8p0f", Some(-0.5)),
            ("0x1p-1074", Some(f64::from_bits(1))),
            ("0x1p-1075", Some(0.0)),
            ("0x1.8p-1075", Some(f64::from_bits(1))),
            ("0x1.fffffffffffffp1023", Some(f64::MAX)),
            ("0x1.fffffffffffff8p1023", Some(f64::INFINITY)),
            ("0x1.00000000000008p0", Some(1.0)),
            ("0x1.000000000000080000000001p0", Some(1.000_000_000_000_000_2)),
            ("0x1p99999999999", Some(f64::INFINITY)),
            ("0x0p5", Some(0.0)),
            ("inf", None),
            ("nan", None),
            ("1e", None),
            ("1,5", None),
            (".", None),
            ("", None),
            ("0x1", None),
            ("0xp1", None),
            ("1.5ff", None),
            ("1_0", None),
            ("e5", None),
        ] {
            assert_eq!(double(text.as_bytes()).ok(), value, "{text:?}");
        }
        assert!(double(b"-0").unwrap().is_sign_negative());
        assert!(double(b"NaN").unwrap().is_nan());
        assert_eq!(float(b"3.5e38"), Ok(f32::INFINITY));
        assert_eq!(float(b"0x1p-149"), Ok(f32::from_bits(1)));
        assert_eq!(float(b"0.1"), Ok(0.1));
    }

    #[test]
    fn blanks_as_java_sees_them() {
        for (text, blank) in [
            ("", true),
            (" \t\u{b}", true),
            ("\u{3000}", true),
            ("\u{A0}", false),
            ("\u{1}", false),
            ("\u{1f}", true),
        ] {
            assert_eq!(is_blank(text.as_bytes()), blank, "{text:?}");
        }
        assert_eq!(trim(b"\x01 a b\t"), b"a b");
    }
}
