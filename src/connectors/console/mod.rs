//! Console: every row as a line of the job's log.
//!
//! `plugin` declares the options and is the factory, `writer` the run loop, `cell` and `map_json` turn values into
//! text. A batch is formatted into one block of lines (one time stamp, one write); a line is
//! `subtaskIndex=0  rowIndex=1:  SeaTunnelRow#tableId=t SeaTunnelRow#kind=INSERT : 1, A, 100`.
//!
//! Lines of a repeated attempt appear again: the sink is at-least-once.

mod cell;
mod map_json;
mod plugin;
mod writer;

#[cfg(test)]
mod tests;

pub use plugin::Factory;
