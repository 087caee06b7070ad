//! The patterns that dates and times may be written in.

use crate::format::print::{self, Fraction};

/// How a timestamp is written: the mark in its date, what joins date and time, the mark in its time, the digits of
/// its fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DateTimeForm(Option<u8>, Option<u8>, Option<u8>, u8);

/// How dates, timestamps and times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeFormats {
    /// Mark in the date.
    date: u8,
    datetime: DateTimeForm,
    /// Digits of the fraction.
    time: u8,
}

const DATES: [(&str, u8); 3] = [("yyyy-MM-dd", b'-'), ("yyyy.MM.dd", b'.'), ("yyyy/MM/dd", b'/')];
const TIMES: [(&str, u8); 2] = [("HH:mm:ss", 0), ("HH:mm:ss.SSS", 3)];
const DATETIMES: [(&str, DateTimeForm); 9] = [
    ("yyyy-MM-dd HH:mm:ss", DateTimeForm(Some(b'-'), Some(b' '), Some(b':'), 0)),
    ("yyyy-MM-dd HH:mm:ss.SSSSSS", DateTimeForm(Some(b'-'), Some(b' '), Some(b':'), 6)),
    ("yyyy.MM.dd HH:mm:ss", DateTimeForm(Some(b'.'), Some(b' '), Some(b':'), 0)),
    ("yyyy/MM/dd HH:mm:ss", DateTimeForm(Some(b'/'), Some(b' '), Some(b':'), 0)),
    ("yyyyMMddHHmmss", DateTimeForm(None, None, None, 0)),
    ("yyyy-MM-dd'T'HH:mm:ss", DateTimeForm(Some(b'-'), Some(b'T'), Some(b':'), 0)),
    ("yyyy-MM-dd'T'HH:mm:ss.SSS", DateTimeForm(Some(b'-'), Some(b'T'), Some(b':'), 3)),
    ("yyyy-MM-dd'T'HH:mm:ss.SSSSSS", DateTimeForm(Some(b'-'), Some(b'T'), Some(b':'), 6)),
    ("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS", DateTimeForm(Some(b'-'), Some(b'T'), Some(b':'), 9)),
];

fn pick<T: Copy>(known: &[(&str, T)], pattern: &str) -> Result<T, String> {
    known.iter().find(|(name, _)| *name == pattern).map(|(_, form)| *form).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("Illegal format [{pattern}]; allowed: {}", names.join(", "))
    })
}

impl Default for TimeFormats {
    fn default() -> Self {
        Self { date: b'-', datetime: DATETIMES[0].1, time: 0 }
    }
}

impl TimeFormats {
    /// Sets the pattern of dates.
    ///
    /// # Errors
    /// Another pattern than `yyyy-MM-dd`, `yyyy.MM.dd`, `yyyy/MM/dd`.
    pub fn date(mut self, pattern: &str) -> Result<Self, String> {
        self.date = pick(&DATES, pattern)?;
        Ok(self)
    }

    /// Sets the pattern of timestamps.
    ///
    /// # Errors
    /// A pattern that is not among the nine the engine knows.
    pub fn datetime(mut self, pattern: &str) -> Result<Self, String> {
        self.datetime = pick(&DATETIMES, pattern)?;
        Ok(self)
    }

    /// Sets the pattern of times.
    ///
    /// # Errors
    /// Another pattern than `HH:mm:ss`, `HH:mm:ss.SSS`.
    pub fn time(mut self, pattern: &str) -> Result<Self, String> {
        self.time = pick(&TIMES, pattern)?;
        Ok(self)
    }

    pub(super) fn push_date(&self, out: &mut Vec<u8>, days: i32) {
        print::date(out, days, Some(self.date), true);
    }

    pub(super) fn push_time(&self, out: &mut Vec<u8>, micros: i64) {
        print::time(out, micros, Some(b':'), fraction(self.time));
    }

    pub(super) fn push_timestamp(&self, out: &mut Vec<u8>, micros: i64) {
        let (days, micros) = print::split_micros(micros);
        let DateTimeForm(date_mark, joint, time_mark, digits) = self.datetime;
        print::date(out, days, date_mark, true);
        out.extend(joint);
        print::time(out, micros, time_mark, fraction(digits));
    }
}

fn fraction(digits: u8) -> Fraction {
    if digits == 0 { Fraction::None } else { Fraction::Digits(digits) }
}
