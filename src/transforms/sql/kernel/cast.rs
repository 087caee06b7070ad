//! CAST: from which types to which, and how each value is converted.
//!
//! Texts are read as the job language's files are; numbers become whole ones by cutting their fraction, decimals by
//! rounding up to the next greater (CEILING).

use super::decimal::{Builder, Decimal, Decimals};
use super::decimal_value::{Rounding, parse, plain, rescale};
use super::{array, problem, text, time};
use crate::format::TypedText;
use crate::model::shown;
use crate::table::DataType;
use crate::transforms::sql::function::Kernel;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Builder, new_null_array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Int64Type, i256};
use std::sync::Arc;

/// A conversion to a type that holds all values of the other: for operands of one expression.
pub(in crate::transforms::sql) fn widening(from: &DataType, to: &DataType) -> Kernel {
    let target = to.to_arrow();
    let is_date = (from, to) == (&DataType::Date, &DataType::Timestamp);
    Arc::new(move |values| {
        let column = array(values, 0)?;
        if is_date {
            time::date_to_timestamp(&column, false)
        } else {
            cast(&column, &target).map_err(problem)
        }
    })
}

/// One conversion of a column; `is_try`: what can't be converted is null.
type Convert = fn(&ArrayRef, &DataType, bool) -> Result<ArrayRef, String>;

/// The conversion between two types.
///
/// # Errors
/// There is none.
pub(in crate::transforms::sql) fn kernel(
    from: &DataType,
    to: &DataType,
    is_try: bool,
) -> Result<Kernel, String> {
    let (from, to) = (from.clone(), to.clone());
    if to == DataType::String {
        return Ok(Arc::new(move |values| Ok(Arc::new(text::texts(&array(values, 0)?, &from)))));
    }
    let convert = conversion(&from, &to).ok_or_else(|| refusal(&from, &to))?;
    Ok(Arc::new(move |values| convert(&array(values, 0)?, &to, is_try)))
}

fn refusal(from: &DataType, to: &DataType) -> String {
    let hint = match (from, to) {
        (DataType::Int, DataType::Timestamp | DataType::TimestampTz) => {
            "; milliseconds since 1970 are a BIGINT, for seconds there is FROM_UNIXTIME"
        }
        (DataType::BigInt, DataType::Date) => "; a date as a number is an INT yyyymmdd",
        _ => "",
    };
    format!("{from} can't be cast to {to}{hint}")
}

fn conversion(from: &DataType, to: &DataType) -> Option<Convert> {
    use DataType as D;
    let is_number = |data_type: &DataType| {
        matches!(
            data_type,
            D::TinyInt | D::SmallInt | D::Int | D::BigInt | D::Float | D::Double | D::Decimal(..)
        )
    };
    Some(match (from, to) {
        (D::Null, _) => |column, to, _| Ok(new_null_array(&to.to_arrow(), column.len())),
        (_, D::Decimal(..)) if is_number(from) => decimal_of_number,
        (D::String, D::Decimal(..)) => decimal_of_text,
        (D::String, D::Boolean) => boolean_of_text,
        (D::String, D::Bytes) => |column, to, _| cast(column, &to.to_arrow()).map_err(problem),
        (D::String, D::Date | D::Time | D::Timestamp | D::TimestampTz) => read,
        (D::String, _) if is_number(to) => read,
        // by their shortest text, as 1.1 of a FLOAT is 1.1 and not 1.10000002384
        (D::Float | D::Decimal(..), D::Double) | (D::Decimal(..), D::Float) => {
            |column, to, is_try| read(&by_text(column), to, is_try)
        }
        (_, D::Boolean) if is_number(from) => boolean_of_number,
        (D::Boolean, _) if is_number(to) => |column, to, _| cast(column, &to.to_arrow()).map_err(problem),
        (D::Decimal(..), _) if is_number(to) => whole_of_decimal,
        _ if is_number(from) && is_number(to) => number_of_number,
        (D::Date, D::Timestamp) => |column, _, is_try| time::date_to_timestamp(column, is_try),
        (D::Time, D::Timestamp) => |column, _, _| Ok(time::time_to_timestamp(column)),
        (D::TimestampTz, D::Timestamp) => |column, _, is_try| time::to_local(column, is_try),
        (D::BigInt, D::Timestamp) => |column, _, is_try| time::millis_to_timestamp(column, false, is_try),
        (D::BigInt, D::TimestampTz) => |column, _, is_try| time::millis_to_timestamp(column, true, is_try),
        (D::Timestamp, D::TimestampTz) => |column, _, is_try| time::from_local(column, is_try),
        (D::Date, D::TimestampTz) => {
            |column, _, is_try| time::from_local(&time::date_to_timestamp(column, is_try)?, is_try)
        }
        (D::Timestamp, D::Date) => |column, _, _| Ok(time::timestamp_to_date(column)),
        (D::TimestampTz, D::Date) => {
            |column, _, is_try| Ok(time::timestamp_to_date(&time::to_local(column, is_try)?))
        }
        (D::Int, D::Date) => |column, _, is_try| time::number_to_date(column, is_try),
        (D::Timestamp, D::Time) => |column, _, _| Ok(time::timestamp_to_time(column)),
        (D::TimestampTz, D::Time) => {
            |column, _, is_try| Ok(time::timestamp_to_time(&time::to_local(column, is_try)?))
        }
        _ => return None,
    })
}

