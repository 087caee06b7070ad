//! FakeSource: rows made up from a schema, for demonstrations and tests.
//!
//! `options` declares what it takes and `config` reads that into one [`config::TableConfig`] per table; `plugin` is
//! the factory and what it makes. A table's content is either a fixed list (`rows`: built once, shared by all splits)
//! or generated (`generate`: column by column, a batch at a time). `splits` spreads the rows over readers, `reader` is
//! the run loop.
//!
//! Invariants: the number of rows is exact, also over restores (a split's position is the number of rows already
//! emitted); what can only fail with a row at hand (a default that is no number) fails the run, not the submission,
//! and is a warning before.

mod config;
mod fixed;
mod generate;
mod options;
mod plugin;
mod reader;
mod splits;

#[cfg(test)]
mod tests;

pub use plugin::Factory;
