//! What can go wrong in the store, in words for the operator.

use super::progress::Loading;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// An error of the store. Cloneable, because one failed write answers a whole batch of requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data directory.
    #[error(
        "the data directory {} is in use by another process, which holds its LOCK; stop that one or choose another --data-dir",
        dir.display()
    )]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The system's reason.
        cause: String,
        /// Whether the reason is that there is no space.
        is_full: bool,
    },
    /// Something else has its name.
    #[error("{} is a file, not a directory", path.display())]
    NotADirectory {
        /// What should be a directory.
        path: PathBuf,
    },
    /// What is to be served holds somebody else's files.
    #[error(
        "{} is no data directory, and not empty: it holds {found}; name an empty directory, a new one, or that of a server",
        path.display()
    )]
    NotOurs {
        /// What should be a data directory.
        path: PathBuf,
        /// What lies there.
        found: String,
    },
    /// Bytes are not what was written.
    #[error("{place}: {what}")]
    Damaged {
        /// Segment and byte, or file.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// A newer version of this program wrote it.
    #[error(
        "{place} has format version {found}, this program reads up to {known}: start the newer program again"
    )]
    Newer {
        /// What was read.
        place: String,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// One request is larger than a frame may be.
    #[error("a request of {bytes} bytes is more than the journal takes at once (at most {limit})")]
    TooLarge {
        /// Bytes or changes of the request.
        bytes: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// This request was not recorded, for certain; later ones may be.
    #[error("not recorded: {0}")]
    Refused(String),
    /// The journal failed for good. Nothing is recorded any more until a restart, which also tells whether the
    /// requests that were under way at that moment were recorded.
    #[error(
        "the journal has failed and records nothing until the server is restarted; the restart also tells whether this request was recorded: {0}"
    )]
    Failed(String),
    /// The store is closing or closed.
    #[error("the store is closed")]
    Closed,
    /// The history is not there yet; jobs that have not ended are, and new ones are taken.
    #[error("the history is being loaded ({0}); try again in a moment")]
    Loading(Loading),
    /// The index can't answer.
    #[error("the index of jobs can't be read, and is made anew from the journal: {0}")]
    Index(String),
}

impl StoreError {
    /// An I/O error with its place.
    pub(super) fn io(action: &'static str, path: &Path, cause: impl std::fmt::Display) -> Self {
        Self::Io { action, path: path.to_owned(), cause: cause.to_string(), is_full: false }
    }

    /// [`io`](Self::io) for what needs space: tells whether there was none.
    pub(super) fn writing(action: &'static str, path: &Path, cause: &std::io::Error) -> Self {
        let is_full = matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        Self::Io { action, path: path.to_owned(), cause: cause.to_string(), is_full }
    }

    /// Whether there was no space.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Io { is_full: true, .. })
    }

    /// Damage in a file.
    pub(super) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { place: place.into(), what: what.into() }
    }
}
