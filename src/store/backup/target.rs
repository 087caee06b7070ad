//! A directory that is to become a data directory: filled aside, then whole at once.
//!
//! The work goes on in a directory inside the target, so that it is on the same file system even when the target is a
//! mount point. Then its entries move up, `journal/` last: without it nothing passes for a store. Dropped before that,
//! nothing stays under the target's name.

use crate::store::error::StoreError;
use crate::store::inspect::BackupError;
use crate::store::journal::io;
use std::path::{Path, PathBuf};

/// Where the work goes on.
const STAGING: &str = "restore.partial";

/// What a fresh file system holds.
const FOUND: &str = "lost+found";

/// A target under construction.
pub struct Target {
    dir: PathBuf,
    staging: PathBuf,
    /// Whether the target was not there before.
    is_new: bool,
    is_done: bool,
}

impl Target {
    /// Makes the target, if it is not there, and the place to work in.
    ///
    /// # Errors
    /// It is not empty, or can't be made.
    pub fn begin(dir: &Path) -> Result<Self, BackupError> {
        if dir.exists() && !dir.is_dir() {
            return Err(BackupError::Unusable(format!("{}: is no directory", dir.display())));
        }
        let is_new = io::make_dir(dir)?;
        let names = io::list(dir)?;
        if let Some(first) = names.iter().find(|name| *name != FOUND) {
            return Err(BackupError::Unusable(format!(
                "{}: is not empty (it holds {first}); name an empty or a new directory",
                dir.display()
            )));
        }
        let target = Self { dir: dir.to_owned(), staging: dir.join(STAGING), is_new, is_done: false };
        io::make_new_dir(&target.staging)?;
        Ok(target)
    }

    /// Where its contents are to be made.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Takes everything away again; the target was empty before.
    fn clear(&self) -> Result<(), StoreError> {
        if self.is_new {
            return io::remove_dir(&self.dir);
        }
        for name in io::list(&self.dir)?.iter().filter(|name| *name != FOUND) {
            let path = self.dir.join(name);
            if path.is_dir() {
                io::remove_dir(&path)?;
            } else {
                io::remove(&path)?;
            }
        }
        Ok(())
    }

    /// Makes the contents, which must be synced, those of the target.
    pub fn finish(mut self) -> Result<(), StoreError> {
        let mut names = io::list(&self.staging)?;
        names.sort_by_key(|name| name == "journal");
        for name in names {
            io::rename(&self.staging.join(&name), &self.dir.join(&name))?;
        }
        self.is_done = true;
        io::remove_dir(&self.staging)?;
        io::sync_dir(&self.dir)?;
        if self.is_new {
            io::sync_parent(&self.dir)?;
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        if let Err(error) = self.clear() {
            tracing::warn!(%error, "what was begun in the target stays there");
        }
    }
}
