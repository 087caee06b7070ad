//! Where a text stands in another one: `LOCATE`, `INSTR`, `POSITION`.
//!
//! Places count from 1; 0 is "nowhere". A start above 0 leaves out what stands before it, one below 0 counts from the
//! end and searches backwards. In a null text nothing is found: 0, not null.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::output::numbers;
use crate::transforms::sql::functions::utf16;
use arrow::datatypes::Int32Type;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["LOCATE"],
        usage: "LOCATE(search, text[, start])",
        about: "Where a text holds another one, counted from 1; 0 if it doesn't. A negative start searches backwards.",
        bind: locate,
    },
    Function {
        names: &["INSTR"],
        usage: "INSTR(text, search[, start])",
        about: "As LOCATE, with the text first.",
        bind: instr,
    },
    Function {
        names: &["POSITION"],
        usage: "POSITION(search, text)",
        about: "Where a text holds another one, counted from 1; 0 if it doesn't.",
        bind: position,
    },
];

fn locate(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    place(call, 0, 1)
}

fn instr(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    place(call, 1, 0)
}

fn position(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    place(call, 0, 1)
}

fn place(call: &Call<'_>, search: usize, text: usize) -> Result<Bound, String> {
    let (search, text, start) = (call.text(search), call.text(text), call.integer_if_given(2)?);
    Ok(Bound::new(DataType::Int, move |values| {
        let (search, text) = (search.of(values)?, text.of(values)?);
        let start = start.as_ref().map(|start| start.of(values)).transpose()?;
        numbers::<Int32Type>(values.rows, |row| {
            let Some(text) = text.get(row) else {
                return Some(0);
            };
            let start = match &start {
                Some(start) => start.get(row)?,
                None => 1,
            };
            Some(find(text, search.get(row)?, start))
        })
    }))
}

fn find(text: &str, search: &str, start: i64) -> i32 {
    let units = utf16::length(text);
    let place = |unit: usize| i32::try_from(unit + 1).unwrap_or(i32::MAX);
    let found = if start < 0 {
        // the last place that begins at or before this unit
        let Some(last) = usize::try_from(start.unsigned_abs()).ok().and_then(|back| units.checked_sub(back))
        else {
            return 0;
        };
        if search.is_empty() {
            return place(last);
        }
        let mut at = utf16::byte_of(text, last);
        if utf16::unit_of(text, at) > last {
            at = text[..at].char_indices().next_back().map_or(0, |(at, _)| at);
        }
        text[..text.floor_char_boundary(at + search.len())].rfind(search)
    } else {
        let from = usize::try_from(start - 1).unwrap_or(0).min(units);
        if search.is_empty() {
            return place(from);
        }
        let at = utf16::byte_of(text, from);
        text[at..].find(search).map(|found| at + found)
    };
    found.map_or(0, |byte| place(utf16::unit_of(text, byte)))
}
