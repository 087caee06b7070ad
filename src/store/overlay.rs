//! What is durable and not yet in the index: two generations of changes, the newest state per job.
//!
//! The committer publishes into the *current* generation; the applier takes it whole, makes it the *applying* one, and
//! starts a new current one. Readers look at current, then applying, then the index, in this order, so a change is
//! always found in at least one of them. Several changes of a job in one generation become one write to the index.
//!
//! While the index is being loaded, nothing is applied. What a failed index was given last stays in the applying
//! generation until the new one is loaded, which then holds all of it. Each index has its number: an applier that hung
//! and comes back is not listened to.
//! One lock, held for map operations only, never during I/O.

use super::index::Settlement;
use super::journal::{Place, Published};
use super::reader::EndedCounts;
use super::record::parts_of;
use crate::model::{Epoch, JobId, JobRecord, JobState, Op};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What happened to a job's checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckpointChange {
    /// Nothing.
    #[default]
    None,
    /// A new one, at this place.
    Stored(Place),
    /// It is gone, and with it the committed epoch.
    Dropped,
}

/// A record that is durable.
#[derive(Clone, Debug)]
pub struct PendingRecord {
    /// Its sequence.
    pub sequence: u64,
    /// The record.
    pub record: Arc<JobRecord>,
    /// Where it lies.
    pub place: Place,
}

/// The changes of one job.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    /// The newest record.
    pub record: Option<PendingRecord>,
    /// The newest texts.
    pub texts: Option<Place>,
    /// The newest change of its checkpoint.
    pub checkpoint: CheckpointChange,
    /// The newest committed epoch.
    pub committed: Option<Epoch>,
    /// The highest sequence among all of these.
    pub sequence: u64,
    /// Whether the job was deleted; what else is here came later.
    pub forgotten: bool,
    /// Whether the counts don't know yet in which state the job was before; the applier finds out.
    pub unsettled: bool,
}

impl Pending {
    /// These changes, with `earlier` ones below them.
    fn over(mut self, earlier: &Pending) -> Pending {
        if self.forgotten {
            return self;
        }
        self.forgotten = earlier.forgotten;
        self.record = self.record.or_else(|| earlier.record.clone());
        self.texts = self.texts.or(earlier.texts);
        self.committed = match self.checkpoint {
            CheckpointChange::Dropped => self.committed,
            CheckpointChange::None | CheckpointChange::Stored(_) => self.committed.or(earlier.committed),
        };
        if self.checkpoint == CheckpointChange::None {
            self.checkpoint = earlier.checkpoint;
        }
        self
    }
}

/// Changes of many jobs, in the order of their ids.
#[derive(Debug, Default)]
pub struct Generation {
    /// Per job.
    pub jobs: BTreeMap<JobId, Pending>,
    /// The last sequence published into it.
    pub last_sequence: u64,
}

/// A stored thing that lies at another place now, with the same contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Whose it is.
    pub job: JobId,
    /// Where it was.
    pub from: Place,
    /// Where it is.
    pub to: Place,
}

/// What a reader could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Whose it is.
    pub job: JobId,
    /// Where it lies.
    pub place: Place,
    /// What is wrong, in words.
    pub cause: String,
}

/// What the applier does next: first the changes, then the moves.
#[derive(Debug, Default)]
pub struct Work {
    /// Changes.
    pub generation: Arc<Generation>,
    /// What an image of the archive moved, by job.
    pub moved: Vec<Moved>,
    /// What readers found damaged, each job once.
    pub damaged: Vec<Damaged>,
}

