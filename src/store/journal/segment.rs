//! A segment: a header, twice, and frames behind it. Never rewritten, never truncated.

use super::frame;
use super::io::{self, DataFile, Mark};
use crate::model::Millis;
use crate::store::error::StoreError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"SEIKANJ\n";
const VERSION: u32 = 1;
const FRONT: usize = 20;
/// The header stands at both places, so that one bad sector takes nothing.
const COPIES: [usize; 2] = [0, 4096];
/// Where the frames begin.
pub const FRAMES_AT: u64 = 8192;

/// How a segment names the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its number.
    pub number: u64,
    /// The last sequence of it that counts; what lies behind was appended again or cut off.
    pub last_sequence: u64,
    /// [`chain`] of its frames up to there.
    pub chain: u64,
}

/// Everything that a segment says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Random id of the store; copies keep it.
    pub store: u128,
    /// Random id of the timeline; a copy begins another.
    pub timeline: u64,
    /// Random id of the run of the server that wrote it.
    pub run: u64,
    /// Number of the segment; never used twice.
    pub number: u64,
    /// The sequence that its first frame of changes has.
    pub first_sequence: u64,
    /// Seed of its checksums.
    pub salt: u64,
    /// The segment before it.
    pub link: Option<Link>,
    /// Inode and birth time of the data directory.
    pub dir: Mark,
    /// Those of the file `identity`.
    pub identity: Mark,
    /// Those of the segment itself.
    pub own: Mark,
    /// Why the jobs of this store are held, if they are: it is a copy and nobody said that it may run them.
    pub held: Option<String>,
    /// When it was made.
    pub made: Millis,
}

impl Header {
    /// The sequence that the header itself vouches for: all up to here was on the disk before it was written.
    pub fn durable_through(&self) -> u64 {
        self.link.map_or(0, |link| link.last_sequence)
    }

    /// The bytes in front of the frames.
    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let body = bincode::serde::encode_to_vec(self, bincode::config::standard())
            .map_err(|error| StoreError::damaged(file_name(self.number), error.to_string()))?;
        if body.len() > COPIES[1] - FRONT {
            return Err(StoreError::TooLarge { bytes: body.len() as u64, limit: COPIES[1] as u64 });
        }
        let mut bytes = vec![0; FRAMES_AT as usize];
        for at in COPIES {
            let (front, rest) = bytes[at..at + FRONT + body.len()].split_at_mut(FRONT);
            front[..8].copy_from_slice(MAGIC);
            front[8..12].copy_from_slice(&VERSION.to_le_bytes());
            front[12..16].copy_from_slice(&(body.len() as u32).to_le_bytes());
            front[16..].copy_from_slice(&crc32c::crc32c(&body).to_le_bytes());
            rest.copy_from_slice(&body);
        }
        Ok(bytes)
    }

    /// Reads the header; `None` when neither copy of it is sound.
    pub fn decode(bytes: &[u8], name: &str) -> Result<Option<Self>, StoreError> {
        let mut newer = None;
        for at in COPIES {
            match Self::decode_at(at, bytes, name) {
                Ok(None) => {}
                // Or a damaged byte, which the checksum does not cover: the other copy tells.
                Err(error) => newer = Some(error),
                Ok(Some(header)) => return Ok(Some(header)),
            }
        }
        newer.map_or(Ok(None), Err)
    }

    fn decode_at(at: usize, bytes: &[u8], name: &str) -> Result<Option<Self>, StoreError> {
        let Some(front) = bytes.get(at..at + FRONT).filter(|front| front.starts_with(MAGIC)) else {
            return Ok(None);
        };
        let word = |i: usize| u32::from_le_bytes([front[i], front[i + 1], front[i + 2], front[i + 3]]);
        let body = bytes.get(at + FRONT..).and_then(|rest| rest.get(..word(12) as usize));
        let Some(body) = body.filter(|body| crc32c::crc32c(body) == word(16)) else { return Ok(None) };
        if word(8) > VERSION {
            return Err(StoreError::Newer { place: name.to_owned(), found: word(8), known: VERSION });
        }
        let decoded = bincode::serde::decode_from_slice(body, bincode::config::standard());
        Ok(decoded.ok().map(|(header, _)| header))
    }
}

/// Set in the number of a file that is not a segment but holds ended jobs in the archive.
pub const ARCHIVED: u64 = 1 << 63;
/// Set in the number of a file that is an image in the archive.
pub const IMAGE: u64 = 1 << 62;

/// Whether a number is that of a file of the archive, of either kind.
pub fn is_archived(number: u64) -> bool {
    number & (ARCHIVED | IMAGE) != 0
}

/// Name of the file of segment `number`.
pub fn file_name(number: u64) -> String {
    format!("{number:020}.log")
}

/// Path of a file with frames below the data directory: `journal/….log`, `archive/….jobs`, `archive/….image`.
pub fn relative_path(number: u64) -> String {
    let plain = number & !(ARCHIVED | IMAGE);
    match (number & ARCHIVED, number & IMAGE) {
        (0, 0) => format!("journal/{}", file_name(number)),
        (0, _) => format!("archive/{plain:020}.image"),
        _ => format!("archive/{plain:020}.jobs"),
    }
}

/// The number in a segment's file name.
pub fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(".log").filter(|digits| digits.len() == 20)?.parse().ok()
}

/// Where one part of a frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Number of the segment; or of a file of the archive, with [`ARCHIVED`] or [`IMAGE`].
    pub segment: u64,
    /// Byte at which the frame begins.
    pub offset: u64,
    /// Index of the part.
    pub part: u16,
}

/// Folds a frame of changes into the hash of a segment's content.
pub fn chain(before: u64, sequence: u64, payload_crc: u32) -> u64 {
    let word = sequence.rotate_left(32) ^ u64::from(payload_crc);
    (before ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23)
}

