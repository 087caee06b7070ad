//! Tests of the whole module: the real store in a temporary directory, and a launcher that does what the test says.

mod copies;
mod ends;
mod flow;
mod plugins;
mod queue;
pub(super) mod records;
mod restart;
mod resubmit;
mod retention;
mod savepoint;
mod story;
mod world;
