//! `DataValidator`: checks values by rules; rows that break any fail the job, are dropped, or go to an error table.
//!
//! `rules` reads and compiles rules, `range` and `email` are two of them, `check` runs them column by column, `route`
//! makes the rows of the error table. Every rule of every column is checked, so that a row's errors are complete.

mod check;
mod email;
mod plugin;
mod range;
mod route;
mod rules;

pub(super) use plugin::Factory;
