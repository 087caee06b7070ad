//! One attempt: what all its tasks share, and the words between them and the coordinator.

use super::accounting::{Layout, Vertex};
use super::launch::EngineSettings;
use super::ledger::SourceSnapshot;
use super::meter::Tally;
use super::pipe::Budget;
use crate::exec::{LiveMetrics, RunEvent, RunEvents, RunMessage};
use crate::model::{AttemptId, Epoch, Fault, JobId};
use crate::plan::Plan;
use crate::plugin::{JobMode, RunContext, Staged, State};
use crate::runtime::{Ended, JobLog, JobPool, PoolTask};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, watch};

/// What the coordinator tells all tasks. Level-triggered: a task that looks late sees the latest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signal {
    /// The epoch that is being ended.
    pub epoch: Epoch,
    /// Sources shall read nothing behind its barrier.
    pub hold: bool,
    /// No epoch follows: every source had ended when it began.
    pub last: bool,
    /// Everything prepared up to here is visible.
    pub committed: Epoch,
}

/// What tasks tell the coordinator.
#[derive(Debug)]
pub(super) enum Note {
    /// All instances of a source have passed the barrier.
    Source(usize, Box<SourceSnapshot>),
    /// A writer has prepared an epoch.
    Writer(Box<WriterReport>),
    /// A call of the vertex at this place doesn't return.
    Stuck(Arc<AtomicUsize>),
}

/// A writer at a barrier.
#[derive(Debug)]
pub(super) struct WriterReport {
    pub sink: usize,
    pub instance: usize,
    pub epoch: Epoch,
    pub staged: Vec<Staged>,
    /// Rows that a writer without commits has taken in this attempt.
    pub taken: u64,
    pub state: Option<State>,
    pub tally: Tally,
}

/// What all tasks of an attempt share.
pub(super) struct Attempt {
    pub job: JobId,
    pub id: AttemptId,
    pub plan: Arc<Plan>,
    pub layout: Arc<Layout>,
    pub log: Arc<JobLog>,
    pub metrics: Arc<LiveMetrics>,
    pub is_restore: bool,
    /// See [`RunRequest`](crate::exec::RunRequest).
    pub untouched: bool,
    pub settings: Arc<EngineSettings>,
    pub pool: JobPool,
    pub budget: Arc<Budget>,
    pub signal: watch::Sender<Signal>,
    pub events: RunEvents,
    pub notes: mpsc::UnboundedSender<Note>,
}

impl Attempt {
    /// Sends an event up. Nobody listens any more when the server is going down; the store knows what to do then.
    pub(super) fn emit(&self, event: RunEvent) {
        let message = RunMessage { job: self.job, attempt: self.id, event };
        if self.events.send(message).is_err() {
            tracing::debug!(job = %self.job, "an event was sent to nobody");
        }
    }

    /// Tells the coordinator. It is gone only when this task is about to be, too.
    pub(super) fn note(&self, note: Note) {
        if self.notes.send(note).is_err() {
            tracing::debug!(job = %self.job, "a note was sent to nobody");
        }
    }

    /// Wakes tasks that wait for a change, without telling them anything new.
    pub(super) fn wake_all(&self) {
        self.signal.send_modify(|_| ());
    }

    /// What a plug-in is told.
    pub(super) fn context(&self, parallelism: usize) -> RunContext {
        RunContext {
            job: self.job,
            attempt: self.id,
            mode: self.plan.settings.mode,
            parallelism,
            is_restore: self.is_restore,
            log: Arc::clone(&self.log),
            working_dir: self.settings.working_dir.clone(),
        }
    }

    /// Whether the job makes checkpoints without being asked.
    pub(super) fn has_checkpoints(&self) -> bool {
        self.plan.settings.checkpoint_interval.is_some() || self.plan.settings.mode == JobMode::Streaming
    }

    /// Runs code of plug-ins on the pool. `at` tells, at any time, the vertex whose code runs.
    pub(super) fn spawn<F>(self: &Arc<Self>, at: &Arc<AtomicUsize>, work: F) -> PoolTask<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (attempt, at) = (Arc::clone(self), Arc::clone(at));
        self.pool.spawn(work, move || attempt.note(Note::Stuck(Arc::clone(&at))))
    }

    /// A place for the vertex whose code runs.
    pub(super) fn at(&self, vertex: Vertex) -> Arc<AtomicUsize> {
        Arc::new(AtomicUsize::new(vertex.number(&self.plan)))
    }

    /// The name of a vertex.
    fn name_of(&self, number: usize) -> &str {
        Vertex::name_of(number, &self.plan)
    }

    /// The fault of a task that ended without an answer.
    pub(super) fn fault_of(&self, ended: &Ended, at: &AtomicUsize) -> Fault {
        Fault::internal(ended.to_string()).at(self.name_of(at.load(Ordering::Relaxed)))
    }

    /// The fault of a call that doesn't return.
    pub(super) fn fault_of_stuck(&self, at: &AtomicUsize) -> Fault {
        let limit = self.pool.limit();
        Fault::internal(format!("a call did not return within {limit:?}; its thread was given up"))
            .at(self.name_of(at.load(Ordering::Relaxed)))
    }
}
