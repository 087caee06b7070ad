//! The live jobs, for readers: what is durable, plus live counts.
//!
//! Readers never wait for the scheduler: it holds a lock for one insertion at most, never over I/O. A job appears once
//! its record is durable and leaves once its end is durable and the store's reader shows it. So a reader looks here
//! first and in the store next, and finds every job in at least one of them.

use super::checkpoints::{CheckpointBook, CheckpointBooks};
use super::followers::Followers;
use crate::exec::LiveMetrics;
use crate::model::{JobId, JobRecord};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

const SHARDS: usize = 16;

/// A job that has not ended.
#[derive(Clone, Debug)]
pub struct LiveJob {
    /// Its record.
    pub record: Arc<JobRecord>,
    /// Counts of its latest attempt, once one was started.
    pub metrics: Option<Arc<LiveMetrics>>,
    /// How many wait before it, while it waits for slots.
    pub queue_position: Option<usize>,
}

/// Slots of the node; both 0 when they are dynamic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotView {
    /// All.
    pub total: u32,
    /// Those that no job has.
    pub free: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    record: Arc<JobRecord>,
    metrics: Option<Arc<LiveMetrics>>,
    ticket: Option<u64>,
}

/// The published live view. Written by the scheduler alone.
#[derive(Debug, Default)]
pub struct Overlay {
    shards: [RwLock<HashMap<JobId, Entry>>; SHARDS],
    /// Who waits for slots, by ticket.
    queue: RwLock<BTreeMap<u64, JobId>>,
    slots: AtomicU64,
    followers: Followers,
    tags: ArcSwap<Vec<(String, String)>>,
    held: ArcSwapOption<String>,
    pub(super) checkpoints: CheckpointBooks,
}

impl Overlay {
    /// A live job.
    #[must_use]
    pub fn get(&self, id: JobId) -> Option<LiveJob> {
        let entry = self.shard(id).read().unwrap_or_else(PoisonError::into_inner).get(&id)?.clone();
        let position =
            |ticket: u64| self.queue.read().unwrap_or_else(PoisonError::into_inner).range(..ticket).count();
        let queue_position = entry.ticket.map(position);
        Some(LiveJob { record: entry.record, metrics: entry.metrics, queue_position })
    }

