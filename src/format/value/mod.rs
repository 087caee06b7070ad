//! Texts → values, as the Java engine reads them, straight into Arrow builders.
//!
//! `number`, `decimal` and `time` parse one value from bytes, without allocating; `cells` is the builder of one
//! column, nested ones included; `text_cell` fills it from cells of text and csv files (the json rules live beside
//! the json lexer).

mod cells;
mod decimal;
mod hex_float;
pub(crate) mod instant;
mod number;
mod strings;
mod text_cell;
pub(crate) mod time;

pub(super) use cells::{Cells, arrow_field};
pub(super) use decimal::DecimalText;
pub(super) use number::{double, float, integer, is_blank, trim};
pub(super) use text_cell::{MAX_LEVEL, last_of_equal};
