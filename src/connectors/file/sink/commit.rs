//! Makes staged files visible, or takes them back.

use super::staging::{self, Owner};
use crate::connectors::file::durable;
use crate::model::{AttemptId, Fault, Prepared};
use crate::plugin::{self, Committer};
use crate::runtime::{self, failpoint};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Version of [`Handle`]'s bytes.
const VERSION: u8 = 1;

/// What one writer prepared for one table in one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Handle {
    /// The uppermost directory that is removed when it is empty: the root of the staging directories, or above it a
    /// `tmp_path` that the job made.
    pub(super) root: PathBuf,
    /// Whether a file that lies at a target already is replaced (no transactions).
    pub(super) replace: bool,
    /// Files, in the order in which they were begun.
    pub(super) files: Vec<StagedFile>,
}

/// One staged file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedFile {
    /// Where it lies.
    pub(super) staged: PathBuf,
    /// Where it belongs.
    pub(super) target: PathBuf,
    /// Rows in it.
    pub(super) rows: u64,
    /// Its length.
    pub(super) bytes: u64,
}

impl Handle {
    pub(super) fn encode(&self) -> Result<Vec<u8>, Fault> {
        plugin::encode(VERSION, self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        plugin::decode(VERSION, bytes)
    }
}

/// The committer of one sink.
pub(super) struct FileCommitter {
    /// Job and sink; the attempt is not looked at.
    pub(super) owner: Owner,
    /// Roots of its staging directories, each with the uppermost directory that is removed when it is empty.
    pub(super) roots: BTreeMap<PathBuf, PathBuf>,
}

#[async_trait]
impl Committer for FileCommitter {
    async fn commit(&mut self, prepared: &[Prepared]) -> Result<(), Fault> {
        let handles = prepared.iter().map(|p| Handle::decode(&p.data)).collect::<Result<Vec<_>, _>>()?;
        blocking(move || commit(&handles)).await
    }

    async fn take_back(&mut self, up_to: AttemptId, keep: &[Prepared]) -> Result<(), Fault> {
        let mut kept = HashSet::new();
        for prepared in keep {
            // other sinks' handles have another shape; what they staged is theirs to keep
            if let Ok(handle) = Handle::decode(&prepared.data) {
                kept.extend(handle.files.into_iter().map(|file| file.staged));
            }
        }
        let owner = Owner { attempt: up_to, ..self.owner };
        let roots = self.roots.clone();
        blocking(move || {
            for (root, uppermost) in &roots {
                let taken = failpoint::reach("file.take_back")
                    .map_err(io::Error::from)
                    .and_then(|()| staging::take_back(root, &owner, &kept));
                taken.map_err(|e| failed("staged output can't be removed", root, &e))?;
                durable::remove_empty(root, uppermost);
            }
            Ok(())
        })
        .await
    }
}

/// Runs work that waits for disks off the job's threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match runtime::blocking(work).await {
        Ok(result) => result,
        Err(ended) => Err(Fault::internal("file work didn't end").caused_by(&ended)),
    }
}

/// A failed disk operation: what, where, and what the system says.
pub(in crate::connectors::file) fn failed(what: &str, path: &Path, error: &io::Error) -> Fault {
    Fault::external(format!("{}: {what}: {error}", path.display()))
}

/// Puts the files of all handles into place, in order, and syncs the directories that hold them.
fn commit(handles: &[Handle]) -> Result<(), Fault> {
    let mut dirs = BTreeSet::new();
    for handle in handles {
        for file in &handle.files {
            place(file, handle.replace)?;
            dirs.extend(file.target.parent().map(Path::to_owned));
        }
    }
    let synced = failpoint::reach("file.commit.renamed").map_err(io::Error::from);
    synced.map_err(|e| Fault::external(e.to_string()))?;
    for dir in &dirs {
        durable::sync_dir(dir).map_err(|e| failed("the directory can't be synced", dir, &e))?;
    }
    for handle in handles {
        let staged: BTreeSet<_> = handle.files.iter().filter_map(|file| file.staged.parent()).collect();
        for dir in staged.iter().rev() {
            durable::remove_empty(dir, &handle.root);
        }
    }
    Ok(())
}

/// Puts one file into place. Fine when it is there already; an error when it is neither staged nor there.
fn place(file: &StagedFile, replace: bool) -> Result<(), Fault> {
    let StagedFile { staged, target, .. } = file;
    let lies_at = |path: &Path| durable::lies_at(path).map_err(|e| failed("can't be looked at", path, &e));
    match (lies_at(staged)?, lies_at(target)?) {
        (false, true) => return Ok(()),
        (false, false) => {
            return Err(Fault::external(format!(
                "{}: the output of {} rows is lost: neither there nor at {}, where it was staged",
                target.display(),
                file.rows,
                staged.display()
            )));
        }
        (true, true) if !replace => {
            let ours = same_content(staged, target).map_err(|e| failed("can't be compared", target, &e))?;
            if !ours {
                return Err(Fault::external(format!(
                    "{}: another file lies there already; it is not overwritten (staged is {})",
                    target.display(),
                    staged.display()
                )));
            }
            return fs::remove_file(staged).map_err(|e| failed("can't be removed", staged, &e));
        }
        (true, _) => {}
    }
    if let Some(dir) = target.parent() {
        durable::make_dirs_synced(dir).map_err(|e| failed("the directory can't be made", dir, &e))?;
    }
    failpoint::reach("file.commit.before_rename").map_err(|e| Fault::external(e.to_string()))?;
    match fs::rename(staged, target) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => copy(staged, target),
        other => other,
    }
    .map_err(|e| failed("the staged file can't be moved there", target, &e))
}

/// Moves a file to another file system: copied beside the target, synced, renamed.
fn copy(staged: &Path, target: &Path) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".copying");
    let beside = target.with_file_name(name);
    fs::copy(staged, &beside)?;
    File::open(&beside)?.sync_all()?;
    fs::rename(&beside, target)?;
    if let Some(dir) = target.parent() {
        durable::sync_dir(dir)?;
    }
    fs::remove_file(staged)
}

fn same_content(a: &Path, b: &Path) -> io::Result<bool> {
    let (meta_a, meta_b) = (fs::metadata(a)?, fs::metadata(b)?);
    if !meta_b.is_file() || meta_a.len() != meta_b.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (File::open(a)?, File::open(b)?);
    let (mut from_a, mut from_b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = a.read(&mut from_a)?;
        if read == 0 {
            return Ok(true);
        }
        b.read_exact(&mut from_b[..read])?;
        if from_a[..read] != from_b[..read] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
