//! The lenient conversions of the job language: option type ← value in the file.
//!
//! Rules: a text option takes anything (rendered as compact JSON); booleans take true/false as text in any case;
//! numbers take text; a list takes JSON text, or any other text split at commas. Each function answers what is
//! wrong in words that end a sentence starting with the option's path.

use super::{Map, Tree, masked};
use crate::model::{self, java};

/// Text of any value.
#[must_use]
pub fn to_text(value: &Tree) -> String {
    match value {
        Tree::Text(text) => text.clone(),
        other => other.to_json(),
    }
}

/// A boolean.
///
/// # Errors
/// Anything but true/false, also as text in any letter case.
pub fn to_bool(value: &Tree) -> Result<bool, String> {
    match value {
        Tree::Bool(value) => Ok(*value),
        Tree::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Tree::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(format!("{} is not a boolean; allowed: true, false", shown(other))),
    }
}

/// A 64-bit integer; fractions are cut off, texts trimmed (`"3.0"`, `"1e1"`, `" 3 "` are fine, digits of any script).
///
/// # Errors
/// No number, or out of range.
pub fn to_long(value: &Tree) -> Result<i64, String> {
    let from_double = |number: f64| {
        let whole = number.trunc();
        if whole >= -(2f64.powi(63)) && whole < 2f64.powi(63) { Ok(whole as i64) } else { Err(()) }
    };
    match value {
        Tree::Int(value) => Ok(*value),
        Tree::Double(value) => from_double(*value),
        Tree::Text(text) => {
            let plain = java::ascii_digits(text);
            let text = plain.as_deref().unwrap_or(text).trim();
            match text.parse::<i64>() {
                Ok(value) => Ok(value),
                Err(_) if looks_like_number(text) => {
                    text.parse::<f64>().map_err(|_| ()).and_then(from_double)
                }
                Err(_) => Err(()),
            }
        }
        Tree::Null | Tree::Bool(_) | Tree::List(_) | Tree::Map(_) => Err(()),
    }
    .map_err(|()| format!("{} is not an integer of 64 bits", shown(value)))
}

/// A 32-bit integer; see [`to_long`].
///
/// # Errors
/// No number, or out of range.
pub fn to_int(value: &Tree) -> Result<i32, String> {
    to_long(value)
        .ok()
        .and_then(|number| i32::try_from(number).ok())
        .ok_or_else(|| format!("{} is not an integer of 32 bits", shown(value)))
}

/// A double.
///
/// # Errors
/// No number.
pub fn to_double(value: &Tree) -> Result<f64, String> {
    match value {
        Tree::Int(value) => Some(*value as f64),
        Tree::Double(value) => Some(*value),
        Tree::Text(text) if looks_like_number(text.trim()) => text.trim().parse().ok(),
        Tree::Text(_) | Tree::Null | Tree::Bool(_) | Tree::List(_) | Tree::Map(_) => None,
    }
    .ok_or_else(|| format!("{} is not a number", shown(value)))
}

/// A list: a list, JSON text of one, or any other text split at commas and trimmed.
///
/// # Errors
/// An object.
pub fn to_list(value: &Tree) -> Result<Vec<Tree>, String> {
    match value {
        Tree::List(list) => Ok(list.clone()),
        Tree::Text(text) => match serde_json::from_str::<Tree>(text) {
            Ok(Tree::List(list)) => Ok(list),
            _ => Ok(text.split(',').map(|part| Tree::text(part.trim())).collect()),
        },
        Tree::Map(_) => Err(format!("{} is not a list", shown(value))),
        scalar => Ok(vec![scalar.clone()]),
    }
}

/// An object: an object, or JSON text of one.
///
/// # Errors
/// Anything else.
pub fn to_map(value: &Tree) -> Result<Map, String> {
    match value {
        Tree::Map(map) => Ok(map.clone()),
        Tree::Text(text) => match serde_json::from_str::<Tree>(text) {
            Ok(Tree::Map(map)) => Ok(map),
            // not shown: what should have been HTTP headers may hold a secret
            _ => Err(format!("{} is not an object", value.kind())),
        },
        other => Err(format!("{} is not an object", shown(other))),
    }
}

/// A value as an error shows it: compact, cut after 60 characters, without the secrets in an object.
#[must_use]
pub fn shown(value: &Tree) -> String {
    match value {
        Tree::Text(text) => model::shown(text),
        other => model::shown_bare(&masked(other).to_json()),
    }
}

fn looks_like_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && !text.contains(['x', 'X', '_'])
}

/// Appends compact JSON. Doubles without a fraction print as integers, as the job language does.
pub(super) fn push_json(out: &mut String, value: &Tree) {
    match value {
        Tree::Null => out.push_str("null"),
        Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Tree::Int(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Tree::Double(value) if value.fract() == 0.0 && value.abs() < 9.0e18 => {
            out.push_str(itoa::Buffer::new().format(*value as i64));
        }
        Tree::Double(value) => java::push_double(out, *value),
        Tree::Text(text) => push_json_text(out, text),
        Tree::List(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_json(out, item);
            }
            out.push(']');
        }
        Tree::Map(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_json_text(out, key);
                out.push(':');
                push_json(out, item);
            }
            out.push('}');
        }
    }
}

fn push_json_text(out: &mut String, text: &str) {
    match serde_json::to_string(text) {
        Ok(quoted) => out.push_str(&quoted),
        Err(_) => out.push_str("\"\""),
    }
}
