//! Texts → a column of one type, read as the cells of a text file are.

use super::value::{Cells, is_blank};
use crate::model::shown;
use crate::table::DataType;
use arrow::array::ArrayRef;

/// Reads texts into a column. Unlike a cell, a blank text is no null but wrong.
#[derive(Debug)]
pub struct TypedText {
    cells: Cells,
}

impl TypedText {
    /// A reader of values of that type: a number, a date, a time or a timestamp.
    #[must_use]
    pub fn new(data_type: &DataType) -> Self {
        Self { cells: Cells::new(data_type) }
    }

    /// Appends what a text spells, or a null. After an error the next text may follow.
    ///
    /// # Errors
    /// A text that is no value of the type.
    pub fn push(&mut self, text: Option<&str>) -> Result<(), String> {
        match text {
            None => self.cells.push_null(),
            Some(text) if is_blank(text.as_bytes()) => return Err(format!("{} is no value", shown(text))),
            Some(text) => self.cells.push_text(text.as_bytes(), 0)?,
        }
        Ok(())
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        self.cells.push_null();
    }

    /// The column, in the form of [`DataType::to_arrow`].
    pub fn finish(&mut self) -> ArrayRef {
        self.cells.finish()
    }
}
