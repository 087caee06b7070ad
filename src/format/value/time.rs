//! Dates, times of day and timestamps, detected from the text as the Java engine does.
//!
//! Every value is read by its own form. The engine resolves leniently: day 29–31 beyond the month's end is its last
//! day, 24:00:00 is the next day's beginning. Two of its rules look odd and are kept: a fraction with `T` is read
//! strictly (no such leniency), and the forms without fraction know no year 0.

use crate::format::print::days_of_civil;
use crate::model::shown_bytes;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Days since 1970.
///
/// # Errors
/// Another form than `yyyy-MM-dd`, `yyyy/MM/dd`, `yyyy.MM.dd`, `yyyyMMdd`, `yyyy年MM月dd日`; month 13, day 32.
pub(crate) fn date(text: &[u8]) -> Result<i32, String> {
    let read = match text.len() {
        10 if matches!(text[4], b'-' | b'/' | b'.') && text[7] == text[4] => {
            day(number(&text[..4]), number(&text[5..7]), number(&text[8..]), false)
        }
        8 => day(number(&text[..4]), number(&text[4..6]), number(&text[6..]), false),
        17 => chinese_date(text).and_then(|(y, m, d, _)| day(y, m, d, false)),
        _ => None,
    };
    read.ok_or_else(|| {
        format!(
            "{} is not a date; allowed: yyyy-MM-dd, yyyy/MM/dd, yyyy.MM.dd, yyyyMMdd, yyyy年MM月dd日",
            shown_bytes(text)
        )
    })
}

/// Microseconds of the day; more digits are cut off.
///
/// # Errors
/// Another form than `HH:mm:ss` with at most 9 digits behind a point.
pub(crate) fn time_of_day(text: &[u8]) -> Result<i64, String> {
    clock(text, false).map(|micros| micros % MICROS_PER_DAY).ok_or_else(|| {
        format!("{} is not a time; allowed: HH:mm:ss with up to 9 digits behind a point", shown_bytes(text))
    })
}

/// Microseconds since 1970; more digits are cut off.
///
/// # Errors
/// A form that is not known (a zone, no seconds, an epoch number), month 13, second 60.
pub(crate) fn timestamp(text: &[u8]) -> Result<i64, String> {
    parse_timestamp(text).ok_or_else(|| {
        format!(
            "{} is not a timestamp; allowed: yyyy-MM-dd HH:mm:ss (T for the blank, / or . in the date, a fraction \
             of up to 9 digits), yyyyMMddHHmmss, yyyy年MM月dd日 HH时mm分ss秒",
            shown_bytes(text)
        )
    })
}

fn parse_timestamp(text: &[u8]) -> Option<i64> {
    let (days, micros) = match text.len() {
        14 => {
            let days = day_of_era(number(&text[..4]), number(&text[4..6]), number(&text[6..8]))?;
            let micros = seconds(number(&text[8..10]), number(&text[10..12]), number(&text[12..]), false)?;
            (days, micros)
        }
        33 if text[4] > 0x7F => {
            let (year, month, day, rest) = chinese_date(text)?;
            let rest = rest.strip_prefix(b" ")?;
            let (hour, rest) = (number(rest.get(..2)?), rest[2..].strip_prefix("时".as_bytes())?);
            let (minute, rest) = (number(rest.get(..2)?), rest[2..].strip_prefix("分".as_bytes())?);
            let (second, rest) = (number(rest.get(..2)?), rest[2..].strip_prefix("秒".as_bytes())?);
            if !rest.is_empty() {
                return None;
            }
            (day_of_era(year, month, day)?, seconds(hour, minute, second, false)?)
        }
        length if length >= 19 => {
            let (mark, joint) = (text[4], text[10]);
            let form = matches!(mark, b'-' | b'/' | b'.') && text[7] == mark;
            if !form || !(joint == b' ' || (joint == b'T' && mark == b'-')) {
                return None;
            }
            let (year, month, day_of_month) = (number(&text[..4]), number(&text[5..7]), number(&text[8..10]));
            if length == 19 {
                (day_of_era(year, month, day_of_month)?, clock(&text[11..], false)?)
            } else {
                let strict = joint == b'T';
                (day(year, month, day_of_month, strict)?, clock(&text[11..], strict)?)
            }
        }
        _ => return None,
    };
    Some(i64::from(days) * MICROS_PER_DAY + micros)
}

/// `yyyy年MM月dd日` and what follows.
type ChineseDate<'a> = (Option<u32>, Option<u32>, Option<u32>, &'a [u8]);

fn chinese_date(text: &[u8]) -> Option<ChineseDate<'_>> {
    let (year, rest) = (number(text.get(..4)?), text[4..].strip_prefix("年".as_bytes())?);
    let (month, rest) = (number(rest.get(..2)?), rest[2..].strip_prefix("月".as_bytes())?);
    let (day, rest) = (number(rest.get(..2)?), rest[2..].strip_prefix("日".as_bytes())?);
    Some((year, month, day, rest))
}

