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

use super::function::Function;

/// All groups.
const GROUPS: &[&[Function]] = &[
    text::LENGTH,
    text::PLACE,
    text::JOIN,
    text::CUT,
    text::PAD,
    text::CASE,
    text::REGEX,
    text::CODES,
    text::DIGEST,
    text::AES,
    text::DES,
    text::JSON,
    number::ABS,
    number::ROUNDING,
    number::MODULO,
    number::REAL,
    number::RANDOM,
    number::TRIM_SCALE,
    time::NOW,
    time::PARTS,
    time::EXTRACT,
    time::ADD,
    time::DIFF,
    time::TRUNC,
    time::FORMAT,
    time::PARSE,
    time::ZONED,
    conditional::FUNCTIONS,
    collection::FUNCTIONS,
    vector::FUNCTIONS,
];

/// The function of that name, in any letter case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// All functions.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|group| group.iter())
}
