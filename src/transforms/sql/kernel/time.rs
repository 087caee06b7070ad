//! Conversions among dates, times and timestamps. Without a zone, a moment is told by the clock of the local zone.

use crate::format::of_local;
use arrow::array::{ArrayRef, AsArray, Date32Array, Time64MicrosecondArray, TimestampMicrosecondArray};
use arrow::datatypes::{Date32Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, Local, NaiveDate};
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;

/// Why a moment has no place in the other form.
const OUT_OF_RANGE: &str = "is out of range";

/// Applies a conversion to each value: one that fails is null with `is_try`.
fn each<T, U>(
    values: impl Iterator<Item = Option<T>>,
    is_try: bool,
    convert: impl Fn(T) -> Option<U>,
) -> Result<Vec<Option<U>>, String>
where
    T: Copy + std::fmt::Display,
{
    let one = |value: Option<T>| match value {
        None => Ok(None),
        Some(value) => match convert(value) {
            None if !is_try => Err(format!("{value} {OUT_OF_RANGE}")),
            converted => Ok(converted),
        },
    };
    values.map(one).collect()
}

/// Midnight of a date.
pub(super) fn date_to_timestamp(column: &ArrayRef, is_try: bool) -> Result<ArrayRef, String> {
    let days = column.as_primitive::<Date32Type>();
    let micros = each(days.iter(), is_try, |day| i64::from(day).checked_mul(DAY))?;
    Ok(Arc::new(TimestampMicrosecondArray::from(micros)))
}

/// A time of today.
pub(super) fn time_to_timestamp(column: &ArrayRef) -> ArrayRef {
    let today = i64::from(Local::now().date_naive().num_days_from_ce() - EPOCH_DAY) * DAY;
    let times = column.as_primitive::<Time64MicrosecondType>();
    let moments: TimestampMicrosecondArray = times.unary(|time| today + time);
    Arc::new(moments)
}

const EPOCH_DAY: i32 = 719_163;

/// The day of a timestamp.
pub(super) fn timestamp_to_date(column: &ArrayRef) -> ArrayRef {
    let moments = column.as_primitive::<TimestampMicrosecondType>();
    let days: Date32Array = moments.unary(|moment| moment.div_euclid(DAY) as i32);
    Arc::new(days)
}

/// The time of day of a timestamp.
pub(super) fn timestamp_to_time(column: &ArrayRef) -> ArrayRef {
    let moments = column.as_primitive::<TimestampMicrosecondType>();
    let times: Time64MicrosecondArray = moments.unary(|moment| moment.rem_euclid(DAY));
    Arc::new(times)
}

/// `20240131` is a date.
pub(super) fn number_to_date(column: &ArrayRef, is_try: bool) -> Result<ArrayRef, String> {
    let date = |number: i32| {
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
        Some(date.num_days_from_ce() - EPOCH_DAY)
    };
    let numbers = column.as_primitive::<Int32Type>();
    let days = each(numbers.iter(), is_try, date)
        .map_err(|e| e.replace(OUT_OF_RANGE, "is not a date of the form yyyymmdd"))?;
    Ok(Arc::new(Date32Array::from(days)))
}

/// Milliseconds since 1970 as a moment: with a zone as it is, without by the local clock.
pub(super) fn millis_to_timestamp(
    column: &ArrayRef,
    has_zone: bool,
    is_try: bool,
) -> Result<ArrayRef, String> {
    let millis = column.as_primitive::<Int64Type>();
    let micros = each(millis.iter(), is_try, |millis| {
        let micros = millis.checked_mul(1000)?;
        if has_zone { Some(micros) } else { local_of(micros) }
    })?;
    let moments = TimestampMicrosecondArray::from(micros);
    Ok(if has_zone { Arc::new(moments.with_timezone("UTC")) } else { Arc::new(moments) })
}

/// A moment as the local clock shows it.
pub(super) fn to_local(column: &ArrayRef, is_try: bool) -> Result<ArrayRef, String> {
    let moments = column.as_primitive::<TimestampMicrosecondType>();
    Ok(Arc::new(TimestampMicrosecondArray::from(each(moments.iter(), is_try, local_of)?)))
}

/// The moment at which the local clock shows that.
pub(super) fn from_local(column: &ArrayRef, is_try: bool) -> Result<ArrayRef, String> {
    let moments = column.as_primitive::<TimestampMicrosecondType>();
    let micros = each(moments.iter(), is_try, of_local)?;
    Ok(Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC")))
}

fn local_of(micros: i64) -> Option<i64> {
    let moment = DateTime::from_timestamp_micros(micros)?;
    Some(moment.with_timezone(&Local).naive_local().and_utc().timestamp_micros())
}