/// The number that two or four ASCII digits write.
fn number(digits: &[u8]) -> Option<u32> {
    let mut value = 0u32;
    for b in digits {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    Some(value)
}

/// `HH:mm:ss`, perhaps a point and up to 9 digits, in microseconds; 24:00:00 is a whole day unless `strict`.
fn clock(text: &[u8], strict: bool) -> Option<i64> {
    if text.len() < 8 || text[2] != b':' || text[5] != b':' {
        return None;
    }
    let whole = seconds(number(&text[..2]), number(&text[3..5]), number(&text[6..8]), strict)?;
    let nanos = match &text[8..] {
        [] => 0,
        [b'.', digits @ ..] if digits.len() <= 9 => {
            let written = number_of_fraction(digits)?;
            written * 10u32.pow(9 - digits.len() as u32)
        }
        _ => return None,
    };
    if whole == MICROS_PER_DAY && nanos > 0 {
        return None;
    }
    Some(whole + i64::from(nanos / 1000))
}

fn number_of_fraction(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, b| {
        let digit = b.wrapping_sub(b'0');
        (digit < 10).then(|| value * 10 + u32::from(digit))
    })
}

fn seconds(hour: Option<u32>, minute: Option<u32>, second: Option<u32>, strict: bool) -> Option<i64> {
    let (hour, minute, second) = (hour?, minute?, second?);
    let midnight = hour == 24 && minute == 0 && second == 0 && !strict;
    if (hour > 23 && !midnight) || minute > 59 || second > 59 {
        return None;
    }
    Some(i64::from(hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND)
}

/// A date whose year is a year of our era: there is none with number 0.
fn day_of_era(year: Option<u32>, month: Option<u32>, day_of_month: Option<u32>) -> Option<i32> {
    day(year.filter(|y| *y > 0), month, day_of_month, false)
}

fn day(year: Option<u32>, month: Option<u32>, day: Option<u32>, strict: bool) -> Option<i32> {
    let (year, month, day) = (year?, month?, day?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if strict && day > last {
        return None;
    }
    Some(days_of_civil(year as i32, month, day.min(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, days) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2024-01-02", Some(19_724)),
            ("2024/01/02", Some(19_724)),
            ("2024.01.02", Some(19_724)),
            ("20240102", Some(19_724)),
            ("2024年01月02日", Some(19_724)),
            ("2024-02-30", Some(19_782)),
            ("2023-02-29", Some(19_416)),
            ("0000-01-01", Some(-719_528)),
            ("9999-12-31", Some(2_932_896)),
            ("2024-1-2", None),
            ("2024-13-01", None),
            ("2024-01-32", None),
            ("2024-00-01", None),
            ("2024/01-02", None),
            ("2024-01-02 ", None),
            ("-0001-01-01", None),
            ("240102", None),
            ("", None),
        ] {
            assert_eq!(date(text.as_bytes()).ok(), days, "{text:?}");
        }
    }

    #[test]
    fn times() {
        for (text, micros) in [
            ("00:00:01", Some(1_000_000)),
            ("00:00:00.1", Some(100_000)),
            ("00:00:00.123456789", Some(123_456)),
            ("00:00:00.", Some(0)),
            ("24:00:00", Some(0)),
            ("24:00:01", None),
            ("24:00:00.5", None),
            ("12:34", None),
            ("23:59:60", None),
            ("1:02:03", None),
            ("12:34:56Z", None),
            ("12:34:56.1234567890", None),
        ] {
            assert_eq!(time_of_day(text.as_bytes()).ok(), micros, "{text:?}");
        }
    }

    #[test]
    fn timestamps() {
        let base = 1_704_164_645 * MICROS_PER_SECOND;
        for (text, micros) in [
            ("2024-01-02 03:04:05", Some(base)),
            ("2024-01-02T03:04:05", Some(base)),
            ("2024/01/02 03:04:05", Some(base)),
            ("2024.01.02 03:04:05", Some(base)),
            ("20240102030405", Some(base)),
            ("2024年01月02日 03时04分05秒", Some(base)),
            ("2024-01-02 03:04:05.5", Some(base + 500_000)),
            ("2024/01/02 03:04:05.5", Some(base + 500_000)),
            ("2024-01-02 03:04:05.", Some(base)),
            ("2024-01-01 24:00:00", Some(base - 11_045 * MICROS_PER_SECOND)),
            ("2023-02-29T00:00:00", Some(1_677_542_400 * MICROS_PER_SECOND)),
            ("2023-02-29T00:00:00.0", None),
            ("2024-01-01T24:00:00.0", None),
            ("2023-02-29 00:00:00.0", Some(1_677_542_400 * MICROS_PER_SECOND)),
            ("0000-01-01 00:00:00", None),
            ("0000-01-01 00:00:00.0", Some(-719_528 * MICROS_PER_DAY)),
            ("2024/01/02T03:04:05", None),
            ("2024-01-02 03:04", None),
            ("2024-01-02", None),
            ("2024-1-2 3:4:5", None),
            ("2024-01-02t03:04:05", None),
            ("2024-01-02T03:04:05+08:00", None),
            ("1704164645000", None),
            ("2024-01-02 23:59:60", None),
            ("2024年01月02日 03:04:05", None),
        ] {
            assert_eq!(timestamp(text.as_bytes()).ok(), micros, "{text:?}");
        }
    }
}
