//! What is stored of an [`Op`], as bytes: a version in front of each body, bincode in it, texts compressed when large.
//!
//! One op becomes one part of a frame; a submission becomes two (record and texts), so that the record can be read
//! without the texts. All but the newest events of a record become a part of their own behind it in the same frame, so
//! that lists don't read them, and no index names them: they are found beside the record. When a stored type of `model` changes its shape, its old shape moves here, [`VERSION`] rises,
//! and the bytes of the old version stay in `tests/compat` and must still load.

use super::error::StoreError;
use super::journal::{MAX_PARTS, MAX_PAYLOAD, Part};
use super::record_v1::RecordV1;
use crate::model::{Checkpoint, Epoch, JobEvent, JobId, JobRecord, JobState, JobTexts, Op, RECENT_EVENTS};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// The version of bodies written now.
pub const VERSION: u8 = 2;
/// Texts of at least this many bytes are compressed.
const PACK_FROM: usize = 1024;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// The record of a submission; the texts follow.
    Submitted = 1,
    /// The texts of a submission.
    Texts = 2,
    /// A record.
    Record = 3,
    /// A checkpoint.
    Checkpoint = 4,
    /// A committed epoch.
    Committed = 5,
    /// A checkpoint is no longer needed.
    DropCheckpoint = 6,
    /// The tags.
    Tags = 7,
    /// The floor of generated ids.
    IdFloor = 8,
    /// This copy may run the original's jobs.
    Resumed = 9,
    /// A job is deleted.
    Forget = 10,
    /// What an image of the archive says of itself; never in the journal.
    ImageHead = 11,
    /// The jobs in a file of the archive; never in the journal.
    Directory = 12,
    /// The older events of the record before it in the frame.
    Events = 13,
}

impl PartKind {
    /// The kind of a part.
    ///
    /// # Errors
    /// A kind that this version doesn't know.
    pub fn of(part: &Part) -> Result<Self, StoreError> {
        Ok(match part.kind {
            1 => Self::Submitted,
            2 => Self::Texts,
            3 => Self::Record,
            4 => Self::Checkpoint,
            5 => Self::Committed,
            6 => Self::DropCheckpoint,
            7 => Self::Tags,
            8 => Self::IdFloor,
            9 => Self::Resumed,
            10 => Self::Forget,
            11 => Self::ImageHead,
            12 => Self::Directory,
            13 => Self::Events,
            other => return Err(newer(other)),
        })
    }
}

/// How many parts an op becomes.
pub fn parts_of(op: &Op) -> u16 {
    match op {
        Op::Submitted { record, .. } => 2 + u16::from(has_older(record)),
        Op::Record(record) => 1 + u16::from(has_older(record)),
        Op::Checkpoint { .. }
        | Op::Committed { .. }
        | Op::DropCheckpoint { .. }
        | Op::Tags(_)
        | Op::IdFloor(_)
        | Op::Resumed
        | Op::Forget { .. } => 1,
    }
}

fn has_older(record: &JobRecord) -> bool {
    record.events.len() > RECENT_EVENTS
}

/// The ops of one request, as parts and their bodies.
#[derive(Debug, Default)]
pub struct Encoded {
    /// The parts.
    pub parts: Vec<Part>,
    /// Their bodies, one behind the other.
    pub payload: Vec<u8>,
}

/// Encodes ops; keeps the compressor, which is dear to make, from one request to the next.
#[derive(Default)]
pub struct Encoder {
    packer: Option<zstd::bulk::Compressor<'static>>,
}

impl Encoder {
    /// Encodes the ops of one request.
    ///
    /// # Errors
    /// They are more than one frame takes.
    pub fn encode(&mut self, ops: &[Op]) -> Result<Encoded, StoreError> {
        let mut out = Encoded::default();
        for op in ops {
            self.push(&mut out, op)?;
        }
        if out.parts.len() > MAX_PARTS {
            return Err(StoreError::TooLarge { bytes: out.parts.len() as u64, limit: MAX_PARTS as u64 });
        }
        Ok(out)
    }

