//! Texts filled up to a length, or freed of what fills them.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::always_null;
use crate::transforms::sql::functions::output::{fits, push_repeated, texts, try_texts};
use crate::transforms::sql::functions::utf16;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["LPAD"],
        usage: "LPAD(text, length[, pad])",
        about: "A text filled up to a length at its left, with blanks or a pad; a longer one is cut at its right.",
        bind: lpad,
    },
    Function {
        names: &["RPAD"],
        usage: "RPAD(text, length[, pad])",
        about: "A text filled up to a length at its right, with blanks or a pad; a longer one is cut there.",
        bind: rpad,
    },
    Function {
        names: &["LTRIM"],
        usage: "LTRIM(text[, character])",
        about: "A text without the blanks, or another character, at its left.",
        bind: ltrim,
    },
    Function {
        names: &["RTRIM"],
        usage: "RTRIM(text[, character])",
        about: "A text without the blanks, or another character, at its right.",
        bind: rtrim,
    },
    Function {
        names: &["TRIM"],
        usage: "TRIM(text[, character])",
        about: "A text without the blanks, or another character, at both ends.",
        bind: trim,
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

fn lpad(call: &Call<'_>) -> Result<Bound, String> {
    pad(call, Side::Left)
}

fn rpad(call: &Call<'_>) -> Result<Bound, String> {
    pad(call, Side::Right)
}

fn pad(call: &Call<'_>, side: Side) -> Result<Bound, String> {
    call.arity(2..=3)?;
    let (text, length, pad) = (call.text(0), call.integer(1)?, call.text_if_given(2));
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::String));
    }
    let name = if side == Side::Left { "LPAD" } else { "RPAD" };
    Ok(Bound::new(DataType::String, move |values| {
        let (text, length) = (text.of(values)?, length.of(values)?);
        let pad = pad.as_ref().map(|pad| pad.of(values)).transpose()?;
        try_texts(values.rows, text.bytes(values.rows), |row, out| {
            let (Some(text), Some(length)) = (text.get(row), length.get(row)) else {
                return Ok(None);
            };
            let units = utf16::length(text);
            let length = usize::try_from(length).unwrap_or(0);
            if length <= units {
                utf16::push_slice(text, 0, length, out);
                return Ok(Some(()));
            }
            // an empty or null pad is a blank
            let pad = pad.as_ref().and_then(|pad| pad.get(row)).filter(|pad| !pad.is_empty()).unwrap_or(" ");
            let pad_units = utf16::length(pad);
            let (times, rest) = ((length - units) / pad_units, (length - units) % pad_units);
            fits(name, text.len() as u128 + pad.len() as u128 * (times as u128 + 1))?;
            if side == Side::Right {
                out.push_str(text);
            }
            push_repeated(pad, times, out);
            utf16::push_slice(pad, 0, rest, out);
            if side == Side::Left {
                out.push_str(text);
            }
            Ok(Some(()))
        })
    }))
}

fn ltrim(call: &Call<'_>) -> Result<Bound, String> {
    trim_with(call, |text, c| text.trim_start_matches(c))
}

fn rtrim(call: &Call<'_>) -> Result<Bound, String> {
    trim_with(call, |text, c| text.trim_end_matches(c))
}

fn trim(call: &Call<'_>) -> Result<Bound, String> {
    trim_with(call, |text, c| text.trim_matches(c))
}

fn trim_with(call: &Call<'_>, trimmed: fn(&str, char) -> &str) -> Result<Bound, String> {
    call.arity(1..=2)?;
    let (text, character) = (call.text(0), call.text_if_given(1));
    Ok(Bound::new(DataType::String, move |values| {
        let text = text.of(values)?;
        let character = character.as_ref().map(|character| character.of(values)).transpose()?;
        texts(values.rows, text.bytes(values.rows), |row, out| {
            // only the first character counts; none is a blank
            let character = character.as_ref().and_then(|character| character.get(row)?.chars().next());
            out.push_str(trimmed(text.get(row)?, character.unwrap_or(' ')));
            Some(())
        })
    }))
}
