//! What the journal says, folded: per job the places of what is newest.

use super::entry::{IndexedCheckpoint, IndexedJob};
use super::error::StoreError;
use super::journal::{Accepted, Fetcher, Part, Place, relative_path};
use super::overlay::Standing;
use super::reader::EndedCounts;
use super::record::{self, PartKind, is_end_code};
use super::window::Window;
use crate::model::{Epoch, JobId, JobRecord};
use std::collections::HashMap;

/// A stored thing: its sequence and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Its sequence.
    pub sequence: u64,
    /// Its place.
    pub place: Place,
}

/// What is newest of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The record.
    pub record: Option<At>,
    /// [`record::state_code`] of the record; 0 without one.
    pub state: u8,
    /// The older events of the record, which lie beside it.
    pub events: Option<At>,
    /// The texts.
    pub texts: Option<At>,
    /// The checkpoint.
    pub checkpoint: Option<At>,
    /// The committed epoch.
    pub committed: Epoch,
    /// Sequence of the last change of its checkpoint, dropping it included.
    pub checkpoint_changed: u64,
    /// Whether the checkpoint was dropped, and with it the committed epoch: none of before counts.
    pub dropped: bool,
    /// Sequence of the last change of any kind.
    pub changed: u64,
}

impl Seen {
    /// This, with what was `earlier` known of the job below it.
    pub fn over(mut self, earlier: &Seen) -> Seen {
        if self.record.is_none() {
            (self.record, self.state, self.events) = (earlier.record, earlier.state, earlier.events);
        }
        self.texts = self.texts.or(earlier.texts);
        self.changed = self.changed.max(earlier.changed);
        if self.checkpoint_changed == 0 {
            (self.checkpoint, self.checkpoint_changed) = (earlier.checkpoint, earlier.checkpoint_changed);
        }
        if !self.dropped {
            self.committed = self.committed.max(earlier.committed);
            self.dropped = earlier.dropped;
        }
        self
    }

    /// Whether nothing that was stored before matters.
    pub fn is_whole(&self) -> bool {
        self.record.is_some() && self.texts.is_some()
    }

    /// Whether the job has not ended.
    pub fn is_live(&self) -> bool {
        self.record.is_some() && !is_end_code(self.state)
    }
}

/// The folded journal.
#[derive(Debug, Default)]
pub struct Replay {
    /// Per job.
    pub jobs: HashMap<JobId, Seen>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Floor of generated ids.
    pub id_floor: i64,
    /// The segment of the last word that this copy may run the original's jobs.
    pub resumed_in: Option<u64>,
    /// Deleted jobs, and the sequence of that.
    pub forgotten: HashMap<JobId, u64>,
    /// The last sequence.
    pub last_sequence: u64,
    /// Which jobs and changes are taken in.
    pub window: Window,
}

impl Replay {
    /// Folds in a frame of the archive, in any order: a whole job replaces what is older of it, a part of one is added to
    /// what is older. What was deleted since stays deleted.
    pub fn archived(&mut self, file: u64, frame: &Accepted, bytes: &[u8]) -> Result<(), StoreError> {
        let sequence = frame.header.sequence;
        let Some(job) = frame.header.parts.first().map(|part| part.job) else { return Ok(()) };
        let has = |kind: PartKind| frame.header.parts.iter().any(|part| part.kind == kind as u8);
        let is_whole = has(PartKind::Record) && has(PartKind::Texts);
        let before = self.jobs.get(&job).map_or(0, |seen| seen.changed);
        let deleted = self.forgotten.get(&job).copied().unwrap_or(0);
        if before > sequence || deleted > sequence {
            return Ok(());
        }
        if is_whole {
            self.jobs.remove(&job);
        }
        let last_sequence = self.last_sequence;
        self.frame(file, frame, bytes)?;
        self.last_sequence = last_sequence.max(sequence);
        if is_whole && let Some(seen) = self.jobs.get_mut(&job) {
            // It says all: no checkpoint and no committed epoch of an earlier life counts.
            (seen.checkpoint_changed, seen.dropped) = (sequence, true);
        }
        Ok(())
    }

    /// Folds a frame in; `bytes` are the frame's.
    pub fn frame(&mut self, segment: u64, frame: &Accepted, bytes: &[u8]) -> Result<(), StoreError> {
        let sequence = frame.header.sequence;
        if !self.window.reaches(sequence) {
            return Ok(());
        }
        for (index, part) in frame.header.parts.iter().enumerate() {
            let at = At { sequence, place: Place { segment, offset: frame.offset, part: index as u16 } };
            let body = frame.header.body(index).and_then(|body| bytes.get(body)).unwrap_or_default();
            match PartKind::of(part)? {
                PartKind::Submitted | PartKind::Record => {
                    let Some(seen) = self.seen(part.job, sequence) else { continue };
                    (seen.record, seen.state, seen.events) = (Some(at), part.state, None);
                }
                PartKind::Texts => {
                    let Some(seen) = self.seen(part.job, sequence) else { continue };
                    seen.texts = Some(at);
                }
                PartKind::Checkpoint => {
                    let Some(seen) = self.seen(part.job, sequence) else { continue };
                    (seen.checkpoint, seen.checkpoint_changed) = (Some(at), sequence);
                }
                PartKind::Committed => {
                    let Some(seen) = self.seen(part.job, sequence) else { continue };
                    seen.committed = record::committed(part, body)?;
                }
                PartKind::DropCheckpoint => {
                    let Some(seen) = self.seen(part.job, sequence) else { continue };
                    (seen.checkpoint, seen.checkpoint_changed) = (None, sequence);
                    (seen.committed, seen.dropped) = (Epoch::default(), true);
                }
                PartKind::Events => {
                    let Some(seen) = self.seen(part.job, sequence) else { continue };
                    seen.events = Some(at);
                }
                PartKind::Tags => self.tags = record::tags(part, body)?,
                PartKind::IdFloor => self.id_floor = self.id_floor.max(record::id_floor(part, body)?),
                PartKind::Resumed => self.resumed_in = Some(segment),
                PartKind::Forget => {
                    self.jobs.remove(&part.job);
                    self.forgotten.insert(part.job, sequence);
                }
                PartKind::ImageHead | PartKind::Directory => {}
            }
        }
        self.last_sequence = sequence;
        Ok(())
    }