    fn push(&mut self, out: &mut Encoded, op: &Op) -> Result<(), StoreError> {
        match op {
            Op::Submitted { record, texts } => {
                let (record, older) = split(record);
                out.push(PartKind::Submitted, record.id, state_code(record.state), &*record)?;
                out.push(PartKind::Texts, record.id, 0, &**texts)?;
                self.pack_last(out)?;
                self.push_events(out, record.id, older)
            }
            Op::Record(record) => {
                let (record, older) = split(record);
                out.push(PartKind::Record, record.id, state_code(record.state), &*record)?;
                self.push_events(out, record.id, older)
            }
            Op::Checkpoint { job, checkpoint } => out.push(PartKind::Checkpoint, *job, 0, &**checkpoint),
            Op::Committed { job, epoch } => out.push(PartKind::Committed, *job, 0, epoch),
            Op::DropCheckpoint { job } => out.push(PartKind::DropCheckpoint, *job, 0, &()),
            Op::Tags(tags) => out.push(PartKind::Tags, JobId(0), 0, tags),
            Op::IdFloor(floor) => out.push(PartKind::IdFloor, JobId(0), 0, floor),
            Op::Resumed => out.push(PartKind::Resumed, JobId(0), 0, &()),
            Op::Forget { job } => out.push(PartKind::Forget, *job, 0, &()),
        }
    }

