//! The thread that keeps the data directory small: folds sealed segments, and deletes what has been superseded for
//! longer than the grace time.

use super::base::Base;
use super::file::{self, JobsFile};
use super::fold::{Fold, Folded, reach};
use super::image::{self, Image};
use super::line;
use crate::runtime;
use crate::store::error::StoreError;
use crate::store::journal::{ARCHIVED, Fetcher, Files, io, numbers, path, relative_path};
use crate::store::overlay::Overlay;
use crate::store::space::Space;
use crate::store::survey::Survey;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So many sealed segments are folded, however small they are.
const SEGMENTS: usize = 16;
/// The journal behind the newest image may grow to this part of the archive before it is folded.
const PART: u64 = 16;
/// The longest time between two looks at what can be deleted, and between two notes of the uptime.
const LOOK: Duration = Duration::from_secs(600);

/// How the archive is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeeperOptions {
    /// Size of a segment, and of a file of ended jobs.
    pub segment_bytes: u64,
    /// Bytes of sealed segments from which they are folded; `None`: never.
    pub fold_bytes: Option<u64>,
    /// How long what was superseded stays, for copies that are under way.
    pub grace: Duration,
    /// The start read all segments below this number, and judged what is wrong with them; 0: it trusted the index.
    pub judged: u64,
}

/// Figures of the archive, readable at any time.
#[derive(Debug, Default)]
pub struct Kept {
    /// Files of the archive.
    pub files: AtomicU64,
    /// Their bytes.
    pub bytes: AtomicU64,
    /// Why the last fold failed, if it did.
    failed: Mutex<Option<String>>,
}

impl Kept {
    /// Why the last fold failed, if it did.
    pub fn failure(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, reason: Option<String>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}

/// The running thread.
#[derive(Debug)]
pub struct Keeper {
    rotations: Option<Sender<u64>>,
    thread: Option<JoinHandle<bool>>,
}

/// Everything that the thread works with.
pub struct Ground {
    /// The data directory.
    pub dir: PathBuf,
    /// Reads what is folded.
    pub fetcher: Arc<Fetcher>,
    /// Is told what moved.
    pub overlay: Arc<Overlay>,
    /// Figures of the journal.
    pub files: Arc<Files>,
    /// Nothing is folded while there is no space.
    pub space: Arc<Space>,
    /// Figures of the archive.
    pub kept: Arc<Kept>,
}

impl Keeper {
    /// Starts the thread. `current` is the number of the segment that is written; `rotations` brings the later ones.
    pub fn start(
        ground: Ground,
        base: Base,
        current: u64,
        options: KeeperOptions,
    ) -> Result<Self, StoreError> {
        let (tell, rotations) = mpsc::channel();
        let dir = ground.dir.clone();
        let mut images = base.images;
        // An image behind the one that the start went on from is not whole.
        if let Some(newest) = &base.image {
            images.retain(|image| image.number <= newest.number);
        }
        let noted = noted_uptime(&dir)?;
        let uptime = images.iter().map(|image| image.head.uptime).fold(noted, u64::max);
        let since = Instant::now();
        let adopted = base.adopted;
        let work =
            Work { ground, images, adopted, current, options, uptime, since, noted: since, damaged: false };
        let thread = runtime::thread("store-keep", move || work.run(&rotations));
        let thread = thread.map_err(|error| StoreError::io("start a thread for", &dir, error))?;
        Ok(Self { rotations: Some(tell), thread: Some(thread) })
    }

    /// To be told of each new segment.
    pub fn rotations(&self) -> Option<Sender<u64>> {
        self.rotations.clone()
    }

