//! Regular expressions as arguments: a literal is compiled while the call is bound, one from a column once per value
//! and batch.

use super::arguments::{Text, TextArgument};
use crate::model::shown;
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
        let column = |text: &Text| text.of(values);
        Ok(Patterns {
            literal: self.literal.as_ref(),
            texts: if self.literal.is_none() { Some(column(&self.text)?) } else { None },
            flags: self.flags.as_ref().map(column).transpose()?,
            known: HashMap::new(),
        })
    }
}

/// The patterns of a batch.
pub(super) struct Patterns<'a> {
    /// One for all rows.
    literal: Option<&'a Regex>,
    /// One for each row.
    texts: Option<TextArgument<'a>>,
    flags: Option<TextArgument<'a>>,
    /// Those that were compiled.
    known: HashMap<Flags, HashMap<String, Regex>>,
}

impl Patterns<'_> {
    /// The pattern of a row.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn get(&mut self, row: usize) -> Result<Option<&Regex>, String> {
        if let Some(literal) = self.literal {
            return Ok(Some(literal));
        }
        let Some(pattern) = self.texts.as_ref().and_then(|texts| texts.get(row)) else {
            return Ok(None);
        };
        let flags = read_flags(self.flags.as_ref().and_then(|flags| flags.get(row)).unwrap_or(""))?;
        let known = self.known.entry(flags).or_default();
        if !known.contains_key(pattern) {
            known.insert(pattern.to_owned(), compile_with(pattern, flags)?);
        }
        Ok(known.get(pattern))
    }
}

/// Replacements of a batch; a literal one was read while the call was bound.
pub(super) struct Replacements<'a> {
    literal: Option<&'a Replacement>,
    /// The pattern that the known ones are for.
    pattern: String,
    known: HashMap<String, Replacement>,
}

impl<'a> Replacements<'a> {
    /// None known but the literal one.
    pub(super) fn new(literal: Option<&'a Replacement>) -> Self {
        Self { literal, pattern: String::new(), known: HashMap::new() }
    }

    /// The replacement of that text for a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn get(&mut self, text: &str, pattern: &Regex) -> Result<&Replacement, String> {
        if let Some(literal) = self.literal {
            return Ok(literal);
        }
        if self.pattern != pattern.as_str() {
            self.known.clear();
            self.pattern = pattern.as_str().to_owned();
        }
        if !self.known.contains_key(text) {
            self.known.insert(text.to_owned(), read_replacement(text, pattern)?);
        }
        self.known.get(text).ok_or_else(|| format!("the replacement {} is lost", shown(text)))
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
