//! What stands in the index: entries as bytes, and keys that sort as numbers do.

use super::error::StoreError;
use super::journal::Place;
use super::reader::Cursor;
use super::record;
use crate::model::{Epoch, JobId, JobRecord, JobState, Millis};
use serde::{Deserialize, Serialize};

/// What the index knows of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedJob {
    /// Sequence of the record.
    pub sequence: u64,
    /// [`record::state_code`].
    pub state: u8,
    /// When it ended (0 before).
    pub ended: Millis,
    /// Where the record lies.
    pub record: Place,
    /// Where the texts lie.
    pub texts: Option<Place>,
}

/// What the index knows of a job's checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedCheckpoint {
    /// Sequence of the newest change.
    pub sequence: u64,
    /// The newest checkpoint; `None` while only the committed epoch is known.
    pub place: Option<Place>,
    /// The newest committed epoch.
    pub committed: Epoch,
}

impl IndexedJob {
    /// The entry of a record.
    pub fn new(record: &JobRecord, sequence: u64, place: Place, texts: Option<Place>) -> Self {
        let state = record::state_code(record.state);
        Self { sequence, state, ended: ended_at(record), record: place, texts }
    }

    /// The entry of a job whose record, at that place, can't be read any more.
    pub fn lost(sequence: u64, ended: Millis, place: Place) -> Self {
        Self { sequence, state: record::state_code(JobState::Unknowable), ended, record: place, texts: None }
    }

    /// Whether the job has ended.
    pub fn is_end(&self) -> bool {
        record::is_end_code(self.state)
    }
}

/// When a job ended, as `by_state_finish` sorts it; 0 before.
pub fn ended_at(record: &JobRecord) -> Millis {
    if record.state.is_end() { record.ended.unwrap_or(record.created) } else { 0 }
}

/// A value of the index, as bytes.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|error| StoreError::Index(error.to_string()))
}

/// Reads what [`encode`] made.
pub fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    let decoded = bincode::serde::decode_from_slice(bytes, bincode::config::standard());
    decoded.map(|(value, _)| value).map_err(|error| StoreError::Index(error.to_string()))
}

/// Signed numbers as bytes that sort alike.
fn sortable(number: i64) -> [u8; 8] {
    (number as u64 ^ (1 << 63)).to_be_bytes()
}

fn unsortable(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)) as i64
}

/// Key of a job in `jobs` and `checkpoints`.
pub fn job_key(job: JobId) -> [u8; 8] {
    sortable(job.0)
}

/// The job of a key.
pub fn job_of_key(key: [u8; 8]) -> JobId {
    JobId(unsortable(key))
}

/// Key of an ended job in `by_state_finish`.
pub fn finish_key(state: u8, ended: Millis, job: JobId) -> [u8; 17] {
    let mut key = [state; 17];
    key[1..9].copy_from_slice(&sortable(ended));
    key[9..].copy_from_slice(&sortable(job.0));
    key
}

/// What [`finish_key`] was made from, without the state.
pub fn cursor_of_key(key: &[u8]) -> Option<Cursor> {
    let ended = unsortable(key.get(1..9)?.try_into().ok()?);
    let id = job_of_key(key.get(9..17)?.try_into().ok()?);
    Some(Cursor { ended, id })
}
