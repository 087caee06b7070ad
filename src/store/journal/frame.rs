//! One frame: the changes of one request, or a seal.
//!
//! ```text
//!  0  magic            u32      16  sequence         u64     32 …  parts, 16 bytes each:
//!  4  kind             u8       24  durable_through  u64           kind u8, version u8, flags u8, state u8,
//!  5  zero             u8                                          length u32, job i64
//!  6  number of parts  u16                                    …    crc32c of all before, seeded by the salt
//!  8  payload length   u32                                    …    payload: the bodies of the parts, in order
//! 12  payload crc32c   u32  (seeded by the salt)
//! ```
//!
//! Little endian. The parts say what the frame holds without a look at the payload: so a damaged payload still tells
//! which jobs it was about. Both checksums start from the segment's random salt, so that nothing a user writes into
//! a job can pass for a frame. A header with a single damaged byte is mended: the byte is found by trial, and the
//! result counts only if the payload's checksum agrees too.

use crate::model::JobId;
use std::ops::Range;

const MAGIC: u32 = 0xA5F7_53C1;
const FIXED: usize = 32;
const PART: usize = 16;
const CRC: usize = 4;
/// Headers longer than this are not mended: the trial takes time with the square of the length.
const MENDABLE: usize = 512;

/// The most parts in a frame.
pub const MAX_PARTS: usize = u16::MAX as usize;
/// The most bytes of a payload.
pub const MAX_PAYLOAD: u64 = 1 << 30;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes; takes a sequence of its own.
    Ops = 1,
    /// Only says what is durable; its sequence is that of the last frame of changes.
    Seal = 2,
}

/// What one part of the payload is; [`crate::store::record`] knows the kinds and versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Kind of the body.
    pub kind: u8,
    /// Version of the body's encoding.
    pub version: u8,
    /// Whether the body is compressed.
    pub packed: bool,
    /// State of the job after it, for records; else 0.
    pub state: u8,
    /// Bytes of the body.
    pub length: u32,
    /// The job that it is about; 0 for none.
    pub job: JobId,
}

/// The header of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is for.
    pub kind: Kind,
    /// Number of the request, rising by one over the life of the store.
    pub sequence: u64,
    /// The last sequence known to be on the disk when this was written.
    pub durable_through: u64,
    /// What the payload holds.
    pub parts: Vec<Part>,
    /// Bytes of the payload.
    pub payload_length: u32,
    /// Checksum of the payload, with this segment's salt.
    pub payload_crc: u32,
}

impl Header {
    /// Bytes of the header itself.
    pub fn length(&self) -> usize {
        header_length(self.parts.len())
    }

    /// Bytes of the whole frame.
    pub fn frame_length(&self) -> usize {
        self.length() + self.payload_length as usize
    }

    /// Where the body of part `index` lies in the frame.
    pub fn body(&self, index: usize) -> Option<Range<usize>> {
        let before: usize = self.parts.get(..index)?.iter().map(|part| part.length as usize).sum();
        let start = self.length() + before;
        let end = start + self.parts.get(index)?.length as usize;
        (end <= self.frame_length()).then_some(start..end)
    }
}

/// Why bytes are no frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The header can't be trusted, not even its length.
    Header,
    /// The header is sound, the payload is not, or it is cut off.
    Payload(Box<Header>),
}

/// Bytes of a frame with these parts and this payload.
pub fn length(parts: usize, payload: usize) -> usize {
    header_length(parts) + payload
}

fn header_length(parts: usize) -> usize {
    FIXED + parts * PART + CRC
}

fn header_crc(salt: u64, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(salt as u32, bytes)
}

fn payload_crc(salt: u64, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append((salt >> 32) as u32, bytes)
}

/// Appends a frame to `out`; the checksum of its payload.
pub fn push(
    out: &mut Vec<u8>,
    salt: u64,
    kind: Kind,
    (sequence, durable_through): (u64, u64),
    parts: &[Part],
    payload: &[u8],
) -> u32 {
    let start = out.len();
    let checksum = payload_crc(salt, payload);
    out.reserve(length(parts.len(), payload.len()));
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&[kind as u8, 0]);
    out.extend_from_slice(&(parts.len() as u16).to_le_bytes());
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&durable_through.to_le_bytes());
    for part in parts {
        out.extend_from_slice(&[part.kind, part.version, u8::from(part.packed), part.state]);
        out.extend_from_slice(&part.length.to_le_bytes());
        out.extend_from_slice(&part.job.0.to_le_bytes());
    }
    let crc = header_crc(salt, &out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(payload);
    checksum
}

