//! Makes a backup.

use super::list::{Backup, BackupState, Figures, PARTIAL, name_at, time_of, why_damaged};
use super::{files, note};
use crate::runtime;
use crate::store::error::StoreError;
use crate::store::inspect::{BackupError, Inspected, Inspection, inspect};
use crate::store::journal::io;
use crate::store::place::apart;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the clock is asked when the name of this second is taken.
const NEXT_NAME: Duration = Duration::from_millis(50);

/// A backup that was made, and what was seen in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The backup.
    pub backup: Backup,
    /// What is in it.
    pub seen: Inspected,
}

/// Copies `data_dir`, on which a server may be running, into a new directory in `to`, which is made if it is not there.
/// Blocks. What was answered before the call is in the backup.
///
/// # Errors
/// `data_dir` is no data directory, `to` lies inside it, or the file system refuses; then nothing of the backup stays.
pub fn create(data_dir: &Path, to: &Path) -> Result<Created, BackupError> {
    Inspection::begin(data_dir)?;
    apart(data_dir, "the data directory", to, "backups")?;
    if to.exists() && !to.is_dir() {
        return Err(BackupError::Unusable(StoreError::NotADirectory { path: to.to_owned() }.to_string()));
    }
    if io::make_dir(to)? {
        io::sync_parent(to)?;
    }
    let (name, partial) = fresh(to)?;
    let path = to.join(&name);
    let copied = files::copy_tree(data_dir, &partial).and_then(|bytes| {
        io::rename(&partial, &path)?;
        io::sync_dir(to)?;
        Ok(bytes)
    });
    let bytes = match copied {
        Ok(bytes) => bytes,
        Err(error) => {
            io::remove_dir(&partial)?;
            return Err(error.into());
        }
    };
    let seen = inspect(&path)?;
    note::write(&path, &seen)?;
    let state = if seen.is_sound() { BackupState::Complete } else { BackupState::Damaged };
    let (made, figures, why) = (time_of(&name), Some(Figures::of(&seen)), why_damaged(&seen));
    Ok(Created { backup: Backup { name, path, made, bytes, state, figures, why }, seen })
}

/// A name that no backup in `to` has, and the directory under which its making goes on.
fn fresh(to: &Path) -> Result<(String, PathBuf), StoreError> {
    loop {
        let name = name_at(runtime::clock());
        let partial = to.join(format!("{name}{PARTIAL}"));
        if !to.join(&name).exists() && io::make_new_dir(&partial)? {
            return Ok((name, partial));
        }
        std::thread::sleep(NEXT_NAME);
    }
}