    fn push_events(&mut self, out: &mut Encoded, job: JobId, events: &[JobEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        out.push(PartKind::Events, job, 0, &events)?;
        self.pack_last(out)
    }

    /// Adds a part that is encoded already, compressed if it is large and isn't yet.
    pub fn copy(&mut self, out: &mut Encoded, part: Part, body: &[u8]) -> Result<(), StoreError> {
        out.payload.extend_from_slice(body);
        out.parts.push(Part { length: body.len() as u32, ..part });
        self.pack_last(out)
    }

    /// Compresses the body of the last part, if it is large. In front of it stands its plain length.
    fn pack_last(&mut self, out: &mut Encoded) -> Result<(), StoreError> {
        let large = |part: &&mut Part| !part.packed && part.length as usize >= PACK_FROM;
        let Some(part) = out.parts.last_mut().filter(large) else {
            return Ok(());
        };
        let failed = |error: std::io::Error| {
            StoreError::damaged(format!("texts of job {}", part.job), error.to_string())
        };
        let start = out.payload.len() - part.length as usize;
        let packer = match &mut self.packer {
            Some(packer) => packer,
            none => none.insert(zstd::bulk::Compressor::new(1).map_err(failed)?),
        };
        let small = packer.compress(&out.payload[start..]).map_err(failed)?;
        out.payload.truncate(start);
        out.payload.extend_from_slice(&part.length.to_le_bytes());
        out.payload.extend_from_slice(&small);
        (part.packed, part.length) = (true, (out.payload.len() - start) as u32);
        Ok(())
    }
}

/// A record with its newest events, and the older ones.
fn split(record: &JobRecord) -> (Cow<'_, JobRecord>, &[JobEvent]) {
    let older = record.events.len().saturating_sub(RECENT_EVENTS);
    if older == 0 {
        return (Cow::Borrowed(record), &[]);
    }
    let (older, recent) = record.events.split_at(older);
    let rest = JobRecord { events: Vec::new(), ..record.clone() };
    (Cow::Owned(JobRecord { events: recent.to_vec(), ..rest }), older)
}

impl Encoded {
    /// Adds a part.
    pub fn push<T: Serialize>(
        &mut self,
        kind: PartKind,
        job: JobId,
        state: u8,
        body: &T,
    ) -> Result<(), StoreError> {
        let start = self.payload.len();
        bincode::serde::encode_into_std_write(body, &mut self.payload, bincode::config::standard())
            .map_err(|error| StoreError::damaged(format!("job {job}"), error.to_string()))?;
        if self.payload.len() as u64 > MAX_PAYLOAD {
            return Err(StoreError::TooLarge { bytes: self.payload.len() as u64, limit: MAX_PAYLOAD });
        }
        let length = (self.payload.len() - start) as u32;
        self.parts.push(Part { kind: kind as u8, version: VERSION, packed: false, state, length, job });
        Ok(())
    }
}

/// Reads a record, with its newest events.
pub fn record(part: &Part, body: &[u8]) -> Result<JobRecord, StoreError> {
    match part.version {
        1 => decode::<RecordV1>(part, body).map(JobRecord::from),
        _ => decode(part, body),
    }
}

/// Reads the older events of a record.
pub fn events(part: &Part, body: &[u8]) -> Result<Vec<JobEvent>, StoreError> {
    decode(part, body)
}

/// Reads texts.
pub fn texts(part: &Part, body: &[u8]) -> Result<JobTexts, StoreError> {
    decode(part, body)
}

/// Reads a checkpoint.
pub fn checkpoint(part: &Part, body: &[u8]) -> Result<Checkpoint, StoreError> {
    decode(part, body)
}

/// Reads a committed epoch.
pub fn committed(part: &Part, body: &[u8]) -> Result<Epoch, StoreError> {
    decode(part, body)
}

/// Reads tags.
pub fn tags(part: &Part, body: &[u8]) -> Result<Vec<(String, String)>, StoreError> {
    decode(part, body)
}

/// Reads what an image says of itself.
pub fn image_head<T: DeserializeOwned>(part: &Part, body: &[u8]) -> Result<T, StoreError> {
    decode(part, body)
}

/// Reads the directory of a file of the archive.
pub fn directory<T: DeserializeOwned>(part: &Part, body: &[u8]) -> Result<Vec<T>, StoreError> {
    decode(part, body)
}

/// Reads the floor of generated ids.
pub fn id_floor(part: &Part, body: &[u8]) -> Result<i64, StoreError> {
    decode(part, body)
}

fn decode<T: DeserializeOwned>(part: &Part, body: &[u8]) -> Result<T, StoreError> {
    // All but records are as they were in version 1.
    if !(1..=VERSION).contains(&part.version) {
        return Err(newer(part.version));
    }
    let place = || format!("a stored change of job {}", part.job);
    let body = match part.packed {
        false => Cow::Borrowed(body),
        true => {
            let (length, small) = body
                .split_first_chunk::<4>()
                .ok_or_else(|| StoreError::damaged(place(), "its compressed body is cut off"))?;
            let plain = zstd::bulk::decompress(small, u32::from_le_bytes(*length) as usize);
            Cow::Owned(plain.map_err(|error| StoreError::damaged(place(), error.to_string()))?)
        }
    };
    let decoded = bincode::serde::decode_from_slice(&body, bincode::config::standard());
    let (value, used): (T, usize) =
        decoded.map_err(|error| StoreError::damaged(place(), error.to_string()))?;
    if used == body.len() {
        Ok(value)
    } else {
        Err(StoreError::damaged(place(), format!("{} bytes follow its end", body.len() - used)))
    }
}

fn newer(found: u8) -> StoreError {
    let place = "a stored change".to_owned();
    StoreError::Newer { place, found: u32::from(found), known: u32::from(VERSION) }
}

/// The number that stands for a state in frames and in the index; stored, so never changed.
pub fn state_code(state: JobState) -> u8 {
    match state {
        JobState::Created => 1,
        JobState::Pending => 2,
        JobState::Scheduled => 3,
        JobState::Running => 4,
        JobState::Failing => 5,
        JobState::Failed => 6,
        JobState::DoingSavepoint => 7,
        JobState::SavepointDone => 8,
        JobState::Canceling => 9,
        JobState::Canceled => 10,
        JobState::Finished => 11,
        JobState::Unknowable => 12,
    }
}

/// Whether the state of that number is an end state.
pub fn is_end_code(code: u8) -> bool {
    JobState::ALL.into_iter().any(|state| state.is_end() && state_code(state) == code)
}
