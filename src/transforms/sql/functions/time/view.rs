//! Arguments that are dates, times of day or timestamps.

use super::arguments::NumberArgument;
use super::columns::{converted, numbers, per_value, typed};
use super::unit::MICROS_PER_DAY;
use crate::format::time_text;
use crate::model::shown;
use crate::table::DataType;
use crate::transforms::sql::function::{Call, Values};
use arrow::array::{ArrayRef, AsArray, PrimitiveArray, TimestampMicrosecondArray};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use std::sync::Arc;

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    Time,
    /// A text, too.
    Timestamp,
    TimestampTz,
}

impl Kind {
    /// Its type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Kind::Date => DataType::Date,
            Kind::Time => DataType::Time,
            Kind::Timestamp => DataType::Timestamp,
            Kind::TimestampTz => DataType::TimestampTz,
        }
    }
}

/// An argument that is a date, a time of day or a timestamp.
#[derive(Clone, Debug)]
pub(super) struct When {
    index: usize,
    /// What it is.
    pub(super) kind: Kind,
    is_text: bool,
    function: String,
}

impl When {
    /// An argument with a date, a time of day, or both; none if it is null.
    ///
    /// # Errors
    /// An argument of another type.
    pub(super) fn bind(call: &Call<'_>, index: usize) -> Result<Option<Self>, String> {
        let kind = match call.type_of(index) {
            DataType::Null => return Ok(None),
            DataType::Date => Kind::Date,
            DataType::Time => Kind::Time,
            DataType::Timestamp | DataType::String => Kind::Timestamp,
            DataType::TimestampTz => Kind::TimestampTz,
            _ => return Err(call.wrong_type(index, "a date, a time or a timestamp")),
        };
        let is_text = *call.type_of(index) == DataType::String;
        let function = call.name.to_owned();
        Ok((!call.is_null(index)).then_some(Self { index, kind, is_text, function }))
    }

    /// An argument with a date.
    ///
    /// # Errors
    /// An argument of another type, a time of day.
    pub(super) fn bind_dated(call: &Call<'_>, index: usize) -> Result<Option<Self>, String> {
        match Self::bind(call, index)? {
            Some(when) if when.kind == Kind::Time => Err(call.wrong_type(index, "a date or a timestamp")),
            when => Ok(when),
        }
    }

    /// A text becomes timestamps, what else is stays.
    fn read(&self, array: &ArrayRef) -> Result<ArrayRef, String> {
        if !self.is_text {
            return Ok(array.clone());
        }
        let read = |text: &str| {
            let bytes = text.trim().as_bytes();
            let midnight = |days| i64::from(days) * MICROS_PER_DAY;
            time_text::timestamp(bytes).or_else(|_| time_text::date(bytes).map(midnight)).map_err(|_| {
                format!(
                    "argument {} of {} is {}, which is no timestamp like 2021-04-08 13:34:45 and no date",
                    self.index + 1,
                    self.function,
                    shown(text)
                )
            })
        };
        let texts =
            array.as_string_opt::<i32>().ok_or_else(|| format!("{} is no text", array.data_type()))?;
        let read: TimestampMicrosecondArray =
            texts.iter().map(|text| text.map(read).transpose()).collect::<Result<_, _>>()?;
        Ok(Arc::new(read))
    }

    /// Computes the column: from days since 1970 and microseconds of the day. A time is of day 0, a date at 0.
    ///
    /// # Errors
    /// A text that is no timestamp; those of the computation.
    pub(super) fn map<O: ArrowPrimitiveType>(
        &self,
        values: &Values<'_>,
        compute: impl Fn(i32, i64) -> Result<O::Native, String>,
    ) -> Result<ArrayRef, String> {
        per_value(values, self.index, |array| {
            let array = self.read(array)?;
            let computed: PrimitiveArray<O> = match self.kind {
                Kind::Date => typed::<Date32Type>(&array)?.try_unary(|days| compute(days, 0))?,
                Kind::Time => {
                    typed::<Time64MicrosecondType>(&array)?.try_unary(|micros| compute(0, micros))?
                }
                Kind::Timestamp | Kind::TimestampTz => {
                    typed::<TimestampMicrosecondType>(&array)?.try_unary(|micros| {
                        let (days, micros) = split(micros);
                        compute(days, micros)
                    })?
                }
            };
            Ok(Arc::new(computed))
        })
    }

    /// The dates of a batch, in days since 1970.
    ///
    /// # Errors
    /// An argument that isn't a date.
    pub(super) fn dates(&self, values: &Values<'_>) -> Result<NumberArgument<Date32Type>, String> {
        numbers(values, self.index, |array| self.read(array))
    }

    /// The times of day or timestamps of a batch, in microseconds; a date counts at midnight.
    ///
    /// # Errors
    /// A text that is no timestamp, a date beyond the range of timestamps.
    pub(super) fn micros(&self, values: &Values<'_>) -> Result<NumberArgument<Int64Type>, String> {
        numbers(values, self.index, |array| {
            let array = self.read(array)?;
            if self.kind != Kind::Date {
                return converted(&array, &arrow::datatypes::DataType::Int64);
            }
            let midnight =
                |days: i32| i64::from(days).checked_mul(MICROS_PER_DAY).ok_or_else(|| beyond(&self.function));
            Ok(Arc::new(typed::<Date32Type>(&array)?.try_unary::<_, Int64Type, _>(midnight)?))
        })
    }
}

/// What is said of a date or time that can't be represented.
pub(super) fn beyond(function: &str) -> String {
    format!("{function}: the result is beyond the range of its type")
}

/// Days since 1970 and microseconds of the day.
pub(super) fn split(micros: i64) -> (i32, i64) {
    // at most 106 751 991 days either way
    (micros.div_euclid(MICROS_PER_DAY) as i32, micros.rem_euclid(MICROS_PER_DAY))
}

/// Microseconds since 1970 as timestamps of a kind.
pub(super) fn timestamps(micros: PrimitiveArray<Int64Type>, kind: Kind) -> ArrayRef {
    let zone = (kind == Kind::TimestampTz).then(|| Arc::from("UTC"));
    let array = micros.reinterpret_cast::<TimestampMicrosecondType>();
    Arc::new(array.with_data_type(arrow::datatypes::DataType::Timestamp(TimeUnit::Microsecond, zone)))
}
