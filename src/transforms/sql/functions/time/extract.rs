//! `EXTRACT`.

use super::arguments::{self};
use super::parts::{day, day_of_week, day_of_year, hour, iso_week, minute, month, quarter, second, year};
use super::unit::{MICROS_PER_MINUTE, MICROS_PER_SECOND};
use super::view::{Kind, When};
use crate::model::nearest;
use crate::model::shown;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use arrow::datatypes::{Int32Type, Int64Type};

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["EXTRACT"],
    usage: "EXTRACT(field FROM date)",
    about: "A field of a date or time as INT (EPOCH: BIGINT), null if it has no such field: YEAR, QUARTER, MONTH, WEEK, \
            DAY, HOUR, MINUTE, SECOND, MILLISECOND and MICROSECOND of the second (MILLISECONDS and MICROSECONDS with the seconds), DAYOFYEAR or DOY, DAYOFWEEK or \
            ISODOW (Monday 1 to Sunday 7), DOW (Sunday 0 to Saturday 6), ISOYEAR, DECADE, CENTURY, MILLENNIUM, EPOCH.",
    bind: extract,
}];

/// What is taken.
#[derive(Clone, Copy, Debug)]
enum Field {
    OfDate(fn(i32) -> i32),
    OfTime(fn(i64) -> i32),
    Epoch,
}

const FIELDS: [(&str, Field); 22] = [
    ("YEAR", Field::OfDate(year)),
    ("QUARTER", Field::OfDate(quarter)),
    ("MONTH", Field::OfDate(month)),
    ("WEEK", Field::OfDate(|days| iso_week(days).1)),
    ("DAY", Field::OfDate(day)),
    ("HOUR", Field::OfTime(hour)),
    ("MINUTE", Field::OfTime(minute)),
    ("SECOND", Field::OfTime(second)),
    ("MILLISECOND", Field::OfTime(|micros| milliseconds(micros) % 1000)),
    ("MILLISECONDS", Field::OfTime(milliseconds)),
    ("MICROSECOND", Field::OfTime(|micros| microseconds(micros) % 1_000_000)),
    ("MICROSECONDS", Field::OfTime(microseconds)),
    ("DAYOFWEEK", Field::OfDate(day_of_week)),
    ("ISODOW", Field::OfDate(day_of_week)),
    ("DOW", Field::OfDate(|days| day_of_week(days) % 7)),
    ("DAYOFYEAR", Field::OfDate(day_of_year)),
    ("DOY", Field::OfDate(day_of_year)),
    ("ISOYEAR", Field::OfDate(|days| iso_week(days).0)),
    ("DECADE", Field::OfDate(|days| year(days) / 10)),
    ("CENTURY", Field::OfDate(|days| span_of_years(year(days), 100))),
    ("MILLENNIUM", Field::OfDate(|days| span_of_years(year(days), 1000))),
    ("EPOCH", Field::Epoch),
];

fn extract(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let name = call.literal_text(0).ok_or("EXTRACT takes the name of a field: EXTRACT(YEAR FROM x)")?;
    let found = FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
    let Some((_, field)) = found else {
        let names = FIELDS.map(|(known, _)| known);
        let hint = nearest(&name, names).map_or(String::new(), |known| format!(" (did you mean {known}?)"));
        return Err(format!(
            "EXTRACT knows no field {}{hint}; allowed are {}",
            shown(&name),
            names.join(", ")
        ));
    };
    let result = if matches!(field, Field::Epoch) { DataType::BigInt } else { DataType::Int };
    let Some(when) = When::bind(call, 1)? else { return Ok(arguments::always_null(result)) };
    let has_field = match field {
        Field::OfDate(_) | Field::Epoch => when.kind != Kind::Time,
        Field::OfTime(_) => when.kind != Kind::Date,
    };
    if !has_field {
        return Ok(arguments::always_null(result));
    }
    let field = *field;
    Ok(Bound::new(result, move |values| match field {
        Field::OfDate(part) => when.map::<Int32Type>(values, |days, _| Ok(part(days))),
        Field::OfTime(part) => when.map::<Int32Type>(values, |_, micros| Ok(part(micros))),
        Field::Epoch => when.map::<Int64Type>(values, |days, micros| {
            Ok(i64::from(days) * 86_400 + micros / MICROS_PER_SECOND)
        }),
    }))
}

fn milliseconds(micros: i64) -> i32 {
    (micros % MICROS_PER_MINUTE / 1000) as i32
}

fn microseconds(micros: i64) -> i32 {
    (micros % MICROS_PER_MINUTE) as i32
}

/// Centuries and millennia are counted from 1: 2000 is of the 20th century, 2001 of the 21st.
fn span_of_years(year: i32, years: i32) -> i32 {
    if year > 0 { (year - 1) / years + 1 } else { year / years }
}
