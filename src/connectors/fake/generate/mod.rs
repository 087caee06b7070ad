//! Random columns.
//!
//! [`TableGenerator::compile`] turns a table and its [`Values`](super::config::Values) into one [`Generator`] per
//! column, once per attempt; a batch is then made column by column, each by one tight loop that fills one buffer.
//! Generators are immutable and shared by all readers; a reader brings its own random numbers.
//!
//! `draw` turns random bits into numbers and letters, `parts` does dates and times, `default` builds constant columns.

mod compile;
mod default;
mod draw;
mod fill;
mod nested;
mod parts;
mod table;

pub(super) use compile::Generator;
pub(super) use parts::now;
pub(super) use table::{BATCH_ROWS, TableGenerator};
