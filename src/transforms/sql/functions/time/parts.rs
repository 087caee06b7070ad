//! Parts of dates and times: `YEAR`, `HOUR`, `DAYNAME` and their like.

use super::arguments;
use super::columns::converted;
use super::unit::{MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND};
use super::view::When;
use crate::format::java_time::{MONTHS, WEEKDAYS};
use crate::format::{civil_of_days, days_of_civil};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use arrow::array::{ArrayRef, DictionaryArray, StringArray};
use arrow::datatypes::{DataType as ArrowType, Int8Type, Int32Type};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function { names: &["YEAR"], usage: "YEAR(date)", about: "The year.", bind: |call| of_date(call, year) },
    Function {
        names: &["QUARTER"],
        usage: "QUARTER(date)",
        about: "The quarter of the year, 1 to 4.",
        bind: |call| of_date(call, quarter),
    },
    Function {
        names: &["MONTH"],
        usage: "MONTH(date)",
        about: "The month, 1 to 12.",
        bind: |call| of_date(call, month),
    },
    Function {
        names: &["WEEK"],
        usage: "WEEK(date)",
        about: "The week of the year, 1 to 54: the first one holds 1 January, each begins on a Sunday. EXTRACT(WEEK FROM date) \
                gives the ISO week.",
        bind: |call| of_date(call, week_of_year),
    },
    Function {
        names: &["DAY_OF_MONTH"],
        usage: "DAY_OF_MONTH(date)",
        about: "The day of the month, 1 to 31.",
        bind: |call| of_date(call, day),
    },
    Function {
        names: &["DAY_OF_WEEK"],
        usage: "DAY_OF_WEEK(date)",
        about: "The day of the week, from 1 for Monday to 7 for Sunday.",
        bind: |call| of_date(call, day_of_week),
    },
    Function {
        names: &["DAY_OF_YEAR"],
        usage: "DAY_OF_YEAR(date)",
        about: "The day of the year, 1 to 366.",
        bind: |call| of_date(call, day_of_year),
    },
    Function {
        names: &["HOUR"],
        usage: "HOUR(time)",
        about: "The hour, 0 to 23; 0 of a date.",
        bind: |call| of_time(call, hour),
    },
    Function {
        names: &["MINUTE"],
        usage: "MINUTE(time)",
        about: "The minute, 0 to 59; 0 of a date.",
        bind: |call| of_time(call, minute),
    },
    Function {
        names: &["SECOND"],
        usage: "SECOND(time)",
        about: "The second, 0 to 59, without its fraction; 0 of a date.",
        bind: |call| of_time(call, second),
    },
    Function {
        names: &["DAYNAME"],
        usage: "DAYNAME(date)",
        about: "The English name of the day of the week.",
        bind: |call| named(call, &WEEKDAYS, day_of_week),
    },
    Function {
        names: &["MONTHNAME"],
        usage: "MONTHNAME(date)",
        about: "The English name of the month.",
        bind: |call| named(call, &MONTHS, month),
    },
];

fn of_date(call: &Call<'_>, part: fn(i32) -> i32) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let Some(when) = When::bind_dated(call, 0)? else { return Ok(arguments::always_null(DataType::Int)) };
    Ok(Bound::new(DataType::Int, move |values| when.map::<Int32Type>(values, |days, _| Ok(part(days)))))
}

fn of_time(call: &Call<'_>, part: fn(i64) -> i32) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let Some(when) = When::bind(call, 0)? else { return Ok(arguments::always_null(DataType::Int)) };
    Ok(Bound::new(DataType::Int, move |values| when.map::<Int32Type>(values, |_, micros| Ok(part(micros)))))
}

fn named(call: &Call<'_>, names: &'static [&'static str], part: fn(i32) -> i32) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let Some(when) = When::bind_dated(call, 0)? else { return Ok(arguments::always_null(DataType::String)) };
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(names));
    Ok(Bound::new(DataType::String, move |values| {
        let keys = when.map::<Int8Type>(values, |days, _| Ok((part(days) - 1) as i8))?;
        let keys = super::columns::typed::<Int8Type>(&keys)?.clone();
        let named = DictionaryArray::try_new(keys, names.clone()).map_err(|e| e.to_string())?;
        converted(&(Arc::new(named) as ArrayRef), &ArrowType::Utf8)
    }))
}

pub(super) fn year(days: i32) -> i32 {
    civil_of_days(days).0
}

pub(super) fn month(days: i32) -> i32 {
    civil_of_days(days).1 as i32
}

pub(super) fn quarter(days: i32) -> i32 {
    (month(days) - 1) / 3 + 1
}

pub(super) fn day(days: i32) -> i32 {
    civil_of_days(days).2 as i32
}

/// Monday is 1.
pub(super) fn day_of_week(days: i32) -> i32 {
    // 1970 began on a Thursday
    ((i64::from(days) + 3).rem_euclid(7) + 1) as i32
}

pub(super) fn day_of_year(days: i32) -> i32 {
    days.wrapping_sub(days_of_civil(year(days), 1, 1)) + 1
}

/// The week of a date's year, as users' jobs demand it: from Sunday to Saturday, the first one holds 1 January.
fn week_of_year(days: i32) -> i32 {
    let day = day_of_year(days) - 1;
    let before = day_of_week(days.wrapping_sub(day)) % 7;
    (day + before) / 7 + 1
}

/// The ISO year and week of a date.
pub(super) fn iso_week(days: i32) -> (i32, i32) {
    // the week is that of its Thursday
    let thursday = days.saturating_add(4 - day_of_week(days));
    (year(thursday), (day_of_year(thursday) - 1) / 7 + 1)
}

pub(super) fn hour(micros: i64) -> i32 {
    (micros / MICROS_PER_HOUR) as i32
}

pub(super) fn minute(micros: i64) -> i32 {
    (micros / MICROS_PER_MINUTE % 60) as i32
}

pub(super) fn second(micros: i64) -> i32 {
    (micros / MICROS_PER_SECOND % 60) as i32
}
