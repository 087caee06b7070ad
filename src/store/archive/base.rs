//! What a start goes on from: the newest image whose files are all there.

use super::file::{Contents, Entry, JobsFile};
use super::image::{self, Image};
use super::lost;
use crate::store::error::StoreError;
use crate::store::journal::{
    ARCHIVED, Accepted, Damage, Fetcher, Link, SegmentHeader, numbers, path, read_header, relative_path,
};
use crate::store::replay::Replay;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// Behind what is said of files without which all is there.
const WHOLE: &str = "; nothing is lost, because older files and the journal hold the same";

/// The archive as a start found it.
#[derive(Debug, Default)]
pub struct Base {
    /// The image to go on from, if there is one.
    pub image: Option<Image>,
    /// Every image that can be read, the oldest first.
    pub images: Vec<Image>,
    /// Without an image, and where the journal doesn't go back to its beginning: the files of ended jobs that are there.
    /// They are served as they are, and the next image names them.
    pub adopted: Vec<JobsFile>,
    /// What is to be said.
    notes: Vec<String>,
    /// Images that can't be read, and files that images name and that are not there: what is to be said unless nothing
    /// is lost with them.
    passed_over: Vec<String>,
    /// Whether all is there that the image, or the journal alone, goes on from.
    is_complete: bool,
}

impl Base {
    /// Looks at the archive of the data directory `dir`: heads and lengths only.
    pub fn find(dir: &Path) -> Result<Self, StoreError> {
        let mut base = Self::default();
        for number in image::numbers(dir)? {
            match image::read(dir, number)? {
                Some((image, _)) => base.images.push(image),
                None => base.passed_over.push(format!("{} is damaged", image::name(number))),
            }
        }
        let mut missing: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for image in base.images.iter().rev() {
            let files = image.head.missing(dir)?;
            if files.is_empty() {
                base.image = Some(image.clone());
                break;
            }
            for file in files {
                missing.entry(file.number).or_default().push(image.number);
            }
        }
        base.passed_over.extend(missing.iter().map(|(file, images)| {
            let newest = images.first().copied().map(image::name).unwrap_or_default();
            let more = images.len().saturating_sub(1);
            let others = match more {
                0 => String::new(),
                1 => ", and so does an older image".to_owned(),
                _ => format!(", and so do {more} older images"),
            };
            format!("{} is not there as it was made; {newest} needs it{others}", relative_path(*file))
        }));
        if base.image.is_some() {
            base.is_complete = true;
            return Ok(base);
        }
        // None is whole: the journal tells all if it goes back to its beginning, else the newest one that can be read
        // serves what is left.
        let is_whole = is_whole(&dir.join("journal"))?;
        base.is_complete = is_whole;
        match base.images.is_empty() || is_whole {
            true => base.images.clear(),
            false => base.image = base.images.last().cloned(),
        }
        if base.image.is_none() && !is_whole {
            base.adopt(dir)?;
        }
        Ok(base)
    }

    /// What is to be said; `is_whole`: nothing is missing in the journal behind the archive.
    pub fn notes(&self, is_whole: bool) -> Vec<String> {
        let end = if is_whole && self.is_complete { WHOLE } else { "" };
        let passed_over = self.passed_over.iter().map(|note| format!("{note}{end}"));
        passed_over.chain(self.notes.iter().cloned()).collect()
    }

    /// Whether all that is to be said was among `notes` already.
    pub fn is_as_noted(&self, notes: &[String]) -> bool {
        let is_noted =
            |note: &String| notes.iter().any(|noted| noted.strip_suffix(WHOLE).unwrap_or(noted) == note);
        self.passed_over.iter().chain(&self.notes).all(is_noted)
    }

    fn adopt(&mut self, dir: &Path) -> Result<(), StoreError> {
        for number in super::file::numbers(dir)?.into_iter().filter(|number| number & ARCHIVED != 0) {
            self.adopted.extend(JobsFile::found(dir, number)?);
        }
        if !self.adopted.is_empty() {
            let (files, jobs) = (self.adopted.len(), self.adopted.iter().map(|file| file.jobs).sum::<u64>());
            self.notes.push(format!(
                "archive/ holds no image, and the journal doesn't go back to its beginning: {jobs} ended jobs in {files} \
                 files are served as they are; other jobs of that time are missing, and deleted ones may be there again"
            ));
        }
        Ok(())
    }

