//! What time brings: retries, records that are behind, attempts that have proven themselves, the deadline of a shutdown.

use super::core::{Core, With};
use super::live::Live;
use super::transition::Event;
use crate::model::{JobId, JobState, Op};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::Instant;

/// How often changes that nothing waits for are stored, and running attempts are looked at.
const TICK: Duration = Duration::from_secs(1);
/// An attempt that ran for so long is no cause of the server's death.
const PROVEN: Duration = Duration::from_secs(300);

impl Core {
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let retry = self.retries.peek().map(|Reverse((at, ..))| *at);
        let tick = (!self.jobs.is_empty()).then_some(self.tick);
        let closing = self.closing.as_ref().map(|closing| closing.deadline);
        [retry, tick, closing, self.pruner.next()].into_iter().flatten().min()
    }

    pub(super) fn wake(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((at, id, number))) = self.retries.peek()
            && at <= now
        {
            self.retries.pop();
            let is_latest = |live: &Live| live.record.attempt.is_some_and(|attempt| attempt.number == number);
            if self.jobs.get(&id).is_some_and(is_latest) {
                self.apply(id, Event::RetryDue, With::default());
            }
        }
        if self.closing.as_ref().is_some_and(|closing| closing.deadline <= now) {
            self.abandon();
        }
        self.look_for_what_is_over(now);
        if self.tick <= now {
            self.tick = now + TICK;
            self.store_what_is_behind();
            let proven =
                |live: &Live| live.run.is_some() && live.record.deaths > 0 && now - live.since >= PROVEN;
            let proven: Vec<JobId> =
                self.jobs.iter().filter(|(_, live)| proven(live)).map(|(id, _)| *id).collect();
            proven.into_iter().for_each(|id| self.apply(id, Event::Proven, With::default()));
        }
    }

    /// Appends the records that say more than what is stored of them.
    pub(super) fn store_what_is_behind(&mut self) {
        let behind: HashSet<JobId> = self.dirty.drain().chain(self.unsaved.keys().copied()).collect();
        for id in behind {
            let Some(live) = self.jobs.get(&id) else {
                self.unsaved.remove(&id);
                continue;
            };
            let ops = match (live.record.state, &live.checkpoint) {
                (JobState::Finished | JobState::Canceled, _) => vec![Op::DropCheckpoint { job: id }],
                (JobState::SavepointDone, Some(beginning)) if beginning.epoch.0 == 0 => {
                    let checkpoint = Box::new(beginning.as_ref().clone());
                    vec![Op::Checkpoint { job: id, checkpoint }]
                }
                (
                    JobState::Created
                    | JobState::Pending
                    | JobState::Scheduled
                    | JobState::Running
                    | JobState::Failing
                    | JobState::Failed
                    | JobState::DoingSavepoint
                    | JobState::SavepointDone
                    | JobState::Canceling
                    | JobState::Unknowable,
                    _,
                ) => Vec::new(),
            };
            self.save(id, ops, Vec::new());
        }
    }
}
