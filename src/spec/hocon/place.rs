//! Where in which text something stands.

use crate::model::{Place, Problem};
use std::rc::Rc;

/// A byte of one of the texts that a job is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Index into [`Files`].
    pub file: usize,
    /// Byte offset.
    pub offset: usize,
}

/// Which bytes of a text were copied from where in the text that the user wrote.
#[derive(Clone, Debug, Default)]
pub struct Copied {
    /// Offset in the copy and offset in the original where each piece starts, by rising offset in the copy.
    pieces: Vec<(usize, usize)>,
}

impl Copied {
    /// What follows `offset` of the copy starts at `original`.
    pub fn piece(&mut self, offset: usize, original: usize) {
        let goes_on = |(from, at): &(usize, usize)| offset - from == original.wrapping_sub(*at);
        if !self.pieces.last().is_some_and(goes_on) {
            self.pieces.push((offset, original));
        }
    }

    /// Where the byte at `offset` of the copy stands in the original.
    pub fn original(&self, offset: usize) -> usize {
        match self.pieces.partition_point(|(from, _)| *from <= offset).checked_sub(1) {
            Some(index) => self.pieces[index].1 + (offset - self.pieces[index].0),
            None => 0,
        }
    }
}

/// A text as its user sees it.
#[derive(Debug)]
struct File {
    name: String,
    text: Rc<str>,
    /// Where it is a translation that is parsed: how to come back to `text`.
    copied: Option<Copied>,
}

/// The texts that a job is read from: its own first, then each included one.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<File>,
}

impl Files {
    /// Adds a text; an empty name means that a place in it needs no name.
    pub fn add(&mut self, name: &str, text: Rc<str>) -> usize {
        self.files.push(File { name: name.to_owned(), text, copied: None });
        self.files.len() - 1
    }

    /// Adds a text that is parsed in translation: marks are offsets in that.
    pub fn add_translated(&mut self, name: &str, text: Rc<str>, copied: Copied) -> usize {
        self.files.push(File { name: name.to_owned(), text, copied: Some(copied) });
        self.files.len() - 1
    }

    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Bytes of all texts.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.text.len()).sum()
    }

    /// The place of a mark: lines and columns count from 1, columns in characters.
    pub fn place(&self, mark: Mark) -> Option<Place> {
        let file = self.files.get(mark.file)?;
        let offset = file.copied.as_ref().map_or(mark.offset, |copied| copied.original(mark.offset));
        let before = &file.text[..file.text.floor_char_boundary(offset)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some(Place { text: file.name.clone(), line, column })
    }

    /// A problem at `mark`.
    pub fn problem(&self, mark: Mark, message: impl Into<String>) -> Box<Problem> {
        let place = self.place(mark);
        let path = place.as_ref().map(ToString::to_string).unwrap_or_default();
        Box::new(Problem { place, ..Problem::new(path, message) })
    }
}
