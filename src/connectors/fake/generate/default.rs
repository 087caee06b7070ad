//! A column's `defaultValue` as a generator.

use super::Generator;
use crate::connectors::fake::fixed::means_now;
use crate::format::json::ColumnBuilder;
use crate::model::shown;
use crate::options::{Tree, convert};
use crate::table::DataType;
use arrow::array::{BinaryArray, BooleanArray};
use std::sync::Arc;

/// The generator that gives `value`, read from its text, to every row.
///
/// # Errors
/// A text that the type can't be read from.
pub(super) fn constant(data_type: &DataType, value: &Tree) -> Result<Generator, String> {
    let text = convert::to_text(value);
    if means_now(data_type, &text, false) {
        return Ok(Generator::Now(data_type.clone()));
    }
    // A default is its text, read as Java reads it: nothing is trimmed off, bytes are UTF-8.
    match data_type {
        DataType::Bytes => {
            return Ok(Generator::Constant(Arc::new(BinaryArray::from(vec![text.as_bytes()]))));
        }
        DataType::Boolean => {
            let value = text.eq_ignore_ascii_case("true");
            return Ok(Generator::Constant(Arc::new(BooleanArray::from(vec![value]))));
        }
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt if text.trim() != text => {
            return Err(format!("{} is not an integer", shown(&text)));
        }
        _ => {}
    }
    let one = |text: &str| {
        let mut builder = ColumnBuilder::new(data_type);
        builder.push(&Tree::text(text)).map(|()| Generator::Constant(builder.finish()))
    };
    // Times of a default may leave the seconds out.
    let with_seconds = || match data_type {
        DataType::Time | DataType::Timestamp | DataType::TimestampTz => one(&format!("{text}:00")).ok(),
        _ => None,
    };
    one(&text).or_else(|message| with_seconds().ok_or(message))
}
