//! Dates and times from text: `PARSEDATETIME`, `IS_DATE`.

use super::arguments;
use super::pattern::{Check, PatternArgument};
use crate::format::java_time::{Kind, Moment, TimePattern};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Time64MicrosecondArray, TimestampMicrosecondArray};
use std::sync::Arc;

/// 2021-04-08 13:34:45
const SAMPLE: i64 = 1_617_888_885_000_000;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["PARSEDATETIME", "TO_DATE"],
        usage: "PARSEDATETIME(text, format)",
        about: "The TIMESTAMP in a text, by a literal pattern of Java's DateTimeFormatter; a DATE or a TIME, if the \
                pattern has letters for that alone; 30 February counts as the last of February.",
        bind: parse,
    },
    Function {
        names: &["IS_DATE"],
        usage: "IS_DATE(text, format)",
        about: "Whether PARSEDATETIME can read a text by that pattern; false for null.",
        bind: is_date,
    },
];

/// What a pattern that is read gives.
fn kind_of(pattern: &TimePattern) -> Result<Kind, String> {
    let refuse = |what: String| Err(format!("format \"{}\" {what}", pattern.text()));
    if let Some(letter) = pattern.print_only() {
        return refuse(format!("has the letter {letter}, which can be written, not read"));
    }
    let Some(kind) = pattern.kind() else {
        return refuse("has no letter of a date or a time".into());
    };
    // what can't read its own text can't read any
    let sample = pattern.text_of(&Moment::of_instant(SAMPLE, 0));
    let what = match kind {
        Kind::Date => "a whole date",
        Kind::Time => "a whole time of day",
        Kind::Timestamp | Kind::Instant => "a whole date and time of day",
    };
    if pattern.reads(kind, &sample) { Ok(kind) } else { refuse(format!("does not describe {what}")) }
}

fn parse(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    if call.is_null(1) {
        return Ok(arguments::always_null(DataType::Timestamp));
    }
    let format = call.literal_text(1).ok_or_else(|| {
        format!("the format of {} must be a literal text, as it decides the type of the result", call.name)
    })?;
    let pattern = TimePattern::compile(&format)?;
    let kind = kind_of(&pattern)?;
    let result = match kind {
        Kind::Date => DataType::Date,
        Kind::Time => DataType::Time,
        Kind::Timestamp | Kind::Instant => DataType::Timestamp,
    };
    if call.is_null(0) {
        return Ok(arguments::always_null(result));
    }
    let text = call.text(0);
    Ok(Bound::new(result, move |values| {
        let texts = text.of(values)?;
        let all = (0..values.rows).map(|row| texts.get(row));
        Ok(match kind {
            Kind::Date => {
                let read = all.map(|text| text.map(|text| pattern.date_in(text)).transpose());
                Arc::new(read.collect::<Result<Date32Array, _>>()?) as ArrayRef
            }
            Kind::Time => {
                let read = all.map(|text| text.map(|text| pattern.time_in(text)).transpose());
                Arc::new(read.collect::<Result<Time64MicrosecondArray, _>>()?)
            }
            Kind::Timestamp | Kind::Instant => {
                let read = all.map(|text| text.map(|text| pattern.timestamp_in(text)).transpose());
                Arc::new(read.collect::<Result<TimestampMicrosecondArray, _>>()?)
            }
        })
    }))
}

fn is_date(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let check: Check = Arc::new(|pattern| kind_of(pattern).map(|_| ()));
    let pattern = PatternArgument::bind(call, 1, check)?;
    let text = call.text(0);
    Ok(Bound::new(DataType::Boolean, move |values| {
        let texts = text.of(values)?;
        let patterns = pattern.as_ref().map(|pattern| pattern.of(values)).transpose()?;
        let is_date = |row| {
            let pattern = patterns.as_ref()?.get(row)?;
            let text = texts.get(row)?;
            Some(pattern.reads(pattern.kind()?, text))
        };
        let all: BooleanArray = (0..values.rows).map(|row| Some(is_date(row).unwrap_or(false))).collect();
        Ok(Arc::new(all) as ArrayRef)
    }))
}
