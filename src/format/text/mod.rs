//! Text files: one row per line, cells parted by a delimiter; what is nested in a cell by the separators of its level
//! (U+0002, U+0003 …). Nothing is quoted.
//!
//! `decode` reads, `encode` writes (csv files too use it for the text of their cells), `formats` knows the patterns
//! that dates and times may be written in. They are not used in reading: there the form is detected from the text.

mod decode;
mod encode;
mod formats;

pub use decode::{ReadOptions, decoder};
pub use encode::{WriteOptions, encoder};
pub use formats::TimeFormats;

pub(super) use decode::{check_levels, slots};
pub(super) use encode::{push_cell, views, writable};
