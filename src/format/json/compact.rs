//! JSON values → compact JSON text: what a string column makes of objects and lists.

use super::cells::{Numbers, push_number};
use super::encode::push_quoted_bytes;
use super::lexer::{Lexer, Token, unescape};

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// Alone: a number that is infinite as double is the text `Infinity`.
    Top,
    /// In a container.
    Inside,
}

/// Appends a value; of equal keys the last value counts, at the place of the first.
pub(super) fn push(out: &mut Vec<u8>, token: Token<'_>, numbers: Numbers, at: At) -> Result<(), String> {
    match token {
        Token::Null => out.extend_from_slice(b"null"),
        Token::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Token::Number(text) => push_inner_number(out, text, numbers, at),
        Token::Text { raw, .. } => {
            let mut text = Vec::with_capacity(raw.len());
            unescape(raw, &mut text);
            push_quoted_bytes(out, &text);
        }
        Token::Array(span) => {
            out.push(b'[');
            let mut first = true;
            Lexer::elements(span, |element| {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                push(out, element, numbers, At::Inside)
            })?;
            out.push(b']');
        }
        Token::Object(span) => {
            let mut entries: indexmap::IndexMap<Vec<u8>, Token<'_>> = indexmap::IndexMap::new();
            Lexer::entries(span, |(raw, _), value| {
                let mut key = Vec::with_capacity(raw.len());
                unescape(raw, &mut key);
                entries.insert(key, value);
                Ok(())
            })?;
            out.push(b'{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_quoted_bytes(out, key);
                out.push(b':');
                push(out, *value, numbers, At::Inside)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn push_inner_number(out: &mut Vec<u8>, text: &[u8], numbers: Numbers, at: At) {
    let start = out.len();
    push_number(out, text, numbers);
    if at == At::Inside && out.ends_with(b"Infinity") {
        out.insert(start, b'"');
        out.push(b'"');
    }
}
