//! `CURRENT_DATE`, `CURRENT_TIME`, `CURRENT_TIMESTAMP`.

use super::unit::{MICROS_PER_DAY, MICROS_PER_SECOND};
use super::view::{Kind, split, timestamps};
use crate::runtime;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Kernel};
use arrow::array::{ArrayRef, Date32Array, Int64Array, Time64MicrosecondArray};
use chrono::{DateTime, Local, Offset};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["CURRENT_DATE"],
        usage: "CURRENT_DATE[()]",
        about: "Today's date in the server's time zone, the same for all rows of a batch.",
        bind: |call| now(call, DataType::Date, Arc::new(|values| Ok(date(local_micros()?, values.rows)))),
    },
    Function {
        names: &["CURRENT_TIME"],
        usage: "CURRENT_TIME[()]",
        about: "The time of day in the server's time zone, the same for all rows of a batch.",
        bind: |call| now(call, DataType::Time, Arc::new(|values| Ok(time(local_micros()?, values.rows)))),
    },
    Function {
        names: &["CURRENT_TIMESTAMP", "NOW"],
        usage: "CURRENT_TIMESTAMP[()]",
        about: "Date and time in the server's time zone, the same for all rows of a batch.",
        bind: |call| {
            let kernel: Kernel = Arc::new(|values| {
                let all = Int64Array::from_value(local_micros()?, values.rows);
                Ok(timestamps(all, Kind::Timestamp))
            });
            now(call, DataType::Timestamp, kernel)
        },
    },
];

fn now(call: &Call<'_>, result: DataType, kernel: Kernel) -> Result<Bound, String> {
    call.arity(0..=0)?;
    Ok(Bound { result, kernel, is_volatile: true })
}

fn date(micros: i64, rows: usize) -> ArrayRef {
    Arc::new(Date32Array::from_value(split(micros).0, rows))
}

fn time(micros: i64, rows: usize) -> ArrayRef {
    Arc::new(Time64MicrosecondArray::from_value(micros.rem_euclid(MICROS_PER_DAY), rows))
}

/// The local date and time, in microseconds since 1970.
fn local_micros() -> Result<i64, String> {
    let utc = DateTime::from_timestamp_millis(runtime::clock()).ok_or("the clock is out of range")?;
    let offset = utc.with_timezone(&Local).offset().fix().local_minus_utc();
    Ok(utc.timestamp_micros() + i64::from(offset) * MICROS_PER_SECOND)
}
