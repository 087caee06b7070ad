//! What is printed: a date, a time of day, an offset, or some of them.

use super::field::Field;
use crate::format::print::{civil_of_days, days_of_civil, split_micros};
use chrono::{DateTime, FixedOffset};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MINUTE: i64 = 60 * NANOS_PER_SECOND;
const NANOS_PER_HOUR: i64 = 60 * NANOS_PER_MINUTE;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// Which parts a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// Both.
    Timestamp,
    /// Both, and an offset from UTC.
    Instant,
}

impl Kind {
    pub(super) fn has_date(self) -> bool {
        self != Kind::Time
    }

    pub(super) fn has_time(self) -> bool {
        self != Kind::Date
    }
}

/// A date, a time of day, or both, with an offset from UTC or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub(super) date: Option<Date>,
    /// Nanoseconds of the day.
    pub(super) time: Option<i64>,
    /// Seconds east of UTC.
    pub(super) offset: Option<i32>,
}

/// A date and its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    days: i32,
    year: i32,
    month: u32,
    day: u32,
}

impl Moment {
    /// A date, in days since 1970.
    #[must_use]
    pub fn of_date(days: i32) -> Self {
        Self { date: Some(Date::new(days)), time: None, offset: None }
    }

    /// A time, in microseconds of the day.
    #[must_use]
    pub fn of_time(micros: i64) -> Self {
        Self { date: None, time: Some(split_micros(micros).1 * 1000), offset: None }
    }

    /// A timestamp, in microseconds since 1970.
    #[must_use]
    pub fn of_timestamp(micros: i64) -> Self {
        let (days, time) = split_micros(micros);
        Self { date: Some(Date::new(days)), time: Some(time * 1000), offset: None }
    }

    /// An instant, in microseconds since 1970 UTC, as it is seen at an offset of so many seconds.
    #[must_use]
    pub fn of_instant(micros: i64, offset: i32) -> Self {
        let local = micros.saturating_add(i64::from(offset) * MICROS_PER_SECOND);
        Self { offset: Some(offset), ..Self::of_timestamp(local) }
    }

    /// A field's value; none for one that the moment doesn't have.
    pub(super) fn value(&self, field: Field) -> Option<i64> {
        if field.is_of_date() { self.date?.value(field) } else { time_value(self.time?, field) }
    }
}

impl From<DateTime<FixedOffset>> for Moment {
    fn from(time: DateTime<FixedOffset>) -> Self {
        let seen = Self::of_instant(time.timestamp_micros(), time.offset().local_minus_utc());
        let below_micros = i64::from(time.timestamp_subsec_nanos() % 1000);
        Self { time: seen.time.map(|nanos| nanos + below_micros), ..seen }
    }
}

impl Date {
    fn new(days: i32) -> Self {
        let (year, month, day) = civil_of_days(days);
        Self { days, year, month, day }
    }

    /// Sunday is 0.
    fn days_since_sunday(self) -> i64 {
        (i64::from(self.days) + 4).rem_euclid(7)
    }

    fn day_of_year(self) -> i64 {
        i64::from(self.days.wrapping_sub(days_of_civil(self.year, 1, 1))) + 1
    }

    fn value(self, field: Field) -> Option<i64> {
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        let since_sunday = self.days_since_sunday();
        Some(match field {
            Field::Era => i64::from(year > 0),
            Field::YearOfEra if year <= 0 => 1 - year,
            Field::YearOfEra | Field::Year => year,
            Field::Quarter => (month - 1) / 3 + 1,
            Field::Month => month,
            Field::DayOfYear => self.day_of_year(),
            Field::Day => self.day.into(),
            Field::Weekday => (since_sunday + 6) % 7 + 1,
            Field::LocalWeekday => since_sunday + 1,
            Field::WeekOfMonth => week(self.day.into(), since_sunday),
            Field::WeekOfYear if self.is_in_next_years_week() => 1,
            Field::WeekOfYear => week(self.day_of_year(), since_sunday),
            Field::WeekYear => year + i64::from(self.is_in_next_years_week()),
            _ => return None,
        })
    }

    /// Whether its week, from Sunday to Saturday, holds a 1 January after it.
    fn is_in_next_years_week(self) -> bool {
        self.month == 12 && i64::from(self.day) + 6 - self.days_since_sunday() > 31
    }
}

/// The week of a day counted from 1, if the first week may have one day.
fn week(day: i64, since_sunday: i64) -> i64 {
    (day + 12 - since_sunday) / 7
}

fn time_value(nanos: i64, field: Field) -> Option<i64> {
    let hour = nanos / NANOS_PER_HOUR;
    Some(match field {
        Field::Half => hour / 12,
        Field::Hour => hour,
        Field::ClockHour => (hour + 23) % 24 + 1,
        Field::HourOfHalf => hour % 12,
        Field::ClockHourOfHalf => (hour + 11) % 12 + 1,
        Field::Minute => nanos / NANOS_PER_MINUTE % 60,
        Field::Second => nanos / NANOS_PER_SECOND % 60,
        Field::Nano => nanos % NANOS_PER_SECOND,
        Field::NanoOfDay => nanos,
        Field::MilliOfDay => nanos / 1_000_000,
        _ => return None,
    })
}
