//! FakeSource: rows made up from a schema, for demonstrations and tests.
//!
//! `options` declares what it takes and `config` reads that into one [`config::TableConfig`] per table; `plugin` is
//! the factory and what it makes. A table's content is either a fixed list (`rows`: built once, shared by all splits)
//! or generated (`generate`: column by column, a batch at a time). `splits` spreads the rows over readers, `reader` is
//! the run loop.
//!
//! Invariants: the number of rows is exact, also over restores (a split's position is the number of rows already
//! emitted); what could never be made (a row that can't be read, a range upside down) is refused at submission, every
//! problem with its place.

mod config;
mod fixed;
mod generate;
mod options;
mod plugin;
mod reader;
mod splits;
mod wrong;

#[cfg(test)]
mod tests;

pub use plugin::Factory;
