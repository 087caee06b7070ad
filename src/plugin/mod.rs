//! The ports: what a source, a transform and a sink must be, and the list of those that exist.
//!
//! # Contract
//! The engine owns the loops (stop, barriers, pacing, metering, errors); a plug-in only answers.
//! - A factory MUST read its options without I/O, note every problem with its path, and answer `None` if there is any.
//! - A plug-in MUST NOT spawn tasks or threads, and MUST NOT keep state outside of its objects.
//! - Every future MAY be dropped at any await (a stop); what was not answered has not happened (cancel-safe).
//! - A panic is the job's failure. A call that doesn't return in time fails the job; its thread is given up.
//! - States, splits, positions and prepared handles are bytes with a version in front ([`encode`], [`decode`]).
//! - Sources: each split is read exactly once whatever the parallelism; after `open(split, Some(position))` a reader
//!   goes on right behind the rows that `position` covered.
//! - Sinks: a sink made for exactly one table takes every batch for that table's, whatever table the batch names
//!   (a union). `prepare` returns after everything staged is on disk; `commit` is idempotent, also after a restart.

mod codec;
mod context;
mod factory;
mod per_table;
mod placeholder;
mod registry;
mod sink;
mod source;
mod transform;

pub use codec::{decode, encode};
pub use context::{JobMode, RunContext};
pub use factory::{SinkFactory, SinkInput, SourceFactory, TransformFactory};
pub use per_table::{PER_TABLE, build_per_table};
pub use placeholder::fill_placeholders;
pub use registry::Registry;
pub use sink::{Committer, Guarantee, SinkDef, SinkRun, Staged, Writer};
pub use source::{Assignment, Enumerator, Position, Read, Reader, SourceDef, SourceRun, Split, State};
pub use transform::{Out, Transform, TransformDef};