    /// All live jobs, by rising id.
    #[must_use]
    pub fn list(&self) -> Vec<LiveJob> {
        let positions: HashMap<JobId, usize> = {
            let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
            queue.values().enumerate().map(|(position, job)| (*job, position)).collect()
        };
        let mut jobs = Vec::with_capacity(self.len());
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            jobs.extend(shard.values().map(|entry| LiveJob {
                record: Arc::clone(&entry.record),
                metrics: entry.metrics.clone(),
                queue_position: entry.ticket.and_then(|_| positions.get(&entry.record.id).copied()),
            }));
        }
        jobs.sort_unstable_by_key(|job| job.record.id);
        jobs
    }

    /// Tells from now on whenever something of a job has changed; ends with the server.
    pub fn changes(&self, id: JobId) -> watch::Receiver<()> {
        self.followers.add(id)
    }

    /// How many jobs live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|s| s.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether none lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Slots.
    #[must_use]
    pub fn slots(&self) -> SlotView {
        let both = self.slots.load(Ordering::Relaxed);
        SlotView { total: (both >> 32) as u32, free: both as u32 }
    }

    /// The node's tags, in the order given.
    #[must_use]
    pub fn tags(&self) -> Vec<(String, String)> {
        self.tags.load().as_ref().clone()
    }

    /// Why the jobs of the original are held, when this is a copy that was not resumed.
    #[must_use]
    pub fn held(&self) -> Option<String> {
        self.held.load().as_deref().cloned()
    }

    /// What became of the checkpoints of a job since the server started, if it had any.
    #[must_use]
    pub fn checkpoints(&self, id: JobId) -> Option<CheckpointBook> {
        self.checkpoints.get(id)
    }

    fn shard(&self, id: JobId) -> &RwLock<HashMap<JobId, Entry>> {
        let spread = (id.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
        &self.shards[spread as usize % SHARDS]
    }

    /// Shows a job as it is. `ticket`: its place in the queue, while it waits for slots.
    pub(super) fn publish(&self, record: Arc<JobRecord>, ticket: Option<u64>) {
        let id = record.id;
        let mut shard = self.shard(id).write().unwrap_or_else(PoisonError::into_inner);
        let before = match shard.get_mut(&id) {
            Some(entry) => {
                entry.record = record;
                std::mem::replace(&mut entry.ticket, ticket)
            }
            None => {
                shard.insert(id, Entry { record, metrics: None, ticket });
                None
            }
        };
        drop(shard);
        if before != ticket {
            self.queue_up(id, before, ticket);
        }
        self.followers.tell(id);
    }

    fn queue_up(&self, id: JobId, before: Option<u64>, ticket: Option<u64>) {
        let mut queue = self.queue.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = before {
            queue.remove(&before);
        }
        if let Some(ticket) = ticket {
            queue.insert(ticket, id);
        }
    }

    /// An attempt was started.
    pub(super) fn attach(&self, id: JobId, metrics: Arc<LiveMetrics>) {
        if let Some(entry) = self.shard(id).write().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            entry.metrics = Some(metrics);
        }
    }

    /// The job's end is durable, and the store shows it.
    pub(super) fn remove(&self, id: JobId) {
        let gone = self.shard(id).write().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(ticket) = gone.and_then(|entry| entry.ticket) {
            self.queue_up(id, Some(ticket), None);
        }
        self.followers.tell(id);
    }

    /// Nothing changes any more.
    pub(super) fn close(&self) {
        self.followers.close();
    }

    pub(super) fn set_slots(&self, view: SlotView) {
        self.slots.store(u64::from(view.total) << 32 | u64::from(view.free), Ordering::Relaxed);
    }

    pub(super) fn set_tags(&self, tags: Vec<(String, String)>) {
        self.tags.store(Arc::new(tags));
    }

    pub(super) fn set_held(&self, reason: Option<String>) {
        self.held.store(reason.map(Arc::new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::tests::records::record;

    #[test]
    fn shows_positions_of_those_that_wait() {
        let overlay = Overlay::default();
        for (id, ticket) in [(30, Some(7)), (10, Some(5)), (20, None), (40, Some(9))] {
            overlay.publish(Arc::new(record(id)), ticket);
        }
        let list: Vec<_> = overlay.list().iter().map(|j| (j.record.id.0, j.queue_position)).collect();
        assert_eq!(list, [(10, Some(0)), (20, None), (30, Some(1)), (40, Some(2))]);
        overlay.publish(Arc::new(record(10)), None);
        overlay.remove(JobId(30));
        assert_eq!(overlay.get(JobId(40)).unwrap().queue_position, Some(0));
        assert_eq!(overlay.get(JobId(10)).unwrap().queue_position, None);
        assert!(overlay.get(JobId(30)).is_none());
        assert_eq!(overlay.len(), 3);
    }

    #[test]
    fn slots_tags_and_the_reason_of_a_hold() {
        let overlay = Overlay::default();
        assert_eq!(overlay.slots(), SlotView { total: 0, free: 0 });
        overlay.set_slots(SlotView { total: 8, free: 3 });
        assert_eq!(overlay.slots(), SlotView { total: 8, free: 3 });
        overlay.set_tags(vec![("team".into(), "blue".into())]);
        assert_eq!(overlay.tags(), [("team".to_owned(), "blue".to_owned())]);
        overlay.set_held(Some("a copy".into()));
        assert_eq!(overlay.held().as_deref(), Some("a copy"));
        overlay.set_held(None);
        assert_eq!(overlay.held(), None);
    }
}
