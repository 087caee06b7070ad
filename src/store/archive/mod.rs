//! The archive: ended jobs and images, folded from sealed segments, so that segments can be deleted.
//!
//! Owns `archive/`: files of ended jobs (`….jobs`), images (`….image`), and `uptime`. Both kinds of file are frames
//! behind a header, like a segment, one job to a frame, each under the sequence of the job's last change; they are
//! written under another name, synced, renamed, and never changed. An image says up to which change of which segment
//! it covers the journal, holds the jobs that had not ended, and names every file of ended jobs that counts.
//!
//! How data passes: sealed segments → `fold` → a new file of ended jobs, an image, and the moves (old place, new place)
//! for the index; `keeper` is the thread that does it and that deletes what has been superseded for longer than the
//! grace time. A start reads the newest image whose files are all there (`base`), the segments behind it, and of the
//! files their directories (`catalog`); the index is loaded from the files themselves.
//!
//! Invariants: folded only from sealed segments and older images, never from the index; nothing is deleted before an
//! image that makes it needless is older than the grace time, counted over the time that servers ran, nor before the
//! index knows the new places; the newest image and what it names is never deleted.

mod base;
mod catalog;
mod closed;
mod compact;
mod file;
mod fold;
mod image;
mod keeper;
mod line;
pub mod lost;

pub use base::Base;
pub use catalog::{Archived, Catalog};
pub use closed::fold_closed;
#[cfg(test)]
pub use file::JobsFile;
pub use file::{Contents, numbers};
#[cfg(test)]
pub use image::Image;
pub use keeper::{Ground, Keeper, KeeperOptions, Kept};
