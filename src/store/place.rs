//! Which directories may become, or hold, what the store writes: judged before anything is made in them.

use super::error::StoreError;
use super::inspect::BackupError;
use super::journal::io;
use super::space::RESERVE;
use std::path::{Path, PathBuf};

/// What a data directory may hold, and a new one too: our own, and what a fresh file system or a checkout has.
const OURS: [&str; 9] =
    ["LOCK", "identity", "journal", "archive", "index", "aside", "logs", "lost+found", "README.md"];

/// Refuses a directory to be served that is neither a data directory nor empty: its files are somebody else's.
///
/// # Errors
/// It holds something else, is a file, or can't be read.
pub fn check_data_dir(dir: &Path) -> Result<(), StoreError> {
    if io::length_and_change(dir)?.is_some() && !dir.is_dir() {
        return Err(StoreError::NotADirectory { path: dir.to_owned() });
    }
    let names = io::list(dir)?;
    if names.iter().any(|name| ["identity", "journal", "archive"].contains(&name.as_str())) {
        return Ok(());
    }
    let is_foreign =
        |name: &&String| !OURS.contains(&name.as_str()) && *name != RESERVE && !name.starts_with('.');
    match names.iter().find(is_foreign) {
        None => Ok(()),
        Some(found) => Err(StoreError::NotOurs { path: dir.to_owned(), found: found.clone() }),
    }
}

/// Refuses a place inside the directory `dir`, which is called `what`: `named` must lie outside it.
pub fn apart(dir: &Path, what: &str, to: &Path, named: &str) -> Result<(), BackupError> {
    let real = |path: &Path| path.canonicalize().map_err(|error| StoreError::io("find", path, error));
    let there = nearest(to)?;
    let (inner, outer) = (real(&there)?, real(dir)?);
    if !inner.starts_with(&outer) {
        return Ok(());
    }
    let is_same = inner == outer && to.exists();
    Err(BackupError::Unusable(match is_same {
        true => format!("{}: is {what} itself; {named} must lie outside it", to.display()),
        false => {
            format!("{}: lies inside {what} {}; {named} must lie outside it", to.display(), dir.display())
        }
    }))
}

/// The nearest directory above a path, or it itself, that is there.
fn nearest(path: &Path) -> Result<PathBuf, StoreError> {
    let absolute = std::path::absolute(path).map_err(|error| StoreError::io("find", path, error))?;
    let there = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    Ok(there.to_owned())
}
