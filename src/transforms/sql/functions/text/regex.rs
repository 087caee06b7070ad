//! Functions of regular expressions.

use crate::table::DataType;
use crate::transforms::java_regex::{behind, compile, endless, replace, split};
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::{Integer, IntegerArgument, always_null};
use crate::transforms::sql::functions::output::try_texts;
use crate::transforms::sql::functions::patterns::{Pattern, Replacements, read_replacement};
use crate::transforms::sql::functions::utf16;
use arrow::array::{ArrayRef, BooleanArray, ListBuilder, StringBuilder};
use fancy_regex::Regex;
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["REGEXP_REPLACE"],
        usage: "REGEXP_REPLACE(text, pattern, replacement[, flags])",
        about: "A text with every match of a regular expression replaced; $1 stands for a group. Flags: i c n m.",
        bind: regexp_replace,
    },
    Function {
        names: &["REGEXP_LIKE"],
        usage: "REGEXP_LIKE(text, pattern[, flags])",
        about: "Whether a regular expression matches somewhere in a text. Flags: i c n m.",
        bind: regexp_like,
    },
    Function {
        names: &["REGEXP_SUBSTR"],
        usage: "REGEXP_SUBSTR(text, pattern[, start[, occurrence[, flags[, group]]]])",
        about: "What a regular expression, or a group of it, matches from a place on; null if it doesn't.",
        bind: regexp_substr,
    },
    Function {
        names: &["SPLIT"],
        usage: "SPLIT(text[, separator])",
        about: "The parts of a text between matches of a regular expression, without empty ones at the end; null for an \
                empty text.",
        bind: split_text,
    },
];

fn regexp_replace(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(3..=4)?;
    let (text, pattern, new) = (call.text(0), Pattern::bind(call, 1, Some(3))?, call.text(2));
    let literal = pattern.literal().zip(call.literal_text(2));
    let literal = literal.map(|(pattern, new)| read_replacement(&new, pattern)).transpose()?;
    if call.any_null(&[0, 1, 2]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, new) = (text.of(values)?, new.of(values)?);
        let (mut patterns, mut replacements) = (pattern.of(values)?, Replacements::new(literal.as_ref()));
        try_texts(values.rows, text.bytes(values.rows), |row, out| {
            let (Some(text), Some(pattern), Some(new)) = (text.get(row), patterns.get(row)?, new.get(row))
            else {
                return Ok(None);
            };
            replace(text, pattern, replacements.get(new, pattern)?, false, out).map_err(|e| e.to_string())?;
            Ok(Some(()))
        })
    }))
}

fn regexp_like(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    let (text, pattern) = (call.text(0), Pattern::bind(call, 1, Some(2))?);
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::Boolean));
    }
    Ok(Bound::new(DataType::Boolean, move |values| {
        let (text, mut patterns) = (text.of(values)?, pattern.of(values)?);
        let like = |row| {
            let (Some(text), Some(pattern)) = (text.get(row), patterns.get(row)?) else {
                return Ok(None);
            };
            pattern.is_match(text).map(Some).map_err(|e| endless(pattern, text, &e).to_string())
        };
        let column: BooleanArray = (0..values.rows).map(like).collect::<Result<_, String>>()?;
        Ok(Arc::new(column) as ArrayRef)
    }))
}

fn regexp_substr(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=6)?;
    let (text, pattern) = (call.text(0), Pattern::bind(call, 1, Some(4))?);
    let (start, occurrence) = (call.integer_if_given(2)?, call.integer_if_given(3)?);
    let group = call.integer_if_given(5)?;
    if let (Some(pattern), Some(group)) = (pattern.literal(), call.literal_integer(5)) {
        let groups = pattern.captures_len() - 1;
        if !usize::try_from(group).is_ok_and(|group| group <= groups) {
            return Err(format!("{} is to give group {group}, the pattern has {groups}", call.name));
        }
    }
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, mut patterns) = (text.of(values)?, pattern.of(values)?);
        let of = |number: &Option<Integer>| number.as_ref().map(|number| number.of(values)).transpose();
        let (start, occurrence, group) = (of(&start)?, of(&occurrence)?, of(&group)?);
        // null stands for what holds without the argument
        let number = |argument: &Option<IntegerArgument>, row, without| {
            argument.as_ref().and_then(|argument| argument.get(row)).unwrap_or(without)
        };
        try_texts(values.rows, text.bytes(values.rows), |row, out| {
            let (Some(text), Some(pattern)) = (text.get(row), patterns.get(row)?) else {
                return Ok(None);
            };
            let group = usize::try_from(number(&group, row, 0)).unwrap_or(usize::MAX);
            let start = number(&start, row, 1);
            let found = nth(pattern, text, start, number(&occurrence, row, 1), group)?;
            Ok(found.map(|found| out.push_str(found)))
        })
    }))
}

/// What a group of a match matched.
fn nth<'t>(
    pattern: &Regex,
    text: &'t str,
    start: i64,
    occurrence: i64,
    group: usize,
) -> Result<Option<&'t str>, String> {
    let units = utf16::length(text);
    let Some(start) =
        usize::try_from(start).ok().and_then(|start| start.checked_sub(1)).filter(|at| *at <= units)
    else {
        return Ok(None);
    };
    let mut at = utf16::byte_of(text, start);
    let mut left = occurrence.max(1);
    loop {
        let found =
            pattern.captures_from_pos(text, at).map_err(|e| endless(pattern, text, &e).to_string())?;
        let Some(captures) = found else {
            return Ok(None);
        };
        left -= 1;
        if left == 0 {
            return Ok(captures.get(group).map(|found| found.as_str()));
        }
        let Some(whole) = captures.get(0) else {
            return Ok(None);
        };
        match behind(text, whole.start(), whole.end()) {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
}

fn split_text(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=2)?;
    let result = DataType::Array(Box::new(DataType::String));
    let text = call.text(0);
    let pattern = if call.has(1) { Some(Pattern::bind(call, 1, None)?) } else { None };
    if call.any_null(&[0, 1]) {
        return Ok(always_null(result));
    }
    let each = compile("")?;
    Ok(Bound::new(result, move |values| {
        let text = text.of(values)?;
        let mut patterns = pattern.as_ref().map(|pattern| pattern.of(values)).transpose()?;
        let mut lists = ListBuilder::with_capacity(StringBuilder::new(), values.rows)
            .with_field(DataType::element_field(&DataType::String));
        for row in 0..values.rows {
            let pattern = match &mut patterns {
                Some(patterns) => patterns.get(row)?,
                None => Some(&each),
            };
            let (Some(text), Some(pattern)) = (text.get(row).filter(|text| !text.is_empty()), pattern) else {
                lists.append_null();
                continue;
            };
            let parts = split(text, pattern, usize::MAX).map_err(|e| e.to_string())?;
            let kept = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
            parts[..kept].iter().for_each(|part| lists.values().append_value(part));
            lists.append(true);
        }
        Ok(Arc::new(lists.finish()) as ArrayRef)
    }))
}
