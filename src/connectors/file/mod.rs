//! LocalFile: reads and writes files of this machine, in text, csv, json and parquet.
//!
//! Source and sink share the list of formats (`format`) and what makes directories durable (`durable`). Bytes become
//! rows in the crate's `format` module, which knows no files.

mod durable;
mod format;
mod sink;
mod source;
#[cfg(test)]
mod tests;

pub(super) use sink::LocalFileSink;
pub(super) use source::LocalFileSource;
