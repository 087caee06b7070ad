//! Dates and times, by chrono's calendar.

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};

/// `DATEADD` of a timestamp.
pub(crate) fn add(time: NaiveDateTime, count: i32, unit: &str) -> NaiveDateTime {
    let months = |each: u32| {
        let months = Months::new(count.unsigned_abs() * each);
        if count < 0 { time.checked_sub_months(months) } else { time.checked_add_months(months) }.unwrap()
    };
    let count = i64::from(count);
    match unit {
        "YEAR" => months(12),
        "QUARTER" => months(3),
        "MONTH" => months(1),
        "WEEK" => time + TimeDelta::weeks(count),
        "DAY" => time + TimeDelta::days(count),
        "HOUR" => time + TimeDelta::hours(count),
        "MINUTE" => time + TimeDelta::minutes(count),
        "SECOND" => time + TimeDelta::seconds(count),
        "MILLISECOND" => time + TimeDelta::milliseconds(count),
        _ => time + TimeDelta::microseconds(count),
    }
}

/// `DATEDIFF` of timestamps with whole seconds: months are counted one by one.
pub(crate) fn between(from: NaiveDateTime, to: NaiveDateTime, unit: &str) -> i64 {
    let months = |each: i64| {
        let (early, late) = if from <= to { (from.date(), to.date()) } else { (to.date(), from.date()) };
        let day = from.date().day().min(31);
        let mut count = 0;
        // one more month is whole if its day of the month is reached
        loop {
            let next = count + 1;
            let month0 = i64::from(early.year()) * 12 + i64::from(early.month0()) + next;
            let of_late = i64::from(late.year()) * 12 + i64::from(late.month0());
            let is_reached = if from <= to { late.day() >= day } else { to.date().day() <= day };
            if month0 > of_late || (month0 == of_late && !is_reached) {
                break;
            }
            count = next;
        }
        let whole = count / each;
        if from <= to { whole } else { -whole }
    };
    let passed = to - from;
    match unit {
        "YEAR" => months(12),
        "QUARTER" => months(3),
        "MONTH" => months(1),
        "WEEK" => passed.num_weeks(),
        "DAY" => (to.date() - from.date()).num_days(),
        "DAYTIME" => passed.num_days(),
        "HOUR" => passed.num_hours(),
        "MINUTE" => passed.num_minutes(),
        "SECOND" => passed.num_seconds(),
        _ => passed.num_milliseconds(),
    }
}

/// `DATE_TRUNC`.
pub(crate) fn trunc(time: NaiveDateTime, unit: &str) -> NaiveDateTime {
    let date = time.date();
    let first = |month| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap();
    let clock = |hour, minute, second| NaiveTime::from_hms_opt(hour, minute, second).unwrap();
    let midnight = NaiveTime::MIN;
    match unit {
        "YEAR" => first(1).and_time(midnight),
        "QUARTER" => {
            first([1, 1, 1, 4, 4, 4, 7, 7, 7, 10, 10, 10][date.month0() as usize]).and_time(midnight)
        }
        "MONTH" => first(date.month()).and_time(midnight),
        "WEEK" => {
            let back = TimeDelta::days(date.weekday().num_days_from_monday().into());
            (date - back).and_time(midnight)
        }
        "DAY" => date.and_time(midnight),
        "HOUR" => date.and_time(clock(time.hour(), 0, 0)),
        "MINUTE" => date.and_time(clock(time.hour(), time.minute(), 0)),
        _ => date.and_time(clock(time.hour(), time.minute(), time.second())),
    }
}

/// ISO year and week.
pub(crate) fn iso_week(date: NaiveDate) -> (i32, u32) {
    (date.iso_week().year(), date.iso_week().week())
}

/// Weeks begin on a Sunday; the first one holds 1 January.
pub(crate) fn week_of_year(date: NaiveDate) -> u32 {
    let sundays = date.iter_days().rev().take_while(|day| day.year() == date.year() && day.ordinal() > 1);
    let sundays = sundays.filter(|day| day.weekday() == Weekday::Sun).count();
    sundays as u32 + 1
}
