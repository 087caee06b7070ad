//! Calls as tests write them: `ABS(tinyint:-3)`, run with literals and with columns.
//!
//! An argument is a text in quotes, a number, `true`, `NULL`, or a type and a value: `decimal(5,2):1.50`,
//! `date:2021-04-08`, `int:NULL`, `array<int>:[1 2 NULL]`, `vector:[1 2]`.

use crate::format::JavaText;
use crate::table::{DataType, VectorKind};
use crate::transforms::sql::function::{Argument, Bound, Call, Values};
use crate::transforms::sql::functions::find;
use arrow::array::{
    Array, ArrayRef, FixedSizeListArray, ListArray, StringArray, UInt32Array, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::DataType as ArrowType;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use std::sync::Arc;

/// An argument of one row.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) data_type: DataType,
    pub(super) one: ArrayRef,
}

impl Given {
    pub(super) fn new(data_type: DataType, text: &str) -> Self {
        let one: ArrayRef = match (&data_type, text) {
            (_, "NULL") => new_null_array(&data_type.to_arrow(), 1),
            (DataType::Array(element), _) => list(element, text),
            (DataType::Vector(..), _) => {
                let ArrowType::FixedSizeList(field, length) = data_type.to_arrow() else { panic!("{text}") };
                let elements = elements(&DataType::Float, text);
                Arc::new(FixedSizeListArray::try_new(field, length, elements, None).unwrap())
            }
            _ => cast(&StringArray::from(vec![text]), &data_type.to_arrow()).unwrap(),
        };
        assert!(text == "NULL" || one.is_valid(0), "{text} is no {data_type}");
        Self { data_type, one }
    }

    fn parse(text: &str) -> Self {
        if let Some(text) = text.strip_prefix('\'') {
            return Self::new(DataType::String, text.strip_suffix('\'').unwrap());
        }
        if let Some((data_type, value)) = text.split_once(':') {
            let data_type = match data_type {
                "vector" => {
                    let dimension = value.split(' ').count() as u32;
                    DataType::Vector(VectorKind::Float, dimension)
                }
                "tz" => DataType::TimestampTz,
                named => DataType::parse(named).unwrap(),
            };
            return Self::new(data_type, value);
        }
        match text {
            "NULL" => Self::new(DataType::Null, text),
            "true" | "false" => Self::new(DataType::Boolean, text),
            _ if text.parse::<i32>().is_ok() => Self::new(DataType::Int, text),
            _ if text.parse::<i64>().is_ok() => Self::new(DataType::BigInt, text),
            _ => Self::new(DataType::Double, text),
        }
    }
}

fn elements(element: &DataType, text: &str) -> ArrayRef {
    let inner = text.strip_prefix('[').unwrap().strip_suffix(']').unwrap();
    let texts: StringArray = inner.split_whitespace().map(|text| (text != "NULL").then_some(text)).collect();
    cast(&texts, &element.to_arrow()).unwrap()
}

fn list(element: &DataType, text: &str) -> ArrayRef {
    let elements = elements(element, text);
    let offsets = OffsetBuffer::from_lengths([elements.len()]);
    Arc::new(ListArray::try_new(Arc::new(DataType::element_field(element)), offsets, elements, None).unwrap())
}

/// Cuts at commas outside of quotes and brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut is_quoted, mut depth) = (Vec::new(), 0, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '[' | '(' | '<' if !is_quoted => depth += 1,
            ']' | ')' | '>' if !is_quoted => depth -= 1,
            ',' if !is_quoted && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

pub(super) fn parse(call: &str) -> (&str, Vec<Given>) {
    let (name, rest) = call.split_once('(').unwrap();
    (name, split(rest.strip_suffix(')').unwrap()).into_iter().map(Given::parse).collect())
}

/// Binds a call; `columns` has a bit for each argument that is a column.
pub(super) fn bind(name: &str, given: &[Given], columns: u32) -> Result<Bound, String> {
    let known: Vec<Argument> = (given.iter().enumerate())
        .map(|(index, given)| {
            let is_column = columns >> index & 1 == 1;
            let literal = (!is_column).then(|| ScalarValue::try_from_array(&given.one, 0).unwrap());
            Argument { data_type: given.data_type.clone(), literal }
        })
        .collect();
    let function = find(name).unwrap_or_else(|| panic!("no function {name}"));
    (function.bind)(&Call { name, arguments: &known })
}

