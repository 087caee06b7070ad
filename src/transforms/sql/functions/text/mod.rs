//! The functions of text. Each file is a group; a function is bound by a `fn` of its own, and its kernel writes row by
//! row into one column. Lengths and places count UTF-16 units (`utf16`), as users of the Java engine know them.

mod aes;
mod case;
mod codes;
mod cut;
mod des;
mod digest;
mod join;
mod json;
mod length;
mod pad;
mod place;
mod regex;

pub(super) use aes::FUNCTIONS as AES;
pub(super) use case::FUNCTIONS as CASE;
pub(super) use codes::FUNCTIONS as CODES;
pub(super) use cut::FUNCTIONS as CUT;
pub(super) use des::FUNCTIONS as DES;
pub(super) use digest::FUNCTIONS as DIGEST;
pub(super) use join::FUNCTIONS as JOIN;
pub(super) use json::FUNCTIONS as JSON;
pub(super) use length::FUNCTIONS as LENGTH;
pub(super) use pad::FUNCTIONS as PAD;
pub(super) use place::FUNCTIONS as PLACE;
pub(super) use regex::FUNCTIONS as REGEX;
