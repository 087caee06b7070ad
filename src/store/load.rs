//! Loading the index: what it is loaded from, and what answers for single jobs until it is there.
//!
//! The journal behind the newest image is folded already ([`Replay`]); of the ended jobs in the archive only the places are
//! known ([`Catalog`]). A thread reads the files of the archive one after the other, checks every byte, and hands over
//! entries; the caller puts them into sled. A job whose bytes are damaged gets an entry too: reading it says why.

use super::archive::{Archived, Catalog, Contents, lost};
use super::entry::{IndexedCheckpoint, IndexedJob};
use super::error::StoreError;
use super::index::Index;
use super::journal::{Accepted, Fetcher, Place};
use super::progress::Progress;
use super::reader::EndedCounts;
use super::record::{self, PartKind};
use super::replay::Replay;
use super::verdict;
use crate::model::{Epoch, JobId, JobState};
use crate::runtime;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Batches that wait for sled at most.
const AHEAD: usize = 2;
/// Jobs of the journal in one batch.
const BATCH: usize = 4096;

/// All that is known before the index is there.
#[derive(Debug)]
pub struct Unloaded {
    /// The journal behind the newest image, and the image.
    pub replay: Replay,
    /// The ended jobs in the archive, but for those that `replay` has.
    pub catalog: Catalog,
    /// Reads both.
    pub fetcher: Arc<Fetcher>,
    /// The data directory.
    pub dir: PathBuf,
    /// How far it has come.
    pub progress: Progress,
}

/// Entries for the index.
#[derive(Debug, Default)]
pub struct Batch {
    /// Jobs.
    pub jobs: Vec<(JobId, IndexedJob)>,
    /// Their checkpoints.
    pub checkpoints: Vec<(JobId, IndexedCheckpoint)>,
}

/// What the load showed.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Ended jobs.
    pub counts: EndedCounts,
    /// What of the archive is damaged.
    pub notes: Vec<String>,
}

impl Unloaded {
    /// The last change in it.
    pub fn sequence(&self) -> u64 {
        self.replay.last_sequence
    }

    /// What the index will know of a job.
    pub fn job(&self, job: JobId) -> Result<Option<IndexedJob>, StoreError> {
        if self.replay.jobs.contains_key(&job) {
            return self.replay.job(job, &self.fetcher);
        }
        Ok(self.archived(job)?.map(|(job, _)| job))
    }

    /// What the index will know of a job's checkpoint.
    pub fn checkpoint(&self, job: JobId) -> Result<Option<IndexedCheckpoint>, StoreError> {
        if self.replay.jobs.contains_key(&job) {
            return Ok(self.replay.checkpoint(job));
        }
        Ok(self.archived(job)?.and_then(|(_, checkpoint)| checkpoint))
    }

    /// Jobs whose ids lie in that range, by id.
    pub fn ids(&self, range: &RangeInclusive<JobId>) -> Vec<JobId> {
        let known =
            self.replay.jobs.iter().filter(|(job, seen)| range.contains(job) && seen.record.is_some());
        let mut ids: Vec<JobId> = known.map(|(job, _)| *job).chain(self.catalog.ids(range)).collect();
        ids.sort_unstable();
        ids
    }

    fn archived(&self, job: JobId) -> Result<Option<Entries>, StoreError> {
        let Some(at) = self.catalog.find(job) else { return Ok(None) };
        let place = self.catalog.place(&at);
        match self.fetcher.frame(place) {
            Ok((header, bytes)) => {
                let frame = Accepted { offset: at.offset, header };
                entries(place.segment, &frame, &bytes).map(Some)
            }
            Err(StoreError::Damaged { .. }) => {
                Ok(Some((IndexedJob::lost(at.sequence, runtime::clock(), place), None)))
            }
            Err(error) => Err(error),
        }
    }

    /// Fills the index. `is_over` is asked between batches whether to give up.
    ///
    /// # Errors
    /// [`StoreError::Index`] when sled fails, [`StoreError::Closed`] when given up; else the archive can't be read.
    pub fn load(self: &Arc<Self>, index: &Index, is_over: impl Fn() -> bool) -> Result<Loaded, StoreError> {
        let jobs = (self.catalog.len() + self.replay.jobs.len()) as u64;
        self.progress.begin("loading the history", jobs, "jobs");
        let (send, batches) = sync_channel(AHEAD);
        let source = Arc::clone(self);
        let produced = runtime::thread("store-load", move || source.produce(&send));
        let produced = produced.map_err(|error| StoreError::io("start a thread for", &self.dir, error))?;
        let mut loaded = Loaded::default();
        for batch in batches {
            if is_over() {
                return Err(StoreError::Closed);
            }
            for (_, job) in &batch.jobs {
                if let Some(state) = JobState::ALL.into_iter().find(|s| record::state_code(*s) == job.state) {
                    loaded.counts.add(state);
                }
            }
            index.fill(&batch)?;
            self.progress.advance(batch.jobs.len() as u64);
        }
        let produced =
            produced.join().map_err(|_| StoreError::Failed("the loading thread panicked".into()))?;
        loaded.notes = produced?;
        index.set_applied(self.sequence())?;
        Ok(loaded)
    }

