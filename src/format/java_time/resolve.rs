//! Field values become a date, a time of day or a timestamp, in Java's SMART way.

use super::field::Field;
use super::moment::{Kind, Moment};
use super::parse::Values;
use super::pattern::TimePattern;
use crate::format::print::days_of_civil;
use crate::model::shown;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Beyond it days since 1970 don't fit 32 bits.
const FURTHEST_YEAR: i64 = 5_877_000;

/// Why a text is no date or time.
enum Refusal {
    /// It isn't as the pattern says, from that byte on.
    Form(usize),
    /// It has too few fields.
    Incomplete(&'static str),
    /// It has a value that is none.
    Value(Field, i64),
}

type Resolved<T> = Result<T, Refusal>;

impl TimePattern {
    /// The date in a text, in days since 1970.
    ///
    /// # Errors
    /// What in the text is not as the pattern says, or is no date.
    pub fn date_in(&self, text: &str) -> Result<i32, String> {
        self.date(text).map_err(|refusal| self.said(text, &refusal))
    }

    /// The time of day in a text, in microseconds; more digits are cut off.
    ///
    /// # Errors
    /// What in the text is not as the pattern says, or is no time.
    pub fn time_in(&self, text: &str) -> Result<i64, String> {
        self.time(text).map_err(|refusal| self.said(text, &refusal))
    }

    /// The date and time in a text, in microseconds since 1970; more digits are cut off.
    ///
    /// # Errors
    /// What in the text is not as the pattern says, or is no date or no time.
    pub fn timestamp_in(&self, text: &str) -> Result<i64, String> {
        self.timestamp(text).map_err(|refusal| self.said(text, &refusal))
    }

    /// Whether a text has such a value.
    #[must_use]
    pub fn reads(&self, kind: Kind, text: &str) -> bool {
        match kind {
            Kind::Date => self.date(text).is_ok(),
            Kind::Time => self.time(text).is_ok(),
            Kind::Timestamp | Kind::Instant => self.timestamp(text).is_ok(),
        }
    }

    fn date(&self, text: &str) -> Resolved<i32> {
        let values = self.read(text).map_err(Refusal::Form)?;
        time_of(&values)?;
        needed_date(&values)
    }

    fn time(&self, text: &str) -> Resolved<i64> {
        let values = self.read(text).map_err(Refusal::Form)?;
        Ok(needed_time(&values)?.nanos / 1000)
    }

    fn timestamp(&self, text: &str) -> Resolved<i64> {
        let values = self.read(text).map_err(Refusal::Form)?;
        let (date, time) = (needed_date(&values)?, needed_time(&values)?);
        (i64::from(date) + i64::from(time.is_next_day))
            .checked_mul(MICROS_PER_DAY)
            .and_then(|micros| micros.checked_add(time.nanos / 1000))
            .ok_or(Refusal::Incomplete("a date of the years -290000 to 290000"))
    }

