//! The words of the table: what happened, what it must know, what follows.

use crate::exec::{Outcome, RunCommand};
use crate::model::{Epoch, Fault, MetricsSnapshot, StopRequest};
use crate::scheduler::retry::RetryPolicy;
use std::time::Duration;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// It has its slots.
    Admitted,
    /// The user asked.
    Stop(StopRequest),
    /// Every task of the attempt runs.
    Running,
    /// A checkpoint wants to be stored; the counts at it, and its number, unless it only ends the data.
    Checkpoint(MetricsSnapshot, Option<Epoch>),
    /// What was prepared is visible.
    Committed,
    /// The savepoint asked for could not be made.
    SavepointFailed(String),
    /// Rows may appear twice in the target.
    RowsMayRepeat,
    /// The attempt has ended; the final counts.
    Ended(Outcome, Box<MetricsSnapshot>),
    /// The wait before the next attempt is over.
    RetryDue,
    /// The attempt has run for five minutes.
    Proven,
    /// The server stops in order.
    GoingDown,
    /// The server stops and the attempt has not ended in time; it is dropped.
    Abandoned,
    /// It can't be started (any more).
    Unstartable(Fault),
}

/// What goes on beside the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Nothing runs.
    Rest,
    /// An attempt is being started or runs.
    Attempt,
    /// An attempt that only commits what was decided and takes back the rest.
    WindUp,
    /// An attempt failed, the next one will start.
    RetryWait,
}

/// What the table must know beside record and event.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The store's timeline, for attempt ids.
    pub timeline: u64,
    /// What goes on.
    pub activity: Activity,
    /// The latest decided checkpoint.
    pub checkpoint: Option<Epoch>,
    /// Whether that checkpoint prepared something that is not known to be committed.
    pub uncommitted: bool,
    /// The job's retries.
    pub retry: RetryPolicy,
    /// Whether the server is going down.
    pub closing: bool,
    /// Whether this is a copy's job that nobody resumed: nothing outside of the data directory may be touched.
    pub held: bool,
}

/// Whether and when the record is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Save {
    /// It has not changed.
    #[default]
    Nothing,
    /// It says nothing new to recovery: shown at once, stored within a second or with the next change.
    Soon,
    /// Before anything follows from it.
    Now,
}

/// What is stored beside the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    #[default]
    Nothing,
    /// The checkpoint of the event.
    Checkpoint,
    /// The commit of the event.
    Committed,
    /// An empty checkpoint: the beginning of the job.
    Beginning,
    /// The checkpoint is dropped.
    DropCheckpoint,
}

/// What to do once everything is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start the record's attempt, and tell it this.
    Launch(Option<RunCommand>),
    /// Tell the running attempt.
    Command(RunCommand),
    /// Come back with `RetryDue`.
    Wait(Duration),
    /// Drop the checkpoint of the event unanswered.
    Refuse,
}

/// The answer of the table; the record was changed in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Whether to store the record.
    pub save: Save,
    /// What to store with it.
    pub beside: Beside,
    /// What to do then.
    pub effect: Option<Effect>,
}

pub const NOTHING: Step = Step { save: Save::Nothing, beside: Beside::Nothing, effect: None };
pub const SAVE: Step = Step { save: Save::Now, beside: Beside::Nothing, effect: None };
pub const REFUSE: Step = Step { save: Save::Nothing, beside: Beside::Nothing, effect: Some(Effect::Refuse) };

impl Step {
    /// With that effect.
    pub fn then(mut self, effect: Effect) -> Self {
        self.effect = Some(effect);
        self
    }
}
