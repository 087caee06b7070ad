//! Java's `DateTimeFormatter` patterns: `yyyy-MM-dd HH:mm:ss`, read and printed as `DateTimeFormatter.ofPattern` does.
//!
//! [`TimePattern::compile`] turns a pattern into items (`pattern`, their letters in `field`); `print` writes a [`Moment`]
//! by them; `parse` reads a text into field values, which `resolve` makes a date, a time of day or both.
//!
//! Invariants:
//! - Texts are English, weeks of the letters `w W Y e c` are those of the United States (from Sunday, the first one may
//!   have one day).
//! - Values are resolved in Java's SMART way: 30 February is the last of February, 24:00 is the next day's beginning.
//! - No text and no moment panics.

mod field;
mod moment;
mod parse;
mod pattern;
mod print;
mod resolve;
#[cfg(test)]
mod tests;

pub use field::{MONTHS, WEEKDAYS};
pub use moment::{Kind, Moment};
pub use pattern::TimePattern;
