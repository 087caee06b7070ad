//! Parts of a text by their places.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::always_null;
use crate::transforms::sql::functions::output::texts;
use crate::transforms::sql::functions::utf16;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["LEFT"],
        usage: "LEFT(text, length)",
        about: "The first characters of a text; empty for a negative length.",
        bind: left,
    },
    Function {
        names: &["RIGHT"],
        usage: "RIGHT(text, length)",
        about: "The last characters of a text; empty for a negative length.",
        bind: right,
    },
    Function {
        names: &["SUBSTRING", "SUBSTR"],
        usage: "SUBSTRING(text, start[, length])",
        about: "A part of a text from a place that counts from 1, or from the end if it is negative; null if nothing \
                is there. A timestamp is read as yyyy-MM-dd HH:mm:ss.",
        bind: substring,
    },
    Function {
        names: &["INSERT"],
        usage: "INSERT(text, start, length, new)",
        about: "A text with new text in place of a part of at least one character; unchanged if there is no such part.",
        bind: insert,
    },
];

fn left(call: &Call<'_>) -> Result<Bound, String> {
    end(call, |units, length| (0, length.min(units)))
}

fn right(call: &Call<'_>) -> Result<Bound, String> {
    end(call, |units, length| (units.saturating_sub(length), units))
}

/// `part`: from the text's units and the length to the part's first and last.
fn end(call: &Call<'_>, part: fn(usize, usize) -> (usize, usize)) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let (text, length) = (call.text(0), call.integer(1)?);
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, length) = (text.of(values)?, length.of(values)?);
        texts(values.rows, text.bytes(values.rows), |row, out| {
            let text = text.get(row)?;
            let length = usize::try_from(length.get(row)?).unwrap_or(0);
            let (from, to) = part(utf16::length(text), length);
            utf16::push_slice(text, from, to, out);
            Some(())
        })
    }))
}

fn substring(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    let (text, start, length) = (call.plain_text(0), call.integer(1)?, call.integer_if_given(2)?);
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, start) = (text.of(values)?, start.of(values)?);
        let length = length.as_ref().map(|length| length.of(values)).transpose()?;
        texts(values.rows, text.bytes(values.rows), |row, out| {
            let text = text.get(row)?;
            let units = utf16::length(text) as i64;
            let start = match start.get(row)? {
                0 => 1,
                back if back < 0 => units.saturating_add(back) + 1,
                start => start,
            };
            // a null length is none, as in the Java engine
            let end = length.as_ref().and_then(|length| length.get(row));
            let end = end.map_or(i64::MAX, |length| start.saturating_add(length));
            let (start, end) = (start.max(1), end.min(units + 1));
            if start > units || end <= start {
                return None;
            }
            utf16::push_slice(text, (start - 1) as usize, (end - 1) as usize, out);
            Some(())
        })
    }))
}

fn insert(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(4..=4)?;
    let (text, start, length, new) = (call.text(0), call.integer(1)?, call.integer(2)?, call.text(3));
    if call.any_null(&[1, 2]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, start) = (text.of(values)?, start.of(values)?);
        let (length, new) = (length.of(values)?, new.of(values)?);
        texts(values.rows, text.bytes(values.rows), |row, out| {
            let (start, length) = (start.get(row)?, length.get(row)?);
            let (text, new) = match (text.get(row), new.get(row)) {
                (Some(text), Some(new)) => (text, new),
                // one of them null: the other one alone
                (alone, other) => {
                    out.push_str(alone.or(other)?);
                    return Some(());
                }
            };
            let units = utf16::length(text);
            match usize::try_from(start.saturating_sub(1)) {
                Ok(start) if length > 0 && !new.is_empty() && start <= units => {
                    let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(units);
                    utf16::push_slice(text, 0, start, out);
                    out.push_str(new);
                    utf16::push_slice(text, end, units, out);
                }
                _ => out.push_str(text),
            }
            Some(())
        })
    }))
}
