//! The index: sled, derived from the journal, never the source of anything.
//!
//! Trees: `jobs` (id → [`IndexedJob`]), `by_state_finish` (state, end, id → nothing), `checkpoints` (id →
//! [`IndexedCheckpoint`]), `meta` (`applied`: the last sequence that is in). Keys are big-endian, so that they sort as
//! numbers do. Values stay small: records, texts and checkpoints are read from journal and archive by place.
//! Of a generation checkpoints are written first, then the ends of jobs, then the jobs, and `applied` last of all. Nothing here flushes on
//! the way of a request, counts with `len()`, checksums, or opens a transaction. Every call is guarded: a panic of sled
//! is an error that leads to a rebuild.
#![allow(clippy::disallowed_types, reason = "only the index and its blocks name sled")]

use super::blocks::Blocks;
use super::entry::{
    IndexedCheckpoint, IndexedJob, cursor_of_key, decode, encode, finish_key, job_key, job_of_key,
};
use super::error::StoreError;
use super::journal::{Place, io};
use super::load::{Batch, Unloaded};
use super::overlay::{CheckpointChange, Generation, Moved, Pending};
use super::reader::Cursor;
use super::record;
use crate::model::{Epoch, JobId, JobState, Millis};
use crate::runtime::failpoint;
use std::ops::{Bound, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Version of what is in the trees; another one on the disk means rebuild.
pub const VERSION: u32 = 4;
/// How long an earlier owner in this process may take to give sled's lock back.
const LOCK_WAIT: Duration = Duration::from_secs(1);
const APPLIED: &[u8] = b"applied";
/// Entries that are put in at once: so often it is seen that sled goes on.
const AT_ONCE: usize = 4096;

/// End states that jobs had before a change, to be taken off the counts.
pub type Settlement = Vec<JobState>;

/// The index. That of an empty store is opened with the first change: sled takes 20 MB and 15 ms even when empty.
#[derive(Debug)]
pub struct Index {
    dir: PathBuf,
    cache_bytes: u64,
    slot: RwLock<Slot>,
    /// Since when sled has been changing something, in milliseconds since `made`, plus one; 0: it isn't.
    busy: AtomicU64,
    made: Instant,
    /// What a reader found wrong, the first time.
    suspicion: OnceLock<String>,
}

#[derive(Debug)]
enum Slot {
    /// Nothing is in it yet, and sled is not open.
    Empty,
    /// Being filled; single jobs are answered from what it is filled from.
    Loading(Arc<Unloaded>, Option<Arc<Trees>>),
    Open(Arc<Trees>),
    /// It can't be had.
    Broken(String),
    Closed,
}

#[derive(Debug)]
struct Trees {
    db: sled::Db,
    jobs: Blocks<8>,
    by_state_finish: Blocks<17>,
    checkpoints: sled::Tree,
    meta: sled::Tree,
}

/// Entries to be written; the jobs' by rising ids.
#[derive(Default)]
struct Changes {
    stale: Vec<[u8; 17]>,
    ended: Vec<([u8; 17], [u8; 0])>,
    jobs: Vec<([u8; 8], Vec<u8>)>,
}

impl Changes {
    fn add(&mut self, job: JobId, entry: &IndexedJob) -> Result<(), StoreError> {
        if entry.is_end() {
            self.ended.push((finish_key(entry.state, entry.ended, job), []));
        }
        self.jobs.push((job_key(job), encode(entry)?));
        Ok(())
    }
}

impl Index {
    fn new(dir: &Path, cache_bytes: u64, slot: Slot) -> Self {
        let (dir, slot, made) = (dir.to_owned(), RwLock::new(slot), Instant::now());
        Self { dir, cache_bytes, slot, busy: AtomicU64::new(0), made, suspicion: OnceLock::new() }
    }

    /// Opens the index in `dir`.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let trees = Arc::new(open_sled(dir, cache_bytes)?);
        Ok(Self::new(dir, cache_bytes, Slot::Open(trees)))
    }

    /// An empty index, to be made in `dir` with the first change.
    pub fn empty(dir: &Path, cache_bytes: u64) -> Self {
        Self::new(dir, cache_bytes, Slot::Empty)
    }

    /// An index to be made in `dir` and filled from `source`.
    pub fn unloaded(dir: &Path, cache_bytes: u64, source: Arc<Unloaded>) -> Self {
        Self::new(dir, cache_bytes, Slot::Loading(source, None))
    }

    /// What it is to be filled from, while it isn't.
    pub fn source(&self) -> Option<Arc<Unloaded>> {
        match &*self.slot.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Loading(source, _) => Some(Arc::clone(source)),
            Slot::Empty | Slot::Open(_) | Slot::Broken(_) | Slot::Closed => None,
        }
    }

    /// It is filled: sled answers from now on.
    pub fn loaded(&self) {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        if let Slot::Loading(_, trees) = &mut *slot {
            *slot = trees.take().map_or(Slot::Empty, Slot::Open);
        }
    }

    /// It can't be had.
    pub fn give_up(&self, reason: &str) {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        *slot = Slot::Broken(reason.to_owned());
    }

    /// For how long one change has been under way.
    pub fn busy_for(&self) -> Duration {
        let now = self.made.elapsed().as_millis() as u64;
        match self.busy.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis((now + 1).saturating_sub(since)),
        }
    }

    /// What a reader found wrong.
    pub fn suspicion(&self) -> Option<&str> {
        self.suspicion.get().map(String::as_str)
    }

    /// A reader found something wrong.
    pub fn suspect(&self, reason: &str) {
        // The first one counts.
        let _known = self.suspicion.set(reason.to_owned());
    }

    /// Whether it holds what the counts say: of each end state that has jobs, the first and the last one.
    pub fn holds(&self, states: impl Iterator<Item = JobState>) -> Result<(), StoreError> {
        for state in states {
            for newest_first in [true, false] {
                let missing = || StoreError::Index(format!("jobs that ended {state} are not in it"));
                let first = self.ended(state, newest_first, None, 1)?;
                let first = first.first().ok_or_else(missing)?;
                self.job(first.id)?.ok_or_else(missing)?;
            }
        }
        Ok(())
    }

    /// The last sequence that is in the index.
    pub fn applied(&self) -> Result<u64, StoreError> {
        let value = self.read(|trees| trees.meta.get(APPLIED))?;
        Ok(value.and_then(|bytes| bytes.as_ref().try_into().ok().map(u64::from_be_bytes)).unwrap_or(0))
    }

    /// Applies a generation.
    pub fn apply(&self, generation: &Generation) -> Result<Settlement, StoreError> {
        let (mut settlement, mut changes) = (Settlement::new(), Changes::default());
        for (job, pending) in &generation.jobs {
            if pending.forgotten {
                self.forget(*job, pending, &mut settlement)?;
            }
            self.record(*job, pending, &mut changes, &mut settlement)?;
            self.apply_checkpoint(*job, pending)?;
        }
        self.put(changes)?;
        if generation.last_sequence > 0 {
            self.set_applied(generation.last_sequence)?;
        }
        Ok(settlement)
    }

    /// Removes all that is known of a deleted job.
    fn forget(&self, job: JobId, pending: &Pending, settlement: &mut Settlement) -> Result<(), StoreError> {
        let Some(before) = self.job(job)? else { return Ok(()) };
        if pending.unsettled && before.is_end() {
            settlement
                .extend(JobState::ALL.into_iter().find(|state| record::state_code(*state) == before.state));
        }
        self.write(|trees| {
            trees.by_state_finish.remove(&finish_key(before.state, before.ended, job))?;
            trees.checkpoints.remove(job_key(job))?;
            trees.jobs.remove(&job_key(job))
        })
    }

    /// Takes note of new places, where the old ones still count.
    pub fn relocate(&self, moved: &[Moved]) -> Result<(), StoreError> {
        // What was moved may have been moved on: those of a job stay in their order.
        let mut moved = moved.to_vec();
        moved.sort_by_key(|moved| moved.job);
        let mut jobs = Vec::new();
        for moves in moved.chunk_by(|a, b| a.job == b.job) {
            let Some(job) = moves.first().map(|moved| moved.job) else { continue };
            let new = |old: Place| {
                let step = |place: Place, moved: &Moved| if moved.from == place { moved.to } else { place };
                moves.iter().fold(old, step)
            };
            if let Some(before) = self.job(job)? {
                let (record, texts) = (new(before.record), before.texts.map(new));
                if (record, texts) != (before.record, before.texts) {
                    jobs.push((job_key(job), encode(&IndexedJob { record, texts, ..before })?));
                }
            }
            if let Some(before) = self.checkpoint(job)? {
                let place = before.place.map(new);
                if place != before.place {
                    let value = encode(&IndexedCheckpoint { place, ..before })?;
                    self.write(|trees| trees.checkpoints.insert(job_key(job), value).map(drop))?;
                }
            }
        }
        self.put(Changes { jobs, ..Changes::default() })
    }

    /// Lists an ended job as UNKNOWABLE whose record, at that place, can't be read any more; the state that it had. `None`: it
    /// lies elsewhere by now, or is listed so already.
    pub fn lose(&self, job: JobId, place: Place) -> Result<Option<JobState>, StoreError> {
        let code = record::state_code(JobState::Unknowable);
        let is_it = |entry: &IndexedJob| entry.record == place && entry.is_end() && entry.state != code;
        let Some(before) = self.job(job)?.filter(is_it) else { return Ok(None) };
        let mut changes =
            Changes { stale: vec![finish_key(before.state, before.ended, job)], ..Changes::default() };
        changes.add(job, &IndexedJob { state: code, ..before })?;
        self.put(changes)?;
        Ok(JobState::ALL.into_iter().find(|state| record::state_code(*state) == before.state))
    }

    /// What a new record changes.
    fn record(
        &self,
        job: JobId,
        pending: &Pending,
        changes: &mut Changes,
        settled: &mut Settlement,
    ) -> Result<(), StoreError> {
        let Some(newest) = &pending.record else { return Ok(()) };
        let before = self.job(job)?;
        if before.as_ref().is_some_and(|before| before.sequence >= newest.sequence) {
            return Ok(());
        }
        let texts = pending.texts.or_else(|| before.as_ref().and_then(|before| before.texts));
        let entry = IndexedJob::new(&newest.record, newest.sequence, newest.place, texts);
        if let Some(before) = before.filter(IndexedJob::is_end) {
            if pending.unsettled {
                let state = |state: &JobState| record::state_code(*state) == before.state;
                settled.extend(JobState::ALL.into_iter().find(state));
            }
            if (before.state, before.ended) != (entry.state, entry.ended) {
                changes.stale.push(finish_key(before.state, before.ended, job));
            }
        }
        changes.add(job, &entry)
    }

    /// Writes changes, those of one block at once.
    fn put(&self, mut changes: Changes) -> Result<(), StoreError> {
        changes.ended.sort_unstable();
        for key in changes.stale {
            self.write(|trees| trees.by_state_finish.remove(&key))?;
        }
        for ended in changes.ended.chunks(AT_ONCE) {
            self.write(|trees| trees.by_state_finish.put(ended))?;
        }
        for jobs in changes.jobs.chunks(AT_ONCE) {
            self.write(|trees| trees.jobs.put(jobs))?;
        }
        Ok(())
    }

    fn apply_checkpoint(&self, job: JobId, pending: &Pending) -> Result<(), StoreError> {
        if pending.checkpoint == CheckpointChange::Dropped && pending.committed == Some(Epoch::default()) {
            return self.write(|trees| trees.checkpoints.remove(job_key(job)).map(drop));
        }
        if pending.checkpoint == CheckpointChange::None && pending.committed.is_none() {
            return Ok(());
        }
        let mut entry = self.checkpoint(job)?.unwrap_or_default();
        if entry.sequence >= pending.sequence {
            return Ok(());
        }
        entry.sequence = pending.sequence;
        match pending.checkpoint {
            CheckpointChange::None => {}
            CheckpointChange::Stored(place) => entry.place = Some(place),
            CheckpointChange::Dropped => entry.place = None,
        }
        entry.committed = pending.committed.unwrap_or(entry.committed);
        let value = encode(&entry)?;
        self.write(|trees| trees.checkpoints.insert(job_key(job), value).map(drop))
    }

    /// Takes note of the last sequence that is in it.
    pub fn set_applied(&self, sequence: u64) -> Result<(), StoreError> {
        self.write(|trees| trees.meta.insert(APPLIED, &sequence.to_be_bytes()).map(drop))
    }

    /// What is known of a job.
    pub fn job(&self, job: JobId) -> Result<Option<IndexedJob>, StoreError> {
        if let Some(source) = self.source() {
            return source.job(job);
        }
        self.read(|trees| trees.jobs.get(&job_key(job)))?.map(|bytes| decode(&bytes)).transpose()
    }

    /// What is known of a job's checkpoint.
    pub fn checkpoint(&self, job: JobId) -> Result<Option<IndexedCheckpoint>, StoreError> {
        if let Some(source) = self.source() {
            return source.checkpoint(job);
        }
        self.read(|trees| trees.checkpoints.get(job_key(job)))?.map(|bytes| decode(&bytes)).transpose()
    }

    /// Jobs that have a checkpoint, by id.
    pub fn checkpoint_ids(&self) -> Result<Vec<JobId>, StoreError> {
        let entries = self.read(|trees| trees.checkpoints.iter().collect::<sled::Result<Vec<_>>>())?;
        let mut jobs = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if decode::<IndexedCheckpoint>(&value)?.place.is_some() {
                jobs.extend(key.as_ref().try_into().ok().map(job_of_key));
            }
        }
        Ok(jobs)
    }

    /// Jobs whose ids lie in that range, by id.
    pub fn ids(&self, range: RangeInclusive<JobId>) -> Result<Vec<JobId>, StoreError> {
        if let Some(source) = self.source() {
            return Ok(source.ids(&range));
        }
        let range = job_key(*range.start())..=job_key(*range.end());
        let keys = self.read(|trees| trees.jobs.first_keys(range, usize::MAX))?;
        Ok(keys.into_iter().map(job_of_key).collect())
    }

    /// Up to `count` jobs that ended in `state`, behind `after` in the order asked for.
    pub fn ended(
        &self,
        state: JobState,
        newest_first: bool,
        after: Option<Cursor>,
        count: usize,
    ) -> Result<Vec<Cursor>, StoreError> {
        let code = record::state_code(state);
        let first = Bound::Included(finish_key(code, Millis::MIN, JobId(i64::MIN)));
        let last = Bound::Included(finish_key(code, Millis::MAX, JobId(i64::MAX)));
        let after = after.map(|after| Bound::Excluded(finish_key(code, after.ended, after.id)));
        let keys = self.read(|trees| match newest_first {
            true => trees.by_state_finish.last_keys((first, after.unwrap_or(last)), count),
            false => trees.by_state_finish.first_keys((after.unwrap_or(first), last), count),
        })?;
        Ok(keys.iter().map(cursor_of_key).collect())
    }

    /// Puts in jobs that are not there yet; quickest in the order of their ids.
    pub fn fill(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        batch.jobs.iter().try_for_each(|(job, entry)| changes.add(*job, entry))?;
        self.put(changes)?;
        for (job, entry) in &batch.checkpoints {
            let value = encode(entry)?;
            self.write(|trees| trees.checkpoints.insert(job_key(*job), value).map(drop))?;
        }
        Ok(())
    }

    /// Writes everything out and closes; later calls are answered [`StoreError::Closed`].
    ///
    /// # Errors
    /// It was not whole, or sled failed.
    pub fn close(&self) -> Result<(), StoreError> {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *slot, Slot::Closed);
        drop(slot);
        match before {
            Slot::Open(trees) => caught(move || {
                trees.db.flush()?;
                drop(trees);
                Ok(())
            }),
            Slot::Loading(..) => Err(StoreError::Index("it was not loaded yet".to_owned())),
            Slot::Broken(reason) => Err(StoreError::Index(reason)),
            Slot::Empty | Slot::Closed => Ok(()),
        }
    }

    /// Reads; an index that is not open yet holds nothing. Whatever sled gets wrong is cause for suspicion.
    fn read<T: Default>(&self, work: impl FnOnce(&Trees) -> sled::Result<T>) -> Result<T, StoreError> {
        let trees = match &*self.slot.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Empty => return Ok(T::default()),
            Slot::Loading(source, _) => return Err(StoreError::Loading(source.progress.loading())),
            Slot::Open(trees) => Arc::clone(trees),
            Slot::Broken(reason) => return Err(StoreError::Index(reason.clone())),
            Slot::Closed => return Err(StoreError::Closed),
        };
        caught(|| work(&trees)).inspect_err(|error| self.suspect(&error.to_string()))
    }

    /// Changes; opens sled first, if it isn't.
    fn write(&self, work: impl FnOnce(&Trees) -> sled::Result<()>) -> Result<(), StoreError> {
        self.busy.store(self.made.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        let done =
            point("store.change-index").and_then(|()| self.trees()).and_then(|trees| caught(|| work(&trees)));
        self.busy.store(0, Ordering::Relaxed);
        done
    }

    /// Sled, opened if it isn't; without the lock, so that readers don't wait for it.
    fn trees(&self) -> Result<Arc<Trees>, StoreError> {
        match &*self.slot.read().unwrap_or_else(PoisonError::into_inner) {
            Slot::Open(trees) | Slot::Loading(_, Some(trees)) => return Ok(Arc::clone(trees)),
            Slot::Broken(reason) => return Err(StoreError::Index(reason.clone())),
            Slot::Closed => return Err(StoreError::Closed),
            Slot::Empty | Slot::Loading(_, None) => {}
        }
        let opened = Arc::new(open_sled(&self.dir, self.cache_bytes)?);
        match &mut *self.slot.write().unwrap_or_else(PoisonError::into_inner) {
            Slot::Loading(_, trees) => *trees = Some(Arc::clone(&opened)),
            slot @ Slot::Empty => *slot = Slot::Open(Arc::clone(&opened)),
            Slot::Open(_) | Slot::Broken(_) | Slot::Closed => return Err(StoreError::Closed),
        }
        Ok(opened)
    }
}

