//! The lines of an export: JSON, one object with one key per line.
//!
//! ```text
//! {"seikan":{"format":1,"program":"0.1.0","time":"2026-01-31T12:00:00Z","store":"…"}}      first
//! {"job":{"record":{…},"texts":{…},"checkpoint":{…},"committed":3}}                        one per job, ids rising
//! {"end":{"jobs":1,"tags":[["zone","a"]],"idFloor":1}}                                     last
//! ```
//!
//! Bytes are base64. Records and texts are those of `model` under their own names, secrets as they were submitted.

use crate::model::{AttemptId, Checkpoint, Counters, Epoch, JobRecord, JobTexts, Millis, Prepared};
use serde::{Deserialize, Serialize};

/// The format that is written, and the newest that is read.
pub const FORMAT: u32 = 1;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Line {
    /// What the file is.
    Seikan(Front),
    /// A job.
    Job(Box<JobLine>),
    /// All jobs have come.
    End(End),
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Front {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// When, in UTC.
    pub time: String,
    /// Random id of the store that it was read from.
    pub store: Option<String>,
}

/// A job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobLine {
    /// The record.
    pub record: JobRecord,
    /// The texts; an ended job may have lost them to damage.
    pub texts: Option<JobTexts>,
    /// The newest checkpoint.
    pub checkpoint: Option<CheckpointLine>,
    /// The newest committed epoch, 0 before the first.
    pub committed: Epoch,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct End {
    /// How many jobs came before.
    pub jobs: u64,
    /// Tags of the node.
    pub tags: Vec<(String, String)>,
    /// Generated ids below this were given out.
    pub id_floor: i64,
}

/// A checkpoint, its bytes as text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointLine {
    epoch: Epoch,
    attempt: AttemptId,
    at: Millis,
    is_final: bool,
    is_savepoint: bool,
    #[serde(with = "base64_text")]
    state: Vec<u8>,
    prepared: Vec<PreparedLine>,
    counters: Counters,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PreparedLine {
    sink: u32,
    epoch: Epoch,
    rows: u64,
    #[serde(with = "base64_text")]
    data: Vec<u8>,
}

impl From<Checkpoint> for CheckpointLine {
    fn from(checkpoint: Checkpoint) -> Self {
        let Checkpoint { epoch, attempt, at, is_final, is_savepoint, state, prepared, counters } = checkpoint;
        let line = |Prepared { sink, epoch, rows, data }| PreparedLine { sink, epoch, rows, data };
        let prepared = prepared.into_iter().map(line).collect();
        Self { epoch, attempt, at, is_final, is_savepoint, state, prepared, counters }
    }
}

impl From<CheckpointLine> for Checkpoint {
    fn from(line: CheckpointLine) -> Self {
        let CheckpointLine { epoch, attempt, at, is_final, is_savepoint, state, prepared, counters } = line;
        let plain = |PreparedLine { sink, epoch, rows, data }| Prepared { sink, epoch, rows, data };
        let prepared = prepared.into_iter().map(plain).collect();
        Self { epoch, attempt, at, is_final, is_savepoint, state, prepared, counters }
    }
}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}
