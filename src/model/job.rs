//! What is recorded of a job. Everything here is stored (bincode, positional): a change of shape needs a new
//! record version in `store/record` and a fixture in `tests/compat`.

use super::{Accounting, AttemptId, DagInfo, Epoch, Fault, JobId, JobState, MetricsSnapshot, Millis};
use serde::{Deserialize, Serialize};

/// Where a job came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The REST API.
    Rest,
    /// The command line (`serve --submit`).
    Cli,
    /// The stored text of another job, run again.
    Rerun,
}

/// Syntax of a submitted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextFormat {
    /// JSON.
    Json,
    /// The HOCON dialect.
    Hocon,
    /// SQL statements that name plug-ins.
    Sql,
}

impl TextFormat {
    /// By the name of a file: `.json` is JSON, `.sql` SQL, anything else HOCON.
    #[must_use]
    pub fn of_file_name(name: &str) -> Self {
        match name.rsplit_once('.') {
            Some((_, "json")) => TextFormat::Json,
            Some((_, "sql")) => TextFormat::Sql,
            _ => TextFormat::Hocon,
        }
    }
}

/// What the user asked of a running job; apart from its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopRequest {
    /// Stop.
    Cancel,
    /// Checkpoint, then stop.
    Savepoint,
}

/// What a line of a job's event log tells. Stored by number: a new one goes to the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// Anything else, and whatever was recorded before kinds were.
    #[default]
    Noted,
    /// The job was accepted.
    Submitted,
    /// Its first attempt, or one after a wait for slots, starts.
    Started,
    /// The next attempt starts after a failed one.
    Restarted,
    /// All tasks of the attempt run.
    Running,
    /// A checkpoint is stored.
    Checkpoint,
    /// A checkpoint could not be stored.
    CheckpointFailed,
    /// A stop was asked for.
    StopAsked,
    /// A stop with savepoint was asked for.
    SavepointAsked,
    /// The savepoint could not be made.
    SavepointFailed,
    /// An attempt failed, and another one follows.
    AttemptFailed,
    /// The server stopped in order during the attempt.
    Interrupted,
    /// The server ended during an attempt, and was started again.
    Restored,
    /// The job of a copied data directory may run.
    Resumed,
    /// Rows may be in the target twice.
    RowsMayRepeat,
    /// The job has ended.
    Ended,
}

impl EventKind {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Noted => "noted",
            EventKind::Submitted => "submitted",
            EventKind::Started => "started",
            EventKind::Restarted => "restarted",
            EventKind::Running => "running",
            EventKind::Checkpoint => "checkpoint",
            EventKind::CheckpointFailed => "checkpoint-failed",
            EventKind::StopAsked => "stop-asked",
            EventKind::SavepointAsked => "savepoint-asked",
            EventKind::SavepointFailed => "savepoint-failed",
            EventKind::AttemptFailed => "attempt-failed",
            EventKind::Interrupted => "interrupted",
            EventKind::Restored => "restored",
            EventKind::Resumed => "resumed",
            EventKind::RowsMayRepeat => "rows-may-repeat",
            EventKind::Ended => "ended",
        }
    }
}

/// One line of a job's event log: every transition and attempt, with cause and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEvent {
    /// Its number in the log, from 1, rising, with gaps where lines were left out.
    #[serde(default)]
    pub seq: u64,
    /// What it tells.
    #[serde(default)]
    pub kind: EventKind,
    /// When.
    pub at: Millis,
    /// State after it.
    pub state: JobState,
    /// Attempt that it belongs to, 0 before the first.
    pub attempt: u32,
    /// Cause, in words for the user.
    pub cause: String,
}

/// The record of a job: everything that views and recovery need, without the large texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Id.
    pub id: JobId,
    /// Effective name.
    pub name: String,
    /// State.
    pub state: JobState,
    /// What the user asked, if a stop is under way or done.
    pub stop_request: Option<StopRequest>,
    /// Where it came from.
    pub origin: Origin,
    /// When it was submitted.
    pub created: Millis,
    /// When its first attempt started.
    pub started: Option<Millis>,
    /// When it ended.
    pub ended: Option<Millis>,
    /// Whether it was started from a savepoint.
    pub from_savepoint: bool,
    /// The latest attempt, if one was started.
    pub attempt: Option<AttemptId>,
    /// Attempts that failed and were retried, since the last progress.
    pub retries: u32,
    /// Times in a row that the server died during an attempt, before a new checkpoint or five minutes.
    pub deaths: u32,
    /// Slots that it needs.
    pub slots: u32,
    /// Why it waits, while it is PENDING.
    pub waiting: Option<String>,
    /// The fault that ended it, or the latest one.
    pub fault: Option<Fault>,
    /// Why the last savepoint failed, if it did.
    pub savepoint_failure: Option<String>,
    /// Whether the target may hold rows twice (a sink without two-phase commit, or a resumed copy).
    pub rows_may_repeat: bool,
    /// The job's `env`, each value as text, in the order of the job's text.
    pub env: Vec<(String, String)>,
    /// The graph.
    pub dag: DagInfo,
    /// Counts: of the end, or of the last checkpoint.
    pub metrics: MetricsSnapshot,
    /// Row accounting, once ended well.
    pub accounting: Option<Accounting>,
    /// The event log, oldest first. The store keeps all but the newest [`RECENT_EVENTS`] apart from the record.
    pub events: Vec<JobEvent>,
    /// The key of the submission, if it had one.
    #[serde(default)]
    pub key: Option<SubmitKey>,
}

