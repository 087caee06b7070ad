//! What goes wrong between bytes and rows.

use std::fmt;

/// Bytes that are no rows of the wanted columns, or rows that can't be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// Line of the input, from 1; where a record spans several, its first.
    pub line: Option<u64>,
    /// Column that the value was meant for.
    pub column: Option<String>,
    /// What was given and what is allowed; a value is cut after 60 characters.
    pub message: String,
}

impl FormatError {
    /// An error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { line: None, column: None, message: message.into() }
    }

    /// Adds the line.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// Adds the column.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, &self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column \"{column}\": ")?,
            (Some(line), None) => write!(f, "line {line}: ")?,
            (None, Some(column)) => write!(f, "column \"{column}\": ")?,
            (None, None) => {}
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for FormatError {}
