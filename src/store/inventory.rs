//! What the jobs of a data directory take: for deciding what is kept.

use super::inspect::{BackupError, Inspection};
use crate::model::{Checkpoint, JobId, JobRecord, JobTexts, Millis};
use std::collections::BTreeSet;
use std::path::Path;

/// An ended job, and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedJob {
    /// Its id.
    pub job: JobId,
    /// When it ended.
    pub ended: Millis,
    /// [`bytes_of`] all that is stored of it.
    pub bytes: u64,
    /// Those of its checkpoint, if it has one.
    pub checkpoint: Option<u64>,
}

/// What is in a data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Ended jobs, those that ended first in front.
    pub ended: Vec<EndedJob>,
    /// Jobs that have not ended.
    pub live: BTreeSet<JobId>,
    /// Set when a start would hold those: why.
    pub held: Option<String>,
}

/// Reads a data directory without changing it; a server may be running on it.
///
/// # Errors
/// It is no data directory, can't be read, or was written by a newer version.
pub fn inventory(dir: &Path) -> Result<Inventory, BackupError> {
    let mut found = Inventory::default();
    let rest = Inspection::begin(dir)?.walk(|job| {
        let record = job.record()?;
        if !record.state.is_end() {
            found.live.insert(record.id);
            return Ok(());
        }
        // What is damaged takes nothing that could be counted.
        let texts = job.texts().ok().flatten();
        let checkpoint = job.checkpoint().ok().flatten();
        found.ended.push(EndedJob {
            job: record.id,
            ended: record.ended.unwrap_or(record.created),
            bytes: bytes_of(&record, texts.as_ref(), checkpoint.as_ref()),
            checkpoint: checkpoint.as_ref().map(checkpoint_bytes),
        });
        Ok::<(), BackupError>(())
    })?;
    found.held = rest.held;
    found.ended.sort_unstable_by_key(|job| (job.ended, job.job));
    Ok(found)
}

/// Bytes of what is stored of a job, before it is compressed: an estimate of what it takes on the disk, from above.
#[must_use]
pub fn bytes_of(record: &JobRecord, texts: Option<&JobTexts>, checkpoint: Option<&Checkpoint>) -> u64 {
    let record = bincode::serde::encode_to_vec(record, bincode::config::standard());
    let texts = texts.map_or(0, |texts| {
        let JobTexts { submitted, format: _, resolved, catalogues } = texts;
        submitted.len() + resolved.len() + catalogues.len()
    });
    (record.map_or(0, |bytes| bytes.len()) + texts) as u64 + checkpoint.map_or(0, checkpoint_bytes)
}

/// Bytes of a checkpoint's contents.
#[must_use]
pub fn checkpoint_bytes(checkpoint: &Checkpoint) -> u64 {
    let prepared: usize = checkpoint.prepared.iter().map(|prepared| prepared.data.len()).sum();
    (checkpoint.state.len() + prepared) as u64
}
