//! CSV files: quotes stand around cells that hold delimiters, quotes (doubled) or line breaks.
//!
//! Cells are those of text files once their quotes are gone; so is what is nested in them.

mod decode;
mod encode;

pub use decode::{ReadOptions, decoder};
pub use encode::{WriteOptions, encoder};