fn open_sled(dir: &Path, cache_bytes: u64) -> Result<Trees, StoreError> {
    // A snapshot that a killed process left half written would make every later open fail.
    for name in io::list(dir)? {
        if name.starts_with("snap.") && name.ends_with(".generating") {
            io::remove(&dir.join(name))?;
        }
    }
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes.max(1 << 20))
        .flush_every_ms(Some(1000))
        .use_compression(false);
    let start = Instant::now();
    loop {
        let opened = caught(|| {
            let db = config.open()?;
            Ok(Trees {
                jobs: Blocks::new(db.open_tree("jobs")?),
                by_state_finish: Blocks::new(db.open_tree("by_state_finish")?),
                checkpoints: db.open_tree("checkpoints")?,
                meta: db.open_tree("meta")?,
                db,
            })
        });
        match opened {
            Err(error) if error.to_string().contains("acquire lock") && start.elapsed() < LOCK_WAIT => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

fn point(name: &'static str) -> Result<(), StoreError> {
    failpoint::reach(name).map_err(|error| StoreError::Index(error.to_string()))
}

/// Calls sled; a panic in it becomes an error.
fn caught<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(StoreError::Index(error.to_string())),
        Err(_) => Err(StoreError::Index("sled panicked".to_owned())),
    }
}
