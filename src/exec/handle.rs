//! What goes down to a running attempt.

use super::{LiveMetrics, RunEvents};
use crate::model::{AttemptId, Checkpoint, Epoch, JobId};
use crate::plan::Plan;
use crate::runtime::JobLog;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What the scheduler can ask of a running attempt. A later one may overtake an earlier one (a stop during a
/// savepoint).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunCommand {
    /// Stop; ends by itself within the stop's deadline: then the tasks are fenced and detached.
    Stop,
    /// Make a checkpoint, then stop.
    Savepoint,
    /// The server goes down: make a last checkpoint where the job has checkpoints, then stop.
    Suspend,
}

/// Everything that an attempt needs.
pub struct RunRequest {
    /// Job.
    pub job: JobId,
    /// Attempt; recorded before it starts.
    pub attempt: AttemptId,
    /// What to run.
    pub plan: Arc<Plan>,
    /// The latest stored checkpoint. What it prepared and `committed` doesn't cover is committed before anything else.
    pub restore: Option<Box<Checkpoint>>,
    /// The epoch up to which everything is known to be committed.
    pub committed: Epoch,
    /// Whether no earlier attempt gave a writer rows, as far as is known for certain.
    pub untouched: bool,
    /// The job's own log.
    pub log: Arc<JobLog>,
    /// Where events go.
    pub events: RunEvents,
}

/// A running attempt. Dropped means abandoned: its tasks end.
pub struct RunHandle {
    /// Commands.
    pub commands: mpsc::UnboundedSender<RunCommand>,
    /// Live counts.
    pub metrics: Arc<LiveMetrics>,
}

/// Something that can run jobs: the engine.
pub trait Launcher: Send + Sync {
    /// Starts an attempt; never blocks. Whatever goes wrong later is an event.
    fn launch(&self, request: RunRequest) -> RunHandle;
}
