//! What each row of the table does to the record.

use super::SERVER_DOWN;
use super::log::is_stored;
use super::step::{Activity, Beside, Effect, Facts, NOTHING, SAVE, Save, Step};
use crate::exec::{Outcome, RunCommand};
use crate::model::{
    AttemptId, Epoch, EventKind, Fault, JobRecord, JobState, MetricsSnapshot, Millis, StopRequest,
};
use crate::scheduler::recover::DEATHS;

/// A job in the hands of the table.
pub struct Job<'a> {
    pub record: &'a mut JobRecord,
    pub facts: &'a Facts,
    pub now: Millis,
}

impl Job<'_> {
    fn note(&mut self, kind: EventKind, cause: impl Into<String>) {
        self.record.note(self.now, kind, cause);
    }

    /// The next attempt id; the record is that of a started attempt.
    fn begin(&mut self, state: JobState) {
        let number = self.record.attempt.map_or(0, |attempt| attempt.number) + 1;
        self.record.attempt = Some(AttemptId { timeline: self.facts.timeline, number });
        self.record.started.get_or_insert(self.now);
        self.record.waiting = None;
        self.record.deaths += 1;
        self.record.state = state;
    }

    fn begin_noted(&mut self, state: JobState, kind: EventKind) {
        self.begin(state);
        let number = self.record.attempt.map_or(0, |attempt| attempt.number);
        match self.facts.checkpoint.filter(|epoch| epoch.0 > 0) {
            Some(epoch) => self.note(kind, format!("attempt {number} starts from checkpoint {epoch}")),
            None => self.note(kind, format!("attempt {number} starts")),
        }
    }

    pub fn admitted(&mut self) -> Step {
        let (state, command) = match self.record.stop_request {
            None => (JobState::Scheduled, None),
            Some(StopRequest::Savepoint) => (JobState::DoingSavepoint, Some(RunCommand::Savepoint)),
            Some(StopRequest::Cancel) => (JobState::Canceling, Some(RunCommand::Stop)),
        };
        self.begin_noted(state, EventKind::Started);
        SAVE.then(Effect::Launch(command))
    }

    pub fn next_attempt(&mut self) -> Step {
        self.begin_noted(JobState::Running, EventKind::Restarted);
        SAVE.then(Effect::Launch(None))
    }

    /// Nothing runs: it ends at once, unless something must be committed or taken back first.
    pub fn stop_at_rest(&mut self, request: StopRequest) -> Step {
        // A stop overtakes a savepoint, not the other way.
        let stands = self.record.stop_request.filter(|stands| *stands == StopRequest::Cancel);
        let request = stands.unwrap_or(request);
        self.record.stop_request = Some(request);
        let may_have_leftovers = self.facts.activity == Activity::Rest && self.record.attempt.is_some();
        let (wind_up, through, end) = match request {
            StopRequest::Cancel => {
                (self.facts.uncommitted || may_have_leftovers, JobState::Canceling, JobState::Canceled)
            }
            StopRequest::Savepoint => {
                (self.facts.uncommitted, JobState::DoingSavepoint, JobState::SavepointDone)
            }
        };
        if wind_up && !self.facts.held && self.record.deaths < DEATHS {
            self.begin(through);
            let kind = match request {
                StopRequest::Cancel => EventKind::StopAsked,
                StopRequest::Savepoint => EventKind::SavepointAsked,
            };
            self.note(
                kind,
                "a stop was asked for; what earlier attempts left is committed or taken back first",
            );
            return SAVE.then(Effect::Launch(Some(RunCommand::Stop)));
        }
        match (request, self.facts.checkpoint) {
            (StopRequest::Cancel, _) => self.end(end, None, "stopped before it ran on"),
            (StopRequest::Savepoint, Some(epoch)) => {
                self.end(end, None, format!("stopped; checkpoint {epoch} is its savepoint"))
            }
            (StopRequest::Savepoint, None) => {
                let step = self.end(
                    end,
                    None,
                    "stopped before its first checkpoint; its savepoint is its beginning",
                );
                Step { beside: Beside::Beginning, ..step }
            }
        }
    }

    pub fn cancel(&mut self) -> Step {
        self.record.stop_request = Some(StopRequest::Cancel);
        self.record.state = JobState::Canceling;
        self.note(EventKind::StopAsked, "a stop was asked for");
        SAVE.then(Effect::Command(RunCommand::Stop))
    }

    pub fn savepoint(&mut self) -> Step {
        self.record.stop_request = Some(StopRequest::Savepoint);
        self.record.savepoint_failure = None;
        self.record.state = JobState::DoingSavepoint;
        self.note(EventKind::SavepointAsked, "a stop with savepoint was asked for");
        SAVE.then(Effect::Command(RunCommand::Savepoint))
    }

    pub fn savepoint_failed(&mut self, why: String) -> Step {
        self.record.state = JobState::Running;
        self.record.stop_request = None;
        let cause = format!("the savepoint could not be made, the job goes on: {why}");
        self.note(EventKind::SavepointFailed, cause);
        self.record.savepoint_failure = Some(why);
        SAVE
    }

    pub fn running(&mut self) -> Step {
        self.record.state = JobState::Running;
        self.note(EventKind::Running, "all tasks run");
        Step { save: Save::Soon, ..NOTHING }
    }

    pub fn checkpoint(&mut self, metrics: MetricsSnapshot, kept: Option<Epoch>) -> Step {
        if let Some(epoch) = kept {
            self.note(EventKind::Checkpoint, is_stored(epoch));
        }
        self.record.metrics = metrics;
        self.record.deaths = 0;
        self.record.retries = 0;
        Step { beside: Beside::Checkpoint, ..SAVE }
    }

    pub fn proven(&mut self) -> Step {
        match std::mem::take(&mut self.record.deaths) {
            0 => NOTHING,
            _ => SAVE,
        }
    }

    pub fn rows_may_repeat(&mut self) -> Step {
        if std::mem::replace(&mut self.record.rows_may_repeat, true) {
            return NOTHING;
        }
        self.note(EventKind::RowsMayRepeat, "rows may be in the target twice");
        SAVE
    }

    pub fn ended(&mut self, outcome: Outcome, metrics: MetricsSnapshot) -> Step {
        match outcome {
            Outcome::Finished(accounting) => {
                let balanced = accounting.is_balanced();
                self.record.accounting = Some(accounting);
                let cause =
                    if balanced { "finished" } else { "finished, but its row accounting does not balance" };
                self.end(JobState::Finished, Some(metrics), cause)
            }
            Outcome::SavepointDone => {
                self.end(JobState::SavepointDone, Some(metrics), "stopped with a savepoint")
            }
            Outcome::Stopped | Outcome::Suspended { .. } if self.facts.closing => self.pend(),
            Outcome::Stopped | Outcome::Suspended { .. } => {
                self.fail(Fault::internal("the attempt stopped though nobody asked for it"), Some(metrics))
            }
            Outcome::Failed(fault) => self.retry_or_fail(fault, metrics),
        }
    }

    pub fn ended_in_savepoint(&mut self, outcome: Outcome, metrics: MetricsSnapshot) -> Step {
        let winds_up = self.facts.activity == Activity::WindUp;
        match outcome {
            Outcome::Stopped if winds_up => {
                self.end(JobState::SavepointDone, None, "stopped; its last checkpoint is its savepoint")
            }
            Outcome::Failed(fault) => {
                self.record.savepoint_failure = Some(one_line(&fault));
                if winds_up {
                    return self.fail(fault, None);
                }
                self.record.stop_request = None;
                self.retry_or_fail(fault, metrics)
            }
            Outcome::Finished(_) | Outcome::SavepointDone | Outcome::Stopped | Outcome::Suspended { .. } => {
                self.ended(outcome, metrics)
            }
        }
    }

    pub fn ended_in_cancel(&mut self, outcome: Outcome, metrics: MetricsSnapshot) -> Step {
        // An attempt that only winds up has counted nothing.
        let metrics = (self.facts.activity != Activity::WindUp).then_some(metrics);
        match outcome {
            Outcome::Failed(fault) if self.facts.uncommitted => self.fail(fault, metrics),
            Outcome::Failed(fault) => {
                let cause = format!("stopped; while it stopped, it failed: {}", one_line(&fault));
                self.record.fault = Some(fault);
                self.end(JobState::Canceled, metrics, cause)
            }
            Outcome::Finished(accounting) => {
                self.record.accounting = Some(accounting);
                self.end(
                    JobState::Canceled,
                    metrics,
                    "stopped; all its data was already written and committed",
                )
            }
            Outcome::SavepointDone | Outcome::Stopped | Outcome::Suspended { .. } => {
                self.end(JobState::Canceled, metrics, "stopped")
            }
        }
    }

    fn retry_or_fail(&mut self, fault: Fault, metrics: MetricsSnapshot) -> Step {
        let Some(wait) = self.facts.retry.after(self.record.retries, &fault) else {
            return self.fail(fault, Some(metrics));
        };
        self.record.retries += 1;
        self.record.state = JobState::Running;
        let cause = format!(
            "failed: {}; retry {} of {} in {} s",
            one_line(&fault),
            self.record.retries,
            self.facts.retry.times,
            wait.as_secs_f32()
        );
        self.note(EventKind::AttemptFailed, cause);
        self.record.fault = Some(fault);
        if self.facts.closing {
            return self.pend();
        }
        self.record.deaths = self.record.deaths.saturating_sub(1);
        if wait.is_zero() { self.next_attempt() } else { SAVE.then(Effect::Wait(wait)) }
    }

    /// Interrupted in order: recovery goes on with it.
    pub fn pend(&mut self) -> Step {
        if self.facts.activity != Activity::RetryWait {
            self.record.deaths = self.record.deaths.saturating_sub(1);
        }
        self.record.state = JobState::Pending;
        self.record.waiting = Some(SERVER_DOWN.to_owned());
        self.note(EventKind::Interrupted, "interrupted by the stop of the server");
        SAVE
    }

    pub fn fail(&mut self, fault: Fault, metrics: Option<MetricsSnapshot>) -> Step {
        let cause = format!("failed: {}", one_line(&fault));
        self.record.fault = Some(fault);
        self.end(JobState::Failed, metrics, cause)
    }

    /// Checkpoints of jobs that finished or were cancelled are dropped; those of the others can be started from.
    pub fn end(
        &mut self,
        state: JobState,
        metrics: Option<MetricsSnapshot>,
        cause: impl Into<String>,
    ) -> Step {
        self.record.state = state;
        self.record.ended = Some(self.now);
        self.record.waiting = None;
        self.record.deaths = 0;
        if let Some(metrics) = metrics {
            self.record.metrics = metrics;
        }
        self.note(EventKind::Ended, cause);
        let drops =
            matches!(state, JobState::Finished | JobState::Canceled) && self.facts.checkpoint.is_some();
        Step { beside: if drops { Beside::DropCheckpoint } else { Beside::Nothing }, ..SAVE }
    }
}

fn one_line(fault: &Fault) -> String {
    match &fault.vertex {
        Some(vertex) => format!("{vertex}: {}", fault.message),
        None => fault.message.clone(),
    }
}
