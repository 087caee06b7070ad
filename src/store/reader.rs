//! Reading jobs: pending changes first, then the index, then the journal by place.

use super::entry::{IndexedCheckpoint, IndexedJob, ended_at};
use super::error::StoreError;
use super::index::Index;
use super::journal::{Fetcher, Place};
use super::overlay::{CheckpointChange, Damaged, Overlay, Pending, PendingRecord};
use super::record;
use super::replay::{fetch_record, fetch_whole_record};
use super::verdict;
use crate::model::{Checkpoint, Epoch, JobId, JobRecord, JobState, JobTexts, Millis};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Most index keys that are asked for at once.
const CHUNK: usize = 1024;

/// Which ended jobs, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedQuery {
    /// Only jobs that ended in this state; a state that is no end state has no jobs.
    pub state: Option<JobState>,
    /// Whether the job that ended last comes first.
    pub newest_first: bool,
    /// Go on behind the last job of an earlier page.
    pub after: Option<Cursor>,
    /// Leave out so many first.
    pub skip: u64,
    /// So many at most.
    pub limit: usize,
}

/// The place of a job in the order of ended jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cursor {
    /// When it ended.
    pub ended: Millis,
    /// Its id.
    pub id: JobId,
}

/// A page of ended jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndedPage {
    /// The records.
    pub records: Vec<JobRecord>,
    /// Where the next page goes on; `None` when there is none.
    pub next: Option<Cursor>,
}

/// How many jobs ended in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedCounts {
    /// FINISHED.
    pub finished: u64,
    /// FAILED.
    pub failed: u64,
    /// CANCELED.
    pub canceled: u64,
    /// SAVEPOINT_DONE.
    pub savepoint_done: u64,
    /// UNKNOWABLE: the record is damaged.
    pub unknowable: u64,
}

impl EndedCounts {
    /// Jobs that ended in `state`.
    #[must_use]
    pub fn of(&self, state: JobState) -> u64 {
        let mut counts = *self;
        counts.slot(state).map_or(0, |count| *count)
    }

    /// All ended jobs.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.finished + self.failed + self.canceled + self.savepoint_done + self.unknowable
    }

    pub(super) fn add(&mut self, state: JobState) {
        if let Some(count) = self.slot(state) {
            *count += 1;
        }
    }

    pub(super) fn subtract(&mut self, state: JobState) {
        if let Some(count) = self.slot(state) {
            *count = count.saturating_sub(1);
        }
    }

    fn slot(&mut self, state: JobState) -> Option<&mut u64> {
        match state {
            JobState::Finished => Some(&mut self.finished),
            JobState::Failed => Some(&mut self.failed),
            JobState::Canceled => Some(&mut self.canceled),
            JobState::SavepointDone => Some(&mut self.savepoint_done),
            JobState::Unknowable => Some(&mut self.unknowable),
            JobState::Created
            | JobState::Pending
            | JobState::Scheduled
            | JobState::Running
            | JobState::Failing
            | JobState::DoingSavepoint
            | JobState::Canceling => None,
        }
    }
}

/// Reads the store. Cheap to clone; every call may block on the disk, none waits for a writer. Everything that was
/// answered as durable is seen.
#[derive(Clone, Debug)]
pub struct StoreReader {
    overlay: Arc<Overlay>,
    index: Arc<ArcSwap<Index>>,
    fetcher: Arc<Fetcher>,
}

impl StoreReader {
    pub(super) fn new(overlay: Arc<Overlay>, index: Arc<ArcSwap<Index>>, fetcher: Arc<Fetcher>) -> Self {
        Self { overlay, index, fetcher }
    }

    /// The record of a job, with its newest events at least. One that can't be read any more is answered in state
    /// UNKNOWABLE.
    ///
    /// # Errors
    /// The index or the disk can't be read.
    pub fn record(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.steady(|| self.record_now(id, fetch_record))
    }

    /// [`record`](Self::record) with all events that are kept.
    ///
    /// # Errors
    /// The index or the disk can't be read.
    pub fn whole_record(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.steady(|| self.record_now(id, fetch_whole_record))
    }

    /// Looks again when a file was deleted between the look into the index and the look into the file: by then the index
    /// knows the new place.
    fn steady<T>(&self, look: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        match look() {
            Err(StoreError::Io { .. }) => look(),
            other => other,
        }
    }

    fn record_now(&self, id: JobId, fetch: Fetch) -> Result<Option<JobRecord>, StoreError> {
        match self.overlay.pending(id) {
            Some(Pending { record: Some(record), .. }) => return Ok(Some(JobRecord::clone(&record.record))),
            Some(Pending { forgotten: true, .. }) => return Ok(None),
            Some(_) | None => {}
        }
        self.index.load().job(id)?.map(|entry| self.indexed(id, &entry, fetch)).transpose()
    }

