//! The states of a job, as callers see them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// State of a job. The names on the wire are those of [`JobState::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobState {
    /// Recorded; nothing decided yet.
    Created,
    /// Waits for a slot, or is held in a copied data directory.
    Pending,
    /// Has its slot; an attempt is about to start.
    Scheduled,
    /// An attempt runs, or a retry waits.
    Running,
    /// An attempt failed for good; what it left is being taken back.
    Failing,
    /// Ended by a fault.
    Failed,
    /// A stop with savepoint is under way.
    DoingSavepoint,
    /// Ended with a savepoint, resumable.
    SavepointDone,
    /// A stop is under way.
    Canceling,
    /// Ended by a stop.
    Canceled,
    /// Ended well.
    Finished,
    /// Answer only: what happened to the job can't be known (its record is damaged).
    Unknowable,
}

impl JobState {
    /// All states, in the order of a job's life.
    pub const ALL: [JobState; 12] = [
        JobState::Created,
        JobState::Pending,
        JobState::Scheduled,
        JobState::Running,
        JobState::Failing,
        JobState::Failed,
        JobState::DoingSavepoint,
        JobState::SavepointDone,
        JobState::Canceling,
        JobState::Canceled,
        JobState::Finished,
        JobState::Unknowable,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            JobState::Created => "CREATED",
            JobState::Pending => "PENDING",
            JobState::Scheduled => "SCHEDULED",
            JobState::Running => "RUNNING",
            JobState::Failing => "FAILING",
            JobState::Failed => "FAILED",
            JobState::DoingSavepoint => "DOING_SAVEPOINT",
            JobState::SavepointDone => "SAVEPOINT_DONE",
            JobState::Canceling => "CANCELING",
            JobState::Canceled => "CANCELED",
            JobState::Finished => "FINISHED",
            JobState::Unknowable => "UNKNOWABLE",
        }
    }

    /// The state of that name, in any letter case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(name))
    }

    /// Whether a job in this state will never change again (unless it is started anew from a savepoint).
    #[must_use]
    pub fn is_end(self) -> bool {
        match self {
            JobState::Failed
            | JobState::SavepointDone
            | JobState::Canceled
            | JobState::Finished
            | JobState::Unknowable => true,
            JobState::Created
            | JobState::Pending
            | JobState::Scheduled
            | JobState::Running
            | JobState::Failing
            | JobState::DoingSavepoint
            | JobState::Canceling => false,
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
