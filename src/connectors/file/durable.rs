//! Directories and files that survive a power cut: what is made is synced, and what is empty is removed.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// How often a directory that another job removes, because it looks empty, is made anew.
const TRIES: usize = 20;

/// Makes a directory and those above it; answers those that were made, outermost first.
pub(super) fn make_dirs(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut last = None;
    for _ in 0..TRIES {
        let missing: Vec<PathBuf> = path
            .ancestors()
            .take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists())
            .map(PathBuf::from)
            .collect();
        match fs::create_dir_all(path) {
            Ok(()) => return Ok(missing.into_iter().rev().collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::NotFound.into()))
}

/// [`make_dirs`]; the directories that hold the new ones are synced.
pub(super) fn make_dirs_synced(path: &Path) -> io::Result<()> {
    for made in make_dirs(path)? {
        if let Some(parent) = made.parent().filter(|p| !p.as_os_str().is_empty()) {
            sync_dir(parent)?;
        }
    }
    Ok(())
}

/// Makes a new file, and the directories above it.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    let mut last = None;
    for _ in 0..TRIES {
        if let Some(parent) = path.parent() {
            make_dirs(parent)?;
        }
        match fs::OpenOptions::new().write(true).create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => last = Some(error),
            other => return other,
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::NotFound.into()))
}

/// Makes the entries of a directory durable.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Removes a directory and those above it, up to and including `last`, as long as they are empty.
pub(super) fn remove_empty(from: &Path, last: &Path) {
    for dir in from.ancestors() {
        if !dir.starts_with(last) || fs::remove_dir(dir).is_err_and(|e| e.kind() != ErrorKind::NotFound) {
            return;
        }
    }
}

/// Whether something lies at `path`; a dangling link counts.
pub(super) fn lies_at(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a directory can be written: a directory is made in it and removed, and so is what had to be made above it.
/// `probe` is relative to `dir`.
pub(super) fn probe(dir: &Path, probe: &Path) -> io::Result<()> {
    let made = make_dirs(&dir.join(probe))?;
    for path in made.iter().rev() {
        // another job may use it by now
        if fs::remove_dir(path).is_err() {
            break;
        }
    }
    Ok(())
}
