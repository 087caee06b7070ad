//! Moments with an offset from UTC: `2024-01-02T03:04:05+02:00`. They are carried in UTC; the offset is not kept.
//!
//! Before the offset stands any form of a timestamp, or one without seconds, as Java prints it. Without an offset, the
//! clock of the server's time zone counts.

use super::time::timestamp;
use crate::model::shown_bytes;
use chrono::{DateTime, Local, Offset, TimeZone};

/// Microseconds since 1970 UTC; more digits are cut off.
///
/// # Errors
/// What is no timestamp, an offset beyond 18 hours, a moment beyond the range.
pub(crate) fn instant(text: &[u8]) -> Result<i64, String> {
    parse(text).ok_or_else(|| {
        format!(
            "{} is not a timestamp with an offset; allowed: yyyy-MM-dd HH:mm:ss and the other forms of a timestamp, \
             followed by Z, +hh:mm or -hh:mm (without: the server's time zone)",
            shown_bytes(text)
        )
    })
}

/// The moment at which the local clock shows that; of two the earlier, within a gap as if the clock had not been put
/// forward.
pub(crate) fn of_local(micros: i64) -> Option<i64> {
    let clock = DateTime::from_timestamp_micros(micros)?.naive_utc();
    match Local.from_local_datetime(&clock).earliest() {
        Some(moment) => Some(moment.timestamp_micros()),
        None => {
            let offset = Local.offset_from_utc_datetime(&clock).fix().local_minus_utc();
            micros.checked_sub(i64::from(offset) * 1_000_000)
        }
    }
}

fn parse(text: &[u8]) -> Option<i64> {
    // the date's own marks stand before the tenth byte
    let sign = text.iter().rposition(|b| matches!(b, b'+' | b'-')).filter(|at| *at >= 10);
    let (clock, offset) = match (text, sign) {
        ([clock @ .., b'Z' | b'z'], _) => (clock, Some(0)),
        (_, Some(at)) => (&text[..at], Some(offset(&text[at..])?)),
        _ => (text, None),
    };
    let clock = if offset.is_some() { clock.strip_suffix(b" ").unwrap_or(clock) } else { clock };
    let micros = match clock.len() {
        16 => timestamp(&[clock, b":00"].concat()),
        _ => timestamp(clock),
    };
    match offset {
        Some(seconds) => micros.ok()?.checked_sub(seconds * 1_000_000),
        None => of_local(micros.ok()?),
    }
}

/// Seconds of `+02:00`, `+0200`, `+02`.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, digits) = text.split_first()?;
    let (hours, minutes) = match digits {
        [a, b] | [a, b, b':'] => ([a, b], None),
        [a, b, c, d] | [a, b, b':', c, d] => ([a, b], Some([c, d])),
        _ => return None,
    };
    let number = |[tens, ones]: [&u8; 2]| {
        let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
        is_number.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let minutes = minutes.map_or(Some(0), number).filter(|minutes| *minutes < 60)?;
    let seconds = number(hours)? * 3600 + minutes * 60;
    let seconds = if *sign == b'-' { -seconds } else { seconds };
    (seconds.abs() <= 18 * 3600).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_counted_in() {
        let base = 1_704_164_645_000_000;
        let hour = 3_600_000_000;
        for (text, micros) in [
            ("2024-01-02T03:04:05Z", Some(base)),
            ("2024-01-02 03:04:05z", Some(base)),
            ("2024-01-02T03:04:05.5+02:00", Some(base - 2 * hour + 500_000)),
            ("2024-01-02 03:04:05 -0330", Some(base + 3 * hour + hour / 2)),
            ("2024/01/02 03:04:05+02", Some(base - 2 * hour)),
            ("20240102030405Z", Some(base)),
            ("20240102030405-01:00", Some(base + hour)),
            ("2024年01月02日 03时04分05秒+00:00", Some(base)),
            ("2024-01-02T03:04Z", Some(base - 5_000_000)),
            ("2024-01-02T03:04:05+19:00", None),
            ("2024-01-02T03:04:05+02:60", None),
            ("2024-01-02T03:04:05+2", None),
            ("2024-01-02T03:04:05+02:00[Europe/Paris]", None),
            ("2024-01-02", None),
            ("2024-01-02Z", None),
            ("Z", None),
            ("+02:00", None),
            ("1704164645000", None),
            ("", None),
        ] {
            assert_eq!(instant(text.as_bytes()).ok(), micros, "{text:?}");
        }
        let local = Local.timestamp_micros(base).unwrap().naive_local();
        assert_eq!(instant(local.format("%Y-%m-%d %H:%M:%S").to_string().as_bytes()), Ok(base));
    }
}
