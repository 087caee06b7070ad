//! The job language's own dialect of HOCON, and JSON as a subset of it.
//!
//! `lexer` makes tokens, `path` turns key tokens into paths, `parser` builds a [`Node`] tree with references still
//! in it (`include` reads the files that it names), `resolver` fills the references in, and [`to_tree`] makes the
//! [`Tree`] that the rest of the program sees. `join` and `merge` hold the rules for values side by side and for
//! values on top of each other.
//!
//! What differs from standard HOCON: `->` separates the parts of a path and a dot is an ordinary character; the
//! objects of the top-level keys `source`, `transform` and `sink` become lists that keep order and duplicates; the
//! order of keys is that of the text, always.
//!
//! Invariants: no text of any kind overflows the stack, since everything nests at most [`MAX_DEPTH`] deep and a
//! text that nests deeper is refused while it is read; what references may multiply is bounded too.

mod include;
mod join;
mod lexer;
mod merge;
mod node;
mod number;
mod parser;
mod path;
mod place;
mod resolver;
mod token;

pub(super) use include::Includes;
pub(super) use lexer::Dialect;
pub(super) use node::to_tree;
pub(super) use parser::{Document, parse};
pub(super) use place::{Copied, Files, Mark};
pub(super) use resolver::{Lookup, resolve};

/// Objects and lists within each other, at most.
pub const MAX_DEPTH: usize = 256;