    fn indexed(&self, id: JobId, entry: &IndexedJob, fetch: Fetch) -> Result<JobRecord, StoreError> {
        match fetch(&self.fetcher, entry.record) {
            Err(error @ StoreError::Damaged { .. }) => {
                if entry.state != record::state_code(JobState::Unknowable) {
                    self.tell(id, entry.record, &error);
                }
                Ok(verdict::unknowable(id, entry.ended, &error.to_string()))
            }
            Ok(record) if record.id != id => {
                let reason = format!("it leads from job {id} to job {}", record.id);
                self.index.load().suspect(&reason);
                Err(StoreError::Index(reason))
            }
            other => other,
        }
    }

    fn tell(&self, job: JobId, place: Place, error: &StoreError) {
        self.overlay.damaged(Damaged { job, place, cause: error.to_string() });
    }

    /// Up to `count` jobs that the index lists in an end state, the first ones behind `after`.
    pub(super) fn indexed_as(
        &self,
        state: JobState,
        after: Option<Cursor>,
        count: usize,
    ) -> Result<Vec<Cursor>, StoreError> {
        self.index.load().ended(state, false, after, count)
    }

    /// Reads all that the index knows of a job, and tells what is damaged.
    pub(super) fn check(&self, id: JobId) -> Result<(), StoreError> {
        self.steady(|| {
            if self.overlay.pending(id).is_some() {
                return Ok(());
            }
            let index = self.index.load();
            let Some(entry) = index.job(id)? else { return Ok(()) };
            let checkpoint = index.checkpoint(id)?.and_then(|checkpoint| checkpoint.place);
            let mut places = vec![entry.record];
            places.extend(entry.texts.into_iter().chain(checkpoint));
            places.dedup_by_key(|place| (place.segment, place.offset));
            for place in places {
                match self.fetcher.frame(place) {
                    Err(error @ StoreError::Damaged { .. }) => self.tell(id, place, &error),
                    other => drop(other?),
                }
            }
            Ok(())
        })
    }

    /// The texts of a job.
    ///
    /// # Errors
    /// The index or the disk can't be read; [`StoreError::Damaged`] when the texts are damaged.
    pub fn texts(&self, id: JobId) -> Result<Option<JobTexts>, StoreError> {
        self.steady(|| self.texts_now(id))
    }

    fn texts_now(&self, id: JobId) -> Result<Option<JobTexts>, StoreError> {
        let pending = self.overlay.pending(id).unwrap_or_default();
        let place = match pending.texts {
            None if !pending.forgotten => self.index.load().job(id)?.and_then(|entry| entry.texts),
            known => known,
        };
        let Some(place) = place else { return Ok(None) };
        let (part, body) = self.fetcher.fetch(place)?;
        record::texts(&part, &body).map(Some)
    }

    /// The newest checkpoint of a job, and the newest epoch that is committed (0 before the first).
    ///
    /// # Errors
    /// The index or the disk can't be read; [`StoreError::Damaged`] when the checkpoint is damaged.
    pub fn checkpoint(&self, id: JobId) -> Result<Option<(Checkpoint, Epoch)>, StoreError> {
        self.steady(|| self.checkpoint_now(id))
    }

    fn checkpoint_now(&self, id: JobId) -> Result<Option<(Checkpoint, Epoch)>, StoreError> {
        let pending = self.overlay.pending(id).unwrap_or_default();
        let indexed = match pending.checkpoint {
            CheckpointChange::Dropped => return Ok(None),
            CheckpointChange::Stored(_) | CheckpointChange::None if pending.forgotten => {
                IndexedCheckpoint::default()
            }
            CheckpointChange::Stored(_) | CheckpointChange::None => {
                self.index.load().checkpoint(id)?.unwrap_or_default()
            }
        };
        let place = match pending.checkpoint {
            CheckpointChange::Stored(place) => Some(place),
            CheckpointChange::Dropped | CheckpointChange::None => indexed.place,
        };
        let Some(place) = place else { return Ok(None) };
        let (part, body) = self.fetcher.fetch(place)?;
        let committed = pending.committed.unwrap_or(indexed.committed);
        Ok(Some((record::checkpoint(&part, &body)?, committed)))
    }

    /// Jobs that have a checkpoint, by id.
    ///
    /// # Errors
    /// The index can't be read.
    pub fn checkpoint_ids(&self) -> Result<Vec<JobId>, StoreError> {
        let changed = self.overlay.checkpoints();
        let mut ids: BTreeSet<JobId> = self.index.load().checkpoint_ids()?.into_iter().collect();
        for (job, has_one) in changed {
            if has_one {
                ids.insert(job);
            } else {
                ids.remove(&job);
            }
        }
        Ok(ids.into_iter().collect())
    }

    /// Ids of all jobs in that range, by id.
    ///
    /// # Errors
    /// The index can't be read.
    pub fn ids(&self, range: RangeInclusive<JobId>) -> Result<Vec<JobId>, StoreError> {
        let pending = self.overlay.records();
        let mut ids: BTreeSet<JobId> = self.index.load().ids(range.clone())?.into_iter().collect();
        for (id, record) in pending.into_iter().filter(|(id, _)| range.contains(id)) {
            if record.is_some() {
                ids.insert(id);
            } else {
                ids.remove(&id);
            }
        }
        Ok(ids.into_iter().collect())
    }

