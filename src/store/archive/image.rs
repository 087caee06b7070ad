//! Images: what of the journal is covered, which files of ended jobs count, and the jobs that had not ended.

use super::file::{self, Contents, JobsFile, Writer};
use crate::model::JobId;
use crate::store::error::StoreError;
use crate::store::journal::{Accepted, IMAGE, Link, SegmentHeader, relative_path};
use crate::store::record::{self, Encoded, PartKind};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What an image says of itself. It stands in front of the jobs and once more behind them, so that one bad sector
/// doesn't take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last segment that is covered, and up to which change.
    pub covered: Link,
    /// What that segment said of itself.
    pub last: SegmentHeader,
    /// The files of ended jobs that count.
    pub files: Vec<JobsFile>,
    /// The jobs in this image.
    pub jobs: Vec<JobId>,
    /// Deleted jobs of which a file may still hold something, and the sequence of the deletion.
    pub forgotten: Vec<(JobId, u64)>,
    /// Frames in the files that no longer count, at least.
    pub dead: u64,
    /// Tags of the node.
    pub tags: Vec<(String, String)>,
    /// Floor of generated ids.
    pub id_floor: i64,
    /// How long servers had run on this store when it was made, in milliseconds.
    pub uptime: u64,
}

/// An image.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its number, with [`IMAGE`].
    pub number: u64,
    /// What it says of itself.
    pub head: Head,
}

impl Head {
    /// Puts it into a file.
    pub fn push(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let mut out = Encoded::default();
        out.push(PartKind::ImageHead, JobId(0), 0, self)?;
        writer.push(self.covered.last_sequence, &out.parts, &out.payload).map(drop)
    }

    /// Whether every file that it names is there.
    pub fn missing(&self, dir: &Path) -> Result<Vec<JobsFile>, StoreError> {
        let mut missing = Vec::new();
        for file in &self.files {
            if !file.is_there(dir)? {
                missing.push(*file);
            }
        }
        Ok(missing)
    }
}

/// Whether a frame of an image is a head.
pub(super) fn is_head(frame: &Accepted) -> bool {
    frame.header.parts.first().is_some_and(|part| part.kind == PartKind::ImageHead as u8)
}

/// Reads the image `number`, with the frames of its jobs; `None` when no head of it is sound.
pub fn read(dir: &Path, number: u64) -> Result<Option<(Image, Contents)>, StoreError> {
    let Some(mut contents) = Contents::read(dir, number)? else { return Ok(None) };
    let mut head = None;
    for frame in contents.frames.iter().filter(|frame| is_head(frame)) {
        if let Some(part) = frame.header.parts.first() {
            head = Some(record::image_head(part, contents.body(frame, 0))?);
        }
    }
    let Some(head) = head else { return Ok(None) };
    contents.frames.retain(|frame| !is_head(frame));
    Ok(Some((Image { number, head }, contents)))
}

/// The numbers of the images, the oldest first.
pub fn numbers(dir: &Path) -> Result<Vec<u64>, StoreError> {
    let mut numbers = file::numbers(dir)?;
    numbers.retain(|number| number & IMAGE != 0);
    Ok(numbers)
}

/// Name of an image, for people.
pub fn name(number: u64) -> String {
    relative_path(number)
}
