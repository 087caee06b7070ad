//! LIKE: `%` is any text, `_` one character, wherever they stand; everything else is itself.

use super::arithmetic::Side;
use super::problem;
use crate::transforms::sql::function::Kernel;
use arrow::array::{Array, AsArray, StringArray};
use arrow::compute::kernels::comparison::{ilike, like, nilike, nlike};
use arrow::compute::prep_null_mask_filter;
use std::borrow::Cow;
use std::sync::Arc;

/// What escapes `%`, `_` and itself, unless ESCAPE names another character.
pub(in crate::transforms::sql) const DEFAULT_ESCAPE: char = '\\';

/// `subject [NOT] [I]LIKE pattern`; false if one is null. The pattern is `literal` if it is one.
pub(in crate::transforms::sql) fn kernel(
    literal: Option<&str>,
    escape: char,
    negated: bool,
    ignore_case: bool,
) -> Kernel {
    let literal = literal.map(|pattern| StringArray::new_scalar(with_backslash(pattern, escape)));
    Arc::new(move |values| {
        let subject = Side::of(values, 0)?.datum();
        let pattern: Box<dyn arrow::array::Datum> = match &literal {
            Some(pattern) => Box::new(pattern.clone()),
            None if escape == DEFAULT_ESCAPE => Side::of(values, 1)?.datum(),
            None => {
                let patterns = super::array(values, 1)?;
                let patterns = patterns.as_string::<i32>().iter();
                let patterns: StringArray =
                    patterns.map(|pattern| pattern.map(|text| with_backslash(text, escape))).collect();
                Box::new(patterns)
            }
        };
        let (subject, pattern) = (subject.as_ref(), pattern.as_ref());
        let found = match (ignore_case, negated) {
            (false, false) => like(subject, pattern),
            (false, true) => nlike(subject, pattern),
            (true, false) => ilike(subject, pattern),
            (true, true) => nilike(subject, pattern),
        };
        let found = found.map_err(problem)?;
        Ok(Arc::new(if found.null_count() > 0 { prep_null_mask_filter(&found) } else { found }))
    })
}

/// The pattern with a backslash as its escape.
fn with_backslash(pattern: &str, escape: char) -> Cow<'_, str> {
    if escape == DEFAULT_ESCAPE {
        return Cow::Borrowed(pattern);
    }
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            _ if c == escape => match chars.next() {
                Some(next) if next == '%' || next == '_' || next == '\\' => out.extend(['\\', next]),
                Some(next) => out.push(next),
                None => out.push(c),
            },
            '\\' => out.push_str("\\\\"),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}
