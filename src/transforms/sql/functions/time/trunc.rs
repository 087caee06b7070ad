//! `DATE_TRUNC`.

use super::arguments;
use super::columns::typed;
use super::parts::day_of_week;
use super::unit::{MICROS_PER_DAY, Unit, UnitArgument, Units};
use super::view::{Kind, When, beyond, split, timestamps};
use crate::format::{civil_of_days, days_of_civil};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use arrow::array::PrimitiveArray;
use arrow::datatypes::Int64Type;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["DATE_TRUNC"],
    usage: "DATE_TRUNC(date[, unit])",
    about: "The beginning of the unit (DAY) that a date or timestamp is in, as TIMESTAMP: YEAR, QUARTER, MONTH, WEEK \
            (from Monday), DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND.",
    bind,
}];

fn bind(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=2)?;
    let when = When::bind_dated(call, 0)?;
    let unit = UnitArgument::bind(call, 1, &[Unit::DayTime])?;
    let Some(when) = when else { return Ok(arguments::always_null(DataType::Timestamp)) };
    let name = call.name.to_owned();
    Ok(Bound::new(DataType::Timestamp, move |values| {
        let cut = |days, micros, unit| truncated(days, micros, unit).ok_or_else(|| beyond(&name));
        let truncated = match unit.of(values)? {
            Units::Same(unit) => {
                let all = when.map::<Int64Type>(values, |days, micros| cut(days, micros, unit))?;
                typed::<Int64Type>(&all)?.clone()
            }
            units @ Units::Each(_) => {
                let times = when.micros(values)?;
                (0..values.rows)
                    .map(|row| {
                        let time = times.get(row).map(split);
                        time.map(|(days, micros)| cut(days, micros, units.get(row))).transpose()
                    })
                    .collect::<Result<PrimitiveArray<Int64Type>, _>>()?
            }
        };
        Ok(timestamps(truncated, Kind::Timestamp))
    }))
}

fn truncated(days: i32, micros: i64, unit: Unit) -> Option<i64> {
    let (year, month, day) = civil_of_days(days);
    let day_of_month = i32::try_from(day).ok()?;
    let first = match unit {
        Unit::Year => days_of_civil(year, 1, 1),
        Unit::Quarter => days_of_civil(year, (month - 1) / 3 * 3 + 1, 1),
        Unit::Month => days.checked_sub(day_of_month - 1)?,
        Unit::Week => days.checked_sub(day_of_week(days) - 1)?,
        _ => days,
    };
    let kept = unit.micros().filter(|size| *size < MICROS_PER_DAY).map_or(0, |size| micros / size * size);
    i64::from(first).checked_mul(MICROS_PER_DAY)?.checked_add(kept)
}
