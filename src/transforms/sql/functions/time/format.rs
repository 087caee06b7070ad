//! Dates and times as text: `FORMATDATETIME`, `TO_CHAR`.

use super::arguments;
use super::pattern::PatternArgument;
use super::view::{Kind, When};
use crate::format::java_time::{self, Moment, TimePattern};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use arrow::array::{ArrayRef, StringBuilder};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["FORMATDATETIME"],
        usage: "FORMATDATETIME(date, format)",
        about: "A date, time or timestamp as text, by a pattern of Java's DateTimeFormatter: yyyy-MM-dd HH:mm:ss.",
        bind: |call| {
            call.arity(2..=2)?;
            format(call)
        },
    },
    Function {
        names: &["TO_CHAR"],
        usage: "TO_CHAR(value[, format])",
        about: "A value as text: a date, time or timestamp by the pattern, which it needs; all else as CAST does, \
                without it.",
        bind: to_char,
    },
];

fn to_char(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=2)?;
    match call.type_of(0) {
        DataType::Date | DataType::Time | DataType::Timestamp | DataType::TimestampTz => {
            if !call.has(1) {
                let given = call.type_of(0);
                return Err(format!(
                    "TO_CHAR of {given} needs a format: TO_CHAR(value, 'yyyy-MM-dd HH:mm:ss')"
                ));
            }
            format(call)
        }
        _ if call.is_null(0) => Ok(arguments::always_null(DataType::String)),
        _ => {
            let text = call.text(0);
            Ok(Bound::new(DataType::String, move |values| {
                let texts = text.of(values)?;
                let mut out = StringBuilder::with_capacity(values.rows, texts.bytes(values.rows));
                (0..values.rows).for_each(|row| out.append_option(texts.get(row)));
                Ok(Arc::new(out.finish()) as ArrayRef)
            }))
        }
    }
}

/// Refuses a pattern with a letter that the value has nothing for.
fn check(pattern: &TimePattern, kind: Kind) -> Result<(), String> {
    let parts = match kind {
        Kind::Date => java_time::Kind::Date,
        Kind::Time => java_time::Kind::Time,
        Kind::Timestamp => java_time::Kind::Timestamp,
        Kind::TimestampTz => java_time::Kind::Instant,
    };
    let data_type = kind.data_type();
    pattern.missing(parts).map_or(Ok(()), |letter| {
        Err(format!(
            "format \"{}\" has the letter {letter}, for which {data_type} has nothing",
            pattern.text()
        ))
    })
}

fn format(call: &Call<'_>) -> Result<Bound, String> {
    let Some(when) = When::bind(call, 0)? else { return Ok(arguments::always_null(DataType::String)) };
    let kind = when.kind;
    let pattern = PatternArgument::bind(call, 1, Arc::new(move |pattern| check(pattern, kind)))?;
    let Some(pattern) = pattern else { return Ok(arguments::always_null(DataType::String)) };
    Ok(Bound::new(DataType::String, move |values| {
        let patterns = pattern.of(values)?;
        Ok(match kind {
            Kind::Date => {
                let dates = when.dates(values)?;
                texts(values.rows, |row| Some((patterns.get(row)?, Moment::of_date(dates.get(row)?))))
            }
            _ => {
                let micros = when.micros(values)?;
                let moment = match kind {
                    Kind::Time => Moment::of_time,
                    Kind::TimestampTz => |micros| Moment::of_instant(micros, 0),
                    _ => Moment::of_timestamp,
                };
                texts(values.rows, |row| Some((patterns.get(row)?, moment(micros.get(row)?))))
            }
        })
    }))
}

/// The texts of moments; null where there is no pattern or no moment.
pub(super) fn texts<'a>(rows: usize, row: impl Fn(usize) -> Option<(&'a TimePattern, Moment)>) -> ArrayRef {
    const USUAL: usize = 20;
    let mut out = StringBuilder::with_capacity(rows, rows * USUAL);
    let mut text = String::new();
    for at in 0..rows {
        match row(at) {
            Some((pattern, moment)) => {
                text.clear();
                pattern.print(&moment, &mut text);
                out.append_value(&text);
            }
            None => out.append_null(),
        }
    }
    Arc::new(out.finish())
}