/// The decimals and floats of a column as texts.
fn by_text(column: &ArrayRef) -> ArrayRef {
    let data_type = match column.data_type() {
        ArrowType::Decimal128(precision, scale) | ArrowType::Decimal256(precision, scale) => {
            DataType::Decimal(*precision, *scale)
        }
        _ => DataType::Float,
    };
    Arc::new(text::texts(column, &data_type))
}

/// Reads texts.
fn read(column: &ArrayRef, to: &DataType, is_try: bool) -> Result<ArrayRef, String> {
    let mut out = TypedText::new(to);
    for text in column.as_string::<i32>() {
        match out.push(text) {
            Err(_) if is_try => out.push_null(),
            result => result.map_err(|e| format!("{e} (to {to})"))?,
        }
    }
    Ok(out.finish())
}

fn number_of_number(column: &ArrayRef, to: &DataType, is_try: bool) -> Result<ArrayRef, String> {
    let options = CastOptions { safe: is_try, ..CastOptions::default() };
    cast_with_options(column, &to.to_arrow(), &options).map_err(|_| {
        let safe = cast(column, &to.to_arrow()).ok();
        let first =
            safe.and_then(|safe| (0..column.len()).find(|row| column.is_valid(*row) && safe.is_null(*row)));
        let value =
            first.map(|row| arrow::util::display::array_value_to_string(column, row).unwrap_or_default());
        format!("{} is out of the range of {to}", value.unwrap_or_default())
    })
}

/// Without the fraction; Arrow's own conversion would wrap around.
fn whole_of_decimal(column: &ArrayRef, to: &DataType, is_try: bool) -> Result<ArrayRef, String> {
    let numbers = Decimals::of(column)?;
    let mut whole = Int64Builder::with_capacity(column.len());
    for row in 0..column.len() {
        let Some((digits, scale)) = numbers.get(row)?.map(Decimal::long) else {
            whole.append_null();
            continue;
        };
        match rescale(digits, scale, 0, Rounding::Down).and_then(i256::to_i128).map(i64::try_from) {
            Some(Ok(value)) => whole.append_value(value),
            _ if is_try => whole.append_null(),
            _ => return Err(format!("{} is out of the range of {to}", plain(digits, scale))),
        }
    }
    number_of_number(&(Arc::new(whole.finish()) as ArrayRef), to, is_try)
}

fn boolean_of_text(column: &ArrayRef, _: &DataType, is_try: bool) -> Result<ArrayRef, String> {
    let truth = |text: &str| match text {
        _ if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        _ if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ if is_try => Ok(None),
        _ => Err(format!("{} is not true or false", shown(text))),
    };
    let truths = column.as_string::<i32>().iter().map(|text| text.map_or(Ok(None), truth));
    Ok(Arc::new(truths.collect::<Result<BooleanArray, _>>()?))
}

fn boolean_of_number(column: &ArrayRef, _: &DataType, is_try: bool) -> Result<ArrayRef, String> {
    let whole = match column.data_type() {
        ArrowType::Decimal128(..) | ArrowType::Decimal256(..) => {
            whole_of_decimal(column, &DataType::BigInt, is_try)?
        }
        _ => number_of_number(column, &DataType::BigInt, is_try)?,
    };
    let truth = |number: i64| match number {
        0 => Ok(Some(false)),
        1 => Ok(Some(true)),
        _ if is_try => Ok(None),
        _ => Err(format!("{number} is not 0 or 1")),
    };
    let truths = whole.as_primitive::<Int64Type>().iter().map(|number| number.map_or(Ok(None), truth));
    Ok(Arc::new(truths.collect::<Result<BooleanArray, _>>()?))
}

fn decimal_of_text(column: &ArrayRef, to: &DataType, is_try: bool) -> Result<ArrayRef, String> {
    let texts = column.as_string::<i32>();
    decimals(to, is_try, texts.len(), |row| {
        if texts.is_null(row) {
            return Ok(None);
        }
        let text = texts.value(row);
        parse(text).map(Some).ok_or_else(|| format!("{} is not a number", shown(text)))
    })
}

fn decimal_of_number(column: &ArrayRef, to: &DataType, is_try: bool) -> Result<ArrayRef, String> {
    let numbers = Decimals::of(column)?;
    decimals(to, is_try, column.len(), |row| Ok(numbers.get(row)?.map(Decimal::long)))
}

fn decimals(
    to: &DataType,
    is_try: bool,
    rows: usize,
    value: impl Fn(usize) -> Result<Option<(i256, i32)>, String>,
) -> Result<ArrayRef, String> {
    let (precision, scale) = match to {
        DataType::Decimal(precision, scale) => (*precision, i32::from(*scale)),
        _ => (76, 0),
    };
    let mut out = Builder::new(to, rows);
    for row in 0..rows {
        match value(row) {
            Ok(None) => out.push_null(),
            Ok(Some((digits, from))) => {
                let rounded = rescale(digits, from, scale, Rounding::Ceiling);
                if !rounded.is_some_and(|rounded| out.push(rounded, precision)) {
                    if !is_try {
                        let whole = i32::from(precision) - scale;
                        return Err(format!(
                            "{} doesn't fit {to} (digits before the point: at most {whole})",
                            plain(digits, from)
                        ));
                    }
                    out.push_null();
                }
            }
            Err(_) if is_try => out.push_null(),
            Err(e) => return Err(e),
        }
    }
    Ok(out.finish())
}
