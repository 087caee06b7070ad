//! One file of the archive: a header like a segment's, one frame per job, a directory of the jobs, a seal.

use crate::model::{JobId, Millis};
use crate::runtime;
use crate::store::error::StoreError;
use crate::store::journal::{
    ARCHIVED, Accepted, FRAMES_AT, Fetcher, IMAGE, Item, Part, Place, Segment, SegmentHeader, io, items,
    random, read_header, relative_path,
};
use crate::store::overlay::Moved;
use crate::store::record::{self, Encoded, Encoder, PartKind};
use crate::store::replay::Seen;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The size from which a file of ended jobs is followed by another, at most: one is read as a whole.
pub const MOST_BYTES: u64 = 16 << 20;
/// Bytes that are gathered before a write.
const WRITE_AT: u64 = 4 << 20;

/// One job of a file, in its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The job.
    pub job: JobId,
    /// The sequence of its frame.
    pub sequence: u64,
    /// Where its frame begins.
    pub offset: u64,
    /// Bytes of its frame.
    pub bytes: u32,
}

impl Entry {
    fn of(frame: &Accepted) -> Option<Self> {
        let Accepted { offset, header } = frame;
        let (job, bytes) = (header.parts.first()?.job, header.frame_length() as u32);
        Some(Self { job, sequence: header.sequence, offset: *offset, bytes })
    }
}

/// A file of ended jobs, as images name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobsFile {
    /// Its number, with [`ARCHIVED`].
    pub number: u64,
    /// The seed of its checksums: another file under its name is found out.
    pub salt: u64,
    /// Its length.
    pub bytes: u64,
    /// Where its directory lies.
    pub directory: u64,
    /// How many jobs are in it.
    pub jobs: u64,
}

/// Writes a file of the archive.
pub struct Writer {
    dir: PathBuf,
    number: u64,
    segment: Segment,
    encoder: Encoder,
    entries: Vec<Entry>,
    moved: Vec<Moved>,
    last: u64,
}

impl Writer {
    /// Begins the file `number` below the data directory `dir`; `like` gives the store's ids.
    pub fn create(dir: &Path, number: u64, like: &SegmentHeader) -> Result<Self, StoreError> {
        let header = SegmentHeader {
            number,
            salt: random()?,
            first_sequence: 0,
            link: None,
            held: None,
            made: runtime::clock(),
            ..like.clone()
        };
        let segment = Segment::create(&dir.join(relative_path(number)).with_extension("tmp"), header)?;
        let dir = dir.to_owned();
        Ok(Self {
            dir,
            number,
            segment,
            encoder: Encoder::default(),
            entries: Vec::new(),
            moved: Vec::new(),
            last: 0,
        })
    }

    /// Adds a frame that is encoded already; where it lies.
    pub fn push(&mut self, sequence: u64, parts: &[Part], payload: &[u8]) -> Result<u64, StoreError> {
        self.last = self.last.max(sequence);
        let before = self.segment.length();
        let offset = self.segment.push(sequence, sequence, parts, payload);
        // An image's head is about no job.
        if let Some(job) = parts.first().map(|part| part.job).filter(|job| job.0 != 0) {
            let bytes = (self.segment.length() - before) as u32;
            self.entries.push(Entry { job, sequence, offset, bytes });
        }
        if self.segment.length() - self.segment.written() >= WRITE_AT {
            self.segment.write()?;
            self.segment.settle(self.last);
        }
        Ok(offset)
    }

    /// Adds all that is known of a job.
    ///
    /// # Errors
    /// What is known lies in a damaged frame; of texts only, they are left out.
    pub fn push_job(&mut self, fetcher: &Fetcher, job: JobId, seen: &Seen) -> Result<(), StoreError> {
        let (mut out, mut from) = (Encoded::default(), Vec::new());
        if seen.dropped && !seen.is_whole() {
            out.push(PartKind::DropCheckpoint, job, 0, &())?;
        }
        let places = [
            (PartKind::Record, seen.record),
            (PartKind::Texts, seen.texts),
            (PartKind::Events, seen.events),
            (PartKind::Checkpoint, seen.checkpoint),
        ];
        for (kind, at) in places.into_iter().filter_map(|(kind, at)| Some((kind, at?))) {
            match fetcher.fetch(at.place) {
                Ok((part, body)) => {
                    from.push((out.parts.len(), at.place));
                    self.encoder.copy(&mut out, Part { kind: kind as u8, ..part }, &body)?;
                }
                Err(error @ StoreError::Damaged { .. }) if kind == PartKind::Texts => {
                    tracing::warn!(%error, "the texts of job {job} are lost; the rest of it is kept");
                }
                Err(error) => return Err(error),
            }
        }
        if seen.committed.0 > 0 {
            out.push(PartKind::Committed, job, 0, &seen.committed)?;
        }
        if out.parts.is_empty() {
            return Ok(());
        }
        let offset = self.push(seen.changed, &out.parts, &out.payload)?;
        let place = |part: usize| Place { segment: self.number, offset, part: part as u16 };
        self.moved.extend(from.into_iter().map(|(part, from)| Moved { job, from, to: place(part) }));
        Ok(())
    }

