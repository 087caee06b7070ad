//! Appends numbers, dates and times to an output, without allocating.

use crate::model::java;
use arrow::datatypes::i256;

/// What values are printed to: a text, or bytes of a file.
pub(super) trait Out {
    /// Appends a text.
    fn text(&mut self, text: &str);
    /// Appends bytes; where only text can stand, invalid UTF-8 becomes U+FFFD.
    fn bytes(&mut self, bytes: &[u8]);
}

impl Out for Vec<u8> {
    fn text(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Out for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.push_str(&String::from_utf8_lossy(bytes));
    }
}

/// An integer.
pub(super) fn integer(out: &mut impl Out, value: i64) {
    out.text(itoa::Buffer::new().format(value));
}

/// A double as Java prints it.
pub(super) fn double(out: &mut impl Out, value: f64) {
    out.text(java::Buffer::new().double(value));
}

/// A float as Java prints it.
pub(super) fn float(out: &mut impl Out, value: f32) {
    out.text(java::Buffer::new().float(value));
}

/// A boolean.
pub(super) fn boolean(out: &mut impl Out, value: bool) {
    out.text(if value { "true" } else { "false" });
}

/// How a decimal is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DecimalStyle {
    /// With its scale: `1.50`.
    Scaled,
    /// Without trailing zeros: `1.5`, `1E+3`.
    Stripped,
}

/// A decimal as Java's `BigDecimal` prints it, in scientific form where Java does so.
pub(super) fn decimal128(out: &mut impl Out, value: i128, scale: i8, style: DecimalStyle) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value.unsigned_abs());
    decimal(out, value < 0, digits, scale, style);
}

/// As [`decimal128`].
pub(super) fn decimal256(out: &mut impl Out, value: i256, scale: i8, style: DecimalStyle) {
    let text = value.to_string();
    let digits = text.strip_prefix('-').unwrap_or(&text);
    decimal(out, text.len() > digits.len(), digits, scale, style);
}

const ZEROS: &str = "00000000000000000000000000000000000000000000000000000000000000000000000000000000";

fn decimal(out: &mut impl Out, negative: bool, digits: &str, scale: i8, style: DecimalStyle) {
    let mut scale = i32::from(scale);
    let mut digits = digits;
    if style == DecimalStyle::Stripped {
        let kept = digits.trim_end_matches('0');
        if kept.is_empty() {
            (digits, scale) = ("0", 0);
        } else {
            scale -= (digits.len() - kept.len()) as i32;
            digits = kept;
        }
    }
    if negative {
        out.text("-");
    }
    let adjusted = digits.len() as i32 - 1 - scale;
    if scale == 0 {
        out.text(digits);
    } else if scale > 0 && adjusted >= -6 {
        let split = digits.len() as i32 - scale;
        if split > 0 {
            let (whole, fraction) = digits.split_at(split as usize);
            out.text(whole);
            out.text(".");
            out.text(fraction);
        } else {
            out.text("0.");
            out.text(&ZEROS[..(-split) as usize]);
            out.text(digits);
        }
    } else {
        out.text(&digits[..1]);
        if digits.len() > 1 {
            out.text(".");
            out.text(&digits[1..]);
        }
        if adjusted != 0 {
            out.text(if adjusted > 0 { "E+" } else { "E" });
            integer(out, adjusted.into());
        }
    }
}

/// Days since 1970 of a date of the proleptic Gregorian calendar; the day may be beyond the month's end.
pub(crate) fn days_of_civil(year: i32, month: u32, day: u32) -> i32 {
    // years begin in March, so that the leap day is the last one
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400) as u32;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (i64::from(era) * 146_097 + i64::from(day_of_era) - 719_468) as i32
}

/// Year, month, day of days since 1970.
pub(crate) fn civil_of_days(days: i32) -> (i32, u32, u32) {
    let days = i64::from(days) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097) as u32;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = i64::from(year_of_era) + era * 400 + i64::from(month <= 2);
    (year as i32, month, day)
}

/// The two parts of a timestamp: days since 1970, microseconds of the day.
pub(super) fn split_micros(micros: i64) -> (i32, i64) {
    const DAY: i64 = 86_400_000_000;
    (micros.div_euclid(DAY) as i32, micros.rem_euclid(DAY))
}

fn two(value: u32) -> [u8; 2] {
    [b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]
}

fn ascii(out: &mut impl Out, bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        out.text(text);
    }
}

/// A date, its parts joined with `mark`; `era`: the year counts in its era (0 is 1).
pub(super) fn date(out: &mut impl Out, days: i32, mark: Option<u8>, era: bool) {
    let (year, month, day) = civil_of_days(days);
    let year = if era && year <= 0 { 1 - year } else { year };
    if (0..10_000).contains(&year) {
        let (high, low) = (two(year as u32 / 100), two(year as u32));
        let (m, d) = (two(month), two(day));
        match mark {
            Some(k) => ascii(out, &[high[0], high[1], low[0], low[1], k, m[0], m[1], k, d[0], d[1]]),
            None => ascii(out, &[high[0], high[1], low[0], low[1], m[0], m[1], d[0], d[1]]),
        }
        return;
    }
    out.text(if year < 0 { "-" } else { "+" });
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(year.unsigned_abs());
    out.text(&ZEROS[..4usize.saturating_sub(digits.len())]);
    out.text(digits);
    let (m, d) = (two(month), two(day));
    match mark {
        Some(k) => ascii(out, &[k, m[0], m[1], k, d[0], d[1]]),
        None => ascii(out, &[m[0], m[1], d[0], d[1]]),
    }
}

