//! Regular expressions as arguments: a literal is compiled while the call is bound, one from a column once per value
//! and batch.

use super::arguments::{Text, TextArgument, shown};
use crate::transforms::java_regex::{Flags, Replacement, compile_with};
use crate::transforms::sql::function::{Call, Values};
use fancy_regex::Regex;
use std::collections::HashMap;

/// A pattern and its flags.
pub(super) struct Pattern {
    text: Text,
    flags: Option<Text>,
    literal: Option<Regex>,
}

impl Pattern {
    /// The pattern at that index, with its flags at another one (`i c n m`, a later one counts; null is none).
    ///
    /// # Errors
    /// A literal that is no pattern, with the place in it, or no flags.
    pub(super) fn bind(call: &Call<'_>, index: usize, flags: Option<usize>) -> Result<Self, String> {
        let flags = flags.filter(|flags| call.has(*flags) && !call.is_null(*flags));
        let known_flags = match flags {
            Some(flags) => call.literal_text(flags),
            None => Some(String::new()),
        };
        let known_flags = known_flags.map(|text| read_flags(&text)).transpose()?;
        let literal = call.literal_text(index).zip(known_flags);
        let literal = literal.map(|(pattern, flags)| compile_with(&pattern, flags)).transpose()?;
        Ok(Self { text: call.text(index), flags: flags.map(|flags| call.text(flags)), literal })
    }

    /// The compiled pattern, if it is a literal.
    pub(super) fn literal(&self) -> Option<&Regex> {
        self.literal.as_ref()
    }

    /// The patterns of a batch.
    ///
    /// # Errors
    /// A value of another type than the call was bound for.
    pub(super) fn of<'a>(&'a self, values: &Values<'a>) -> Result<Patterns<'a>, String> {
        Ok(match &self.literal {
            Some(pattern) => Patterns::Literal(pattern),
            None => Patterns::Column {
                texts: self.text.of(values)?,
                flags: self.flags.as_ref().map(|flags| flags.of(values)).transpose()?,
                known: HashMap::new(),
            },
        })
    }
}

/// The patterns of a batch.
pub(super) enum Patterns<'a> {
    /// One for all rows.
    Literal(&'a Regex),
    /// One for each row; those that were compiled, by flags and text.
    Column {
        texts: TextArgument<'a>,
        flags: Option<TextArgument<'a>>,
        known: HashMap<(Flags, String), Regex>,
    },
}

impl Patterns<'_> {
    /// The pattern of a row.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn get(&mut self, row: usize) -> Result<Option<&Regex>, String> {
        let (texts, flags, known) = match self {
            Patterns::Literal(pattern) => return Ok(Some(pattern)),
            Patterns::Column { texts, flags, known } => (texts, flags, known),
        };
        let Some(pattern) = texts.get(row) else {
            return Ok(None);
        };
        let flags = read_flags(flags.as_ref().and_then(|flags| flags.get(row)).unwrap_or(""))?;
        let key = (flags, pattern.to_owned());
        if !known.contains_key(&key) {
            let compiled = compile_with(pattern, flags)?;
            known.insert(key.clone(), compiled);
        }
        Ok(known.get(&key))
    }
}

/// Replacements of a batch by pattern and text; a literal one was read while the call was bound.
pub(super) struct Replacements<'a> {
    literal: Option<&'a Replacement>,
    known: HashMap<(String, String), Replacement>,
}

impl<'a> Replacements<'a> {
    /// None known but the literal one.
    pub(super) fn new(literal: Option<&'a Replacement>) -> Self {
        Self { literal, known: HashMap::new() }
    }

    /// The replacement of that text for a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn get(&mut self, text: &str, pattern: &Regex) -> Result<&Replacement, String> {
        if let Some(literal) = self.literal {
            return Ok(literal);
        }
        let key = (pattern.as_str().to_owned(), text.to_owned());
        match self.known.entry(key) {
            std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(new) => {
                Ok(new.insert(read_replacement(text, pattern)?))
            }
        }
    }
}

/// Reads a replacement.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read_replacement(text: &str, pattern: &Regex) -> Result<Replacement, String> {
    Replacement::parse(text, pattern).map_err(|error| format!("the replacement {} {error}", shown(text)))
}

fn read_flags(text: &str) -> Result<Flags, String> {
    let mut flags = Flags::default();
    for c in text.chars() {
        match c {
            'i' => flags.ignore_case = true,
            'c' => flags.ignore_case = false,
            'n' => flags.dot_all = true,
            'm' => flags.multi_line = true,
            other => {
                return Err(format!(
                    "{other:?} in {} is no flag; flags are i (any case), c (exact case), n (. is any character), m (^ \
                     and $ at each line)",
                    shown(text)
                ));
            }
        }
    }
    Ok(flags)
}
