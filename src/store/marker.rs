//! The mark of a clean stop: it says that the index is whole, and for which state of which journal.
//!
//! The index is used as it lies only if every word of the marker agrees with the directory; else it is rebuilt. The
//! marker is removed, and that is synced, before sled opens.

use super::archive;
use super::error::StoreError;
use super::index;
use super::journal::{Damage, Link, Part, SegmentHeader, io, numbers, path, relative_path};
use super::overlay::Standing;
use super::reader::EndedCounts;
use super::record::PartKind;
use super::recovery::Paths;
use super::replay::Replay;
use crate::model::JobId;
use crate::runtime::failpoint;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a clean stop leaves for the next start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clean {
    /// The timeline.
    pub timeline: u64,
    /// The run.
    pub run: u64,
    /// The last segment, as a successor names it.
    pub link: Link,
    /// [`fingerprint`] of the journal and the archive.
    pub files: u64,
    /// [`io::checksum_tree`] of the index's files: sled itself would not notice a flipped bit.
    pub index: u64,
    /// Jobs that have not ended.
    pub live: Vec<JobId>,
    /// Ended jobs.
    pub counts: EndedCounts,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Floor of generated ids.
    pub id_floor: i64,
    /// Why jobs are held, if they are.
    pub held: Option<String>,
    /// What is wrong with the journal, found by the start that read it.
    pub notes: Vec<String>,
}

impl Clean {
    /// Whether it was left by the run that wrote `newest`, and the journal is as it was then.
    pub fn agrees(&self, newest: &SegmentHeader, paths: &Paths) -> Result<bool, StoreError> {
        let same = self.timeline == newest.timeline
            && self.run == newest.run
            && self.link.number == newest.number
            && self.files == fingerprint(paths)?;
        Ok(same)
    }

    /// What is kept in memory.
    pub fn standing(&self) -> Standing {
        Standing {
            live: self.live.iter().copied().collect(),
            counts: self.counts,
            tags: self.tags.clone(),
            id_floor: self.id_floor,
            held: self.held.clone(),
        }
    }
}

/// What was in the journal at a clean stop of the same timeline and is not in `replay`, which ends in segment `last` at byte
/// `end`: changes at its end, and jobs of which nothing is left.
pub fn lost_since(stop: Option<&Clean>, last: &SegmentHeader, end: u64, replay: &Replay) -> Vec<Damage> {
    let Some(stop) = stop.filter(|stop| stop.timeline == last.timeline) else { return Vec::new() };
    let lost = (replay.last_sequence + 1, stop.link.last_sequence);
    if lost.0 > lost.1 {
        return Vec::new();
    }
    let what = format!("changes {} to {}, which were there at the last stop, are missing", lost.0, lost.1);
    let all = Damage { segment: last.number, offset: end, lost, parts: None, what };
    let is_gone = |job: &&JobId| replay.window.holds(**job) && !replay.jobs.contains_key(*job);
    let gone = stop.live.iter().filter(is_gone).map(|job| {
        let kind = PartKind::Record as u8;
        let part = Part { kind, version: 1, packed: false, state: 0, length: 0, job: *job };
        Damage { parts: Some(vec![part]), what: "a job is missing".to_owned(), ..all.clone() }
    });
    std::iter::once(all.clone()).chain(gone).collect()
}

/// How far the journal went at a clean stop of the same timeline, and which jobs that had not ended are not in `replay`.
pub fn stop_of(stop: Option<&Clean>, last: &SegmentHeader, replay: &Replay) -> Option<(u64, Vec<JobId>)> {
    let stop = stop.filter(|stop| stop.timeline == last.timeline)?;
    let gone = stop.live.iter().filter(|job| !replay.jobs.contains_key(*job));
    Some((stop.link.last_sequence, gone.copied().collect()))
}

/// What is to be said of [`lost_since`] in a copy: there the mark proves nothing. It may be that of a stop that came while
/// the copy was made, behind the copied journal; nothing in the copy tells.
pub fn doubt(lost: &[Damage]) -> Option<String> {
    let first = lost.first()?;
    let jobs: Vec<String> = lost
        .iter()
        .flat_map(|lost| lost.parts.iter().flatten())
        .map(|part| format!("job {}", part.job))
        .collect();
    let named = if jobs.is_empty() { String::new() } else { format!(" ({})", jobs.join(", ")) };
    Some(format!(
        "{}, byte {}: changes {} to {}, which the mark of a stop in index/ names, are not in the journal{named}: if the copy \
         was made while the server was stopping, this is normal, and all that was answered before the copy began is here; \
         if the server had stopped before the copy began, they are missing",
        relative_path(first.segment),
        first.offset,
        first.lost.0,
        first.lost.1
    ))
}

fn file(index: &Path) -> PathBuf {
    index.join("clean")
}

/// Numbers and lengths of all segments, when the last one was written, and names and lengths of the files of the
/// archive, as one number.
pub fn fingerprint(paths: &Paths) -> Result<u64, StoreError> {
    let mut mixed = 0_u64;
    let mut mix = |word: u64| mixed = (mixed ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    let mut last_change = 0;
    for number in numbers(&paths.journal)? {
        let (length, changed) = io::length_and_change(&path(&paths.journal, number))?.unwrap_or_default();
        mix(number);
        mix(length);
        last_change = changed;
    }
    mix(last_change as u64);
    for number in archive::numbers(&paths.dir)? {
        let file = paths.dir.join(relative_path(number));
        mix(number);
        mix(io::length_and_change(&file)?.unwrap_or_default().0);
    }
    Ok(mixed)
}

/// The marker, if there is a sound one.
pub fn load(index: &Path) -> Result<Option<Clean>, StoreError> {
    let Some(bytes) = io::read(&file(index))? else { return Ok(None) };
    let Some((front, body)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
    let words = [[front[0], front[1], front[2], front[3]], [front[4], front[5], front[6], front[7]]];
    let [version, crc] = words.map(u32::from_le_bytes);
    if version != index::VERSION || crc != crc32c::crc32c(body) {
        return Ok(None);
    }
    let decoded = bincode::serde::decode_from_slice(body, bincode::config::standard());
    Ok(decoded.ok().map(|(clean, _)| clean))
}

/// Removes the marker, for certain.
pub fn remove(index: &Path) -> Result<(), StoreError> {
    reach("store.before-marker-removal")?;
    io::remove(&file(index))?;
    // Also when it is gone already: an earlier start may have been killed before this.
    if index.is_dir() {
        io::sync_dir(index)?;
    }
    reach("store.marker-removed")
}

/// Writes the marker; the index must be closed and synced.
pub fn write(index: &Path, clean: &Clean) -> Result<(), StoreError> {
    reach("store.before-marker")?;
    let body = bincode::serde::encode_to_vec(clean, bincode::config::standard())
        .map_err(|error| StoreError::Index(error.to_string()))?;
    let mut bytes = index::VERSION.to_le_bytes().to_vec();
    bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    io::replace(&file(index), &bytes)?;
    reach("store.marker-written")
}

fn reach(name: &'static str) -> Result<(), StoreError> {
    failpoint::reach(name).map_err(|error| StoreError::Failed(error.to_string()))
}