    /// Ends the thread, after the fold that is under way. Whether the journal proved sound as far as it was folded.
    pub fn stop(&mut self) -> bool {
        self.rotations = None;
        self.thread.take().is_none_or(|thread| thread.join().unwrap_or(false))
    }
}

struct Work {
    ground: Ground,
    /// The oldest first; the last one counts.
    images: Vec<Image>,
    /// Files of ended jobs that count before there is one.
    adopted: Vec<JobsFile>,
    current: u64,
    options: KeeperOptions,
    /// Milliseconds that servers had run when this one started.
    uptime: u64,
    since: Instant,
    noted: Instant,
    damaged: bool,
}

impl Work {
    fn run(mut self, rotations: &Receiver<u64>) -> bool {
        let look = (self.options.grace / 4).clamp(Duration::from_millis(20), LOOK);
        self.measure();
        let mut is_due = true;
        loop {
            let has_more = is_due && self.fold_what_is_due();
            self.delete_what_is_over();
            is_due = match rotations.recv_timeout(if has_more { Duration::ZERO } else { look }) {
                Ok(current) => {
                    self.current = rotations.try_iter().last().unwrap_or(current);
                    true
                }
                Err(RecvTimeoutError::Timeout) => has_more,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if self.noted.elapsed() >= LOOK {
                self.note_uptime();
            }
        }
        self.note_uptime();
        !self.damaged
    }

    fn uptime(&self) -> u64 {
        self.uptime + self.since.elapsed().as_millis() as u64
    }

    /// Whether something was folded: then there may be more.
    fn fold_what_is_due(&mut self) -> bool {
        // What is left is for the ends of jobs.
        if self.damaged || self.ground.space.is_full() {
            return false;
        }
        match self.fold() {
            Ok(None) => false,
            Ok(Some(Folded { image, moved })) => {
                let jobs: u64 = image.head.files.iter().map(|file| file.jobs).sum();
                tracing::debug!(covered = image.head.covered.number, jobs, "the journal was folded");
                self.images.push(image);
                self.ground.overlay.move_to(moved);
                self.ground.kept.fail(None);
                self.measure();
                true
            }
            Err(error) => {
                self.damaged |= matches!(error, StoreError::Damaged { .. });
                if error.is_full()
                    && let Err(error) = remove_unfinished(&self.ground.dir)
                {
                    tracing::warn!(%error, "an unfinished file of the archive stays");
                }
                tracing::warn!(%error, "the journal can't be folded; it stays as it is");
                self.ground.kept.fail(Some(error.to_string()));
                false
            }
        }
    }

    fn fold(&self) -> Result<Option<Folded>, StoreError> {
        let dir = &self.ground.dir;
        let newest = self.images.last();
        let covered = newest.map_or(0, |image| image.head.covered.number);
        let survey = Survey::behind(&dir.join("journal"), covered)?;
        let sealed = survey.numbers.iter().filter(|number| **number < self.current).count();
        let archived: u64 = newest.map_or(0, |image| image.head.files.iter().map(|file| file.bytes).sum());
        let Some(due) = self.options.fold_bytes else { return Ok(None) };
        let due = due.max(archived / PART);
        if sealed == 0 || (survey.bytes < due && sealed < SEGMENTS) {
            return Ok(None);
        }
        let next = line::next(&survey, self.current, covered, self.options.judged)?;
        let Some((segments, covered)) = next else { return Ok(None) };
        remove_unfinished(dir)?;
        let fold = Fold {
            dir,
            fetcher: &self.ground.fetcher,
            file_bytes: self.options.segment_bytes.min(file::MOST_BYTES),
            previous: newest,
            adopted: &self.adopted,
            uptime: &|| self.uptime(),
            judged: self.options.judged,
        };
        io::make_dir(&dir.join("archive"))?;
        io::sync_dir(dir)?;
        fold.run(&segments, covered)
    }

    /// Deletes in an order that leaves a whole store at every moment: segments, then images, then files.
    fn delete_what_is_over(&mut self) {
        if !self.ground.overlay.has_moved() {
            return;
        }
        if let Err(error) = self.delete() {
            tracing::warn!(%error, "what has been superseded can't be deleted; it is tried again");
        }
        self.measure();
    }

    fn delete(&mut self) -> Result<(), StoreError> {
        let (now, grace) = (self.uptime(), self.options.grace.as_millis() as u64);
        let is_old = |image: &Image| now.saturating_sub(image.head.uptime) >= grace;
        let dir = self.ground.dir.clone();
        let Some(covering) = self.images.iter().rev().find(|image| is_old(image)) else { return Ok(()) };
        let (covering, covered) = (covering.number, covering.head.covered.number);
        let journal = dir.join("journal");
        let over: Vec<u64> = numbers(&journal)?.into_iter().filter(|number| *number <= covered).collect();
        let old_images: Vec<u64> =
            image::numbers(&dir)?.into_iter().filter(|number| *number < covering).collect();
        if over.is_empty() && old_images.is_empty() && self.stale_files()?.is_empty() {
            return Ok(());
        }
        reach("store.before-deletion")?;
        self.ground.fetcher.close_files();
        for number in over {
            let path = path(&journal, number);
            let bytes = io::length_and_change(&path)?.map_or(0, |(length, _)| length);
            io::remove(&path)?;
            self.ground.files.segments.fetch_sub(1, Ordering::Relaxed);
            self.ground.files.bytes.fetch_sub(bytes, Ordering::Relaxed);
            reach("store.deleted")?;
        }
        for number in old_images {
            io::remove(&dir.join(relative_path(number)))?;
            self.images.retain(|image| image.number != number);
            reach("store.deleted")?;
        }
        for number in self.stale_files()? {
            io::remove(&dir.join(relative_path(number)))?;
            reach("store.deleted")?;
        }
        io::sync_dir(&dir.join("archive"))
    }

    /// Files that no image names.
    fn stale_files(&self) -> Result<Vec<u64>, StoreError> {
        let mut numbers = file::numbers(&self.ground.dir)?;
        let named = |number: u64| {
            let mut files = self.images.iter().flat_map(|image| &image.head.files);
            files.any(|file| file.number == number)
        };
        numbers.retain(|number| number & ARCHIVED != 0 && !named(*number));
        Ok(numbers)
    }

    fn measure(&self) {
        let kept = &self.ground.kept;
        let Ok(numbers) = file::numbers(&self.ground.dir) else { return };
        let length = |number: &u64| {
            let path = self.ground.dir.join(relative_path(*number));
            io::length_and_change(&path).ok().flatten().map_or(0, |(length, _)| length)
        };
        kept.bytes.store(numbers.iter().map(length).sum(), Ordering::Relaxed);
        kept.files.store(numbers.len() as u64, Ordering::Relaxed);
    }

    /// Lost, what has been superseded only stays longer.
    fn note_uptime(&mut self) {
        self.noted = Instant::now();
        if self.images.is_empty() {
            return;
        }
        let noted = io::replace(&self.ground.dir.join(UPTIME), self.uptime().to_string().as_bytes());
        if let Err(error) = noted {
            tracing::warn!(%error, "the uptime can't be noted");
        }
    }
}

const UPTIME: &str = "archive/uptime";

fn noted_uptime(dir: &Path) -> Result<u64, StoreError> {
    let bytes = io::read(&dir.join(UPTIME))?.unwrap_or_default();
    Ok(String::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}

/// Files that a process was writing when it died.
fn remove_unfinished(dir: &Path) -> Result<(), StoreError> {
    let archive = dir.join("archive");
    for name in io::list(&archive)?.iter().filter(|name| name.ends_with(".tmp")) {
        io::remove(&archive.join(name))?;
    }
    Ok(())
}
