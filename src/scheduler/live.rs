//! A job that has not ended, as the scheduler holds it.

use super::handle::{Submission, SubmitAnswer};
use super::retry::RetryPolicy;
use super::transition::{Activity, Facts};
use crate::exec::RunHandle;
use crate::model::{Checkpoint, Epoch, JobRecord, StopRequest};
use crate::plan::Plan;
use crate::runtime::JobLog;
use std::sync::Arc;
use tokio::time::Instant;

/// The job's plan.
pub(super) enum Planned {
    /// It is being compiled again, from its stored texts.
    Compiling,
    /// Ready to run.
    Ready(Arc<Plan>),
    /// It can't be compiled any more.
    Broken,
}

/// A job that has not ended, or whose end is not durable yet.
pub(super) struct Live {
    /// As decided; what is durable is in the overlay.
    pub record: Arc<JobRecord>,
    pub plan: Planned,
    pub log: Arc<JobLog>,
    pub activity: Activity,
    /// The running attempt. Dropping it ends the attempt.
    pub run: Option<RunHandle>,
    /// Whether no attempt so far gave a writer rows; of those before a restart of the server that is not known.
    pub untouched: bool,
    /// When the latest attempt was launched.
    pub since: Instant,
    /// The latest decided checkpoint.
    pub checkpoint: Option<Arc<Checkpoint>>,
    /// Up to where everything is known to be committed.
    pub committed: Epoch,
    /// Whether it has its slots.
    pub has_slots: bool,
    /// Whether it is a copy's job that nobody resumed.
    pub held: bool,
    /// A stop that is completed once the plan is there.
    pub stop_when_ready: Option<StopRequest>,
    /// Submissions of the same id, which wait until the end is durable.
    pub followers: Vec<(Box<Submission>, SubmitAnswer)>,
}

impl Live {
    /// A job at rest.
    pub fn new(record: JobRecord, plan: Planned, log: Arc<JobLog>) -> Self {
        Self {
            untouched: record.attempt.is_none(),
            record: Arc::new(record),
            plan,
            log,
            activity: Activity::Rest,
            run: None,
            since: Instant::now(),
            checkpoint: None,
            committed: Epoch::default(),
            has_slots: false,
            held: false,
            stop_when_ready: None,
            followers: Vec::new(),
        }
    }

    /// What the transition table must know.
    pub fn facts(&self, timeline: u64, closing: bool) -> Facts {
        let (retry, broken) = match &self.plan {
            Planned::Ready(plan) => (
                RetryPolicy { times: plan.settings.retry_times, interval: plan.settings.retry_interval },
                false,
            ),
            Planned::Compiling => (RetryPolicy::default(), false),
            Planned::Broken => (RetryPolicy::default(), true),
        };
        Facts {
            timeline,
            activity: self.activity,
            checkpoint: self.checkpoint.as_ref().map(|checkpoint| checkpoint.epoch),
            uncommitted: self.checkpoint.as_ref().is_some_and(|checkpoint| {
                checkpoint.epoch > self.committed && !checkpoint.prepared.is_empty()
            }),
            retry,
            closing,
            held: self.held || broken,
        }
    }

    /// Whether an attempt is being started or runs.
    pub fn has_attempt(&self) -> bool {
        matches!(self.activity, Activity::Attempt | Activity::WindUp)
    }
}
