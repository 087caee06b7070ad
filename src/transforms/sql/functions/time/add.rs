//! `DATEADD`.

use super::arguments::{self, NumberArgument};
use super::unit::{MICROS_PER_DAY, Unit, UnitArgument, Units};
use super::view::{Kind, When, beyond, split, timestamps};
use crate::format::{civil_of_days, days_of_civil};
use crate::transforms::sql::function::{Bound, Call, Function};
use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Int64Type, Time64MicrosecondType};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["DATEADD", "TIMESTAMPADD"],
    usage: "DATEADD(date, count[, unit])",
    about: "Adds so many units (DAY) to a date, time or timestamp, of the same type: YEAR, QUARTER, MONTH, WEEK, DAY, \
            HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND; a day beyond the month's end becomes its last one, a time \
            goes round at midnight, and a unit that does not fit changes nothing.",
    bind,
}];

fn bind(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    let when = When::bind(call, 0)?;
    let count = call.integer(1)?;
    let unit = UnitArgument::bind(call, 2, &[Unit::DayTime])?;
    let Some(when) = when else { return Ok(arguments::always_null(call.type_of(0).clone())) };
    let kind = when.kind;
    if call.is_null(1) {
        return Ok(arguments::always_null(kind.data_type()));
    }
    let name = call.name.to_owned();
    Ok(Bound::new(kind.data_type(), move |values| {
        let (counts, units) = (count.of(values)?, unit.of(values)?);
        let rows = values.rows;
        Ok(match kind {
            Kind::Date => {
                let dates = when.dates(values)?;
                Arc::new(each::<Date32Type>(rows, &dates, &counts, &units, &name, add_to_date)?)
            }
            Kind::Time => {
                let times = when.micros(values)?;
                let added = each::<Int64Type>(rows, &times, &counts, &units, &name, add_to_time)?;
                Arc::new(added.reinterpret_cast::<Time64MicrosecondType>()) as ArrayRef
            }
            Kind::Timestamp | Kind::TimestampTz => {
                let times = when.micros(values)?;
                timestamps(each::<Int64Type>(rows, &times, &counts, &units, &name, add_to_timestamp)?, kind)
            }
        })
    }))
}

fn each<T: ArrowPrimitiveType>(
    rows: usize,
    times: &NumberArgument<T>,
    counts: &NumberArgument<Int64Type>,
    units: &Units,
    name: &str,
    add: fn(T::Native, i64, Unit) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>, String> {
    let row = |row| {
        let (time, count) = (times.get(row)?, counts.get(row)?);
        Some(add(time, count, units.get(row)).ok_or_else(|| beyond(name)))
    };
    (0..rows).map(|at| row(at).transpose()).collect()
}

fn add_to_date(days: i32, count: i64, unit: Unit) -> Option<i32> {
    match (unit.months(), unit.micros()) {
        (Some(months), _) => add_months(days, count.checked_mul(months)?),
        (None, Some(micros)) if !unit.is_of_time() => {
            let added = count.checked_mul(micros / MICROS_PER_DAY)?;
            i32::try_from(i64::from(days).checked_add(added)?).ok()
        }
        _ => Some(days),
    }
}

fn add_to_time(micros: i64, count: i64, unit: Unit) -> Option<i64> {
    match unit.micros() {
        // whole days are dropped before they could be too many
        Some(size) if unit.is_of_time() => {
            let added = (count % (MICROS_PER_DAY / size)) * size;
            Some((micros + added).rem_euclid(MICROS_PER_DAY))
        }
        _ => Some(micros),
    }
}

fn add_to_timestamp(micros: i64, count: i64, unit: Unit) -> Option<i64> {
    if let Some(months) = unit.months() {
        let (days, of_day) = split(micros);
        let days = add_months(days, count.checked_mul(months)?)?;
        return i64::from(days).checked_mul(MICROS_PER_DAY)?.checked_add(of_day);
    }
    micros.checked_add(count.checked_mul(unit.micros()?)?)
}

/// So many months later; a day beyond the month's end becomes its last one.
fn add_months(days: i32, count: i64) -> Option<i32> {
    /// Beyond it days since 1970 don't fit 32 bits.
    const FURTHEST_YEAR: i64 = 5_877_000;
    let (year, month, day) = civil_of_days(days);
    let months = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(count)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
    if year.abs() > FURTHEST_YEAR {
        return None;
    }
    let year = i32::try_from(year).ok()?;
    let first = days_of_civil(year, month, 1);
    let next = if month == 12 { days_of_civil(year + 1, 1, 1) } else { days_of_civil(year, month + 1, 1) };
    i32::try_from(day).ok().map(|day| first + day.min(next - first) - 1)
}
