//! The functions of SQL, in groups. A new one is an entry in its group's `FUNCTIONS`.

mod arguments;
mod collection;
mod columns;
mod conditional;
mod java_random;
mod number;
mod output;
mod patterns;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod unify;
mod utf16;
mod vector;

use super::function::{Function, SqlFunction};

/// All groups, each with what it is about.
const GROUPS: &[(&str, &[Function])] = &[
    ("Lengths of texts", text::LENGTH),
    ("Places in texts", text::PLACE),
    ("Texts put together", text::JOIN),
    ("Parts of texts", text::CUT),
    ("Filling and trimming texts", text::PAD),
    ("Letters", text::CASE),
    ("Regular expressions", text::REGEX),
    ("Codes of texts", text::CODES),
    ("Sums and keys", text::DIGEST),
    ("Encryption with AES", text::AES),
    ("Encryption with DES", text::DES),
    ("JSON texts", text::JSON),
    ("Signs of numbers", number::ABS),
    ("Rounding", number::ROUNDING),
    ("Division", number::MODULO),
    ("Real numbers", number::REAL),
    ("Random numbers", number::RANDOM),
    ("Numbers as texts", number::TRIM_SCALE),
    ("The date and time now", time::NOW),
    ("Parts of dates and times", time::PARTS),
    ("Fields of dates and times", time::EXTRACT),
    ("Moving dates and times", time::ADD),
    ("Between dates and times", time::DIFF),
    ("Beginnings of units of time", time::TRUNC),
    ("Dates and times as texts", time::FORMAT),
    ("Dates and times in texts", time::PARSE),
    ("Time zones", time::ZONED),
    ("Choosing", conditional::FUNCTIONS),
    ("Arrays and maps", collection::FUNCTIONS),
    ("Vectors", vector::FUNCTIONS),
];

/// The function of that name, in any letter case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// All functions.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|(_, functions)| functions.iter())
}

/// What users are told of all functions, group by group.
pub fn sql_functions() -> impl Iterator<Item = SqlFunction> {
    GROUPS.iter().flat_map(|(group, functions)| {
        functions.iter().map(|function| SqlFunction {
            group,
            names: function.names,
            usage: function.usage,
            about: function.about,
        })
    })
}
