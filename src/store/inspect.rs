//! Looking at a data directory without changing a byte of it: the original or a copy made with any tool, with a server
//! running on it or not.
//!
//! Goes through the same functions as a start (survey, identity, contents, marker, verdict), so that both see the same;
//! `scrub` adds the bytes that a start need not read. The LOCK is not taken and the index is not read. Jobs come by
//! rising ids, a bounded number in memory at a time: when there are more, the journal is read again for the next ones, up
//! to the change that the first reading ended with.

use super::archive::Base;
use super::error::StoreError;
use super::identity::{self, Owner};
use super::journal::{Damage, Fetcher, SegmentHeader, io, relative_path};
use super::marker::{self, Clean};
use super::reader::EndedCounts;
use super::record;
use super::recovery::Paths;
use super::replay::{Replay, Seen, fetch_whole_record};
use super::scrub;
use super::survey::{self, Contents, Survey};
use super::verdict;
use super::window::Window;
use crate::model::{Checkpoint, Epoch, JobId, JobRecord, JobTexts, Millis, Op};
use crate::runtime;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Jobs that are kept in memory at a time: some 20 MB.
const AT_ONCE: usize = 100_000;
/// Jobs that are named at one damaged place.
const NAMED: usize = 1000;

/// Why a backup, an export or a restore was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// What was named can't be used: no data directory, a target that is not empty, a line that can't be read.
    #[error("{0}")]
    Unusable(String),
    /// The disk, or a store that can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was found in a data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspected {
    /// The directory.
    pub path: PathBuf,
    /// Random id of the store, hexadecimal; copies keep it.
    pub store: Option<String>,
    /// Set when a start would hold the jobs that have not ended: why.
    pub held: Option<String>,
    /// Ended jobs.
    pub ended: EndedCounts,
    /// Jobs that have not ended.
    pub live: u64,
    /// Segments of the journal.
    pub segments: u64,
    /// Bytes of the journal.
    pub bytes: u64,
    /// The last change.
    pub last_change: u64,
    /// The newest time in the records.
    pub last_change_at: Option<Millis>,
    /// What is damaged or missing.
    pub damage: Vec<Finding>,
    /// What may be missing, where nothing in a copy can tell whether it is.
    pub doubt: Option<String>,
    /// Jobs that can't be known any more because of it, and why.
    pub lost: Vec<(JobId, String)>,
    /// What else a start would say.
    pub notes: Vec<String>,
}

impl Inspected {
    /// Whether nothing is damaged or missing.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.lost.is_empty()
    }

    /// All jobs.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.ended.total() + self.live
    }
}

/// One damaged place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// File, and byte if it is known.
    pub place: String,
    /// What is wrong, in words.
    pub what: String,
    /// Jobs that are known to be concerned, at most a thousand.
    pub jobs: Vec<JobId>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        let jobs: Vec<String> = self.jobs.iter().map(|job| format!("job {job}")).collect();
        if jobs.is_empty() { Ok(()) } else { write!(f, " ({})", jobs.join(", ")) }
    }
}

/// Looks at a data directory as a whole.
///
/// # Errors
/// It is no data directory, can't be read, or was written by a newer version.
pub fn inspect(dir: &Path) -> Result<Inspected, BackupError> {
    Inspection::begin(dir)?.report()
}

/// What is known of a directory besides its jobs.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) tags: Vec<(String, String)>,
    pub(super) id_floor: i64,
    last_change: u64,
    pub(super) held: Option<String>,
    pub(super) damage: Vec<Finding>,
    doubt: Option<String>,
    notes: Vec<String>,
}

/// A data directory that is being looked at.
pub(super) struct Inspection {
    paths: Paths,
    survey: Survey,
    base: Base,
    newest: Option<SegmentHeader>,
    owner: Owner,
    /// What the last clean stop said.
    stop: Option<Clean>,
    fetcher: Fetcher,
    at_once: usize,
}

impl Inspection {
    /// Reads the headers of all segments.
    pub(super) fn begin(dir: &Path) -> Result<Self, BackupError> {
        Self::begin_with(dir, AT_ONCE)
    }