/// Reads the frame at the front of `bytes`, checking both checksums.
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: &[u8], salt: u64) -> Result<Header, Fault> {
    let header = read_header(bytes, salt).ok_or(Fault::Header)?;
    match bytes.get(header.length()..header.frame_length()) {
        Some(payload) if payload_crc(salt, payload) == header.payload_crc => Ok(header),
        Some(_) | None => Err(Fault::Payload(Box::new(header))),
    }
}

/// Bytes that a look at the front of a frame needs to know the whole length: what the header claims, unchecked.
pub fn claimed_length(front: &[u8]) -> Option<usize> {
    let parts = u16::from_le_bytes(front.get(6..8)?.try_into().ok()?);
    let payload = u32::from_le_bytes(front.get(8..12)?.try_into().ok()?);
    Some(length(usize::from(parts), payload as usize))
}

/// The length of the fixed front of a frame.
pub const FRONT: usize = FIXED;

fn read_header(bytes: &[u8], salt: u64) -> Option<Header> {
    if bytes.get(..4)? != MAGIC.to_le_bytes() {
        return None;
    }
    let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let u64_at = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let count = usize::from(u16::from_le_bytes(bytes.get(6..8)?.try_into().ok()?));
    let checked = FIXED + count * PART;
    if header_crc(salt, bytes.get(..checked)?) != u32_at(checked)? {
        return None;
    }
    let kind = match bytes.get(4)? {
        1 => Kind::Ops,
        2 => Kind::Seal,
        _ => return None,
    };
    let parts = (0..count).map(|index| {
        let at = FIXED + index * PART;
        Some(Part {
            kind: *bytes.get(at)?,
            version: *bytes.get(at + 1)?,
            packed: bytes.get(at + 2)? & 1 == 1,
            state: *bytes.get(at + 3)?,
            length: u32_at(at + 4)?,
            job: JobId(u64_at(at + 8)? as i64),
        })
    });
    let header = Header {
        kind,
        sequence: u64_at(16)?,
        durable_through: u64_at(24)?,
        parts: parts.collect::<Option<_>>()?,
        payload_length: u32_at(8)?,
        payload_crc: u32_at(12)?,
    };
    let bodies: u64 = header.parts.iter().map(|part| u64::from(part.length)).sum();
    (bodies == u64::from(header.payload_length)).then_some(header)
}

/// Tries to mend one damaged byte of the header at the front of `bytes`; the payload must be sound.
pub fn mend(bytes: &[u8], salt: u64) -> Option<Header> {
    let mut copy = bytes.get(..bytes.len().min(MENDABLE))?.to_vec();
    // The true header's length is not known when its count of parts is what was damaged; the trial finds it.
    let claimed = usize::from(u16::from_le_bytes(copy.get(6..8)?.try_into().ok()?));
    let reach = if header_length(claimed) <= copy.len() { header_length(claimed) } else { FIXED };
    for at in 0..reach.min(copy.len()) {
        let original = copy[at];
        for flip in 1..=255_u8 {
            copy[at] = original ^ flip;
            let Some(header) = read_header(&copy, salt) else { continue };
            let payload = bytes.get(header.length()..header.frame_length());
            if payload.is_some_and(|payload| payload_crc(salt, payload) == header.payload_crc) {
                return Some(header);
            }
        }
        copy[at] = original;
    }
    None
}

/// The next place at or behind `from` where a whole, sound frame begins.
pub fn find(bytes: &[u8], from: usize, salt: u64) -> Option<usize> {
    let magic = MAGIC.to_le_bytes();
    let tail = bytes.get(from..)?;
    memchr::memmem::find_iter(tail, &magic)
        .map(|at| from + at)
        .find(|&at| bytes.get(at..).is_some_and(|rest| read(rest, salt).is_ok()))
}