/// A segment being written. Frames are gathered in `buffer` and written with one call.
#[derive(Debug)]
pub struct Segment {
    file: DataFile,
    header: Header,
    /// Where the next write goes.
    end: u64,
    buffer: Vec<u8>,
    /// The frames in `buffer`, folded, and the hash of all that was written before.
    chain_after: u64,
    chain: u64,
    last_sequence: u64,
}

impl Segment {
    /// Makes the file `path` and puts the header in front of the first write. `header.own` is filled in here.
    pub fn create(path: &Path, mut header: Header) -> Result<Self, StoreError> {
        let file = DataFile::create(path)?;
        header.own = file.mark()?;
        let (buffer, last_sequence) = (header.encode()?, header.first_sequence.saturating_sub(1));
        Ok(Self { file, header, end: 0, buffer, chain_after: 0, chain: 0, last_sequence })
    }

    /// Gives the file, which must be whole and synced, its name, and syncs the directory.
    pub fn publish(&mut self, path: &Path) -> Result<(), StoreError> {
        self.file.rename(path)?;
        io::sync_parent(path)
    }

    /// What it says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes written.
    pub fn written(&self) -> u64 {
        self.end
    }

    /// Bytes, with those that wait in the buffer.
    pub fn length(&self) -> u64 {
        self.end + self.buffer.len() as u64
    }

    /// Whether a frame is in it.
    pub fn has_frames(&self) -> bool {
        self.length() > FRAMES_AT
    }

    /// How a successor names this segment: as far as it is written.
    pub fn link(&self) -> Link {
        Link { number: self.header.number, last_sequence: self.last_sequence, chain: self.chain }
    }

    /// Adds a frame of changes to the next write; where it will be.
    pub fn push(&mut self, sequence: u64, durable: u64, parts: &[frame::Part], payload: &[u8]) -> u64 {
        let offset = self.length();
        let (kind, order) = (frame::Kind::Ops, (sequence, durable));
        let crc = frame::push(&mut self.buffer, self.header.salt, kind, order, parts, payload);
        self.chain_after = chain(self.chain_after, sequence, crc);
        offset
    }

    /// Adds a seal.
    pub fn push_seal(&mut self, durable: u64) {
        frame::push(&mut self.buffer, self.header.salt, frame::Kind::Seal, (durable, durable), &[], &[]);
    }

    /// Writes what was added.
    pub fn write(&mut self) -> Result<(), StoreError> {
        self.file.write_at(self.end, &self.buffer)
    }

    /// Waits until it is on the disk; `last` is the last sequence in it.
    pub fn sync(&mut self, last: u64) -> Result<(), StoreError> {
        self.file.sync()?;
        self.settle(last);
        Ok(())
    }

    /// Takes note that the buffer was written.
    pub fn settle(&mut self, last: u64) {
        self.end += self.buffer.len() as u64;
        self.buffer.clear();
        self.buffer.shrink_to(1 << 20);
        (self.chain, self.last_sequence) = (self.chain_after, last);
    }

    /// Forgets what was added and could not be written.
    pub fn discard(&mut self) {
        self.buffer.clear();
        self.chain_after = self.chain;
    }
}

/// A fresh random number.
pub fn random() -> Result<u64, StoreError> {
    use rand::TryRngCore;
    rand::rngs::OsRng
        .try_next_u64()
        .map_err(|error| StoreError::io("read random bytes from", Path::new("the system"), error))
}

/// Path of segment `number` in `journal`.
pub fn path(journal: &Path, number: u64) -> PathBuf {
    journal.join(file_name(number))
}

/// The header of the segment at `path`; `None` when it has no sound one.
pub fn read_header(path: &Path) -> Result<Option<Header>, StoreError> {
    let mut bytes = vec![0; FRAMES_AT as usize];
    let count = DataFile::open(path)?.read_at(0, &mut bytes)?;
    bytes.truncate(count);
    Header::decode(&bytes, &path.display().to_string())
}

/// Where in the segment at `path` a copy of its header is not sound.
pub fn bad_headers(path: &Path) -> Result<Vec<usize>, StoreError> {
    let mut bytes = vec![0; FRAMES_AT as usize];
    let count = DataFile::open(path)?.read_at(0, &mut bytes)?;
    bytes.truncate(count);
    let name = path.display().to_string();
    let mut bad = Vec::new();
    for at in COPIES {
        // One that looks newer beside one that doesn't has a damaged byte.
        if !matches!(Header::decode_at(at, &bytes, &name), Ok(Some(_))) {
            bad.push(at);
        }
    }
    Ok(bad)
}

/// Numbers of the segments in `dir`, rising.
pub fn numbers(dir: &Path) -> Result<Vec<u64>, StoreError> {
    Ok(io::list(dir)?.iter().filter_map(|name| number_of(name)).collect())
}

/// Whether the segment at `path` holds a sound frame.
pub fn has_frame(path: &Path, salt: u64) -> Result<bool, StoreError> {
    let file = DataFile::open(path)?;
    let mut bytes = vec![0; frame::FRONT];
    let count = file.read_at(FRAMES_AT, &mut bytes)?;
    bytes.truncate(count);
    let claimed = frame::claimed_length(&bytes).unwrap_or(0);
    if claimed <= 1 << 20 {
        bytes.resize(claimed, 0);
        let count = file.read_at(FRAMES_AT, &mut bytes)?;
        if frame::read(&bytes[..count], salt).is_ok() {
            return Ok(true);
        }
    }
    let bytes = io::read(path)?.unwrap_or_default();
    Ok(frame::find(&bytes, FRAMES_AT as usize, salt).is_some())
}
