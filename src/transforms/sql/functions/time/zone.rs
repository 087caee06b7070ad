//! Time zones, named as Java's `ZoneId` takes them.

use super::unit::MICROS_PER_SECOND;
use crate::model::nearest;
use crate::model::shown;
use chrono::{DateTime, Local, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

/// As far from UTC as a zone can be, in seconds.
const FURTHEST: i32 = 18 * 3600;
/// Longer than any change of an offset, and shorter than the time between two.
const BEFORE_A_GAP: i64 = 86_400;

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// The server's.
    Local,
    /// So many seconds east of UTC.
    Fixed(i32),
    /// One of the tz database.
    Named(Tz),
}

impl Zone {
    /// Reads `Asia/Shanghai`, `UTC`, `Z`, `+8`, `+08`, `+08:00`, `+0800`, `UTC+8`, `GMT+08:00`.
    ///
    /// # Errors
    /// A zone that isn't known.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let prefixed = ["UTC", "GMT", "UT"].into_iter().find_map(|prefix| text.strip_prefix(prefix));
        let found = match prefixed.unwrap_or(text) {
            "" if !text.is_empty() => Some(Zone::Fixed(0)),
            "Z" if prefixed.is_none() => Some(Zone::Fixed(0)),
            offset if offset.starts_with(['+', '-']) => offset_of(offset).map(Zone::Fixed),
            _ => text.parse().ok().map(Zone::Named),
        };
        found.ok_or_else(|| {
            let hint = nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name()));
            let hint = hint.map_or(String::new(), |name| format!(" (did you mean {name}?)"));
            format!(
                "{} is no time zone{hint}; allowed are Asia/Shanghai, UTC, UTC+8, GMT+08:00, +08:00",
                shown(text)
            )
        })
    }

    /// Its offset from UTC in seconds, at so many seconds since 1970 UTC; none outside of the calendar.
    pub(super) fn offset_at(self, seconds: i64) -> Option<i32> {
        let utc = DateTime::from_timestamp(seconds, 0)?;
        Some(match self {
            Zone::Fixed(offset) => offset,
            Zone::Local => utc.with_timezone(&Local).offset().fix().local_minus_utc(),
            Zone::Named(zone) => utc.with_timezone(&zone).offset().fix().local_minus_utc(),
        })
    }

    /// The instant that a clock in the zone shows, in microseconds since 1970. A time that was skipped is later by what
    /// was skipped, the first of two is taken, as in Java.
    pub(super) fn instant_of(self, local: i64) -> Option<i64> {
        let seconds = local.div_euclid(MICROS_PER_SECOND);
        let at = |seconds| Some(DateTime::from_timestamp(seconds, 0)?.naive_utc());
        let offset = match self {
            Zone::Fixed(offset) => offset,
            Zone::Local => local_offset(&Local, at(seconds)?, at(seconds - BEFORE_A_GAP)?)?,
            Zone::Named(zone) => local_offset(&zone, at(seconds)?, at(seconds - BEFORE_A_GAP)?)?,
        };
        local.checked_sub(i64::from(offset) * MICROS_PER_SECOND)
    }
}

fn local_offset<Z: TimeZone>(zone: &Z, at: NaiveDateTime, before: NaiveDateTime) -> Option<i32> {
    let offset = |local| Some(zone.offset_from_local_datetime(&local).earliest()?.fix().local_minus_utc());
    offset(at).or_else(|| offset(before))
}

/// Seconds of `+8`, `+08`, `+0800`, `+08:00`, `+080000`, `+08:00:00`.
fn offset_of(text: &str) -> Option<i32> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let text = text.get(1..)?;
    let is_colons = text.contains(':');
    let digits = text.replace(':', "");
    let has_form = match (digits.len(), is_colons) {
        (1 | 2, false) | (4 | 6, _) => !is_colons || text.split(':').all(|part| part.len() == 2),
        _ => false,
    };
    if !has_form || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    let hours = if digits.len() == 1 { digits.parse().ok()? } else { part(0)? };
    let (minutes, seconds) = (part(2)?, part(4)?);
    let total = hours * 3600 + minutes * 60 + seconds;
    (minutes < 60 && seconds < 60 && total <= FURTHEST).then_some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_as_java_names_them() {
        for (text, zone) in [
            ("UTC", Some(Zone::Fixed(0))),
            ("Z", Some(Zone::Fixed(0))),
            ("GMT", Some(Zone::Fixed(0))),
            ("UTC+8", Some(Zone::Fixed(28_800))),
            ("GMT+08:00", Some(Zone::Fixed(28_800))),
            ("UT-0330", Some(Zone::Fixed(-12_600))),
            ("+08", Some(Zone::Fixed(28_800))),
            ("-18:00", Some(Zone::Fixed(-64_800))),
            ("+01:02:03", Some(Zone::Fixed(3723))),
            ("Asia/Shanghai", Some(Zone::Named(Tz::Asia__Shanghai))),
            ("+18:01", None),
            ("+8:00", None),
            ("+08:60", None),
            ("+08:", None),
            ("+é", None),
            ("UTCZ", None),
            ("", None),
            ("Asia/Shangai", None),
        ] {
            assert_eq!(Zone::parse(text).ok(), zone, "{text}");
        }
        let error = Zone::parse("Asia/Shangai").unwrap_err();
        assert!(
            error.starts_with("\"Asia/Shangai\" is no time zone (did you mean Asia/Shanghai?)"),
            "{error}"
        );
    }

    #[test]
    fn skipped_and_repeated_times() {
        let zone = Zone::Named(Tz::Europe__Berlin);
        let seconds = |local: &str| {
            let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
            let instant = zone.instant_of(local.and_utc().timestamp_micros()).unwrap();
            DateTime::from_timestamp_micros(instant).unwrap().format("%Y-%m-%d %H:%M").to_string()
        };
        assert_eq!(seconds("2024-03-31 02:30"), "2024-03-31 01:30");
        assert_eq!(seconds("2024-10-27 02:30"), "2024-10-27 00:30");
        assert_eq!(seconds("2024-07-01 12:00"), "2024-07-01 10:00");
        assert_eq!(zone.offset_at(i64::MAX), None);
        assert_eq!(zone.instant_of(i64::MIN), None);
    }
}
