//! What stands in the index: entries as bytes, and keys that sort as numbers do.

use super::error::StoreError;
use super::journal::Place;
use super::reader::Cursor;
use super::record;
use crate::model::{Epoch, JobId, JobRecord, JobState, Millis};
use serde::{Deserialize, Serialize};

/// What the index knows of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
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

/// An entry as it is stored, in as few bytes as can be: nearly all take up to 22.
#[derive(Serialize, Deserialize)]
struct Packed {
    state: u8,
    sequence: u64,
    ended: Millis,
    record: PackedPlace,
    texts: PackedTexts,
}

/// A place without the high flags of its number, which would make it long.
#[derive(Serialize, Deserialize)]
struct PackedPlace {
    kind: u8,
    number: u64,
    offset: u64,
    part: u16,
}

#[derive(Serialize, Deserialize)]
enum PackedTexts {
    None,
    /// In the frame of the record: the part.
    Beside(u16),
    At(PackedPlace),
}

/// Where the flags of a number begin.
const FLAGS: u32 = 62;

impl From<Place> for PackedPlace {
    fn from(Place { segment, offset, part }: Place) -> Self {
        Self { kind: (segment >> FLAGS) as u8, number: segment & !(3 << FLAGS), offset, part }
    }
}

impl From<PackedPlace> for Place {
    fn from(PackedPlace { kind, number, offset, part }: PackedPlace) -> Self {
        Self { segment: number | u64::from(kind) << FLAGS, offset, part }
    }
}

impl From<IndexedJob> for Packed {
    fn from(IndexedJob { sequence, state, ended, record, texts }: IndexedJob) -> Self {
        let texts = match texts {
            None => PackedTexts::None,
            Some(at) if (at.segment, at.offset) == (record.segment, record.offset) => {
                PackedTexts::Beside(at.part)
            }
            Some(at) => PackedTexts::At(at.into()),
        };
        Self { state, sequence, ended, record: record.into(), texts }
    }
}

impl From<Packed> for IndexedJob {
    fn from(Packed { state, sequence, ended, record, texts }: Packed) -> Self {
        let record = Place::from(record);
        let texts = match texts {
            PackedTexts::None => None,
            PackedTexts::Beside(part) => Some(Place { part, ..record }),
            PackedTexts::At(at) => Some(at.into()),
        };
        Self { sequence, state, ended, record, texts }
    }
}

/// A value of the index, as bytes.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(|error| StoreError::Index(error.to_string()))
}

/// Reads what [`encode`] made.
pub fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|error| StoreError::Index(error.to_string()))
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
pub fn cursor_of_key(key: &[u8; 17]) -> Cursor {
    let number = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&key[at..at + 8]);
        bytes
    };
    Cursor { ended: unsortable(number(1)), id: job_of_key(number(9)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::{ARCHIVED, IMAGE};
    use proptest::prelude::*;

    fn places() -> impl Strategy<Value = Place> {
        let segment = (0..1_u64 << 40, prop_oneof![Just(0), Just(ARCHIVED), Just(IMAGE)]);
        (segment, any::<u64>(), any::<u16>()).prop_map(|((number, flag), offset, part)| Place {
            segment: number | flag,
            offset,
            part,
        })
    }

    proptest! {
        #[test]
        fn entries_are_read_as_written(
            (sequence, state, ended) in (any::<u64>(), 1..=12_u8, any::<i64>()),
            record in places(),
            texts in proptest::option::of(prop_oneof![places().prop_map(Ok), any::<u16>().prop_map(Err)]),
        ) {
            let texts = texts.map(|texts| texts.unwrap_or_else(|part| Place { part, ..record }));
            let entry = IndexedJob { sequence, state, ended, record, texts };
            prop_assert_eq!(decode::<IndexedJob>(&encode(&entry).unwrap()).unwrap(), entry);
        }
    }

    #[test]
    fn the_entry_of_a_usual_job_is_small() {
        let record = Place { segment: ARCHIVED | 9_000, offset: 63 << 20, part: 0 };
        let texts = Some(Place { part: 1, ..record });
        let entry = IndexedJob { sequence: 200_000_000, state: 11, ended: 1_800_000_000_000, record, texts };
        assert!(encode(&entry).unwrap().len() <= 22);
    }
}
