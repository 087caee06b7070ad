//! Starting attempts, telling them things, and letting go of jobs that have ended.

use super::core::{Core, With};
use super::live::Planned;
use super::transition::{Activity, Event};
use crate::exec::{Outcome, RunCommand, RunRequest};
use crate::model::{AttemptId, JobId, JobState};
use std::sync::Arc;
use tokio::time::Instant;

impl Core {
    /// A job's end is durable and visible in the store.
    pub(super) fn leave(&mut self, id: JobId) {
        self.overlay.remove(id);
        self.pruner.ended_meanwhile.insert(id);
        if let Some(live) = self.jobs.remove(&id) {
            live.followers.into_iter().for_each(|(submission, answer)| self.submit(submission, answer));
        }
    }

    /// Starts a recorded attempt, unless the job has gone on meanwhile.
    pub(super) fn launch(&mut self, id: JobId, attempt: AttemptId, command: Option<RunCommand>) {
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        let Planned::Ready(plan) = &live.plan else {
            return;
        };
        if live.record.attempt != Some(attempt) || !live.has_attempt() {
            return;
        }
        if live.record.state == JobState::Canceling && attempt.number == 1 {
            // Stopped before it began: nothing of it is anywhere.
            let metrics = Box::new(live.record.metrics.clone());
            return self.apply(id, Event::Ended(Outcome::Stopped, metrics), With::default());
        }
        let restore = live.checkpoint.as_deref().filter(|checkpoint| checkpoint.epoch.0 > 0);
        if restore.is_some() {
            self.overlay.checkpoints.restored(id);
        }
        let run = self.launcher.launch(RunRequest {
            job: id,
            attempt,
            plan: Arc::clone(plan),
            restore: restore.cloned().map(Box::new),
            committed: live.committed,
            untouched: live.untouched,
            log: Arc::clone(&live.log),
            events: self.events.clone(),
        });
        if live.activity == Activity::Attempt {
            self.overlay.attach(id, Arc::clone(&run.metrics));
        }
        live.since = Instant::now();
        live.run = Some(run);
        if let Some(command) = command {
            self.command(id, attempt, command);
        }
    }

    /// Tells a running attempt.
    pub(super) fn command(&mut self, id: JobId, attempt: AttemptId, command: RunCommand) {
        let Some(live) = self.jobs.get(&id).filter(|live| live.record.attempt == Some(attempt)) else {
            return;
        };
        if let Some(run) = &live.run {
            // An attempt that has just ended no longer listens; its last event is on the way.
            let _gone = run.commands.send(command);
        }
    }

    /// Gives free slots to the queue, in order.
    pub(super) fn admit(&mut self) {
        while self.closing.is_none()
            && let Some(head) = self.slots.head()
            && self.jobs.get(&head).is_none_or(|live| !matches!(live.plan, Planned::Compiling))
            && let Some(id) = self.slots.admit()
        {
            if let Some(live) = self.jobs.get_mut(&id) {
                live.has_slots = true;
                self.apply(id, Event::Admitted, With::default());
            }
        }
    }
}
