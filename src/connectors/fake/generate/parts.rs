//! Random dates and times, put together from parts.

use super::draw::{below, three_below};
use crate::connectors::fake::wrong::Wrong;
use crate::table::DataType;
use arrow::array::{
    ArrayRef, Date32Array, Time64MicrosecondArray, TimestampMicrosecondArray, new_null_array,
};
use chrono::{Datelike, Local, Timelike, Utc};
use rand::rngs::SmallRng;
use std::sync::Arc;

const SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400 * SECOND;
/// Years that a timestamp of microseconds holds, well within.
const YEARS: std::ops::RangeInclusive<i32> = -260_000..=260_000;

/// Dates to choose from.
#[derive(Clone, Debug)]
pub(in crate::connectors::fake) struct Dates {
    /// For each year and month, the number of the day before its first, counted from 1970.
    months: Vec<i32>,
    /// Days of the month.
    days: Vec<i32>,
}

impl Dates {
    /// From years, months and days of the month; empty ones mean this year, all months, days 1 to 28.
    ///
    /// # Errors
    /// A combination that is no date.
    pub(super) fn new([years, months, days]: &[Vec<i32>; 3], this_year: i32) -> Result<Self, Wrong> {
        let or = |given: &[i32], usual: Vec<i32>| if given.is_empty() { usual } else { given.to_vec() };
        let years = or(years, vec![this_year]);
        let months = or(months, (1..=12).collect());
        let days = or(days, (1..=28).collect());
        let mut ends = Vec::with_capacity(years.len().saturating_mul(months.len()).min(1 << 20));
        for year in &years {
            for month in &months {
                let length = month_length(*year, *month).ok_or_else(|| {
                    let key =
                        if (1..=12).contains(month) { "date.year.template" } else { "date.month.template" };
                    Wrong::new(key, format!("there is no month {month} in a year {year}"))
                })?;
                if let Some(day) = days.iter().find(|day| !(1..=length).contains(*day)) {
                    let message = format!("{year}-{month:02}-{day:02} is among the dates, which is none");
                    return Err(Wrong::new("date.day.template", message));
                }
                ends.push(days_before_month(*year, *month));
            }
        }
        Ok(Self { months: ends, days })
    }

    /// A random date, as days since 1970.
    #[inline]
    pub(super) fn draw(&self, rng: &mut SmallRng) -> i32 {
        let bits = below(rng, (self.months.len() * self.days.len()) as u64) as usize;
        self.months[bits / self.days.len()] + self.days[bits % self.days.len()]
    }
}

/// Times of the day to choose from, in microseconds: hours, minutes, seconds.
#[derive(Clone, Debug)]
pub(in crate::connectors::fake) struct Times([Vec<i64>; 3]);

impl Times {
    /// From hours, minutes and seconds; empty ones mean all.
    ///
    /// # Errors
    /// A value out of range.
    pub(super) fn new([hours, minutes, seconds]: &[Vec<i32>; 3]) -> Result<Self, Wrong> {
        let part = |given: &[i32], count: i32, unit: i64, name: &str| {
            if let Some(wrong) = given.iter().find(|value| !(0..count).contains(*value)) {
                let message = format!("{wrong} is not allowed; allowed: 0 to {}", count - 1);
                return Err(Wrong::new(format!("time.{name}.template"), message));
            }
            let usual: Vec<i32> = if given.is_empty() { (0..count).collect() } else { given.to_vec() };
            Ok(usual.into_iter().map(|value| i64::from(value) * unit).collect::<Vec<i64>>())
        };
        Ok(Self([
            part(hours, 24, 3600 * SECOND, "hour")?,
            part(minutes, 60, 60 * SECOND, "minute")?,
            part(seconds, 60, SECOND, "second")?,
        ]))
    }

    /// A random time, as microseconds of the day.
    #[inline]
    pub(super) fn draw(&self, rng: &mut SmallRng) -> i64 {
        let [hours, minutes, seconds] = &self.0;
        let [hour, minute, second] = three_below(rng, [hours.len(), minutes.len(), seconds.len()]);
        hours[hour] + minutes[minute] + seconds[second]
    }
}

/// The year that random dates lie in.
pub(super) fn this_year() -> i32 {
    Local::now().year()
}

/// One element: the current date or time of that type, local (with a zone: UTC).
pub(in crate::connectors::fake) fn now(data_type: &DataType) -> ArrayRef {
    let here = Local::now().naive_local();
    match data_type {
        DataType::Date => Arc::new(Date32Array::from(vec![
            (here.date().num_days_from_ce()) - chrono::NaiveDate::default().num_days_from_ce(),
        ])),
        DataType::Time => Arc::new(Time64MicrosecondArray::from(vec![
            i64::from(here.num_seconds_from_midnight()) * SECOND + i64::from(here.nanosecond() / 1000),
        ])),
        DataType::Timestamp => {
            Arc::new(TimestampMicrosecondArray::from(vec![here.and_utc().timestamp_micros()]))
        }
        DataType::TimestampTz => Arc::new(
            TimestampMicrosecondArray::from(vec![Utc::now().timestamp_micros()]).with_timezone("UTC"),
        ),
        other => new_null_array(&other.to_arrow(), 1),
    }
}

/// Days of that month, if there is such a month.
fn month_length(year: i32, month: i32) -> Option<i32> {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    YEARS.contains(&year).then_some(())?;
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    })
}

/// Days from 1970-01-01 to the last day of the month before, in the proleptic Gregorian calendar.
fn days_before_month(year: i32, month: i32) -> i32 {
    // Years that begin in March make the leap day their last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let in_year = (153 * month + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn days_are_counted_from_1970() {
        for (year, month, day, expected) in [
            (1970, 1, 1, 0),
            (1969, 12, 31, -1),
            (2000, 3, 1, 11_017),
            (2024, 2, 29, 19_782),
            (0, 1, 1, -719_528),
        ] {
            assert_eq!(days_before_month(year, month) + day, expected, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        let wrong = Dates::new(&[vec![2005], vec![2], vec![28, 29]], 2024).unwrap_err();
        assert!(wrong.message.contains("2005-02-29"), "{wrong}");
        assert!(Dates::new(&[vec![2004], vec![2], vec![29]], 2024).is_ok());
        assert!(Dates::new(&[vec![], vec![13], vec![]], 2024).is_err());
        assert!(Times::new(&[vec![24], vec![], vec![]]).is_err());
    }

    #[test]
    fn all_combinations_are_drawn() {
        let dates = Dates::new(&[vec![1999, 2005], vec![1, 2], vec![3, 4]], 2024).unwrap();
        let mut rng = SmallRng::seed_from_u64(7);
        let seen: std::collections::BTreeSet<i32> = (0..400).map(|_| dates.draw(&mut rng)).collect();
        assert_eq!(seen.len(), 8);
        let times = Times::new(&[vec![1, 23], vec![0], vec![59]]).unwrap();
        let seen: std::collections::BTreeSet<i64> = (0..200).map(|_| times.draw(&mut rng) / SECOND).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [3659, 23 * 3600 + 59]);
    }
}
