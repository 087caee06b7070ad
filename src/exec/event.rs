//! What comes up from a running attempt.

use crate::model::{Accounting, AttemptId, Checkpoint, Epoch, Fault, JobId, MetricsSnapshot};
use tokio::sync::{mpsc, oneshot};

/// How an attempt ended. Sent once, as its last event, after all its tasks are gone or fenced.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All data is read, written and committed.
    Finished(Accounting),
    /// A checkpoint that a savepoint asked for is stored and committed, and the attempt has ended.
    SavepointDone,
    /// Stopped without one, as asked. Staged rows that were not decided are taken back.
    Stopped,
    /// Suspended for a restart: like a savepoint where the job has checkpoints, like a stop else. `stored` tells
    /// whether a checkpoint was made.
    Suspended {
        /// Whether a checkpoint was made.
        stored: bool,
    },
    /// Failed. Staged rows that were not decided are taken back, unless the fault says that they could not be.
    Failed(Fault),
}

/// Tells whether a checkpoint is durable: so it is, or it was refused for certain, and why (the attempt can go on, and
/// make another). Dropped: it must not be committed, and only a restart tells whether it is stored.
pub type StoredAnswer = oneshot::Sender<Result<(), String>>;

/// What happens during an attempt.
#[derive(Debug)]
pub enum RunEvent {
    /// Every task runs.
    Running,
    /// A checkpoint is complete and wants to be stored. Once it is durable, `stored` is answered and it is decided.
    Checkpoint {
        /// The checkpoint.
        checkpoint: Box<Checkpoint>,
        /// Told whether it is durable.
        stored: StoredAnswer,
    },
    /// Everything prepared up to this epoch is visible.
    Committed(Epoch),
    /// A savepoint that was asked for could not be made; the attempt goes on.
    SavepointFailed(String),
    /// A row was written that may appear again (a detached writer, or an attempt that is repeated without two-phase
    /// commit).
    RowsMayRepeat,
    /// The end.
    Ended {
        /// How.
        outcome: Outcome,
        /// Final counts.
        metrics: Box<MetricsSnapshot>,
    },
}

/// An event with its sender.
#[derive(Debug)]
pub struct RunMessage {
    /// Job.
    pub job: JobId,
    /// Attempt.
    pub attempt: AttemptId,
    /// What happened.
    pub event: RunEvent,
}

/// Where events go; never blocks.
pub type RunEvents = mpsc::UnboundedSender<RunMessage>;