    /// Reads everything, in the order of the files; what is damaged.
    fn produce(&self, send: &SyncSender<Batch>) -> Result<Vec<String>, StoreError> {
        let mut notes = Vec::new();
        let mut found = vec![false; self.catalog.len()];
        let mut buffer = Vec::new();
        for number in self.catalog.files() {
            let batch = self.file(*number, &mut buffer, &mut found, &mut notes)?;
            if send.send(batch).is_err() {
                return Ok(notes);
            }
        }
        let mut ids: Vec<JobId> = self.replay.jobs.keys().copied().collect();
        ids.sort_unstable();
        for ids in ids.chunks(BATCH) {
            let mut batch = Batch::default();
            for id in ids {
                batch.jobs.extend(self.replay.job(*id, &self.fetcher)?.map(|job| (*id, job)));
                batch.checkpoints.extend(self.replay.checkpoint(*id).map(|checkpoint| (*id, checkpoint)));
            }
            if send.send(batch).is_err() {
                break;
            }
        }
        Ok(notes)
    }

    /// The jobs of one file of the archive.
    fn file(
        &self,
        number: u64,
        buffer: &mut Vec<u8>,
        found: &mut [bool],
        notes: &mut Vec<String>,
    ) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        let contents = Contents::read_into(&self.dir, number, std::mem::take(buffer))?;
        for frame in contents.iter().flat_map(|contents| &contents.frames) {
            let job = frame.header.parts.first().map(|part| part.job).unwrap_or(JobId(0));
            let Some(index) = self.catalog.index(job) else { continue };
            let is_newest =
                |at: &Archived| self.catalog.place(at).segment == number && at.offset == frame.offset;
            if !self.catalog.jobs().get(index).is_some_and(is_newest) {
                continue;
            }
            let bytes = contents.as_ref().map(|contents| contents.frame(frame)).unwrap_or_default();
            match entries(number, frame, bytes) {
                Ok((entry, checkpoint)) => {
                    batch.jobs.push((job, entry));
                    batch.checkpoints.extend(checkpoint.map(|checkpoint| (job, checkpoint)));
                    found[index] = true;
                }
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let made = contents.as_ref().map_or_else(runtime::clock, |contents| contents.made);
        let (before, jobs) = (notes.len(), self.catalog.jobs().iter().zip(found));
        for (at, _) in jobs.filter(|(at, found)| !**found && self.catalog.place(at).segment == number) {
            let place = self.catalog.place(at);
            batch.jobs.push((at.job, IndexedJob::lost(at.sequence, made, place)));
            let lost = lost::job(number, at.offset, at.job, at.sequence);
            notes.push(verdict::describe(&lost));
        }
        // Where the directory is damaged too, the catalog has said so.
        if let Some(Contents { bad, directory: Some(_), .. }) = &contents
            && let Some(offset) = bad.first()
            && notes.len() == before
        {
            notes.push(verdict::describe(&lost::bytes(number, *offset, true)));
        }
        batch.jobs.sort_unstable_by_key(|(job, _)| *job);
        *buffer = contents.map_or_else(Vec::new, |contents| contents.bytes);
        Ok(batch)
    }
}

type Entries = (IndexedJob, Option<IndexedCheckpoint>);

/// What the index knows of a job by its frame in the archive.
fn entries(file: u64, frame: &Accepted, bytes: &[u8]) -> Result<Entries, StoreError> {
    let Accepted { offset, header } = frame;
    let (mut job, mut texts, mut checkpoint, mut committed) = (None, None, None, Epoch::default());
    for (index, part) in header.parts.iter().enumerate() {
        let place = Place { segment: file, offset: *offset, part: index as u16 };
        let body = header.body(index).and_then(|body| bytes.get(body)).unwrap_or_default();
        match PartKind::of(part)? {
            PartKind::Submitted | PartKind::Record => {
                job = Some(IndexedJob::new(&record::record(part, body)?, header.sequence, place, None));
            }
            PartKind::Texts => texts = Some(place),
            PartKind::Checkpoint => checkpoint = Some(place),
            PartKind::Committed => committed = record::committed(part, body)?,
            PartKind::DropCheckpoint
            | PartKind::Tags
            | PartKind::IdFloor
            | PartKind::Resumed
            | PartKind::Forget
            | PartKind::ImageHead
            | PartKind::Directory
            | PartKind::Events => {}
        }
    }
    let nothing = || StoreError::damaged(super::journal::relative_path(file), "a frame without a record");
    let job = IndexedJob { texts, ..job.ok_or_else(nothing)? };
    let known = checkpoint.is_some() || committed > Epoch::default();
    let sequence = header.sequence;
    let checkpoint = known.then_some(IndexedCheckpoint { sequence, place: checkpoint, committed });
    Ok((job, checkpoint))
}