    /// Puts what was archived of a job below what is known since.
    pub fn below(&mut self, file: u64, frame: &Accepted, bytes: &[u8]) -> Result<(), StoreError> {
        let mut earlier = Replay::default();
        earlier.archived(file, frame, bytes)?;
        for (job, earlier) in earlier.jobs {
            if let Some(seen) = self.jobs.get_mut(&job) {
                *seen = seen.over(&earlier);
            }
        }
        Ok(())
    }

    /// What is newest of a job, to be changed by `sequence`; `None` when it lies outside the window.
    fn seen(&mut self, job: JobId, sequence: u64) -> Option<&mut Seen> {
        if !self.window.holds(job) {
            return None;
        }
        if self.window.is_full(self.jobs.len()) && !self.jobs.contains_key(&job) {
            self.window.narrow(&mut self.jobs);
        }
        let seen = self.window.holds(job).then(|| self.jobs.entry(job).or_default())?;
        seen.changed = seen.changed.max(sequence);
        Some(seen)
    }

    /// Frames of segment `from` were appended again to `to`: `moved` gives old and new offsets.
    pub fn relocate(&mut self, from: u64, to: u64, moved: &HashMap<u64, u64>) {
        if moved.is_empty() {
            return;
        }
        for seen in self.jobs.values_mut() {
            for at in [&mut seen.record, &mut seen.events, &mut seen.texts, &mut seen.checkpoint]
                .into_iter()
                .flatten()
            {
                if at.place.segment == from
                    && let Some(offset) = moved.get(&at.place.offset)
                {
                    (at.place.segment, at.place.offset) = (to, *offset);
                }
            }
        }
    }

    /// What is kept in memory of it; ended jobs are counted when the index is loaded.
    pub fn standing(&self, held: Option<String>) -> Standing {
        let live = self.jobs.iter().filter(|(_, seen)| seen.is_live()).map(|(job, _)| *job).collect();
        let counts = EndedCounts::default();
        Standing { live, counts, tags: self.tags.clone(), id_floor: self.id_floor, held }
    }

    /// What the index knows of a job.
    pub fn job(&self, job: JobId, fetcher: &Fetcher) -> Result<Option<IndexedJob>, StoreError> {
        let Some(seen) = self.jobs.get(&job) else { return Ok(None) };
        let Some(at) = seen.record else { return Ok(None) };
        let record = fetch_record(fetcher, at.place)?;
        Ok(Some(IndexedJob::new(&record, at.sequence, at.place, seen.texts.map(|texts| texts.place))))
    }

    /// What the index knows of a job's checkpoint.
    pub fn checkpoint(&self, job: JobId) -> Option<IndexedCheckpoint> {
        let seen = self.jobs.get(&job)?;
        let place = seen.checkpoint.map(|at| at.place);
        let known = place.is_some() || seen.committed > Epoch::default();
        known.then_some(IndexedCheckpoint { sequence: self.last_sequence, place, committed: seen.committed })
    }
}

/// The record at `place`, with all its events.
pub fn fetch_whole_record(fetcher: &Fetcher, place: Place) -> Result<JobRecord, StoreError> {
    let (header, bytes) = fetcher.frame(place)?;
    let body = |part: usize| header.body(part).and_then(|body| bytes.get(body)).unwrap_or_default();
    let at = usize::from(place.part);
    let nothing = || StoreError::damaged(relative_path(place.segment), "the frame there has no such part");
    let part = header.parts.get(at).ok_or_else(nothing)?;
    let mut record = record::record(part, body(at))?;
    let is_its = |other: &Part| other.kind == PartKind::Events as u8 && other.job == part.job;
    let beside = header.parts.iter().enumerate().skip(at + 1).find(|(_, other)| is_its(other));
    if let Some((index, part)) = beside {
        let mut events = record::events(part, body(index))?;
        events.append(&mut record.events);
        record.events = events;
    }
    Ok(record)
}

/// The record at `place`, with its newest events.
pub fn fetch_record(fetcher: &Fetcher, place: Place) -> Result<JobRecord, StoreError> {
    let (part, body) = fetcher.fetch(place)?;
    record::record(&part, &body)
}