/// What is kept in memory over the store's life, apart from pending changes.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Jobs that have not ended.
    pub live: BTreeSet<JobId>,
    /// Ended jobs.
    pub counts: EndedCounts,
    /// Tags of the node.
    pub tags: Vec<(String, String)>,
    /// Floor of generated ids.
    pub id_floor: i64,
    /// Why jobs are held, if they are.
    pub held: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    current: Generation,
    applying: Arc<Generation>,
    /// For the index, behind all changes so far.
    moved: Vec<Moved>,
    /// What readers found damaged, for the index and the operator.
    damaged: Vec<Damaged>,
    /// Jobs of which that was told.
    told: BTreeSet<JobId>,
    /// Moves that the applier has taken and not yet made.
    moving: bool,
    standing: Standing,
    published: u64,
    applied: u64,
    /// Number of the index that is kept.
    index: u64,
    /// Whether it is being loaded.
    loading: bool,
    stopping: bool,
    index_failed: Option<String>,
}

/// The overlay. See the module's header.
#[derive(Debug, Default)]
pub struct Overlay {
    state: Mutex<State>,
    work: Condvar,
}

impl Overlay {
    /// Starts with what recovery found; everything up to `sequence` is in the index, or will be when it is loaded.
    pub fn new(standing: Standing, sequence: u64, loading: bool) -> Self {
        let (published, applied) = (sequence, if loading { 0 } else { sequence });
        let state = State { standing, published, applied, loading, ..State::default() };
        Self { state: Mutex::new(state), work: Condvar::new() }
    }

    /// The index failed, and another one is to be loaded: with everything up to the change that is answered.
    pub fn reload(&self) -> u64 {
        let mut state = self.lock();
        let newer = std::mem::take(&mut state.current);
        let mut jobs = state.applying.jobs.clone();
        for (job, pending) in newer.jobs {
            let pending = match jobs.get(&job) {
                Some(older) => pending.over(older),
                None => pending,
            };
            jobs.insert(job, pending);
        }
        let last_sequence = newer.last_sequence.max(state.applying.last_sequence);
        state.applying = Arc::new(Generation { jobs, last_sequence });
        (state.index, state.loading, state.moving) = (state.index + 1, true, false);
        state.published
    }

    /// Index number `index` is loaded with everything up to `through`; so many jobs had ended by then. Whether it is kept.
    pub fn loaded(&self, index: u64, through: u64, counts: EndedCounts) -> bool {
        let mut state = self.lock();
        if state.index != index {
            return false;
        }
        state.applying = Arc::default();
        (state.loading, state.applied, state.standing.counts) = (false, through, counts);
        let State { current, standing, .. } = &mut *state;
        for pending in current.jobs.values_mut() {
            // What they were before is counted now: the applier finds out.
            pending.unsettled |= pending.record.is_some() || pending.forgotten;
            if let Some(record) = pending.record.as_ref().filter(|record| record.record.state.is_end()) {
                standing.counts.add(record.record.state);
            }
        }
        drop(state);
        self.work.notify_all();
        true
    }

    /// The number of the index that is kept.
    pub fn index(&self) -> u64 {
        self.lock().index
    }

    /// Whether the store is ending.
    pub fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes durable requests visible to readers.
    pub fn publish(&self, requests: Vec<Published>) {
        let mut state = self.lock();
        for request in requests {
            let mut part = 0;
            for op in request.ops {
                let place = Place { segment: request.segment, offset: request.offset, part };
                part += parts_of(&op);
                state.publish(op, place, request.sequence);
            }
            state.published = request.sequence;
            state.current.last_sequence = request.sequence;
        }
        drop(state);
        self.work.notify_all();
    }

    /// Hands over what a fold moved; it is in the index once [`has_moved`](Self::has_moved) says so.
    pub fn move_to(&self, moved: Vec<Moved>) {
        self.lock().moved.extend(moved);
        self.work.notify_all();
    }

    /// A reader found damage that the index does not know: the operator is told, and lists are put right. While the index
    /// is being loaded, the load finds it.
    pub fn damaged(&self, found: Damaged) {
        let mut state = self.lock();
        if !state.loading && state.told.insert(found.job) {
            state.damaged.push(found);
            self.work.notify_all();
        }
    }

    /// The index lists a job as UNKNOWABLE that it listed in state `before`.
    pub fn lost(&self, index: u64, before: JobState) {
        let mut state = self.lock();
        if state.index == index {
            state.standing.counts.subtract(before);
            state.standing.counts.add(JobState::Unknowable);
        }
    }

