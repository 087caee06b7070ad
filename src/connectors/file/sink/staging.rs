//! Where output lies until its epoch is committed, and how leftovers are found by name after a crash.
//!
//! `{root}/{jobId}/{marker}/{transactionId}/{NON_PARTITION or partition directories}/{file}`, where the root is
//! `{tmp_path}/seatunnel` or `{target}/.seikan` and the marker is `{hex10}-{timeline}-{attempt}-{sink}`: the attempt that
//! wrote it and a number of the sink within the job, so that sinks that share a root leave each other's output alone.

use crate::connectors::file::durable;
use crate::model::{AttemptId, JobId};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Directory of staged output within a target, when no `tmp_path` is given. Sources never read it.
pub(in crate::connectors::file) const HIDDEN: &str = ".seikan";
/// Directory of staged output within `tmp_path`.
pub(super) const SHARED: &str = "seatunnel";
/// Stands for the partition directories of an unpartitioned table.
pub(super) const NON_PARTITION: &str = "NON_PARTITION";

/// Who stages: a job's attempt and one of its sinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// Job.
    pub(super) job: JobId,
    /// Attempt.
    pub(super) attempt: AttemptId,
    /// Number of the sink; the same in every attempt.
    pub(super) sink: u32,
}

impl Owner {
    /// Directory of one writer, relative to the root.
    pub(super) fn dir(&self, hex: &str) -> PathBuf {
        let AttemptId { timeline, number } = self.attempt;
        Path::new(&self.job.to_string()).join(format!("{hex}-{timeline:016x}-{number}-{:08x}", self.sink))
    }
}

fn owner_of(job: JobId, marker: &str) -> Option<Owner> {
    let mut parts = marker.splitn(4, '-').skip(1);
    let timeline = u64::from_str_radix(parts.next()?, 16).ok()?;
    let number = parts.next()?.parse().ok()?;
    let sink = u32::from_str_radix(parts.next()?, 16).ok()?;
    Some(Owner { job, attempt: AttemptId { timeline, number }, sink })
}

/// Removes from `root` what `up_to` and earlier attempts of its job and sink staged, except the files of `keep`.
/// Attempts of other timelines belong to another copy of the store, whose server may still be running: they are left.
pub(super) fn take_back(root: &Path, up_to: &Owner, keep: &HashSet<PathBuf>) -> io::Result<()> {
    let job_dir = root.join(up_to.job.to_string());
    let markers = match fs::read_dir(&job_dir) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>()?,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(error),
    };
    for marker in markers {
        let owner = marker.file_name().to_str().and_then(|name| owner_of(up_to.job, name));
        let is_ours = owner.is_some_and(|owner| {
            owner.sink == up_to.sink
                && owner.attempt.timeline == up_to.attempt.timeline
                && owner.attempt.number <= up_to.attempt.number
        });
        if is_ours {
            remove(&marker.path(), root, keep)?;
        }
    }
    durable::remove_empty(&job_dir, root);
    Ok(())
}

/// Removes a staged directory except the files of `keep`.
fn remove(dir: &Path, root: &Path, keep: &HashSet<PathBuf>) -> io::Result<()> {
    let mut dirs = BTreeSet::new();
    for entry in walkdir::WalkDir::new(dir) {
        let entry = match entry {
            Ok(entry) => entry,
            // gone meanwhile
            Err(error) if error.io_error().is_some_and(|e| e.kind() == ErrorKind::NotFound) => continue,
            Err(error) => return Err(error.into()),
        };
        if entry.file_type().is_dir() {
            dirs.insert(entry.into_path());
        } else if !keep.contains(entry.path()) {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    for dir in dirs.iter().rev() {
        durable::remove_empty(dir, root);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_names_its_owner() {
        let attempt = AttemptId { timeline: 0xfeed, number: 12 };
        let owner = Owner { job: JobId(7), attempt, sink: 0xab };
        let dir = owner.dir("0123456789");
        assert_eq!(dir, Path::new("7/0123456789-000000000000feed-12-000000ab"));
        assert_eq!(owner_of(JobId(7), dir.file_name().unwrap().to_str().unwrap()), Some(owner));
        assert_eq!(owner_of(JobId(7), "0123456789"), None);
    }

    #[test]
    fn only_own_and_earlier_attempts_are_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let attempt = |timeline, number| AttemptId { timeline, number };
        let owner =
            |job, timeline, number, sink| Owner { job: JobId(job), attempt: attempt(timeline, number), sink };
        let stage = |owner: &Owner, name: &str| {
            let path = root.path().join(owner.dir("0123456789")).join("T").join(name);
            durable::create_file(&path).unwrap();
            path
        };
        let up_to = owner(1, 5, 3, 0);
        let gone = [owner(1, 5, 1, 0), owner(1, 5, 3, 0)].map(|o| stage(&o, "x"));
        let kept = stage(&owner(1, 5, 2, 0), "kept");
        let others = [owner(1, 5, 4, 0), owner(1, 6, 1, 0), owner(1, 5, 1, 1), owner(2, 5, 1, 0)]
            .map(|o| stage(&o, "x"));
        let keep = HashSet::from([kept.clone()]);
        take_back(root.path(), &up_to, &keep).unwrap();
        assert!(gone.iter().all(|path| !path.parent().unwrap().parent().unwrap().exists()));
        assert!(kept.exists() && others.iter().all(|path| path.exists()));
        take_back(root.path(), &up_to, &HashSet::new()).unwrap();
        take_back(root.path(), &up_to, &HashSet::new()).unwrap();
        assert!(!kept.exists() && others.iter().all(|path| path.exists()));
    }
}