/// Applies a call to columns and literals.
pub(super) fn apply(
    bound: &Bound,
    arguments: &[ColumnarValue],
    rows: usize,
) -> Result<Vec<Option<String>>, String> {
    let result = (bound.kernel)(&Values { arguments, rows })?;
    assert_eq!(result.data_type(), &bound.result.to_arrow());
    assert_eq!(result.len(), rows);
    let texts = JavaText::new(&result, &bound.result);
    Ok((0..rows)
        .map(|row| {
            let mut text = String::new();
            texts.push(row, &mut text);
            (result.is_valid(row) && *result.data_type() != ArrowType::Null).then_some(text)
        })
        .collect())
}

/// The column of these values.
pub(super) fn column(data_type: DataType, texts: &[Option<String>]) -> Given {
    let texts: StringArray = texts.iter().map(Option::as_deref).collect();
    let one = cast(&texts, &data_type.to_arrow()).unwrap();
    Given { data_type, one }
}

/// What a call gives for columns.
pub(super) fn over(name: &str, given: &[Given]) -> Result<Vec<Option<String>>, String> {
    let bound = bind(name, given, u32::MAX)?;
    let arguments: Vec<_> = given.iter().map(|given| ColumnarValue::Array(given.one.clone())).collect();
    apply(&bound, &arguments, given.first().map_or(0, |given| given.one.len()))
}

/// Type and value of a call with literals; the same must come of columns, and of each mixture that can be bound.
pub(super) fn result(call: &str) -> Result<(DataType, Option<String>), String> {
    let (name, given) = parse(call);
    run(name, &given)
}

pub(super) fn run(name: &str, given: &[Given]) -> Result<(DataType, Option<String>), String> {
    let mut wanted = None;
    for columns in 0..1_u32 << given.len().min(4) {
        let bound = match bind(name, given, columns) {
            Ok(bound) => bound,
            Err(error) if columns == 0 => return Err(error),
            // some arguments have to be literals
            Err(error) => {
                assert!(error.contains("must be a literal") || error.contains("EXTRACT takes"), "{error}");
                continue;
            }
        };
        let twice = UInt32Array::from(vec![0, 0]);
        let arguments: Vec<ColumnarValue> = (given.iter().enumerate())
            .map(|(index, given)| {
                if columns >> index & 1 == 1 {
                    ColumnarValue::Array(take(&given.one, &twice, None).unwrap())
                } else {
                    ColumnarValue::Scalar(ScalarValue::try_from_array(&given.one, 0).unwrap())
                }
            })
            .collect();
        let found = apply(&bound, &arguments, 2).map(|rows| {
            assert_eq!(rows[0], rows[1], "{name} with columns {columns:b}");
            (bound.result.clone(), rows[0].clone())
        });
        let first = wanted.get_or_insert_with(|| found.clone());
        assert_eq!(first, &found, "{name} with columns {columns:b}");
    }
    wanted.unwrap()
}

/// Checks a table of calls: type, then value; `NULL` for null, `error …` for one that fails.
pub(super) fn check(cases: &[(&str, &str, &str)]) {
    for (call, data_type, value) in cases {
        match result(call) {
            Ok((found, text)) => {
                let found = found.to_string();
                assert_eq!(
                    (found.as_str(), text.as_deref().unwrap_or("NULL")),
                    (*data_type, *value),
                    "{call}"
                );
            }
            Err(error) => assert_eq!(error, *value, "{call}"),
        }
    }
}

/// Null in each place, as a literal and in a column, gives null.
pub(super) fn check_nulls(calls: &[&str]) {
    for call in calls {
        let (name, given) = parse(call);
        assert!(run(name, &given).unwrap().1.is_some(), "{call}");
        for index in 0..given.len() {
            for data_type in [given[index].data_type.clone(), DataType::Null] {
                let mut given = given.clone();
                given[index] = Given::new(data_type, "NULL");
                assert_eq!(run(name, &given).map(|(_, text)| text), Ok(None), "{call}, argument {index}");
            }
        }
    }
}

#[test]
fn each_function_is_described() {
    for function in crate::transforms::sql::functions::all() {
        let name = function.names[0];
        assert!(function.about.ends_with('.') && !function.usage.is_empty(), "{name}");
        let is_named = function.usage.starts_with(name) || function.usage.contains("AT TIME ZONE");
        assert!(is_named, "{name}: {}", function.usage);
        let twice =
            crate::transforms::sql::functions::all().filter(|other| other.names.contains(&name)).count();
        assert_eq!(twice, 1, "{name}");
    }
}
