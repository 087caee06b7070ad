//! Backups: whole data directories, copied into a directory that holds nothing else of ours, and put back.
//!
//! A backup is a copy like any other (`cp` and `rsync` make as good ones); what is added here is an order of the files
//! that never needs a second look, a name with the time, a sync, and a look at the result. How data passes: `files`
//! copies a tree → `create` gives it a name under which it is whole → `inspect` (of the store) looks at it → a note of
//! what was seen stays beside it, so that `list` need not read every journal again, and `verify` can tell that something
//! is not there any more. `restore` goes the other way.
//!
//! Invariants: the data directory is only read, its LOCK not even opened; what has a name without `.partial` was
//! copied to the end and synced; a target of `restore` gets its `journal/` last, so that a part of it never passes for
//! a store.

mod create;
mod files;
mod list;
mod note;
mod restore;
mod target;
mod verify;

pub use create::{Created, create};
pub use list::{Backup, BackupState, Figures, list};
pub use restore::restore;
pub(super) use target::Target;
pub use verify::verify;
