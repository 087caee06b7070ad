//! Literals: a whole number is INT if it fits, else BIGINT; a number with a point or an exponent is DOUBLE.

use crate::table::DataType;
use crate::transforms::sql::expression::Typed;
use datafusion_common::ScalarValue;
use sqlparser::ast::Value;

/// A literal; `negative` puts a minus in front of a number.
pub(super) fn literal(value: &Value, negative: bool) -> Result<Typed, String> {
    match value {
        Value::Number(digits, _) => number(digits, negative),
        Value::SingleQuotedString(text) => {
            Ok(Typed::literal(ScalarValue::Utf8(Some(text.clone())), DataType::String))
        }
        Value::Boolean(value) => Ok(Typed::literal(ScalarValue::Boolean(Some(*value)), DataType::Boolean)),
        Value::Null => Ok(Typed::literal(ScalarValue::Null, DataType::Null)),
        other => Err(format!("{other} is not a literal; allowed: numbers, 'text', TRUE, FALSE, NULL")),
    }
}

fn number(digits: &str, negative: bool) -> Result<Typed, String> {
    let text = if negative { format!("-{digits}") } else { digits.to_owned() };
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        let value: i64 = text.parse().map_err(|_| {
            format!("{text} is too large for a whole number; allowed: {} … {}", i64::MIN, i64::MAX)
        })?;
        return Ok(match i32::try_from(value) {
            Ok(value) => Typed::literal(ScalarValue::Int32(Some(value)), DataType::Int),
            Err(_) => Typed::literal(ScalarValue::Int64(Some(value)), DataType::BigInt),
        });
    }
    let value: f64 = text.parse().map_err(|_| format!("{text} is not a number"))?;
    Ok(Typed::literal(ScalarValue::Float64(Some(value)), DataType::Double))
}

/// The number that a literal text spells.
pub(super) fn number_in(text: &str) -> Result<Typed, String> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("'{text}' is not a number"));
    }
    number(digits, negative)
}
