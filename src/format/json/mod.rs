//! JSON lines ⇄ rows, and option trees → columns, by the engine's JSON rules.
//!
//! `lexer` checks a value once and hands out tokens that point into the input; `cells` turns a token into a value of
//! its column (one set of rules for files, FakeSource rows and Assert literals); `decode` finds lines and fields,
//! `encode` writes objects.

mod builder;
mod cells;
mod compact;
mod decode;
mod encode;
mod lexer;
mod path;

pub use builder::ColumnBuilder;
pub use decode::{ReadOptions, decoder};
pub use encode::{WriteOptions, encoder};
pub use path::JsonPath;

pub(super) use encode::push_quoted;