    fn said(&self, text: &str, refusal: &Refusal) -> String {
        let (given, pattern) = (shown(text), &self.text);
        match refusal {
            Refusal::Form(at) => {
                let place = text.get(..*at).map_or(*at, |before| before.chars().count()) + 1;
                format!("{given} is not as {pattern:?} says, from character {place} on")
            }
            Refusal::Incomplete(what) => format!("{given} by {pattern:?} is not {what}"),
            Refusal::Value(field, value) => {
                format!("{given} by {pattern:?} has {} {value}, which there is not", field.title())
            }
        }
    }
}

fn needed_date(values: &Values) -> Resolved<i32> {
    date_of(values)?.ok_or(Refusal::Incomplete("a whole date"))
}

fn needed_time(values: &Values) -> Resolved<Time> {
    time_of(values)?.ok_or(Refusal::Incomplete("a whole time of day"))
}

/// A value within its bounds.
fn within(values: &Values, field: Field, least: i64, most: i64) -> Resolved<Option<i64>> {
    match values.get(field) {
        Some(value) if value < least || value > most => Err(Refusal::Value(field, value)),
        value => Ok(value),
    }
}

fn year_of(values: &Values) -> Resolved<Option<i64>> {
    let year = within(values, Field::Year, -FURTHEST_YEAR, FURTHEST_YEAR)?;
    let era = within(values, Field::Era, 0, 1)?;
    let Some(of_era) = within(values, Field::YearOfEra, 1, FURTHEST_YEAR)? else { return Ok(year) };
    let is_before = era.map_or_else(|| year.is_some_and(|year| year <= 0), |era| era == 0);
    let found = if is_before { 1 - of_era } else { of_era };
    match year {
        Some(year) if year != found => Err(Refusal::Value(Field::YearOfEra, of_era)),
        _ => Ok(Some(found)),
    }
}

fn date_of(values: &Values) -> Resolved<Option<i32>> {
    let Some(year) = year_of(values)? else { return Ok(None) };
    let year = i32::try_from(year).map_err(|_| Refusal::Value(Field::Year, year))?;
    let month = within(values, Field::Month, 1, 12)?;
    let day = within(values, Field::Day, 1, 31)?;
    let day_of_year = within(values, Field::DayOfYear, 1, 366)?;
    let first_of = |month: i64| days_of_civil(year, u32::try_from(month).unwrap_or(1), 1);
    let next_year = days_of_civil(year.saturating_add(1), 1, 1);
    let date = match (month, day, day_of_year) {
        (Some(month), Some(day), _) => {
            let next = if month == 12 { next_year } else { first_of(month + 1) };
            // a day beyond the month's end is its last one
            let last = i64::from(next) - i64::from(first_of(month));
            i64::from(first_of(month)) + day.min(last) - 1
        }
        (_, _, Some(day)) => {
            let date = i64::from(first_of(1)) + day - 1;
            if date >= i64::from(next_year) {
                return Err(Refusal::Value(Field::DayOfYear, day));
            }
            date
        }
        _ => return Ok(None),
    };
    let date = i32::try_from(date).map_err(|_| Refusal::Value(Field::Year, year.into()))?;
    let moment = Moment::of_date(date);
    for field in [Field::Quarter, Field::Month, Field::DayOfYear, Field::Weekday] {
        agrees(values, &moment, field)?;
    }
    Ok(Some(date))
}

struct Time {
    nanos: i64,
    /// It was 24:00.
    is_next_day: bool,
}

fn hour_of(values: &Values) -> Resolved<Option<i64>> {
    let hour = within(values, Field::Hour, 0, 24)?;
    let clock = within(values, Field::ClockHour, 0, 24)?.map(|hour| hour % 24);
    let half_hour = within(values, Field::HourOfHalf, 0, 11)?;
    let clock_half = within(values, Field::ClockHourOfHalf, 0, 12)?.map(|hour| hour % 12);
    let half = within(values, Field::Half, 0, 1)?;
    let of_half = half_hour.or(clock_half).zip(half).map(|(hour, half)| half * 12 + hour);
    let Some(found) = hour.or(clock).or(of_half) else { return Ok(None) };
    let whole = [(Field::ClockHour, clock), (Field::ClockHourOfHalf, of_half)];
    let halves = [(Field::HourOfHalf, half_hour), (Field::ClockHourOfHalf, clock_half)];
    let other = whole.into_iter().find(|(_, hour)| hour.is_some_and(|hour| hour != found));
    let other = other.or(halves.into_iter().find(|(_, hour)| hour.is_some_and(|hour| hour != found % 12)));
    let other = other.or(half.filter(|half| *half != found % 24 / 12).map(|half| (Field::Half, Some(half))));
    match other {
        Some((field, Some(value))) => Err(Refusal::Value(field, value)),
        _ => Ok(Some(found)),
    }
}

fn time_of(values: &Values) -> Resolved<Option<Time>> {
    let hour = hour_of(values)?;
    let minute = within(values, Field::Minute, 0, 59)?;
    let second = within(values, Field::Second, 0, 59)?;
    let nano = within(values, Field::Nano, 0, NANOS_PER_SECOND - 1)?;
    let of_day = within(values, Field::NanoOfDay, 0, 86_400 * NANOS_PER_SECOND - 1)?;
    let milli = within(values, Field::MilliOfDay, 0, 86_400_000 - 1)?;
    let time = match (hour, minute, second, nano) {
        _ if of_day.is_some() || milli.is_some() => {
            let millis = milli.map(|milli| milli * 1_000_000 + nano.unwrap_or(0) % 1_000_000);
            Time { nanos: of_day.or(millis).unwrap_or(0), is_next_day: false }
        }
        (Some(24), None | Some(0), None | Some(0), None | Some(0)) => Time { nanos: 0, is_next_day: true },
        (Some(24), ..) => return Err(Refusal::Value(Field::Hour, 24)),
        // smaller parts are 0, but none is left out between two
        (None, ..) | (_, None, Some(_), _) | (_, None, _, Some(_)) | (_, _, None, Some(_)) => {
            return Ok(None);
        }
        (Some(hour), ..) => {
            let seconds = hour * 3600 + minute.unwrap_or(0) * 60 + second.unwrap_or(0);
            Time { nanos: seconds * NANOS_PER_SECOND + nano.unwrap_or(0), is_next_day: false }
        }
    };
    if !time.is_next_day {
        let moment = Moment { date: None, time: Some(time.nanos), offset: None };
        check(values, &moment)?;
    }
    Ok(Some(time))
}

/// The fields of the time of day say the same.
fn check(values: &Values, moment: &Moment) -> Resolved<()> {
    [Field::Hour, Field::Minute, Field::Second, Field::MilliOfDay]
        .into_iter()
        .try_for_each(|field| agrees(values, moment, field))
}

fn agrees(values: &Values, moment: &Moment, field: Field) -> Resolved<()> {
    match (values.get(field), moment.value(field)) {
        (Some(given), Some(is)) if given != is => Err(Refusal::Value(field, given)),
        _ => Ok(()),
    }
}
