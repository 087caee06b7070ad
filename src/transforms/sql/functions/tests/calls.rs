//! Calls as tests write them: `LPAD('42', 7, NULL)`, run with literals and with columns.

use crate::table::DataType;
use crate::transforms::sql::function::{Argument, Bound, Call, Values};
use crate::transforms::sql::functions::find;
use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, StringBuilder};
use arrow::datatypes::{Int32Type, Int64Type};
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use std::sync::Arc;

/// Text, whole number, double, decimal of scale 2, bytes, timestamp in µs, boolean, array of texts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Null,
    Text(String),
    Whole(i64),
    Double(f64),
    Decimal(i128),
    Bytes(Vec<u8>),
    Timestamp(i64),
    Bool(bool),
    Texts(Vec<Option<String>>),
}

impl Given {
    fn data_type(&self) -> DataType {
        match self {
            Given::Null => DataType::Null,
            Given::Text(_) => DataType::String,
            Given::Whole(value) if i32::try_from(*value).is_ok() => DataType::Int,
            Given::Whole(_) => DataType::BigInt,
            Given::Double(_) => DataType::Double,
            Given::Decimal(_) => DataType::Decimal(20, 2),
            Given::Bytes(_) => DataType::Bytes,
            Given::Timestamp(_) => DataType::Timestamp,
            Given::Bool(_) => DataType::Boolean,
            Given::Texts(_) => DataType::Array(Box::new(DataType::String)),
        }
    }

    fn scalar(&self) -> ScalarValue {
        match self.clone() {
            Given::Null => ScalarValue::Null,
            Given::Text(text) => ScalarValue::Utf8(Some(text)),
            Given::Whole(value) => match i32::try_from(value) {
                Ok(value) => ScalarValue::Int32(Some(value)),
                Err(_) => ScalarValue::Int64(Some(value)),
            },
            Given::Double(value) => ScalarValue::Float64(Some(value)),
            Given::Decimal(value) => ScalarValue::Decimal128(Some(value), 20, 2),
            Given::Bytes(bytes) => ScalarValue::Binary(Some(bytes)),
            Given::Timestamp(value) => ScalarValue::TimestampMicrosecond(Some(value), None),
            Given::Bool(value) => ScalarValue::Boolean(Some(value)),
            Given::Texts(texts) => {
                let mut list = ListBuilder::new(StringBuilder::new())
                    .with_field(DataType::element_field(&DataType::String));
                list.append_value(texts);
                ScalarValue::List(Arc::new(list.finish()))
            }
        }
    }

    fn parse(text: &str) -> Self {
        let text = text.trim();
        let inner = |text: &str| text.trim_end_matches('\'').trim_start_matches('\'').to_owned();
        if text == "NULL" {
            Given::Null
        } else if let Some(rest) = text.strip_prefix('[') {
            let items = split(rest.trim_end_matches(']'));
            Given::Texts(items.iter().map(|i| (i.trim() != "NULL").then(|| inner(i.trim()))).collect())
        } else if let Some(hex) = text.strip_prefix("x'") {
            let hex = hex.trim_end_matches('\'');
            Given::Bytes(
                (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect(),
            )
        } else if let Some(time) = text.strip_prefix("ts'") {
            let time = chrono::NaiveDateTime::parse_from_str(time.trim_end_matches('\''), "%F %T").unwrap();
            Given::Timestamp(time.and_utc().timestamp_micros())
        } else if text.starts_with('\'') {
            Given::Text(text[1..text.len() - 1].to_owned())
        } else if let Some(cents) = text.strip_suffix('m') {
            Given::Decimal(cents.replace('.', "").parse().unwrap())
        } else if text == "true" || text == "false" {
            Given::Bool(text == "true")
        } else if let Ok(value) = text.parse() {
            Given::Whole(value)
        } else {
            Given::Double(text.parse().unwrap_or_else(|_| panic!("{text} is no argument")))
        }
    }
}

/// Cuts at commas outside of quotes and brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut depth) = (Vec::new(), 0, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text.trim().is_empty() {
        parts.push(&text[start..]);
    }
    parts
}

