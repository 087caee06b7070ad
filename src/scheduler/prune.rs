//! Deleting the ended jobs that are over.
//!
//! From time to time the store is asked, apart from the scheduler's task, for the oldest ended jobs. Those that are over
//! (`retention`) and don't live again by then are deleted: an op like any change; the job's log goes when it is durable.
//! A copy whose jobs are held deletes nothing.

use super::core::Core;
use super::flight::{Flight, Follow};
use super::handle::Message;
use super::retention::Retention;
use crate::model::{JobId, Millis, Op};
use crate::runtime::{Task, blocking, clock};
use crate::store::{EndedQuery, StoreError, StoreReader};
use std::time::Duration;
use tokio::time::Instant;

/// The longest time between two looks.
const LOOK: Duration = Duration::from_secs(60);
/// Jobs that are deleted at once.
const AT_ONCE: usize = 500;

/// When the next look is due, and the one under way.
#[derive(Default)]
pub(super) struct Pruner {
    due: Option<Instant>,
    under_way: Option<Task<()>>,
}

impl Pruner {
    pub fn new(retention: &Retention) -> Self {
        Self { due: (!retention.is_endless()).then(Instant::now), under_way: None }
    }

    /// When to look next.
    pub fn next(&self) -> Option<Instant> {
        self.due.filter(|_| self.under_way.is_none())
    }
}

impl Core {
    /// Asks the store, if it is time.
    pub(super) fn look_for_what_is_over(&mut self, now: Instant) {
        if self.closing.is_some() || self.pruner.next().is_none_or(|due| due > now) {
            return;
        }
        let retention = self.settings.retention;
        self.pruner.due = Some(now + retention.age.map_or(LOOK, |age| (age / 4).min(LOOK)));
        if self.store.status().held.is_some() {
            return;
        }
        let (reader, inbox) = (self.store.reader(), self.inbox.clone());
        self.pruner.under_way = Some(blocking(move || {
            let over = over(&retention, &reader, clock());
            let _gone = inbox.send(Message::Over(over));
        }));
    }

    /// Deletes those that don't live again.
    pub(super) fn over(&mut self, over: Result<Vec<JobId>, StoreError>) {
        self.pruner.under_way = None;
        let over = match over {
            Ok(over) => over,
            Err(error @ StoreError::Loading(_)) => {
                return tracing::debug!(%error, "old jobs are looked for later");
            }
            Err(error) => return tracing::warn!(%error, "old jobs can't be deleted; it is tried again"),
        };
        let spared = |job: &JobId| self.jobs.contains_key(job) || self.lookups.contains_key(job);
        let is_full = over.len() == AT_ONCE;
        let over: Vec<JobId> = over.into_iter().filter(|job| !spared(job)).collect();
        if over.is_empty() {
            return;
        }
        if is_full {
            // There may be more.
            self.pruner.due = Some(Instant::now());
        }
        let ops = over.iter().map(|job| Op::Forget { job: *job }).collect();
        self.append(ops, Flight { follows: vec![Follow::Forgotten(over)], ..Flight::default() });
    }

    /// The logs of deleted jobs go too.
    pub(super) fn remove_logs(&self, jobs: &[JobId]) {
        jobs.iter().for_each(|job| self.scribe.remove(self.log_of(*job)));
    }
}

fn over(retention: &Retention, reader: &StoreReader, now: Millis) -> Result<Vec<JobId>, StoreError> {
    let oldest = reader.ended(&EndedQuery { limit: AT_ONCE, ..EndedQuery::default() })?;
    let oldest: Vec<_> = oldest.records.iter().map(|record| (record.id, record.ended)).collect();
    Ok(retention.over(&oldest, reader.counts().total(), now))
}
