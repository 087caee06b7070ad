//! Assert: fails the job when rows, row counts or tables are not what its author demands.
//!
//! `rules` reads the options into rules (`catalog`: those about tables, checked when the sink is built). A writer
//! compiles the field rules of each table into typed checks (`compile`), evaluated a column and a batch at a time
//! (`check`; `bound` compares numbers, `deep` compares and types nested values); only a failure looks for its row.
//! `counts` holds the row counts that the writers of an attempt share; they are judged once, at its end.
//!
//! Invariants: every row is checked, whatever its kind; counts are part of a writer's state, so a restored attempt
//! counts on; a rule never passes because it could not be understood.

mod bound;
mod catalog;
mod check;
mod compile;
mod counts;
mod deep;
mod plugin;
mod rules;
mod writer;

#[cfg(test)]
mod tests;

pub use plugin::Factory;
