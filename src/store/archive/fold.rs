//! One fold: what sealed segments hold becomes a file of ended jobs and an image.

use super::compact;
use super::file::{self, Contents, JobsFile, Rolling, Writer};
use super::image::{self, Head, Image};
use crate::model::JobId;
use crate::runtime::failpoint;
use crate::store::error::StoreError;
use crate::store::journal::{
    ARCHIVED, Accepted, Fetcher, IMAGE, Link, Place, SegmentHeader, file_name, io, items, path, settle,
};
use crate::store::overlay::Moved;
use crate::store::record::is_end_code;
use crate::store::replay::{Replay, Seen};
use crate::store::verdict;
use std::collections::HashMap;
use std::path::Path;

/// What a fold works on.
pub struct Fold<'a> {
    /// The data directory.
    pub dir: &'a Path,
    /// Reads what is folded.
    pub fetcher: &'a Fetcher,
    /// The size from which a file is followed by another.
    pub file_bytes: u64,
    /// The newest image.
    pub previous: Option<&'a Image>,
    /// The files of ended jobs that count where there is none.
    pub adopted: &'a [JobsFile],
    /// Tells how long servers have run on this store, in milliseconds: what is folded is kept for the grace time from the
    /// end of the fold on.
    pub uptime: &'a dyn Fn() -> u64,
    /// The start read all segments below this number: what is wrong with them has been judged, and the journal says so.
    pub judged: u64,
}

/// What a fold made.
pub struct Folded {
    /// The new image.
    pub image: Image,
    /// What lies elsewhere now, by job.
    pub moved: Vec<Moved>,
}

