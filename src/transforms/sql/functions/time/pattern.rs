//! Arguments that are time patterns: a literal is compiled once, others once per distinct text of a batch.

use super::arguments::{Text, TextArgument};
use crate::format::java_time::TimePattern;
use crate::transforms::sql::function::{Call, Values};
use std::collections::HashMap;
use std::sync::Arc;

/// Whether a pattern can be used for what the call does.
pub(super) type Check = Arc<dyn Fn(&TimePattern) -> Result<(), String> + Send + Sync>;

/// An argument that is a time pattern.
#[derive(Clone)]
pub(super) enum PatternArgument {
    /// The same for all rows.
    Known(Arc<TimePattern>),
    /// One for each row.
    Text(Text, Check),
}

impl PatternArgument {
    /// The pattern argument of a call; none if it is null.
    ///
    /// # Errors
    /// A literal that is no pattern, or can't be used.
    pub(super) fn bind(call: &Call<'_>, index: usize, check: Check) -> Result<Option<Self>, String> {
        if call.is_null(index) {
            return Ok(None);
        }
        Ok(Some(match call.literal_text(index) {
            Some(text) => {
                let pattern = TimePattern::compile(&text)?;
                check(&pattern)?;
                PatternArgument::Known(Arc::new(pattern))
            }
            None => PatternArgument::Text(call.text(index), check),
        }))
    }

    /// The patterns of a batch.
    ///
    /// # Errors
    /// A text that is no pattern, or can't be used.
    pub(super) fn of<'a>(&self, values: &Values<'a>) -> Result<Patterns<'a>, String> {
        let (text, check) = match self {
            PatternArgument::Known(pattern) => return Ok(Patterns::Same(pattern.clone())),
            PatternArgument::Text(text, check) => (text, check),
        };
        let texts = text.of(values)?;
        let mut known: HashMap<String, TimePattern> = HashMap::new();
        for text in (0..values.rows).filter_map(|row| texts.get(row)) {
            if !known.contains_key(text) {
                let pattern = TimePattern::compile(text)?;
                check(&pattern)?;
                known.insert(text.to_owned(), pattern);
            }
        }
        Ok(Patterns::Each(texts, known))
    }
}

/// The patterns of a batch.
pub(super) enum Patterns<'a> {
    /// One for all rows.
    Same(Arc<TimePattern>),
    /// One for each row.
    Each(TextArgument<'a>, HashMap<String, TimePattern>),
}

impl Patterns<'_> {
    /// The pattern of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<&TimePattern> {
        match self {
            Patterns::Same(pattern) => Some(pattern),
            Patterns::Each(texts, known) => known.get(texts.get(row)?),
        }
    }
}
