//! Where the ended jobs of the archive lie, from the directories of its files alone: known at once, whatever their number.

use super::base::Base;
use super::file::{self, Contents, Entry, JobsFile};
use super::lost;
use crate::model::JobId;
use crate::store::error::StoreError;
use crate::store::journal::{ARCHIVED, Accepted, Damage, Fetcher, Place, read_header, relative_path};
use crate::store::replay::Replay;
use crate::store::verdict;
use std::ops::RangeInclusive;
use std::path::Path;

/// Jobs that room is made for before they are read, at most.
const MOST_AHEAD: u64 = 10_000_000;

/// The newest frame of an ended job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The job.
    pub job: JobId,
    /// Its sequence.
    pub sequence: u64,
    /// Where it begins.
    pub offset: u64,
    /// Index of its file.
    file: u32,
}

/// The ended jobs of the archive, by id.
#[derive(Debug, Default)]
pub struct Catalog {
    files: Vec<u64>,
    jobs: Vec<Archived>,
}

impl Catalog {
    /// Reads the directories of the files that `base` goes on from; without an image, all files.
    pub fn read(
        dir: &Path,
        base: &Base,
        fetcher: &Fetcher,
        damage: &mut Vec<Damage>,
    ) -> Result<Self, StoreError> {
        let mut catalog = Self::default();
        match &base.image {
            Some(image) => {
                let jobs: u64 = image.head.files.iter().map(|file| file.jobs).sum();
                // The number is a file's word: it may be wrong, but not cost memory that isn't there.
                catalog.jobs.reserve_exact(jobs.min(MOST_AHEAD) as usize);
                for jobs in &image.head.files {
                    if !is_sound(dir, jobs)? {
                        damage.push(lost::file(jobs.number, Some(jobs.jobs)));
                        continue;
                    }
                    match jobs.directory(fetcher)? {
                        Some(entries) => catalog.add(jobs.number, entries),
                        None => catalog.add_by_frames(dir, jobs.number, Some(jobs.jobs), damage)?,
                    }
                }
            }
            None => {
                for number in file::numbers(dir)?.into_iter().filter(|number| number & ARCHIVED != 0) {
                    catalog.add_by_frames(dir, number, None, damage)?;
                }
            }
        }
        catalog.jobs.sort_unstable_by_key(|at| (at.job, std::cmp::Reverse(at.sequence)));
        catalog.jobs.dedup_by_key(|at| at.job);
        catalog.jobs.shrink_to_fit();
        Ok(catalog)
    }

    /// Adds a file, of so many jobs if that is known, by its sound frames. If its directory is damaged too, it isn't known
    /// which jobs are missing.
    fn add_by_frames(
        &mut self,
        dir: &Path,
        number: u64,
        jobs: Option<u64>,
        damage: &mut Vec<Damage>,
    ) -> Result<(), StoreError> {
        match Contents::read(dir, number)? {
            None => damage.push(lost::file(number, jobs)),
            Some(Contents { directory: Some(entries), .. }) => self.add(number, entries),
            Some(contents) => {
                let is_whole = jobs.is_some_and(|jobs| contents.holds(jobs));
                damage.extend(contents.bad.first().map(|offset| lost::bytes(number, *offset, is_whole)));
                self.add(number, contents.entries());
            }
        }
        Ok(())
    }

    fn add(&mut self, number: u64, entries: Vec<Entry>) {
        let file = self.files.len() as u32;
        self.files.push(number);
        let found = entries.into_iter().filter(|entry| entry.job.0 != 0);
        self.jobs.extend(found.map(|Entry { job, sequence, offset, .. }| Archived {
            job,
            sequence,
            offset,
            file,
        }));
    }

    /// Puts what is archived of the jobs in `replay` below what is known since, and lets go of these and of the deleted
    /// ones: so each job is all in one of both.
    pub fn complete(
        &mut self,
        replay: &mut Replay,
        fetcher: &Fetcher,
        damage: &mut Vec<Damage>,
    ) -> Result<(), StoreError> {
        for job in replay.jobs.keys().copied().collect::<Vec<_>>() {
            let Some(at) = self.find(job).filter(|at| !is_deleted(replay, at)) else { continue };
            let place = self.place(&at);
            match fetcher.frame(place) {
                Ok((header, bytes)) => {
                    let frame = Accepted { offset: at.offset, header };
                    replay.below(place.segment, &frame, &bytes)?;
                }
                Err(StoreError::Damaged { .. }) => {
                    let seen = replay.jobs.get(&job).copied().unwrap_or_default();
                    let is_missed = !seen.is_whole() || verdict::goes_on(&seen, at.sequence, fetcher)?;
                    damage.extend(is_missed.then(|| lost::job(place.segment, at.offset, job, at.sequence)));
                }
                Err(error) => return Err(error),
            }
        }
        self.jobs.retain(|at| !replay.jobs.contains_key(&at.job) && !is_deleted(replay, at));
        Ok(())
    }

    /// How many jobs.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// The numbers of the files.
    pub fn files(&self) -> &[u64] {
        &self.files
    }

    /// All jobs, by id.
    pub fn jobs(&self) -> &[Archived] {
        &self.jobs
    }

    /// Where a job lies among [`jobs`](Self::jobs).
    pub fn index(&self, job: JobId) -> Option<usize> {
        self.jobs.binary_search_by_key(&job, |at| at.job).ok()
    }

    /// A job.
    pub fn find(&self, job: JobId) -> Option<Archived> {
        self.index(job).and_then(|index| self.jobs.get(index).copied())
    }

    /// The jobs whose ids lie in that range.
    pub fn ids(&self, range: &RangeInclusive<JobId>) -> impl Iterator<Item = JobId> + '_ {
        let from = self.jobs.partition_point(|at| at.job < *range.start());
        let end = *range.end();
        self.jobs.iter().skip(from).map(|at| at.job).take_while(move |job| *job <= end)
    }

    /// Where a frame lies.
    pub fn place(&self, at: &Archived) -> Place {
        let segment = self.files.get(at.file as usize).copied().unwrap_or_default();
        Place { segment, offset: at.offset, part: 0 }
    }
}

/// A deletion and a new submission of the same id may share a sequence: then the job is there.
fn is_deleted(replay: &Replay, at: &Archived) -> bool {
    replay.forgotten.get(&at.job).is_some_and(|deleted| *deleted > at.sequence)
}

fn is_sound(dir: &Path, jobs: &JobsFile) -> Result<bool, StoreError> {
    let path = dir.join(relative_path(jobs.number));
    if !path.exists() {
        return Ok(false);
    }
    Ok(read_header(&path)?.is_some_and(|header| header.number == jobs.number))
}
