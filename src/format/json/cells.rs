//! JSON values → values of a column.

use super::compact;
use super::lexer::{Lexer, Token, unescape};
use crate::format::print::{self, DecimalStyle, Out};
use crate::format::value::{self, Cells, DecimalText};
use crate::model::{said_of, shown_bytes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// How numbers with a fraction or exponent become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Through a double: `1.10` is `1.1`, `1e3` is `1000.0`.
    Doubles,
    /// Through a decimal, as soon as the schema has a decimal column: `1e2` is `1E+2`.
    Decimals,
}

impl Cells {
    /// Appends a JSON value.
    ///
    /// # Errors
    /// A value that is none of the type. The column must be given up then: parts may have been appended.
    pub(super) fn push_json(&mut self, token: Token<'_>, numbers: Numbers) -> Result<(), String> {
        if token == Token::Null {
            self.push_null();
            return Ok(());
        }
        match self {
            Cells::Null(rows) => *rows += 1,
            Cells::Boolean(b) => b.append_value(match token {
                Token::Bool(value) => value,
                other => value::trim(&text_of(other)).eq_ignore_ascii_case(b"true"),
            }),
            Cells::TinyInt(b) => b.append_value(small(token, i8::MIN.into(), i8::MAX.into())? as i8),
            Cells::SmallInt(b) => b.append_value(small(token, i16::MIN.into(), i16::MAX.into())? as i16),
            Cells::Int(b) => b.append_value(whole(token, i32::MIN.into(), i32::MAX.into())? as i32),
            Cells::BigInt(b) => b.append_value(whole(token, i64::MIN, i64::MAX)?),
            Cells::Float(b) => b.append_value(float(token)?),
            Cells::Double(b) => b.append_value(double(token)?),
            Cells::Decimal128(..)
            | Cells::Decimal256(..)
            | Cells::Date(_)
            | Cells::Time(_)
            | Cells::Timestamp(..) => {
                self.push_parsed(&text_of(token))?;
            }
            Cells::String(strings) => match token {
                Token::Text { raw, escaped: false } => strings.push(raw),
                Token::Text { raw, .. } => strings.push_with(|out| {
                    unescape(raw, out);
                    Ok::<(), String>(())
                })?,
                other => strings.push_with(|out| compact::push(out, other, numbers, compact::At::Top))?,
            },
            Cells::Bytes(strings) => match token {
                Token::Text { .. } => {
                    let text = text_of(token);
                    strings.push_with(|out| base64_of(&text, out))?;
                }
                _ => self.push_null(),
            },
            Cells::Array(array) => {
                match token {
                    Token::Array(span) => {
                        Lexer::elements(span, |element| array.elements.push_json(element, numbers))?;
                    }
                    Token::Object(span) => Lexer::entries(span, |_, _| {
                        array.elements.push_null();
                        Ok(())
                    })?,
                    _ => {}
                }
                array.close(true);
            }
            Cells::Map(map) => {
                if let Token::Object(span) = token {
                    let mut entries: Vec<(Cow<'_, [u8]>, Token<'_>)> = Vec::new();
                    Lexer::entries(span, |(raw, escaped), value| {
                        entries.push((text_of(Token::Text { raw, escaped }), value));
                        Ok(())
                    })?;
                    let entries: Vec<(&[u8], Token<'_>)> =
                        entries.iter().map(|(k, v)| (k.as_ref(), *v)).collect();
                    for (key, value) in value::last_of_equal(&entries) {
                        let raw = Token::Text { raw: key, escaped: false };
                        map.keys
                            .push_json(raw, numbers)
                            .map_err(|e| format!("key {}: {e}", shown_bytes(key)))?;
                        map.values.push_json(*value, numbers).map_err(|e| {
                            let message = said_of(&String::from_utf8_lossy(key), e);
                            format!("value of key {}: {message}", shown_bytes(key))
                        })?;
                    }
                }
                map.close(true);
            }
            Cells::Row(_) => return self.push_row(token, numbers),
            Cells::Unreadable(data_type, _) => {
                return Err(format!("values of type {data_type} can't be read from JSON"));
            }
        }
        Ok(())
    }

    fn push_row(&mut self, token: Token<'_>, numbers: Numbers) -> Result<(), String> {
        let Cells::Row(row) = self else {
            return Ok(());
        };
        let mut values = vec![Token::Null; row.fields.len()];
        match token {
            Token::Object(span) => Lexer::entries(span, |(raw, escaped), value| {
                let name = text_of(Token::Text { raw, escaped });
                if let Some(index) = row.names.iter().position(|n| n.as_bytes() == name.as_ref()) {
                    values[index] = value;
                }
                Ok(())
            })?,
            Token::Array(span) => {
                let mut slots = values.iter_mut();
                Lexer::elements(span, |value| {
                    if let Some(slot) = slots.next() {
                        *slot = value;
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        for ((field, name), value) in row.fields.iter_mut().zip(&row.names).zip(values) {
            field.push_json(value, numbers).map_err(|e| format!("field \"{name}\": {}", said_of(name, e)))?;
        }
        row.close(true);
        Ok(())
    }
}

/// What Jackson calls `asText`: nothing for containers; a number with a fraction through a double.
fn text_of(token: Token<'_>) -> Cow<'_, [u8]> {
    match token {
        Token::Text { raw, escaped: false } => Cow::Borrowed(raw),
        Token::Text { raw, .. } => {
            let mut out = Vec::with_capacity(raw.len());
            unescape(raw, &mut out);
            Cow::Owned(out)
        }
        Token::Number(text) => Cow::Borrowed(text),
        Token::Bool(true) => Cow::Borrowed(b"true"),
        Token::Bool(false) => Cow::Borrowed(b"false"),
        Token::Null => Cow::Borrowed(b"null"),
        Token::Array(_) | Token::Object(_) => Cow::Borrowed(b""),
    }
}

/// Whether a number has a fraction or an exponent.
pub(super) fn is_fractional(number: &[u8]) -> bool {
    number.iter().any(|b| matches!(b, b'.' | b'e' | b'E'))
}

/// tinyint, smallint: a whole number, or a text of one.
fn small(token: Token<'_>, min: i64, max: i64) -> Result<i64, String> {
    value::integer(value::trim(&text_of(token)), min, max)
}

/// int, bigint: also a number with a fraction, which is cut off.
fn whole(token: Token<'_>, min: i64, max: i64) -> Result<i64, String> {
    if let Token::Number(text) = token
        && is_fractional(text)
    {
        let value = value::double(text)?;
        if value >= min as f64 && value <= max as f64 {
            return Ok(value as i64);
        }
        return Err(format!("{} is out of range; allowed: {min} … {max}", shown_bytes(text)));
    }
    small(token, min, max)
}

fn double(token: Token<'_>) -> Result<f64, String> {
    match token {
        // an integer has no negative zero
        Token::Number(b"-0") => Ok(0.0),
        other => value::double(&text_of(other)),
    }
}

fn float(token: Token<'_>) -> Result<f32, String> {
    match token {
        Token::Number(text) if is_fractional(text) => Ok(value::double(text)? as f32),
        Token::Number(b"-0") => Ok(0.0),
        other => value::float(&text_of(other)),
    }
}

/// Blanks in it do not count; the padding must be there.
fn base64_of(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let wrong = |_| format!("{} is not base64 (with its padding)", shown_bytes(text));
    if text.iter().any(|b| *b <= b' ') {
        let dense: Vec<u8> = text.iter().copied().filter(|b| *b > b' ').collect();
        STANDARD.decode_vec(dense, out).map_err(wrong)
    } else {
        STANDARD.decode_vec(text, out).map_err(wrong)
    }
}

/// Appends a number as text: whole ones as written, others as Java prints the double or the decimal.
pub(super) fn push_number(out: &mut impl Out, text: &[u8], numbers: Numbers) {
    if !is_fractional(text) {
        return match text {
            b"-0" => out.text("0"),
            _ => out.bytes(text),
        };
    }
    match (numbers, DecimalText::parse(text)) {
        (Numbers::Decimals, Some(decimal)) => push_decimal(out, &decimal),
        _ => print::double(out, value::double(text).unwrap_or(f64::NAN)),
    }
}

/// A decimal without trailing zeros, of any length.
fn push_decimal(out: &mut impl Out, decimal: &DecimalText<'_>) {
    let digits: Vec<u8> =
        decimal.whole.iter().chain(decimal.fraction).copied().skip_while(|b| *b == b'0').collect();
    let scale = decimal.fraction.len() as i64 - decimal.exponent;
    if digits.len() <= 38
        && let (Ok(value), Ok(scale)) =
            (std::str::from_utf8(&digits).unwrap_or_default().parse::<i128>(), i8::try_from(scale))
    {
        let value = if decimal.negative { -value } else { value };
        return print::decimal128(out, value, scale, DecimalStyle::Stripped);
    }
    let kept = digits.iter().rposition(|b| *b != b'0').map_or(0, |at| at + 1);
    if kept == 0 {
        return out.text("0");
    }
    let adjusted = digits.len() as i64 - 1 - scale;
    if decimal.negative {
        out.text("-");
    }
    out.bytes(&digits[..1]);
    if kept > 1 {
        out.text(".");
        out.bytes(&digits[1..kept]);
    }
    out.text(if adjusted < 0 { "E" } else { "E+" });
    print::integer(out, adjusted);
}