    /// Ended jobs, in the order of their end (then of their ids).
    ///
    /// # Errors
    /// The index or the disk can't be read.
    pub fn ended(&self, query: &EndedQuery) -> Result<EndedPage, StoreError> {
        let mut page = EndedPage::default();
        let mut walk = Walk::new(self, query);
        let mut skip = query.skip;
        while page.records.len() < query.limit {
            let Some(cursor) = walk.next()? else {
                page.next = None;
                break;
            };
            if skip > 0 {
                skip -= 1;
                continue;
            }
            if let Some(record) = self.steady(|| walk.record(cursor))? {
                page.records.push(record);
                page.next = Some(cursor);
            }
        }
        Ok(page)
    }

    /// How many jobs have ended, at least: never more than [`ended`](Self::ended) finds, unlike [`counts`](Self::counts)
    /// just after a deletion. Never reads the disk.
    #[must_use]
    pub fn ended_at_least(&self) -> u64 {
        self.overlay.ended_at_least()
    }

    /// How many jobs ended in which state. Never reads the disk.
    #[must_use]
    pub fn counts(&self) -> EndedCounts {
        self.overlay.counts()
    }
}

/// How a record is read.
type Fetch = fn(&Fetcher, Place) -> Result<JobRecord, StoreError>;

/// Merges the index's lists of the asked states with the pending changes.
struct Walk<'a> {
    reader: &'a StoreReader,
    query: &'a EndedQuery,
    /// Their entries in the index don't count: memory is newer.
    pending: BTreeMap<JobId, Option<PendingRecord>>,
    lists: Vec<List>,
}

/// The rest of one list, in the order asked for.
struct List {
    /// `None` for the pending jobs.
    state: Option<JobState>,
    ahead: VecDeque<Cursor>,
    last: Option<Cursor>,
    done: bool,
}

impl<'a> Walk<'a> {
    fn new(reader: &'a StoreReader, query: &'a EndedQuery) -> Self {
        let pending = reader.overlay.records();
        let wanted = |state: JobState| state.is_end() && query.state.is_none_or(|only| only == state);
        let order = |a: &Cursor, b: &Cursor| if query.newest_first { b.cmp(a) } else { a.cmp(b) };
        let records = pending.values().flatten().map(|pending| &pending.record);
        let mut ahead: Vec<Cursor> = records
            .filter(|record| wanted(record.state))
            .map(|record| Cursor { ended: ended_at(record), id: record.id })
            .filter(|cursor| query.after.is_none_or(|after| order(&after, cursor).is_lt()))
            .collect();
        ahead.sort_unstable_by(order);
        let mut lists = vec![List { state: None, ahead: ahead.into(), last: None, done: true }];
        let states = JobState::ALL.into_iter().filter(|state| wanted(*state));
        lists.extend(states.map(|state| List {
            state: Some(state),
            ahead: VecDeque::new(),
            last: query.after,
            done: false,
        }));
        Self { reader, query, pending, lists }
    }

    fn next(&mut self) -> Result<Option<Cursor>, StoreError> {
        let count = (self.query.skip as usize).saturating_add(self.query.limit).clamp(16, CHUNK);
        let newest_first = self.query.newest_first;
        for list in &mut self.lists {
            while list.ahead.is_empty()
                && !list.done
                && let Some(state) = list.state
            {
                let keys = self.reader.index.load().ended(state, newest_first, list.last, count)?;
                list.done = keys.len() < count;
                list.last = keys.last().copied().or(list.last);
                list.ahead.extend(keys.into_iter().filter(|key| !self.pending.contains_key(&key.id)));
            }
        }
        let heads = self.lists.iter_mut().filter(|list| !list.ahead.is_empty());
        let first = if newest_first {
            heads.max_by_key(|list| list.ahead.front().copied())
        } else {
            heads.min_by_key(|list| list.ahead.front().copied())
        };
        Ok(first.and_then(|list| list.ahead.pop_front()))
    }

    /// The record; `None` when it disagrees with the entry that led to it.
    fn record(&self, cursor: Cursor) -> Result<Option<JobRecord>, StoreError> {
        if let Some(pending) = self.pending.get(&cursor.id) {
            return Ok(pending.as_ref().map(|pending| JobRecord::clone(&pending.record)));
        }
        let Some(entry) = self.reader.index.load().job(cursor.id)? else { return Ok(None) };
        let agrees = entry.ended == cursor.ended
            && record::is_end_code(entry.state)
            && self.query.state.is_none_or(|only| record::state_code(only) == entry.state);
        if !agrees {
            return Ok(None);
        }
        // One that turns out to be damaged is in no list but that of such jobs.
        let record = self.reader.indexed(cursor.id, &entry, fetch_record)?;
        Ok(self.query.state.is_none_or(|only| only == record.state).then_some(record))
    }
}