    /// Adds a frame of another file as it is.
    pub fn push_frame(&mut self, from: u64, frame: &Accepted, bytes: &[u8]) -> Result<(), StoreError> {
        let header = &frame.header;
        let payload = bytes.get(header.length()..).unwrap_or_default();
        let offset = self.push(header.sequence, &header.parts, payload)?;
        for (part, about) in header.parts.iter().enumerate() {
            let place = |segment, offset| Place { segment, offset, part: part as u16 };
            let (from, to) = (place(from, frame.offset), place(self.number, offset));
            self.moved.push(Moved { job: about.job, from, to });
        }
        Ok(())
    }

    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.segment.length()
    }

    /// Writes the directory, syncs, and gives the file its name; it, and what lies elsewhere now.
    pub fn finish(mut self) -> Result<(JobsFile, Vec<Moved>), StoreError> {
        let mut out = Encoded::default();
        out.push(PartKind::Directory, JobId(0), 0, &self.entries)?;
        let directory = self.segment.push(self.last, self.last, &out.parts, &out.payload);
        self.segment.push_seal(self.last);
        self.segment.write()?;
        self.segment.sync(self.last)?;
        self.segment.publish(&self.dir.join(relative_path(self.number)))?;
        let file = JobsFile {
            number: self.number,
            salt: self.segment.header().salt,
            bytes: self.segment.written(),
            directory,
            jobs: self.entries.len() as u64,
        };
        Ok((file, self.moved))
    }
}

/// Writes files of ended jobs, one behind the other: a full one is followed by another.
pub struct Rolling<'a> {
    dir: &'a Path,
    like: &'a SegmentHeader,
    file_bytes: u64,
    number: &'a mut u64,
    open: Option<Writer>,
    files: Vec<JobsFile>,
    moved: Vec<Moved>,
}

impl<'a> Rolling<'a> {
    /// Files of about `file_bytes`, numbered from `number` on, which rises.
    pub fn new(dir: &'a Path, like: &'a SegmentHeader, file_bytes: u64, number: &'a mut u64) -> Self {
        Self { dir, like, file_bytes, number, open: None, files: Vec::new(), moved: Vec::new() }
    }

    /// The file that takes the next job.
    pub fn next(&mut self) -> Result<&mut Writer, StoreError> {
        if self.open.as_ref().is_some_and(|open| open.length() >= self.file_bytes) {
            self.close()?;
        }
        match &mut self.open {
            Some(open) => Ok(open),
            none => {
                let number = *self.number;
                *self.number += 1;
                Ok(none.insert(Writer::create(self.dir, number | ARCHIVED, self.like)?))
            }
        }
    }

    fn close(&mut self) -> Result<(), StoreError> {
        if let Some(open) = self.open.take() {
            let (file, moved) = open.finish()?;
            self.files.push(file);
            self.moved.extend(moved);
        }
        Ok(())
    }

    /// Ends the last one; all files, and what lies elsewhere now.
    pub fn finish(mut self) -> Result<(Vec<JobsFile>, Vec<Moved>), StoreError> {
        self.close()?;
        Ok((self.files, self.moved))
    }
}

/// A file of the archive that was read.
#[derive(Debug)]
pub struct Contents {
    /// All of its bytes.
    pub bytes: Vec<u8>,
    /// The sound frames.
    pub frames: Vec<Accepted>,
    /// Where bytes are that are no sound frame.
    pub bad: Vec<u64>,
    /// The jobs that should be in it; `None` when the directory is damaged.
    pub directory: Option<Vec<Entry>>,
    /// Where the directory lies, or the last job ends.
    ends_at: u64,
    /// When it was made.
    pub made: Millis,
}

impl Contents {
    /// Reads the file `number`; `None` when it is not there or has no sound header.
    pub fn read(dir: &Path, number: u64) -> Result<Option<Self>, StoreError> {
        Self::read_into(dir, number, Vec::new())
    }