/// A call as it is written: its name and arguments.
pub(super) fn parse(call: &str) -> (&str, Vec<Given>) {
    let (name, rest) = call.split_once('(').unwrap();
    (name, split(rest.strip_suffix(')').unwrap()).into_iter().map(Given::parse).collect())
}

/// The column of these values; nulls get the type of the others, or text.
pub(super) fn column(values: &[Given]) -> (ArrayRef, DataType) {
    let kind =
        values.iter().find(|value| **value != Given::Null).cloned().unwrap_or(Given::Text(String::new()));
    let wide = values.iter().find(|value| value.data_type() == DataType::BigInt);
    let data_type = wide.map_or_else(|| kind.data_type(), Given::data_type);
    let arrow = data_type.to_arrow();
    let null = ScalarValue::try_new_null(&arrow).unwrap();
    let scalars = values.iter().map(|value| match value {
        Given::Null => null.clone(),
        Given::Whole(value) if data_type == DataType::BigInt => ScalarValue::Int64(Some(*value)),
        value => value.scalar(),
    });
    (ScalarValue::iter_to_array(scalars).unwrap(), data_type)
}

/// One argument for all rows, or one for each.
pub(super) enum Argued {
    Literal(Given),
    Column(Vec<Given>),
}

pub(super) fn bind(name: &str, arguments: &[Argued]) -> Result<(Bound, Vec<ColumnarValue>), String> {
    let (mut known, mut values) = (Vec::new(), Vec::new());
    for argument in arguments {
        match argument {
            Argued::Literal(value) => {
                known.push(Argument { data_type: value.data_type(), literal: Some(value.scalar()) });
                values.push(ColumnarValue::Scalar(value.scalar()));
            }
            Argued::Column(rows) => {
                let (array, data_type) = column(rows);
                known.push(Argument { data_type, literal: None });
                values.push(ColumnarValue::Array(array));
            }
        }
    }
    let function = find(name).ok_or_else(|| format!("no function {name}"))?;
    Ok(((function.bind)(&Call { name, arguments: &known })?, values))
}

/// What a call gives for each row.
pub(super) fn run(name: &str, arguments: &[Argued], rows: usize) -> Result<Vec<Option<String>>, String> {
    let (bound, values) = bind(name, arguments)?;
    let result = (bound.kernel)(&Values { arguments: &values, rows })?;
    assert_eq!(result.data_type(), &bound.result.to_arrow(), "{name}");
    assert_eq!(result.len(), rows, "{name}");
    Ok((0..rows).map(|row| result.is_valid(row).then(|| shown(&result, row, &bound.result))).collect())
}

fn shown(result: &ArrayRef, row: usize, data_type: &DataType) -> String {
    match data_type {
        DataType::String => result.as_string::<i32>().value(row).to_owned(),
        DataType::Int => result.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::BigInt => result.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Boolean => result.as_boolean().value(row).to_string(),
        _ => {
            let list = result.as_list::<i32>().value(row);
            let parts: Vec<&str> =
                list.as_string::<i32>().iter().map(|part| part.unwrap_or("NULL")).collect();
            format!("[{}]", parts.join("|"))
        }
    }
}

/// What a call gives with literals; the same must come of columns, and of any mixture.
pub(super) fn result(call: &str) -> Result<Option<String>, String> {
    let (name, given) = parse(call);
    let mut wanted = None;
    for columns in 0..1_u32 << given.len().min(4) {
        let arguments: Vec<Argued> = (given.iter().enumerate())
            .map(|(index, value)| match columns >> index.min(3) & 1 {
                0 => Argued::Literal(value.clone()),
                _ => Argued::Column(vec![value.clone(); 2]),
            })
            .collect();
        let rows = run(name, &arguments, 2);
        let rows = match rows {
            Ok(rows) => Ok(rows),
            Err(error) if columns == 0 => return Err(error),
            Err(error) => panic!("{call} with columns {columns:b}: {error}"),
        };
        assert_eq!(
            rows.as_ref().map(|rows| rows[0].clone()),
            rows.as_ref().map(|rows| rows[1].clone()),
            "{call}"
        );
        let first = rows.map(|rows| rows[0].clone());
        assert_eq!(wanted.get_or_insert_with(|| first.clone()), &first, "{call} with columns {columns:b}");
    }
    wanted.unwrap()
}
