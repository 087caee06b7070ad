//! The store: every job, durable before it is answered.
//!
//! Owns the data directory's `LOCK`, `identity`, `journal/`, `archive/`, `index/`, `reserve` and `aside/`. The journal,
//! and the archive that is folded from it, are the only truth; sled answers queries and is derived from them.
//!
//! How data passes: `append` → committer (frames, one write and one sync for all that wait) → overlay (readers see it)
//! → the caller's callback; and from the overlay, by a thread of its own, → index. Readers look at the overlay, then
//! the index, then the journal or the archive by place. A start trusts the index if a marker proves that it is whole;
//! else it reads the newest image and the segments behind it, goes on, and loads the index from the archive beside
//! that. Sealed segments are folded into the archive, and deleted after the grace time.
//!
//! `inspect` looks at any copy of a directory through the same functions, without changing it; `backup` makes and
//! restores such copies; `export` and `import` carry jobs in lines of JSON, free of the journal's format.
//!
//! Invariants:
//! - a callback with `Ok` means: on the disk, visible, and all earlier requests too;
//! - whatever prefix of the bytes written survives, no acknowledged op is lost, and no op overtakes another;
//! - a segment is never rewritten or truncated, and a number is never used twice;
//! - a directory that was copied, moved or restored is found out; its jobs are held until [`Op::Resumed`];
//! - memory does not grow with the number of ended jobs; a slow index delays no answer;
//! - a full disk refuses new jobs only: what lets running jobs end is written in the room of the reserve (`space`).
//!
//! Points that can be made to fail ([`failpoint`](crate::runtime::failpoint)), in the order of a store's life:
//! `store.before-marker-removal`, `store.marker-removed`, `store.before-set-aside`, `store.before-identity`,
//! `store.after-identity`, `store.before-first-segment`, `store.first-segment`; per batch `store.before-rotate`,
//! `store.rotated`, `store.before-write`, `store.written` (not yet synced), `store.before-directory-sync`,
//! `store.synced` (not yet answered), `store.before-cut-off`, `store.before-seal`; of the index `store.before-open-index`,
//! `store.before-load`, per generation `store.before-apply`, `store.applied`, per change `store.change-index`; per fold
//! `store.before-fold`, `store.folded-jobs`, `store.folded`, and `store.before-deletion`, `store.deleted` (each file); at
//! a clean stop `store.before-marker`, `store.marker-written`. `store.free-space` is at each look at the free space;
//! with `full(PATH)` there, and at a point of a batch, a full disk can be played.
//!
//! [`Op::Resumed`]: crate::model::Op::Resumed

mod applier;
mod archive;
pub mod backup;
mod blocks;
mod entry;
mod error;
mod export;
mod handle;
mod identity;
mod import;
mod index;
mod inspect;
mod inventory;
mod journal;
mod lines;
mod load;
mod marker;
mod new_run;
mod overlay;
mod patrol;
mod place;
mod progress;
mod reader;
mod record;
mod record_v1;
mod recovery;
mod replay;
mod scrub;
mod space;
mod survey;
mod verdict;
mod window;

#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use export::{Exported, export, export_to_file};
pub use handle::{Opened, Recovered, RecoveredJob, Store, StoreGauge, StoreOptions, StoreStatus};
pub use import::{Imported, import};
pub use inspect::{BackupError, Finding, Inspected, inspect};
pub use inventory::{EndedJob, Inventory, bytes_of, checkpoint_bytes, inventory};
pub use journal::OnDurable;
pub use journal::io::Room;
pub use place::check_data_dir;
pub use progress::{Loading, Progress};
pub use reader::{Cursor, EndedCounts, EndedPage, EndedQuery, StoreReader};
pub use space::SpaceOptions;