/// So many events of a job, the newest, lie in its record; older ones beside it.
pub const RECENT_EVENTS: usize = 64;

/// The key under which a job was submitted, so that the same submission again is answered and not run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitKey {
    /// Hash of the key.
    pub key: [u8; 16],
    /// Hash of the request.
    pub request: [u8; 16],
}

impl JobRecord {
    /// Adds a line to the event log.
    pub fn note(&mut self, at: Millis, kind: EventKind, cause: impl Into<String>) {
        let seq = self.events.last().map_or(0, |event| event.seq) + 1;
        let attempt = self.attempt.map_or(0, |attempt| attempt.number);
        self.events.push(JobEvent { seq, kind, at, state: self.state, attempt, cause: cause.into() });
    }

    /// Numbers events that were recorded before they had numbers.
    pub fn number_events(&mut self) {
        if self.events.iter().all(|event| event.seq == 0) {
            (1..).zip(&mut self.events).for_each(|(seq, event)| event.seq = seq);
        }
    }
}

/// The large texts of a job; written once, with its submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTexts {
    /// Exactly what was submitted.
    pub submitted: String,
    /// Its syntax.
    pub format: TextFormat,
    /// The resolved job as JSON: variables filled in, secrets still as submitted.
    pub resolved: String,
    /// Discovered catalogues per source, as JSON; with `resolved` enough to compile again without I/O.
    pub catalogues: String,
}

/// Something staged by a writer, to be made visible by a committer. `data` is versioned by the sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// Index of the sink in the plan.
    pub sink: u32,
    /// The epoch that prepared it.
    pub epoch: Epoch,
    /// Rows in it.
    pub rows: u64,
    /// What the sink needs to commit it.
    pub data: Vec<u8>,
}

/// Rows at one place of the plan; restored with a checkpoint so that the balance holds over attempts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Metrics at the checkpoint.
    pub metrics: MetricsSnapshot,
    /// Accounting at the checkpoint.
    pub accounting: Accounting,
}

/// A stored checkpoint. Once its record is durable it is *decided*: its commit is rolled forward, whatever happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Number.
    pub epoch: Epoch,
    /// Attempt that made it.
    pub attempt: AttemptId,
    /// When it was made.
    pub at: Millis,
    /// Whether it is the end of the job's data: nothing remains to be read.
    pub is_final: bool,
    /// Whether a savepoint asked for it.
    pub is_savepoint: bool,
    /// Positions and states of sources, transforms and sinks, versioned by the engine.
    pub state: Vec<u8>,
    /// Everything prepared and not yet committed, this epoch's and earlier ones'.
    pub prepared: Vec<Prepared>,
    /// Counts at this moment.
    pub counters: Counters,
}

/// One change of the store. A frame of the journal holds the ops of one request; they become durable together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// A job is accepted (or accepted anew, from a savepoint, under the same id).
    Submitted {
        /// Record.
        record: Box<JobRecord>,
        /// Texts.
        texts: Box<JobTexts>,
    },
    /// The record as it is from now on.
    Record(Box<JobRecord>),
    /// A checkpoint is decided.
    Checkpoint {
        /// Job.
        job: JobId,
        /// The checkpoint.
        checkpoint: Box<Checkpoint>,
    },
    /// Everything that was prepared up to this epoch is committed.
    Committed {
        /// Job.
        job: JobId,
        /// Epoch.
        epoch: Epoch,
    },
    /// The checkpoint of a job is no longer needed.
    DropCheckpoint {
        /// Job.
        job: JobId,
    },
    /// The tags of this node.
    Tags(Vec<(String, String)>),
    /// Generated ids below this were given out, or may have been.
    IdFloor(i64),
    /// The operator said that this copy may run the original's jobs.
    Resumed,
    /// An ended job is deleted, with all that was stored of it.
    Forget {
        /// Job.
        job: JobId,
    },
}