    /// [`begin`](Self::begin) with another number of jobs in memory.
    pub(super) fn begin_with(dir: &Path, at_once: usize) -> Result<Self, BackupError> {
        let paths = Paths::new(dir);
        // One that is closed to us may be ours: the system's word about it is told.
        let unusable = |error: StoreError| BackupError::Unusable(error.to_string());
        let is_there = io::length_and_change(dir).map_err(unusable)?.is_some();
        if !dir.is_dir() {
            if is_there {
                let what = StoreError::NotADirectory { path: dir.to_owned() };
                return Err(BackupError::Unusable(what.to_string()));
            }
            return Err(BackupError::Unusable(format!("{}: does not exist", dir.display())));
        }
        let names = io::list(dir).map_err(unusable)?;
        let is_ours = names.iter().any(|name| ["journal", "identity", "archive"].contains(&name.as_str()));
        if !is_ours {
            return Err(BackupError::Unusable(format!(
                "{}: is not a data directory: it holds neither journal/ nor identity nor archive/",
                dir.display()
            )));
        }
        // Before the journal: what it names must be there when it is read.
        let stop = marker::load(&paths.index)?;
        let survey = Survey { is_look: true, ..Survey::take(&paths.journal)? };
        let newest = survey.newest(&paths.journal)?.cloned();
        let base = Base::find(dir)?;
        let owner = identity::judge(&paths, &survey, newest.as_ref(), &base, false)?;
        let fetcher = Fetcher::new(paths.dir.clone());
        Ok(Self { paths, survey, base, newest, owner, stop, fetcher, at_once })
    }

    /// Random id of the store, hexadecimal.
    pub(super) fn store(&self) -> Option<String> {
        self.newest.as_ref().map(|header| format!("{:032x}", header.store))
    }

    /// Everything that is to be said of it.
    pub(super) fn report(&self) -> Result<Inspected, BackupError> {
        let mut report = Inspected::default();
        let rest = self.walk(|found| {
            let job = found.record()?;
            if job.state.is_end() {
                report.ended.add(job.state);
            } else {
                report.live += 1;
                // As a start does: a live job must be whole.
                found.texts()?;
            }
            let checkpoint = found.checkpoint()?.map(|checkpoint| checkpoint.at);
            let newest = job.events.iter().map(|event| event.at).chain(checkpoint).chain([job.created]).max();
            match &found.verdict {
                None => report.last_change_at = report.last_change_at.max(newest),
                Some((_, cause)) => report.lost.push((found.job, cause.clone())),
            }
            Ok::<(), StoreError>(())
        })?;
        let segments = self.survey.numbers.len() as u64;
        Ok(Inspected {
            path: self.paths.dir.clone(),
            store: self.store(),
            held: rest.held,
            segments,
            bytes: self.survey.bytes,
            last_change: rest.last_change,
            damage: rest.damage,
            doubt: rest.doubt,
            notes: rest.notes,
            ..report
        })
    }

    /// Hands every job to `each`, by rising ids.
    pub(super) fn walk<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(&Found<'_>) -> Result<(), E>,
    ) -> Result<Rest, E> {
        let is_copy = matches!(self.owner, Owner::Copy(_));
        let (dir, newest) = (&self.paths.dir, self.newest.as_ref());
        let read = |window| -> Result<Option<Contents>, StoreError> {
            let read = survey::contents_within(window, dir, &self.base, &self.survey, newest, is_copy)?;
            Ok(read.map(|mut contents| {
                if !is_copy {
                    let lost = contents.lost_since(self.stop.as_ref());
                    contents.damage.extend(lost);
                }
                contents
            }))
        };
        let Some(first) = read(Window::first(self.at_once))? else { return Ok(self.without_segment()) };
        let through = first.replay.last_sequence;
        let mut window = first.replay.window.next(through);
        self.jobs(&first.replay, &first.damage, &mut each)?;
        let rest = self.rest(first)?;
        while let Some(next) = window {
            let Some(contents) = read(next)? else { break };
            self.jobs(&contents.replay, &contents.damage, &mut each)?;
            window = contents.replay.window.next(through);
        }
        Ok(rest)
    }

