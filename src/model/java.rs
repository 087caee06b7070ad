//! How Java prints floating-point numbers and which digits it reads; users' files and clients expect these texts.

/// Where one number is printed; no allocation.
pub struct Buffer {
    shortest: ryu::Buffer,
    text: [u8; 32],
    len: usize,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Buffer").field(&self.shown()).finish()
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Buffer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self { shortest: ryu::Buffer::new(), text: [0; 32], len: 0 }
    }

    /// The text of `Double.toString`: shortest digits that read back the same, plain between 1e-3 and 1e7, else
    /// scientific with `E`. `NaN`, `Infinity`, `-Infinity` by name.
    pub fn double(&mut self, value: f64) -> &str {
        if (1e-3..1e7).contains(&value.abs()) {
            return self.shortest.format_finite(value);
        }
        match special(value.is_nan(), value.is_infinite(), value.is_sign_negative()) {
            Some(name) => name,
            // so near zero, two digits may say more than the shortest one: 4.9E-324
            None if value.abs() < 1e-320 && value != 0.0 => {
                let two = format!("{value:.1e}");
                let mut shortest = ryu::Buffer::new();
                self.rewrite(if two.parse() == Ok(value) { &two } else { shortest.format_finite(value) })
            }
            None => self.rewrite(ryu::Buffer::new().format_finite(value)),
        }
    }

    /// The text of `Float.toString`; see [`Buffer::double`].
    pub fn float(&mut self, value: f32) -> &str {
        if (1e-3..1e7).contains(&value.abs()) {
            return self.shortest.format_finite(value);
        }
        match special(value.is_nan(), value.is_infinite(), value.is_sign_negative()) {
            Some(name) => name,
            None if value.abs() < 1e-43 && value != 0.0 => {
                let two = format!("{value:.1e}");
                let mut shortest = ryu::Buffer::new();
                self.rewrite(if two.parse() == Ok(value) { &two } else { shortest.format_finite(value) })
            }
            None => self.rewrite(ryu::Buffer::new().format_finite(value)),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.text[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Re-formats shortest digits (`1.5e-7`, `1e16`, `0.001`, `120.0`; at most 24 bytes) in Java's manner.
    fn rewrite(&mut self, shortest: &str) -> &str {
        self.len = 0;
        let (sign, rest) = shortest.strip_prefix('-').map_or(("", shortest), |r| ("-", r));
        self.push(sign.as_bytes());
        let (mantissa, exponent) =
            rest.split_once('e').map_or((rest, 0), |(m, e)| (m, e.parse::<i32>().unwrap_or(0)));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (mut all, mut count) = ([0u8; 32], 0);
        for b in whole.bytes().chain(fraction.bytes()) {
            all[count] = b;
            count += 1;
        }
        let start = all[..count].iter().position(|b| *b != b'0').unwrap_or(count);
        let end = all[..count].iter().rposition(|b| *b != b'0').map_or(start, |at| at + 1);
        let digits = &all[start..end];
        if digits.is_empty() {
            self.push(b"0.0");
            return self.shown();
        }
        // value = 0.DIGITS * 10^point
        let point = whole.len() as i32 - start as i32 + exponent;
        match point {
            -2..=0 => {
                self.push(b"0.");
                self.push(&b"00"[..(-point) as usize]);
                self.push(digits);
            }
            1..=7 if digits.len() <= point as usize => {
                self.push(digits);
                self.push(&b"0000000"[..point as usize - digits.len()]);
                self.push(b".0");
            }
            1..=7 => {
                self.push(&digits[..point as usize]);
                self.push(b".");
                self.push(&digits[point as usize..]);
            }
            _ => {
                self.push(&digits[..1]);
                self.push(b".");
                self.push(if digits.len() > 1 { &digits[1..] } else { b"0" });
                self.push(b"E");
                self.push(itoa::Buffer::new().format(point - 1).as_bytes());
            }
        }
        self.shown()
    }

    fn shown(&self) -> &str {
        std::str::from_utf8(&self.text[..self.len]).unwrap_or_default()
    }
}

/// The text of [`Buffer::double`].
#[must_use]
pub fn double_text(value: f64) -> String {
    Buffer::new().double(value).to_owned()
}

/// The text of [`Buffer::float`].
#[must_use]
pub fn float_text(value: f32) -> String {
    Buffer::new().float(value).to_owned()
}

/// Appends [`double_text`].
pub fn push_double(out: &mut String, value: f64) {
    out.push_str(Buffer::new().double(value));
}

/// Appends [`float_text`].
pub fn push_float(out: &mut String, value: f32) {
    out.push_str(Buffer::new().float(value));
}

fn special(nan: bool, infinite: bool, negative: bool) -> Option<&'static str> {
    match (nan, infinite, negative) {
        (true, _, _) => Some("NaN"),
        (_, true, false) => Some("Infinity"),
        (_, true, true) => Some("-Infinity"),
        (_, false, _) => None,
    }
}

/// Zeros of the runs of ten decimal digits outside of ASCII that one UTF-16 unit can hold (Unicode class Nd).
const ZEROS: [u32; 36] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// The text with all decimal digits in ASCII, as Java's number parsers take them; `None` when it has no others.
#[must_use]
pub fn ascii_digits(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let digit = |c: char| {
        let code = u32::from(c);
        let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
        char::from_digit(code - zero, 10)
    };
    Some(text.chars().map(|c| digit(c).unwrap_or(c)).collect())
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
            (5e-324, "4.9E-324"),
            (-1.797_693_134_862_315_7e308, "-1.7976931348623157E308"),
            (-0.001_234_567_890_123_456_7, "-0.0012345678901234567"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(double_text(1.5e-323), "1.5E-323");
        assert_eq!(double_text(f64::from_bits(1000)), "4.94E-321");
        assert_eq!(float_text(f32::from_bits(1)), "1.4E-45");
        assert_eq!(float_text(1.1), "1.1");
        assert_eq!(float_text(3.402_823_5e38), "3.4028235E38");
    }
}
