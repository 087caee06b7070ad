//! What is wrong with a text that somebody gave us: every problem at once, each with its place.

use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Name of the text; empty for the only one.
    #[serde(default, rename = "file", skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// `job.conf, line 3, column 7`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = if self.text.is_empty() { "" } else { ", " };
        write!(f, "{}{comma}line {}, column {}", self.text, self.line, self.column)
    }
}

/// One thing that is wrong with a job or a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where: `source[0].FakeSource.row.num`, `line 3, column 7`, or empty for the whole text.
    pub path: String,
    /// What was given and what is allowed, in one line.
    pub message: String,
    /// The way out, when there is one: `did you mean "row.num"?`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Line and column in the text, where they are known.
    #[serde(flatten)]
    pub place: Option<Place>,
}

impl Problem {
    /// A problem at `path`. Names that the user gave may hold ends of lines; they are shown as `\n`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: one_line(path.into()), message: one_line(message.into()), hint: None, place: None }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(one_line(hint.into()));
        self
    }
}

fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_debug()) } else { line.push(c) }
    }
    line
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        // Of a text that can't be parsed, the path is the place.
        match &self.place {
            Some(place) if self.path != place.to_string() => write!(f, " [{place}]"),
            _ => Ok(()),
        }
    }
}

/// Collects problems while a text is being checked; shared by reference among the readers of one text.
/// `errors` refuse the job, `warnings` (unknown options) are shown by `check` and in the job's log.
#[derive(Debug, Default)]
pub struct Problems {
    errors: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

impl Problems {
    /// Notes an error.
    pub fn error(&self, problem: Problem) {
        self.errors.borrow_mut().push(problem);
    }

    /// Notes a warning.
    pub fn warning(&self, problem: Problem) {
        self.warnings.borrow_mut().push(problem);
    }

    /// How many errors there are so far.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.errors.borrow().len()
    }

    /// Errors and warnings, each once: several readers may find the same.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Problem>, Vec<Problem>) {
        (once(self.errors.into_inner()), once(self.warnings.into_inner()))
    }
}

fn once(problems: Vec<Problem>) -> Vec<Problem> {
    let mut seen = HashSet::new();
    problems
        .into_iter()
        .filter(|problem| seen.insert((problem.path.clone(), problem.message.clone())))
        .collect()
}

/// The name among `known` that `given` most likely meant, if one is near enough.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            let longer = name.len().max(given.len());
            *distance <= 1 + longer / 4 && *distance < longer
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
