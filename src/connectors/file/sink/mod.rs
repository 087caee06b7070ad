//! The LocalFile sink: exactly once by staging and renaming.
//!
//! Rows go into staged files, one per part and partition (`writer`, `partition`, `output`), in the format of `content`.
//! `prepare` ends them, syncs them and the directories above them, and answers their list as a handle; `commit` renames
//! them into the target and syncs that; `staging` finds leftovers of dead attempts by name and removes them.
//!
//! Invariants: a file appears in the target by one rename, complete; a transactional sink never overwrites a file
//! that isn't its own; nothing staged is left when a job has ended; no rows, no file and no directory.

mod commit;
mod content;
mod naming;
mod options;
mod output;
mod partition;
mod run;
mod save_mode;
mod staging;
mod table;
mod writer;

pub(in crate::connectors::file) use commit::failed;
pub(in crate::connectors) use run::LocalFileSink;
pub(in crate::connectors::file) use staging::HIDDEN;
