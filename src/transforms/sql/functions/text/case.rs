//! Letters changed: in case, for other letters, for other texts.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::always_null;
use crate::transforms::sql::functions::output::{fits, texts, try_texts};
use std::collections::HashMap;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["LOWER", "LCASE"],
        usage: "LOWER(text)",
        about: "A text in small letters.",
        bind: lower,
    },
    Function {
        names: &["UPPER", "UCASE"],
        usage: "UPPER(text)",
        about: "A text in capital letters.",
        bind: upper,
    },
    Function {
        names: &["REPLACE"],
        usage: "REPLACE(text, search[, new])",
        about: "A text with new text wherever it holds another one; without new text, or with null, that is left out.",
        bind: replace,
    },
    Function {
        names: &["TRANSLATE"],
        usage: "TRANSLATE(text, from, to)",
        about: "A text with each character of one list replaced by that at the same place of another; those without a \
                counterpart stay.",
        bind: translate,
    },
];

fn lower(call: &Call<'_>) -> Result<Bound, String> {
    cased(call, str::make_ascii_lowercase, str::to_lowercase)
}

fn upper(call: &Call<'_>) -> Result<Bound, String> {
    cased(call, str::make_ascii_uppercase, str::to_uppercase)
}

fn cased(call: &Call<'_>, ascii: fn(&mut str), any: fn(&str) -> String) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let text = call.text(0);
    Ok(Bound::new(DataType::String, move |values| {
        let text = text.of(values)?;
        texts(values.rows, text.bytes(values.rows), |row, out| {
            let text = text.get(row)?;
            if text.is_ascii() {
                let start = out.len();
                out.push_str(text);
                ascii(&mut out[start..]);
            } else {
                out.push_str(&any(text));
            }
            Some(())
        })
    }))
}

fn replace(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    let (text, search, new) = (call.text(0), call.text(1), call.text_if_given(2));
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, search) = (text.of(values)?, search.of(values)?);
        let new = new.as_ref().map(|new| new.of(values)).transpose()?;
        try_texts(values.rows, text.bytes(values.rows), |row, out| {
            let (Some(text), Some(search)) = (text.get(row), search.get(row)) else {
                return Ok(None);
            };
            let new = new.as_ref().and_then(|new| new.get(row)).unwrap_or("");
            let (start, mut copied) = (out.len(), 0);
            if !search.is_empty() {
                for (at, _) in text.match_indices(search) {
                    out.push_str(&text[copied..at]);
                    out.push_str(new);
                    copied = at + search.len();
                    if new.len() > search.len() {
                        fits("REPLACE", (out.len() - start).saturating_sub(text.len()) as u128)?;
                    }
                }
            }
            out.push_str(&text[copied..]);
            Ok(Some(()))
        })
    }))
}

/// What each character becomes. The first place of a character in `from` counts.
fn table(from: &str, to: &str) -> HashMap<char, char> {
    let mut table = HashMap::new();
    let mut to = to.chars();
    for c in from.chars() {
        let new = to.next().unwrap_or(c);
        table.entry(c).or_insert(new);
    }
    table
}

fn translate(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(3..=3)?;
    let (text, from, to) = (call.text(0), call.text(1), call.text(2));
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, from, to) = (text.of(values)?, from.of(values)?, to.of(values)?);
        // made anew only when the lists differ from the row before
        let mut last: Option<(String, String, HashMap<char, char>)> = None;
        texts(values.rows, text.bytes(values.rows), |row, out| {
            // without a second list nothing is replaced
            let (text, from, to) = (text.get(row)?, from.get(row)?, to.get(row).unwrap_or(""));
            let known = last.take().filter(|(f, t, _)| f == from && t == to);
            let (_, _, table) =
                last.insert(known.unwrap_or_else(|| (from.into(), to.into(), table(from, to))));
            out.extend(text.chars().map(|c| table.get(&c).copied().unwrap_or(c)));
            Some(())
        })
    }))
}
