//! Java's hexadecimal floating-point texts (`0x1.8p3`), rounded half to even.

use super::number::{is_digits, without_suffix};

/// `±mantissa · 2^exponent`; `sticky`: something non-zero was cut off behind the mantissa.
pub(super) struct Hex {
    negative: bool,
    mantissa: u64,
    exponent: i64,
    sticky: bool,
}

impl Hex {
    /// Reads what stands behind `0x`: hex digits with at most one point, `p`, a decimal exponent, perhaps a suffix.
    pub(super) fn parse(negative: bool, body: &[u8]) -> Option<Self> {
        let body = without_suffix(body);
        let p = body.iter().position(|b| matches!(b, b'p' | b'P'))?;
        let exponent = std::str::from_utf8(&body[p + 1..]).ok()?;
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if !is_digits(unsigned.as_bytes()) {
            return None;
        }
        let limit = 1_000_000_000;
        let power = unsigned.parse::<i64>().unwrap_or(limit).min(limit);
        let mut hex = Hex {
            negative,
            mantissa: 0,
            exponent: if exponent.starts_with('-') { -power } else { power },
            sticky: false,
        };
        let (mut digits, mut point) = (0usize, false);
        for b in &body[..p] {
            if *b == b'.' && !point {
                point = true;
                continue;
            }
            let digit = char::from(*b).to_digit(16)?;
            digits += 1;
            if hex.mantissa >> 60 == 0 {
                hex.mantissa = hex.mantissa << 4 | u64::from(digit);
                hex.exponent -= if point { 4 } else { 0 };
            } else {
                hex.sticky |= digit != 0;
                hex.exponent += if point { 0 } else { 4 };
            }
        }
        (digits > 0).then_some(hex)
    }

    /// The mantissa rounded (half to even) to what a format of `bits` precision and `least` exponent holds, and its
    /// power of two.
    fn rounded(&self, bits: u32, least: i64) -> (u64, i64) {
        let width = i64::from(64 - self.mantissa.leading_zeros());
        let drop = (width - i64::from(bits)).max(least - self.exponent).max(0);
        if drop > 64 {
            return (0, least);
        }
        let wide = u128::from(self.mantissa);
        let kept = (wide >> drop) as u64;
        let cut = wide & ((1u128 << drop) - 1);
        let half = if drop == 0 { u128::MAX } else { 1u128 << (drop - 1) };
        let up = cut > half || (cut == half && (self.sticky || kept & 1 == 1));
        (kept + u64::from(up), self.exponent + drop)
    }

    pub(super) fn to_f64(&self) -> f64 {
        let (mantissa, exponent) = self.rounded(53, -1074);
        let value = scaled(mantissa as f64, exponent);
        if self.negative { -value } else { value }
    }

    pub(super) fn to_f32(&self) -> f32 {
        let (mantissa, exponent) = self.rounded(24, -149);
        let value = scaled(mantissa as f64, exponent) as f32;
        if self.negative { -value } else { value }
    }
}

/// `value · 2^exponent`, exact wherever the result can be held: two steps, so that no power overflows on its own.
fn scaled(value: f64, exponent: i64) -> f64 {
    let exponent = exponent.clamp(-1100, 1100) as i32;
    let first = exponent / 2;
    value * 2f64.powi(first) * 2f64.powi(exponent - first)
}