impl Fold<'_> {
    /// Folds `segments`: sealed ones, in order, behind what the newest image covers, each with how its successor names it
    /// (`None`: that one is missing, and a start has said what that means); all up to `covered`.
    ///
    /// # Errors
    /// A segment is damaged (the next start decides what that means), or the disk refuses.
    pub fn run(
        &self,
        segments: &[(SegmentHeader, Option<Link>)],
        covered: Link,
    ) -> Result<Option<Folded>, StoreError> {
        let Some((last, _)) = segments.last() else { return Ok(None) };
        let mut replay = self.begin()?;
        for (header, link) in segments {
            self.segment(header, *link, &mut replay)?;
        }
        let superseded = self.complete(&mut replay)?;
        let mut jobs: Vec<(JobId, Seen)> = replay.jobs.iter().map(|(job, seen)| (*job, *seen)).collect();
        jobs.sort_unstable_by_key(|(job, _)| *job);
        let (ended, kept): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|(_, seen)| seen.is_whole() && is_end_code(seen.state));
        reach("store.before-fold")?;
        let mut number = self.next_number()?;
        let mut files = self.files().to_vec();
        let mut rolling = Rolling::new(self.dir, last, self.file_bytes, &mut number);
        for (job, seen) in &ended {
            rolling.next()?.push_job(self.fetcher, *job, seen)?;
        }
        let (made, mut moved) = rolling.finish()?;
        files.extend(made);
        reach("store.folded-jobs")?;
        let before = self.previous.map(|image| &image.head);
        let mut head = Head {
            covered,
            last: last.clone(),
            files,
            jobs: kept.iter().map(|(job, _)| *job).collect(),
            dead: before.map_or(0, |head| head.dead) + superseded + newly_forgotten(&replay, before),
            forgotten: replay.forgotten.iter().map(|(job, sequence)| (*job, *sequence)).collect(),
            tags: replay.tags.clone(),
            id_floor: replay.id_floor,
            uptime: (self.uptime)(),
        };
        head.forgotten.sort_unstable();
        compact::compact(self, &mut head, &kept, &mut number, &mut moved)?;
        let mut writer = Writer::create(self.dir, number | IMAGE, last)?;
        head.push(&mut writer)?;
        for (job, seen) in &kept {
            writer.push_job(self.fetcher, *job, seen)?;
        }
        head.push(&mut writer)?;
        let (_, of_image) = writer.finish()?;
        reach("store.folded")?;
        moved.extend(of_image);
        moved.sort_by_key(|moved| moved.job);
        Ok(Some(Folded { image: Image { number: number | IMAGE, head }, moved }))
    }

    /// What the newest image holds beside its files.
    fn begin(&self) -> Result<Replay, StoreError> {
        let mut replay = Replay::default();
        let Some(previous) = self.previous else { return Ok(replay) };
        let damaged = || StoreError::damaged(image::name(previous.number), "it can't be read any more");
        let contents = Contents::read(self.dir, previous.number)?.ok_or_else(damaged)?;
        // What a start judged stands in the journal behind it.
        if !contents.bad.is_empty() && self.judged == 0 {
            return Err(damaged());
        }
        let head = &previous.head;
        replay.forgotten = head.forgotten.iter().copied().collect();
        for frame in contents.frames.iter().filter(|frame| !image::is_head(frame)) {
            replay.archived(previous.number, frame, contents.frame(frame))?;
        }
        (replay.tags, replay.id_floor) = (head.tags.clone(), head.id_floor);
        replay.last_sequence = head.covered.last_sequence;
        Ok(replay)
    }

    fn segment(
        &self,
        header: &SegmentHeader,
        link: Option<Link>,
        replay: &mut Replay,
    ) -> Result<(), StoreError> {
        let journal = self.dir.join("journal");
        let bytes = io::read(&path(&journal, header.number))?.unwrap_or_default();
        let settled = settle(header, &items(&bytes, header.salt), link);
        let place = format!("journal/{}", file_name(header.number));
        let is_judged = header.number < self.judged;
        if let Some(damage) = settled.damage.first().filter(|_| !is_judged) {
            return Err(StoreError::damaged(place, verdict::describe(damage)));
        }
        let fits =
            link.is_some_and(|link| settled.reached >= link.last_sequence && settled.chain == link.chain);
        if !fits && !is_judged {
            return Err(StoreError::damaged(place, "it is not what its successor goes on from"));
        }
        for frame in &settled.accepted {
            let start = frame.offset as usize;
            let whole = bytes.get(start..start + frame.header.frame_length()).unwrap_or_default();
            replay.frame(header.number, frame, whole)?;
        }
        Ok(())
    }

    /// Puts what the files of ended jobs hold of these jobs below what is known since (a job that was started again, a
    /// checkpoint that was dropped): so what is written is always all of a job. How many there were.
    fn complete(&self, replay: &mut Replay) -> Result<u64, StoreError> {
        let mut found: HashMap<JobId, (u64, Place)> = HashMap::new();
        for file in self.files() {
            for entry in file.entries(self.dir, self.fetcher)? {
                let deleted = replay.forgotten.get(&entry.job).copied().unwrap_or(0);
                if !replay.jobs.contains_key(&entry.job) || deleted > entry.sequence {
                    continue;
                }
                let place = Place { segment: file.number, offset: entry.offset, part: 0 };
                let newest = found.entry(entry.job).or_insert((entry.sequence, place));
                *newest = (*newest).max((entry.sequence, place));
            }
        }
        let count = found.len() as u64;
        for (_, place) in found.into_values() {
            match self.fetcher.frame(place) {
                Ok((header, bytes)) => {
                    let frame = Accepted { offset: place.offset, header };
                    replay.below(place.segment, &frame, &bytes)?;
                }
                // What the start said of the job since is what is known of it.
                Err(error @ StoreError::Damaged { .. }) if self.judged > 0 => {
                    tracing::debug!(%error, "an archived job can't be read any more");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    /// The files of ended jobs so far.
    fn files(&self) -> &[JobsFile] {
        self.previous.map_or(self.adopted, |image| &image.head.files)
    }

    fn next_number(&self) -> Result<u64, StoreError> {
        let plain = |number: u64| number & !(ARCHIVED | IMAGE);
        Ok(file::numbers(self.dir)?.into_iter().map(plain).max().unwrap_or(0) + 1)
    }
}

fn newly_forgotten(replay: &Replay, before: Option<&Head>) -> u64 {
    (replay.forgotten.len() - before.map_or(0, |head| head.forgotten.len()).min(replay.forgotten.len()))
        as u64
}

/// Visits a failpoint.
pub(super) fn reach(name: &'static str) -> Result<(), StoreError> {
    failpoint::reach(name).map_err(|error| StoreError::Failed(error.to_string()))
}
