//! Parquet files ⇄ batches.
//!
//! Reading: [`columns`] maps a file's own schema to ours, [`Reader`] streams its row groups, column chunk by page, so that
//! memory is bounded by pages, and knows its place as (row group, row). Writing: a [`Layout`] checks names and types of
//! a table once, a [`Writer`] encodes batches and ends a row group when it holds [`GROUP_BYTES`] of memory.
//!
//! Invariants: a reader answers exactly the columns it was made for, in that order and in the types of the table; a
//! writer never rounds a value: what the file's type can't hold is an error.

mod int96;
mod layout;
mod physical;
mod read;
mod types;
mod write;

pub use layout::{Codec, Layout, WriteOptions};
pub use read::{Place, Reader, columns, may_be_read_as};
pub use write::{GROUP_BYTES, Writer};

#[cfg(test)]
mod tests;
