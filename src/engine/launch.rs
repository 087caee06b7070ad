//! The engine itself: settings, and the start of attempts.

use super::accounting::{Layout, Vertex};
use super::attempt::{Attempt, Signal};
use super::coordinator::Coordinator;
use super::pipe::Budget;
use crate::exec::{Launcher, LiveMetrics, Outcome, RunEvent, RunHandle, RunRequest};
use crate::model::Fault;
use crate::runtime::{JobPool, Task, spawn};
use futures::FutureExt;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Limits of the engine.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Directory that relative paths of jobs are taken from.
    pub working_dir: PathBuf,
    /// How long a checkpoint may take, where the job doesn't say.
    pub checkpoint_timeout: Duration,
    /// Bytes that one pipe may hold, beyond one batch.
    pub pipe_bytes: usize,
    /// Bytes that all pipes of the process may hold, beyond one batch each.
    pub budget_bytes: usize,
    /// How long a stop waits for tasks, then for decided commits, then for taking back; what is not done by then is
    /// given up.
    pub stop_deadline: Duration,
    /// How long a commit that fails is tried again.
    pub commit_deadline: Duration,
    /// The first pause between two tries; it doubles each time.
    pub commit_pause: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            working_dir: PathBuf::from("."),
            checkpoint_timeout: Duration::from_secs(60),
            pipe_bytes: 4 << 20,
            budget_bytes: 64 << 20,
            stop_deadline: Duration::from_secs(10),
            commit_deadline: Duration::from_secs(60),
            commit_pause: Duration::from_millis(100),
        }
    }
}

/// Runs jobs in this process: data on the pool, one coordinator per attempt on the runtime that `launch` is called
/// on. Dropping it abandons all attempts.
pub struct Engine {
    pool: JobPool,
    settings: Arc<EngineSettings>,
    budget: Arc<Budget>,
    attempts: Arc<Attempts>,
}

/// The coordinators that run.
#[derive(Default)]
struct Attempts(Mutex<(u64, HashMap<u64, Task<()>>)>);

impl Engine {
    /// An engine whose data tasks run on `pool`.
    #[must_use]
    pub fn new(pool: JobPool, settings: EngineSettings) -> Self {
        let budget = Budget::new(settings.budget_bytes);
        Self { pool, settings: Arc::new(settings), budget, attempts: Arc::default() }
    }

    /// Bytes that wait in all pipes.
    #[cfg(test)]
    pub(super) fn queued_bytes(&self) -> usize {
        self.budget.used()
    }
}

impl Launcher for Engine {
    fn launch(&self, request: RunRequest) -> RunHandle {
        let (commands, asked) = mpsc::unbounded_channel();
        let (notes, told) = mpsc::unbounded_channel();
        let RunRequest { job, attempt: id, plan, restore, committed, untouched, log, events } = request;
        let base = restore.as_ref().map(|checkpoint| &checkpoint.counters.metrics);
        let metrics = Arc::new(LiveMetrics::new(&plan.read_tables(), &plan.written_tables(), base));
        let restored = restore.as_ref().map(|checkpoint| checkpoint.epoch).unwrap_or_default();
        let signal = Signal { epoch: restored, committed: restored, ..Signal::default() };
        let attempt = Arc::new(Attempt {
            job,
            id,
            layout: Arc::new(Layout::new(&plan)),
            plan,
            log,
            metrics: Arc::clone(&metrics),
            is_restore: restore.is_some(),
            untouched,
            settings: Arc::clone(&self.settings),
            pool: self.pool.clone(),
            budget: Arc::clone(&self.budget),
            signal: watch::Sender::new(signal),
            events,
            notes,
        });
        let coordinator = Coordinator::new(Arc::clone(&attempt), asked, told, committed);
        self.attempts.start(async move {
            let ended = AssertUnwindSafe(coordinator.run(restore)).catch_unwind().await;
            if ended.is_err() {
                let fault = Fault::internal("the coordinator of the job panicked");
                attempt.log.error(&fault.to_string());
                attempt.metrics.freeze();
                let metrics = Box::new(attempt.metrics.snapshot());
                attempt.emit(RunEvent::Ended { outcome: Outcome::Failed(fault), metrics });
            }
        });
        RunHandle { commands, metrics }
    }
}

impl Attempts {
    fn start(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.0 += 1;
        let number = running.0;
        let leave = Leave(Arc::downgrade(self), number);
        let task = spawn(async move {
            let _leave = leave;
            work.await;
        });
        running.1.insert(number, task);
    }
}

/// Takes an attempt off the list when it has ended.
struct Leave(Weak<Attempts>, u64);

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(attempts) = self.0.upgrade() {
            let ended = attempts.0.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.1);
            drop(ended);
        }
    }
}

/// The vertex that a job's start is blamed on before any of its own has begun.
pub(super) const FIRST: Vertex = Vertex::Source(0);
