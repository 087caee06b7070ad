//! The LocalFile source: files of one or several tables, each file a split.
//!
//! `options` reads the block, `listing` finds the files, `tables` tells the columns (of the schema block, of a parquet
//! file's own schema, of the path's partitions) and makes decoders. A `reader` opens one split at a time: `lines` reads
//! text, csv and json in blocks of 1 MB, of plain files or of an archive's entries; parquet streams its row groups.
//!
//! Invariants: a job goes on in the middle of a file (byte and decoder state; row group and row); no call reads more
//! than a block or decodes more than a batch; an error names file, line, column and value.

mod archive;
mod lines;
mod listing;
mod options;
mod reader;
mod run;
mod tables;

pub(in crate::connectors) use run::LocalFileSource;