    fn jobs<E: From<StoreError>>(
        &self,
        replay: &Replay,
        damage: &[Damage],
        each: &mut impl FnMut(&Found<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut verdicts = BTreeMap::new();
        let mut dropped = BTreeSet::new();
        for op in verdict::pass(replay, damage, &self.fetcher, runtime::clock())?.into_iter().flatten() {
            match op {
                Op::Record(record) if replay.window.holds(record.id) => {
                    let cause = record.events.last().map(|event| event.cause.clone()).unwrap_or_default();
                    verdicts.insert(record.id, (record, cause));
                }
                Op::DropCheckpoint { job } => {
                    dropped.insert(job);
                }
                _ => {}
            }
        }
        let known = replay.jobs.iter().filter(|(_, seen)| seen.record.is_some());
        let ids: BTreeSet<JobId> = known.map(|(job, _)| *job).chain(verdicts.keys().copied()).collect();
        for job in ids {
            let mut seen = replay.jobs.get(&job).copied().unwrap_or_default();
            if dropped.contains(&job) {
                (seen.checkpoint, seen.committed) = (None, Epoch::default());
            }
            each(&Found { job, seen, verdict: verdicts.remove(&job), fetcher: &self.fetcher })?;
        }
        Ok(())
    }

    fn rest(&self, contents: Contents) -> Result<Rest, StoreError> {
        let lost = contents.lost_since(self.stop.as_ref());
        let Contents { replay, last, link, damage, cut, notes, .. } = contents;
        let mut found = Vec::with_capacity(damage.len());
        for damage in &damage {
            let is_harmless = verdict::costs_nothing(&replay, damage, &self.fetcher)?;
            found.push(finding(damage, is_harmless));
        }
        let (journal, is_copy) = (&self.paths.journal, matches!(self.owner, Owner::Copy(_)));
        if self.newest.is_none() {
            // The archive alone tells what is left.
            found.extend(scrub::unreadable(&self.survey));
            let stop = marker::stop_of(self.stop.as_ref(), &last, &replay);
            found.push(scrub::lost_journal(link.last_sequence, stop));
        } else {
            for number in cut {
                found.extend(scrub::cut_off(journal, &self.survey, number, &last, is_copy)?);
            }
        }
        let doubt = (is_copy && self.newest.is_some()).then(|| marker::doubt(&lost)).flatten();
        found.extend(scrub::unvouched(journal, &last)?);
        found.extend(scrub::headers(&self.paths.dir, &self.survey)?);
        found.extend(scrub::covered(journal, &self.survey, self.base.covered())?);
        let held = match &self.owner {
            Owner::Copy(_) | Owner::New => self.why_copy(),
            Owner::Original => last.held.clone().filter(|_| replay.resumed_in != Some(last.number)),
        };
        let (tags, id_floor, last_change) = (replay.tags, replay.id_floor, replay.last_sequence);
        Ok(Rest { tags, id_floor, last_change, held, damage: found, doubt, notes })
    }

    /// A directory without any segment that could be read, and without an archive.
    fn without_segment(&self) -> Rest {
        Rest { held: self.why_copy(), damage: scrub::unreadable(&self.survey), ..Rest::default() }
    }

    fn why_copy(&self) -> Option<String> {
        match &self.owner {
            Owner::Copy(reason) => Some(reason.clone()),
            Owner::New | Owner::Original => None,
        }
    }
}

/// A job, as a start would see it.
pub(super) struct Found<'a> {
    pub(super) job: JobId,
    seen: Seen,
    /// The record that says that the job can't be known any more, and why.
    verdict: Option<(Box<JobRecord>, String)>,
    fetcher: &'a Fetcher,
}

impl Found<'_> {
    pub(super) fn record(&self) -> Result<JobRecord, StoreError> {
        match (&self.verdict, self.seen.record) {
            (Some((record, _)), _) => Ok(JobRecord::clone(record)),
            (None, Some(at)) => fetch_whole_record(self.fetcher, at.place),
            (None, None) => Err(StoreError::damaged(format!("job {}", self.job), "it has no record")),
        }
    }

    pub(super) fn texts(&self) -> Result<Option<JobTexts>, StoreError> {
        let read = |at: super::replay::At| {
            let (part, body) = self.fetcher.fetch(at.place)?;
            record::texts(&part, &body)
        };
        self.seen.texts.map(read).transpose()
    }

    pub(super) fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let read = |at: super::replay::At| {
            let (part, body) = self.fetcher.fetch(at.place)?;
            record::checkpoint(&part, &body)
        };
        self.seen.checkpoint.map(read).transpose()
    }

    pub(super) fn committed(&self) -> Epoch {
        self.seen.committed
    }
}

fn finding(damage: &Damage, is_harmless: bool) -> Finding {
    let harmless = if is_harmless { verdict::HARMLESS } else { "" };
    Finding {
        place: format!("{}, byte {}", relative_path(damage.segment), damage.offset),
        what: format!("{}{harmless}", damage.what),
        jobs: named(damage.parts.iter().flatten().map(|part| part.job)),
    }
}

/// Each job once, by id; parts that are about none are left out.
pub(super) fn named(jobs: impl Iterator<Item = JobId>) -> Vec<JobId> {
    let jobs: BTreeSet<JobId> = jobs.filter(|job| *job != JobId(0)).collect();
    jobs.into_iter().take(NAMED).collect()
}
