//! `DATEDIFF`.

use super::arguments;
use super::unit::{MICROS_PER_DAY, MICROS_PER_SECOND, Unit, UnitArgument};
use super::view::{Kind, When, split};
use crate::format::civil_of_days;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use arrow::array::{ArrayRef, Int64Array};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["DATEDIFF"],
    usage: "DATEDIFF(from, to[, unit])",
    about: "How many whole units (DAY) it is from one date to another, negative backwards: YEAR, QUARTER, MONTH and DAY \
            look at the dates alone, WEEK, DAYTIME, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND at the time between.",
    bind,
}];

fn bind(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    let (from, to) = (When::bind(call, 0)?, When::bind(call, 1)?);
    let unit = UnitArgument::bind(call, 2, &[])?;
    let Some((from, to)) = from.zip(to) else { return Ok(arguments::always_null(DataType::BigInt)) };
    let of_time = from.kind == Kind::Time;
    let is_zoned = |kind| kind == Kind::TimestampTz;
    if of_time != (to.kind == Kind::Time) || is_zoned(from.kind) != is_zoned(to.kind) {
        let (from, to) = (call.type_of(0), call.type_of(1));
        return Err(format!("{} can't compare {from} with {to}; CAST one of them", call.name));
    }
    Ok(Bound::new(DataType::BigInt, move |values| {
        let (from, to, units) = (from.micros(values)?, to.micros(values)?, unit.of(values)?);
        // times of day have no dates
        let row = |row| match (from.get(row), to.get(row), units.get(row)) {
            (_, _, Unit::Year | Unit::Quarter | Unit::Month | Unit::Day) if of_time => None,
            (Some(from), Some(to), unit) => Some(between(from, to, unit)),
            _ => None,
        };
        let differences: Int64Array = (0..values.rows).map(row).collect();
        Ok(Arc::new(differences) as ArrayRef)
    }))
}

fn between(from: i64, to: i64, unit: Unit) -> i64 {
    let difference = i128::from(to) - i128::from(from);
    let seconds = difference.div_euclid(i128::from(MICROS_PER_SECOND));
    let per = |micros: i64| seconds / i128::from(micros / MICROS_PER_SECOND);
    let found = match unit {
        Unit::Year | Unit::Quarter | Unit::Month => {
            months_between(split(from).0, split(to).0) / i128::from(unit.months().unwrap_or(1))
        }
        Unit::Day => i128::from(split(to).0) - i128::from(split(from).0),
        // what is below a second counts downwards, as in Java's Duration
        Unit::Week => per(MICROS_PER_DAY) / 7,
        Unit::DayTime | Unit::Hour | Unit::Minute => per(unit.micros().unwrap_or(MICROS_PER_SECOND)),
        Unit::Second | Unit::Millisecond | Unit::Microsecond => {
            difference / i128::from(unit.micros().unwrap_or(1))
        }
    };
    i64::try_from(found).unwrap_or(if found < 0 { i64::MIN } else { i64::MAX })
}

/// Whole months from one date to another.
fn months_between(from: i32, to: i32) -> i128 {
    let ((year, month, day), (to_year, to_month, to_day)) = (civil_of_days(from), civil_of_days(to));
    let months = (i128::from(to_year) - i128::from(year)) * 12 + i128::from(to_month) - i128::from(month);
    // the last month isn't whole
    match months {
        1.. if to_day < day => months - 1,
        ..=-1 if to_day > day => months + 1,
        _ => months,
    }
}
