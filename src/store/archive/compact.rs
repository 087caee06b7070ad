//! Keeping the files of ended jobs few and full: small ones are joined, what no longer counts is left out.

use super::file::{Contents, JobsFile, Rolling};
use super::fold::Fold;
use super::image::Head;
use crate::model::JobId;
use crate::store::error::StoreError;
use crate::store::overlay::Moved;
use crate::store::replay::Seen;
use std::collections::HashMap;

/// So many small files are joined.
const SMALL_FILES: usize = 8;
/// A file of which this part no longer counts is written anew.
const DEAD_PART: u64 = 3;

/// Rewrites the files of `head` that are worth it; `kept` are the jobs of the image, which count more than theirs.
pub(super) fn compact(
    fold: &Fold<'_>,
    head: &mut Head,
    kept: &[(JobId, Seen)],
    number: &mut u64,
    moved: &mut Vec<Moved>,
) -> Result<(), StoreError> {
    let jobs: u64 = head.files.iter().map(|file| file.jobs).sum();
    let is_small = |file: &JobsFile| file.content() < fold.file_bytes / 2;
    let has_many = head.files.iter().filter(|file| is_small(file)).count() >= SMALL_FILES;
    let has_dead = head.dead * DEAD_PART > jobs;
    if !has_many && !has_dead {
        return Ok(());
    }
    let live = Live::of(fold, head, kept)?;
    let mut files = Vec::with_capacity(head.files.len());
    let mut old = Vec::new();
    for (file, dead) in head.files.iter().zip(&live.dead_bytes) {
        if (has_many && is_small(file)) || dead * DEAD_PART > file.content() {
            old.push(*file);
        } else {
            files.push(*file);
        }
    }
    let like = head.last.clone();
    let mut rolling = Rolling::new(fold.dir, &like, fold.file_bytes, number);
    for file in &old {
        let contents = Contents::read(fold.dir, file.number)?.filter(|contents| contents.bad.is_empty());
        let Some(contents) = contents else {
            // Damaged: it stays as it is, and the next start says what is lost.
            files.push(*file);
            continue;
        };
        for frame in &contents.frames {
            let Some(job) = frame.header.parts.first().map(|part| part.job) else { continue };
            if live.counts(job, frame.header.sequence) {
                rolling.next()?.push_frame(file.number, frame, contents.frame(frame))?;
            }
        }
    }
    let (made, of_files) = rolling.finish()?;
    files.extend(made);
    moved.extend(of_files);
    files.sort_unstable_by_key(|file| file.number);
    head.files = files;
    head.dead = 0;
    let left = Live::of(fold, head, kept)?;
    head.forgotten.retain(|(job, _)| left.newest.contains_key(job));
    Ok(())
}

/// Which frames count.
struct Live {
    /// The newest frame of each job in the files.
    newest: HashMap<JobId, u64>,
    /// Jobs of which the image holds all, or that are deleted, and since when.
    over: HashMap<JobId, u64>,
    /// Per file of the head: bytes of frames that no longer count.
    dead_bytes: Vec<u64>,
}

impl Live {
    fn of(fold: &Fold<'_>, head: &Head, kept: &[(JobId, Seen)]) -> Result<Self, StoreError> {
        let mut live = Self { newest: HashMap::new(), over: HashMap::new(), dead_bytes: Vec::new() };
        let whole = kept.iter().filter(|(_, seen)| seen.is_whole());
        live.over.extend(whole.map(|(job, seen)| (*job, seen.changed)));
        for (job, sequence) in &head.forgotten {
            let since = live.over.entry(*job).or_default();
            *since = (*since).max(*sequence);
        }
        let mut directories = Vec::with_capacity(head.files.len());
        for file in &head.files {
            let entries = file.entries(fold.dir, fold.fetcher)?;
            for entry in &entries {
                let newest = live.newest.entry(entry.job).or_default();
                *newest = (*newest).max(entry.sequence);
            }
            directories.push(entries);
        }
        for entries in &directories {
            let dead = entries.iter().filter(|entry| !live.counts(entry.job, entry.sequence));
            live.dead_bytes.push(dead.map(|entry| u64::from(entry.bytes)).sum());
        }
        Ok(live)
    }

    /// A deletion and a new submission of the same id may share a sequence: then the job is there.
    fn counts(&self, job: JobId, sequence: u64) -> bool {
        self.newest.get(&job) == Some(&sequence) && self.over.get(&job).is_none_or(|since| *since <= sequence)
    }
}
