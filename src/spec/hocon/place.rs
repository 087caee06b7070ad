//! Where in which text something stands.

use crate::model::Problem;
use std::rc::Rc;

/// A byte of one of the texts that a job is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Index into [`Files`].
    pub file: usize,
    /// Byte offset.
    pub offset: usize,
}

/// The texts that a job is read from: its own first, then each included one.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<(String, Rc<str>)>,
}

impl Files {
    /// Adds a text; an empty name means that a place in it needs no name.
    pub fn add(&mut self, name: &str, text: Rc<str>) -> usize {
        self.files.push((name.to_owned(), text));
        self.files.len() - 1
    }

    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Bytes of all texts.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|(_, text)| text.len()).sum()
    }

    /// `line 3, column 7`, with the text's name in front if it has one. Both count from 1, columns in characters.
    pub fn place(&self, mark: Mark) -> String {
        let Some((name, text)) = self.files.get(mark.file) else {
            return String::new();
        };
        let before = &text[..text.floor_char_boundary(mark.offset)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let comma = if name.is_empty() { "" } else { ", " };
        format!("{name}{comma}line {line}, column {column}")
    }

    /// A problem at `mark`.
    pub fn problem(&self, mark: Mark, message: impl Into<String>) -> Box<Problem> {
        Box::new(Problem::new(self.place(mark), message))
    }
}