/// A timestamp: date, `T`, time.
pub(super) fn iso(out: &mut impl Out, micros: i64, fraction: Fraction) {
    let (days, micros) = split_micros(micros);
    date(out, days, Some(b'-'), false);
    out.text("T");
    time(out, micros, Some(b':'), fraction);
}

/// How a fraction of a second is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fraction {
    /// Not at all.
    None,
    /// Always so many digits.
    Digits(u8),
    /// Only if not zero, without trailing zeros.
    Trimmed,
    /// Java's `toString`: only if not zero, in 3, 6 or 9 digits; seconds too only if they or the fraction are not 0.
    Java,
}

/// A time of day, its parts joined with `mark`.
pub(super) fn time(out: &mut impl Out, micros: i64, mark: Option<u8>, fraction: Fraction) {
    let seconds = (micros / 1_000_000) as u32;
    let rest = (micros % 1_000_000) as u32;
    let (h, m, s) = (two(seconds / 3600), two(seconds / 60 % 60), two(seconds % 60));
    if fraction == Fraction::Java && seconds.is_multiple_of(60) && rest == 0 {
        return ascii(out, &[h[0], h[1], b':', m[0], m[1]]);
    }
    match mark {
        Some(k) => ascii(out, &[h[0], h[1], k, m[0], m[1], k, s[0], s[1]]),
        None => ascii(out, &[h[0], h[1], m[0], m[1], s[0], s[1]]),
    }
    let digits = [two(rest / 10_000), two(rest / 100), two(rest)];
    let digits = [b'.', digits[0][0], digits[0][1], digits[1][0], digits[1][1], digits[2][0], digits[2][1]];
    match fraction {
        Fraction::None => {}
        Fraction::Digits(count) => {
            ascii(out, &digits[..1 + usize::from(count.min(6))]);
            out.text(&ZEROS[..usize::from(count.saturating_sub(6))]);
        }
        Fraction::Trimmed if rest == 0 => {}
        Fraction::Trimmed => {
            let end = digits.iter().rposition(|b| *b != b'0').unwrap_or(0);
            ascii(out, &digits[..=end]);
        }
        Fraction::Java if rest == 0 => {}
        Fraction::Java if rest.is_multiple_of(1000) => ascii(out, &digits[..4]),
        Fraction::Java => ascii(out, &digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for days in (-800_000..3_000_000).step_by(97).chain([i32::MIN, i32::MAX]) {
            let (year, month, day) = civil_of_days(days);
            assert!((1..=12).contains(&month) && (1..=31).contains(&day));
            assert_eq!(days_of_civil(year, month, day), days);
        }
        let shown = |days| {
            let mut out = String::new();
            date(&mut out, days, Some(b'-'), false);
            out
        };
        assert_eq!(shown(19_724), "2024-01-02");
        assert_eq!(shown(2_932_897), "+10000-01-01");
        assert_eq!(shown(-719_529), "-0001-12-31");
    }

    #[test]
    fn decimals_as_java_prints_them() {
        for (value, scale, scaled, stripped) in [
            (150, 2, "1.50", "1.5"),
            (0, 2, "0.00", "0"),
            (-1, 2, "-0.01", "-0.01"),
            (100_000, 2, "1000.00", "1E+3"),
            (1, 18, "1E-18", "1E-18"),
            (1, 6, "0.000001", "0.000001"),
            (1, 7, "1E-7", "1E-7"),
            (12, 8, "1.2E-7", "1.2E-7"),
            (0, 7, "0E-7", "0"),
            (120, 0, "120", "1.2E+2"),
            (12, 0, "12", "12"),
        ] {
            let (mut a, mut b) = (String::new(), String::new());
            decimal128(&mut a, value, scale, DecimalStyle::Scaled);
            decimal128(&mut b, value, scale, DecimalStyle::Stripped);
            assert_eq!((a.as_str(), b.as_str()), (scaled, stripped));
            let mut c = Vec::new();
            decimal256(&mut c, i256::from_i128(value), scale, DecimalStyle::Scaled);
            assert_eq!(c, scaled.as_bytes());
        }
    }

    #[test]
    fn times_in_every_form() {
        let micros = 45_296_120_000;
        for (fraction, shown) in [
            (Fraction::None, "12:34:56"),
            (Fraction::Digits(3), "12:34:56.120"),
            (Fraction::Digits(9), "12:34:56.120000000"),
            (Fraction::Trimmed, "12:34:56.12"),
            (Fraction::Java, "12:34:56.120"),
        ] {
            let mut out = String::new();
            time(&mut out, micros, Some(b':'), fraction);
            assert_eq!(out, shown);
        }
        let mut out = String::new();
        time(&mut out, 43_200_000_000, Some(b':'), Fraction::Java);
        assert_eq!(out, "12:00");
    }
}
