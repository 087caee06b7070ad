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

/// One line of a job's history: every transition and attempt, with cause and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEvent {
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
    /// History, oldest first, the newest 64.
    pub events: Vec<JobEvent>,
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