    /// [`read`](Self::read) into `bytes`, which many files may be read into one after the other.
    pub fn read_into(dir: &Path, number: u64, mut bytes: Vec<u8>) -> Result<Option<Self>, StoreError> {
        if !io::read_into(&dir.join(relative_path(number)), &mut bytes)? {
            return Ok(None);
        }
        let name = relative_path(number);
        let header = SegmentHeader::decode(&bytes, &name)?.filter(|header| header.number == number);
        let Some(header) = header else { return Ok(None) };
        let (mut frames, mut bad, mut directory) = (Vec::new(), Vec::new(), None);
        for item in items(&bytes, header.salt) {
            match item {
                Item::Frame { offset, header, .. } => frames.push(Accepted { offset, header }),
                Item::Bad { offset, .. } => bad.push(offset),
            }
        }
        let made = header.made;
        let mut contents = Self { bytes, frames: Vec::new(), bad, directory: None, ends_at: FRAMES_AT, made };
        let mut ends_at = FRAMES_AT;
        frames.retain(|frame| {
            let Some(part) = frame.header.parts.first() else { return false };
            if part.kind != PartKind::Directory as u8 {
                ends_at = frame.offset + frame.header.frame_length() as u64;
                return true;
            }
            ends_at = frame.offset;
            directory = record::directory(part, contents.body(frame, 0)).ok();
            false
        });
        (contents.frames, contents.directory, contents.ends_at) = (frames, directory, ends_at);
        Ok(Some(contents))
    }

    /// Whether so many jobs can be read in it.
    pub fn holds(&self, jobs: u64) -> bool {
        self.frames.len() as u64 >= jobs
    }

    /// The jobs in it, from the sound frames.
    pub fn entries(&self) -> Vec<Entry> {
        self.frames.iter().filter_map(Entry::of).collect()
    }

    /// The body of a part.
    pub fn body(&self, frame: &Accepted, part: usize) -> &[u8] {
        let start = frame.offset as usize;
        let body = frame.header.body(part).map(|body| start + body.start..start + body.end);
        body.and_then(|body| self.bytes.get(body)).unwrap_or_default()
    }

    /// All bytes of a frame.
    pub fn frame(&self, frame: &Accepted) -> &[u8] {
        let start = frame.offset as usize;
        self.bytes.get(start..start + frame.header.frame_length()).unwrap_or_default()
    }
}

impl JobsFile {
    /// What an image would say of the file `number`; `None` when it has no sound header.
    pub fn found(dir: &Path, number: u64) -> Result<Option<Self>, StoreError> {
        let path = dir.join(relative_path(number));
        let (Some(header), Some(contents)) = (read_header(&path)?, Contents::read(dir, number)?) else {
            return Ok(None);
        };
        Ok(Some(Self {
            number,
            salt: header.salt,
            bytes: contents.bytes.len() as u64,
            // Behind the jobs; where it is damaged, the frames of the jobs tell.
            directory: contents.ends_at,
            jobs: contents.frames.len() as u64,
        }))
    }

    /// Bytes of the jobs in it.
    pub fn content(&self) -> u64 {
        self.directory.saturating_sub(FRAMES_AT)
    }

    /// Whether the file is there, in its full length, and is the one that was meant.
    pub fn is_there(&self, dir: &Path) -> Result<bool, StoreError> {
        let path = dir.join(relative_path(self.number));
        if io::length_and_change(&path)?.is_none_or(|(length, _)| length != self.bytes) {
            return Ok(false);
        }
        Ok(read_header(&path)?.is_some_and(|header| header.salt == self.salt && header.number == self.number))
    }

    /// The jobs in it: from its directory alone, or, where that is damaged, from the sound frames.
    pub fn entries(&self, dir: &Path, fetcher: &Fetcher) -> Result<Vec<Entry>, StoreError> {
        match self.directory(fetcher)? {
            Some(entries) => Ok(entries),
            None => {
                Ok(Contents::read(dir, self.number)?.map(|contents| contents.entries()).unwrap_or_default())
            }
        }
    }

    /// The jobs in it, from its directory; `None` when that is damaged.
    pub fn directory(&self, fetcher: &Fetcher) -> Result<Option<Vec<Entry>>, StoreError> {
        match fetcher.fetch(Place { segment: self.number, offset: self.directory, part: 0 }) {
            Ok((part, body)) => record::directory(&part, &body).map(Some),
            Err(StoreError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The numbers of all files below the data directory `dir`, with their flags, in order.
pub fn numbers(dir: &Path) -> Result<Vec<u64>, StoreError> {
    let names = io::list(&dir.join("archive"))?;
    let flagged = names.iter().filter_map(|name| {
        let (digits, flag) = match name.split_once('.')? {
            (digits, "jobs") => (digits, ARCHIVED),
            (digits, "image") => (digits, IMAGE),
            _ => return None,
        };
        let plain: u64 = digits.parse().ok().filter(|plain| *plain < IMAGE)?;
        (digits.len() == 20).then_some(plain | flag)
    });
    Ok(flagged.collect())
}
