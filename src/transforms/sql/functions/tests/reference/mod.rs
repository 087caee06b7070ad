//! Slow plain readings of the functions' definitions, one row at a time; texts as UTF-16 units. They use nothing
//! of the transform.

mod calendar;
mod digits;
mod pieces;
mod sums;
mod words;

pub(super) use calendar::{add, between, iso_week, trunc, week_of_year};
pub(super) use digits::{remainder, round};
pub(super) use pieces::{insert, left, locate, pad, right, substring};
pub(super) use sums::{base64, murmur};
pub(super) use words::{
    ascii, char_of, concat_ws, hex_to_raw, raw_to_hex, repeat, replace, soundex, split, translate, trim,
};

/// The units of a text.
fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// The text of units; a half character is `?`.
fn text(units: &[u16]) -> String {
    char::decode_utf16(units.iter().copied()).map(|c| c.unwrap_or('?')).collect()
}