    /// What a journal that is begun anew goes on from, where none is there: one of the adopted files tells whose they
    /// are.
    pub fn origin(&self, dir: &Path) -> Result<Option<(SegmentHeader, Link)>, StoreError> {
        let mut origin: Option<(SegmentHeader, Link)> = None;
        for file in &self.adopted {
            let path = dir.join(relative_path(file.number));
            let last_sequence = file.entries(dir, &Fetcher::new(dir.to_owned()))?;
            let last_sequence = last_sequence.iter().map(|entry| entry.sequence).max().unwrap_or(0);
            if let Some(header) = read_header(&path)? {
                let (_, link) =
                    origin.get_or_insert((header, Link { number: 0, last_sequence: 0, chain: 0 }));
                link.last_sequence = link.last_sequence.max(last_sequence);
            }
        }
        Ok(origin)
    }

    /// The last segment that is covered; 0 for none.
    pub fn covered(&self) -> u64 {
        self.image.as_ref().map_or(0, |image| image.head.covered.number)
    }

    /// Folds in all of it; what of it is damaged.
    pub fn replay(&self, dir: &Path, replay: &mut Replay) -> Result<Vec<Damage>, StoreError> {
        let mut damage = Vec::new();
        let Some(image) = &self.image else {
            // Without an image the segments tell; files whose images are all lost still hold their jobs.
            for number in super::file::numbers(dir)?.into_iter().filter(|number| number & ARCHIVED != 0) {
                fold_in(dir, (number, None), &[], replay, &mut damage)?;
            }
            replay.last_sequence = 0;
            return Ok(damage);
        };
        replay.forgotten.extend(image.head.forgotten.iter().copied());
        for file in &image.head.files {
            fold_in(dir, (file.number, Some(file.jobs)), &[], replay, &mut damage)?;
        }
        damage.extend(self.replay_image(dir, replay)?);
        Ok(damage)
    }

    /// Folds in the image: all but the files of ended jobs.
    pub fn replay_image(&self, dir: &Path, replay: &mut Replay) -> Result<Vec<Damage>, StoreError> {
        let mut damage = Vec::new();
        let Some(image) = &self.image else { return Ok(damage) };
        let head = &image.head;
        replay.forgotten.extend(head.forgotten.iter().copied());
        let sequence = head.covered.last_sequence;
        let jobs: Vec<Entry> =
            head.jobs.iter().map(|job| Entry { job: *job, sequence, offset: 0, bytes: 0 }).collect();
        let count = jobs.len() as u64;
        fold_in(dir, (image.number, Some(count)), &jobs, replay, &mut damage)?;
        replay.tags.clone_from(&head.tags);
        replay.id_floor = head.id_floor;
        replay.last_sequence = sequence;
        Ok(damage)
    }
}

/// Whether the journal goes back to its beginning, without a gap.
fn is_whole(journal: &Path) -> Result<bool, StoreError> {
    let (mut seen, mut is_whole) = (HashSet::new(), false);
    for number in numbers(journal)? {
        let Some(header) = read_header(&path(journal, number))? else { continue };
        is_whole = match header.link {
            Some(link) => is_whole && seen.contains(&link.number),
            None => seen.is_empty() && header.first_sequence == 1,
        };
        seen.insert(number);
    }
    Ok(is_whole)
}

/// Folds in one file, of so many jobs if that is known. `expected` are they where its directory is damaged.
fn fold_in(
    dir: &Path,
    (number, count): (u64, Option<u64>),
    expected: &[Entry],
    replay: &mut Replay,
    damage: &mut Vec<Damage>,
) -> Result<(), StoreError> {
    let Some(contents) = Contents::read(dir, number)? else {
        damage.push(lost::file(number, count));
        return Ok(());
    };
    for frame in &contents.frames {
        replay.archived(number, frame, contents.frame(frame))?;
    }
    let Some(offset) = contents.bad.first().copied() else { return Ok(()) };
    let found: HashMap<_, _> = contents.frames.iter().filter_map(job_of).collect();
    let entries = contents.directory.as_deref().unwrap_or(expected);
    let missing = entries.iter().filter(|entry| entry.job.0 != 0 && !found.contains_key(&entry.job));
    let before = damage.len();
    damage.extend(missing.map(|entry| lost::job(number, offset, entry.job, entry.sequence)));
    if damage.len() == before {
        let is_whole = !entries.is_empty() || count.is_some_and(|count| contents.holds(count));
        damage.push(lost::bytes(number, offset, is_whole));
    }
    Ok(())
}

fn job_of(frame: &Accepted) -> Option<(crate::model::JobId, u64)> {
    Some((frame.header.parts.first()?.job, frame.header.sequence))
}
