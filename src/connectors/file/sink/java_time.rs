//! Java's `DateTimeFormatter` patterns, for `${now}` in file names.

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use std::fmt::Write;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// What the letters mean that are known here.
const KNOWN: &str = "y u M L d D E H h K k m s S n A a Q X Z x";

/// A pattern that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TimePattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(char, usize),
}

impl TimePattern {
    /// Parses a pattern: letters are fields, `'…'` is text, `''` a quote; brackets (optional parts) have no effect.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let refuse = |what: String| Err(format!("{pattern:?} is no time pattern: {what}"));
        let mut parts = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    let mut text = String::new();
                    loop {
                        match chars.next() {
                            Some('\'') if chars.peek() == Some(&'\'') => {
                                chars.next();
                                text.push('\'');
                            }
                            Some('\'') => break,
                            Some(other) => text.push(other),
                            None => return refuse("a quote is not closed".into()),
                        }
                    }
                    // two quotes in a row outside of a text are one quote
                    parts.push(Part::Text(if text.is_empty() { "'".into() } else { text }));
                }
                '[' | ']' => {}
                '{' | '}' | '#' => return refuse(format!("{c:?} is reserved; write it in quotes")),
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while chars.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    if !allowed(letter, count) {
                        return refuse(format!(
                            "{:?} is not known; known are {KNOWN}; other letters are written in quotes",
                            letter.to_string().repeat(count)
                        ));
                    }
                    parts.push(Part::Field(letter, count));
                }
                other => parts.push(Part::Text(other.to_string())),
            }
        }
        Ok(Self(parts))
    }

    /// The text of a time.
    pub(super) fn format(&self, time: &DateTime<FixedOffset>) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(letter, count) => push_field(&mut out, *letter, *count, time),
            }
        }
        out
    }
}

fn allowed(letter: char, count: usize) -> bool {
    let most = match letter {
        'y' | 'u' | 'S' | 'n' | 'A' => 9,
        'M' | 'L' | 'E' | 'Q' => 4,
        'D' => 3,
        'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's' => 2,
        'a' => 1,
        'X' | 'x' | 'Z' => 3,
        _ => 0,
    };
    count <= most
}

fn push_field(out: &mut String, letter: char, count: usize, time: &DateTime<FixedOffset>) {
    let (hour, nano) = (time.hour(), time.nanosecond());
    let half = if hour % 12 == 0 { 12 } else { hour % 12 };
    let number = match letter {
        'y' | 'u' if count == 2 => i64::from(time.year().rem_euclid(100)),
        'y' | 'u' => i64::from(time.year()),
        'M' | 'L' => i64::from(time.month()),
        'd' => i64::from(time.day()),
        'D' => i64::from(time.ordinal()),
        'H' => i64::from(hour),
        'k' => i64::from(if hour == 0 { 24 } else { hour }),
        'K' => i64::from(hour % 12),
        'h' => i64::from(half),
        'm' => i64::from(time.minute()),
        's' => i64::from(time.second()),
        'n' => i64::from(nano),
        'A' => i64::from(time.num_seconds_from_midnight()) * 1000 + i64::from(nano / 1_000_000),
        'Q' => i64::from(time.month0() / 3 + 1),
        _ => 0,
    };
    let name = |names: &[&'static str], index: u32| names.get(index as usize).copied().unwrap_or_default();
    let text = match (letter, count) {
        ('M' | 'L', 3) => name(&MONTHS, time.month0()).get(..3).map(str::to_owned),
        ('M' | 'L', 4) => Some(name(&MONTHS, time.month0()).to_owned()),
        ('E', 4) => Some(name(&DAYS, time.weekday().num_days_from_monday()).to_owned()),
        ('E', _) => name(&DAYS, time.weekday().num_days_from_monday()).get(..3).map(str::to_owned),
        ('Q', 3) => Some(format!("Q{number}")),
        ('Q', 4) => {
            let order = ["1st", "2nd", "3rd", "4th"];
            Some(format!("{} quarter", name(&order, time.month0() / 3)))
        }
        ('a', _) => Some(if hour < 12 { "AM" } else { "PM" }.to_owned()),
        ('S', _) => format!("{nano:09}").get(..count).map(str::to_owned),
        ('X' | 'x' | 'Z', _) => Some(offset(letter, count, time.offset().local_minus_utc())),
        _ => None,
    };
    let written = match text {
        Some(text) => write!(out, "{text}"),
        None => write!(out, "{number:0count$}"),
    };
    // writing to a String can't fail
    written.unwrap_or_default();
}

/// `+08`, `+0800`, `+08:00`; `X` writes `Z` for zero.
fn offset(letter: char, count: usize, seconds: i32) -> String {
    if letter == 'X' && seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match (letter, count) {
        ('X' | 'x', 1) if minutes == 0 => format!("{sign}{hours:02}"),
        ('X' | 'x', 3) => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!("{sign}{hours:02}{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_java_formats() {
        let time = DateTime::parse_from_rfc3339("2024-01-02T15:04:05.123456789+08:00").unwrap();
        for (pattern, text) in [
            ("yyyy.MM.dd", "2024.01.02"),
            ("yyyyMMddHHmmss", "20240102150405"),
            ("yyyy-MM-dd'T'HH", "2024-01-02T15"),
            ("yy-M-d", "24-1-2"),
            ("h:mm a", "3:04 PM"),
            ("EEE, d MMM uuuu", "Tue, 2 Jan 2024"),
            ("EEEE MMMM", "Tuesday January"),
            ("HH:mm:ss.SSS", "15:04:05.123"),
            ("DDD QQQ", "002 Q1"),
            ("'o''clock' ''", "o'clock '"),
            ("HHXXX Z X", "15+08:00 +0800 +08"),
            ("[yyyy]中", "2024中"),
        ] {
            assert_eq!(TimePattern::parse(pattern).unwrap().format(&time), text, "{pattern}");
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in ["bad format x", "yyyy{", "'open", "HHH"] {
            let error = TimePattern::parse(pattern).unwrap_err();
            assert!(error.starts_with(&format!("{pattern:?} is no time pattern")), "{error}");
        }
    }
}
