//! How Java prints floating-point numbers; users' files and clients expect these texts.

/// The text of `Double.toString`: shortest digits that read back the same, plain between 1e-3 and 1e7, else
/// scientific with `E`. `NaN`, `Infinity`, `-Infinity` by name.
#[must_use]
pub fn double_text(value: f64) -> String {
    let mut out = String::new();
    push_double(&mut out, value);
    out
}

/// The text of `Float.toString`; see [`double_text`].
#[must_use]
pub fn float_text(value: f32) -> String {
    let mut out = String::new();
    push_float(&mut out, value);
    out
}

/// Appends [`double_text`].
pub fn push_double(out: &mut String, value: f64) {
    match special(value.is_nan(), value.is_infinite(), value.is_sign_negative()) {
        Some(name) => out.push_str(name),
        None => push_shortest(out, ryu::Buffer::new().format_finite(value)),
    }
}

/// Appends [`float_text`].
pub fn push_float(out: &mut String, value: f32) {
    match special(value.is_nan(), value.is_infinite(), value.is_sign_negative()) {
        Some(name) => out.push_str(name),
        None => push_shortest(out, ryu::Buffer::new().format_finite(value)),
    }
}

fn special(nan: bool, infinite: bool, negative: bool) -> Option<&'static str> {
    match (nan, infinite, negative) {
        (true, _, _) => Some("NaN"),
        (_, true, false) => Some("Infinity"),
        (_, true, true) => Some("-Infinity"),
        (_, false, _) => None,
    }
}

/// Re-formats shortest digits (`1.5e-7`, `1e16`, `0.001`, `120.0`) in Java's manner.
fn push_shortest(out: &mut String, shortest: &str) {
    let (sign, rest) = shortest.strip_prefix('-').map_or(("", shortest), |r| ("-", r));
    let (mantissa, exponent) =
        rest.split_once('e').map_or((rest, 0), |(m, e)| (m, e.parse::<i32>().unwrap_or(0)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0');
    out.push_str(sign);
    if digits.is_empty() {
        out.push_str("0.0");
        return;
    }
    // value = 0.DIGITS * 10^point
    let point = whole.len() as i32 - leading as i32 + exponent;
    if (-2..=7).contains(&point) {
        if point <= 0 {
            out.push_str("0.");
            (0..-point).for_each(|_| out.push('0'));
            out.push_str(digits);
        } else {
            let point = point as usize;
            if digits.len() <= point {
                out.push_str(digits);
                (digits.len()..point).for_each(|_| out.push('0'));
                out.push_str(".0");
            } else {
                out.push_str(&digits[..point]);
                out.push('.');
                out.push_str(&digits[point..]);
            }
        }
    } else {
        out.push_str(&digits[..1]);
        out.push('.');
        out.push_str(if digits.len() > 1 { &digits[1..] } else { "0" });
        out.push('E');
        out.push_str(itoa::Buffer::new().format(point - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_as_java_prints_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (0.05, "0.05"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (1.5e-7, "1.5E-7"),
            (1e300, "1.0E300"),
            (123.456, "123.456"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(float_text(1.1), "1.1");
        assert_eq!(float_text(3.402_823_5e38), "3.4028235E38");
    }
}