    /// Whether the index knows every move: nobody is led to the old places any more.
    pub fn has_moved(&self) -> bool {
        let state = self.lock();
        state.moved.is_empty() && !state.moving && !state.loading && state.index_failed.is_none()
    }

    /// The next work for the index: waits for some, then a little longer, so that the changes of a short job
    /// meet in it. `None` when the store stops and nothing is left, or when index number `index` is not kept any more.
    pub fn next_work(&self, index: u64, linger: Duration) -> Option<Work> {
        let mut state = self.lock();
        while state.is_idle() && !state.stopping && state.index == index {
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.stopping {
            let stopped = |state: &mut State| !state.stopping;
            let waited = self.work.wait_timeout_while(state, linger, stopped);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.is_idle() || state.index != index {
            return None;
        }
        state.applying = Arc::new(std::mem::take(&mut state.current));
        let moved = std::mem::take(&mut state.moved);
        state.moving = !moved.is_empty();
        let damaged = std::mem::take(&mut state.damaged);
        Some(Work { generation: Arc::clone(&state.applying), moved, damaged })
    }

    /// The work is in the index; `settled` are end states that jobs had before and have no longer.
    pub fn applied(&self, index: u64, settled: &Settlement) {
        let mut state = self.lock();
        if state.index != index {
            return;
        }
        if state.applying.last_sequence > 0 {
            state.applied = state.applying.last_sequence;
        }
        state.applying = Arc::default();
        state.moving = false;
        for before in settled {
            state.standing.counts.subtract(*before);
        }
    }

    /// The index failed: pending changes stay where they are.
    pub fn index_failed(&self, reason: &str) {
        self.lock().index_failed = Some(reason.to_owned());
        self.work.notify_all();
    }

    /// Waits until the index is loaded; why it never will be, if so.
    pub fn wait_until_loaded(&self) -> Option<String> {
        let mut state = self.lock();
        while state.loading && state.index_failed.is_none() {
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.index_failed.clone()
    }

    /// Whether the index is being loaded.
    pub fn is_loading(&self) -> bool {
        self.lock().loading
    }

    /// Why the index failed, if it did.
    pub fn index_failure(&self) -> Option<String> {
        self.lock().index_failed.clone()
    }

    /// Ends the applier once everything is applied.
    pub fn stop(&self) {
        self.lock().stopping = true;
        self.work.notify_all();
    }

    /// The pending changes of a job, both generations together.
    pub fn pending(&self, job: JobId) -> Option<Pending> {
        let state = self.lock();
        match (state.current.jobs.get(&job), state.applying.jobs.get(&job)) {
            (Some(newer), Some(older)) => Some(newer.clone().over(older)),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }

    /// Every pending record, the newest per job; `None` for deleted jobs.
    pub fn records(&self) -> BTreeMap<JobId, Option<PendingRecord>> {
        let state = self.lock();
        let both = state.applying.jobs.iter().chain(&state.current.jobs);
        let changed = both.filter(|(_, pending)| pending.record.is_some() || pending.forgotten);
        changed.map(|(job, pending)| (*job, pending.record.clone())).collect()
    }

    /// Jobs with a pending change of their checkpoint, and whether they have one now.
    pub fn checkpoints(&self) -> BTreeMap<JobId, bool> {
        let state = self.lock();
        let both = state.applying.jobs.iter().chain(&state.current.jobs);
        let changed = both.filter_map(|(job, pending)| match pending.checkpoint {
            CheckpointChange::None if pending.forgotten => Some((*job, false)),
            CheckpointChange::None => None,
            CheckpointChange::Stored(_) => Some((*job, true)),
            CheckpointChange::Dropped => Some((*job, false)),
        });
        changed.collect()
    }

    /// Counts of ended jobs.
    pub fn counts(&self) -> EndedCounts {
        self.lock().standing.counts
    }

    /// How many jobs have ended, at least: a job counts only when it is known what it was before its newest change.
    pub fn ended_at_least(&self) -> u64 {
        let state = self.lock();
        let unsettled = |generation: &Generation| {
            generation.jobs.values().filter(|pending| pending.unsettled).count() as u64
        };
        let unsettled = unsettled(&state.current) + unsettled(&state.applying);
        state.standing.counts.total().saturating_sub(unsettled)
    }

    /// A copy of what is kept in memory.
    pub fn standing(&self) -> Standing {
        self.lock().standing.clone()
    }

    /// Why jobs are held, if they are.
    pub fn held(&self) -> Option<String> {
        self.lock().standing.held.clone()
    }

    /// Sequences that are durable and not yet in the index.
    pub fn lag(&self) -> u64 {
        let state = self.lock();
        state.published.saturating_sub(state.applied)
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.current.last_sequence == 0 && self.moved.is_empty() && self.damaged.is_empty()
    }

    fn publish(&mut self, op: Op, place: Place, sequence: u64) {
        match op {
            Op::Submitted { record, .. } => {
                let job = record.id;
                self.record(*record, place, sequence);
                self.entry(job, sequence).texts = Some(Place { part: place.part + 1, ..place });
            }
            Op::Record(record) => self.record(*record, place, sequence),
            Op::Checkpoint { job, .. } => {
                self.entry(job, sequence).checkpoint = CheckpointChange::Stored(place);
            }
            Op::Committed { job, epoch } => self.entry(job, sequence).committed = Some(epoch),
            Op::DropCheckpoint { job } => {
                let entry = self.entry(job, sequence);
                // Not `None`: a checkpoint stored next must not find the epoch of before in the index.
                (entry.checkpoint, entry.committed) = (CheckpointChange::Dropped, Some(Epoch::default()));
            }
            Op::Tags(tags) => self.standing.tags = tags,
            Op::IdFloor(floor) => self.standing.id_floor = self.standing.id_floor.max(floor),
            Op::Resumed => self.standing.held = None,
            Op::Forget { job } => self.forget(job, sequence),
        }
    }

    fn forget(&mut self, job: JobId, sequence: u64) {
        let before = self.state_before(job);
        self.standing.live.remove(&job);
        if let Some(before) = before.filter(|before| before.is_end()) {
            self.standing.counts.subtract(before);
        }
        let unsettled = before.is_none() || self.current.jobs.get(&job).is_some_and(|p| p.unsettled);
        self.current.jobs.insert(job, Pending { sequence, forgotten: true, unsettled, ..Pending::default() });
    }

    fn entry(&mut self, job: JobId, sequence: u64) -> &mut Pending {
        let entry = self.current.jobs.entry(job).or_default();
        entry.sequence = sequence;
        entry
    }

    fn record(&mut self, record: JobRecord, place: Place, sequence: u64) {
        let (job, state) = (record.id, record.state);
        let before = self.state_before(job);
        if let Some(before) = before.filter(|before| before.is_end()) {
            self.standing.counts.subtract(before);
        }
        if state.is_end() {
            self.standing.live.remove(&job);
            self.standing.counts.add(state);
        } else {
            self.standing.live.insert(job);
        }
        let entry = self.entry(job, sequence);
        entry.unsettled |= before.is_none();
        entry.record = Some(PendingRecord { sequence, record: Arc::new(record), place });
    }

    /// The state of a job before a change, if memory tells. A job that is neither live nor pending may have ended
    /// and be in the index, or never have been: only the applier can tell.
    fn state_before(&self, job: JobId) -> Option<JobState> {
        if self.standing.live.contains(&job) {
            return Some(JobState::Created);
        }
        [&self.current, &*self.applying].iter().find_map(|generation| {
            let pending = generation.jobs.get(&job)?;
            let known = pending.record.as_ref().map(|record| record.record.state);
            // Deleted and not back: it counts nowhere.
            known.or(pending.forgotten.then_some(JobState::Created))
        })
    }
}
