//! Keeps the index: loads it, applies changes to it, and watches over it.
//!
//! One thread, the worker, is all that changes sled. Another one watches it: when the worker fails or panics, when one
//! call of sled takes longer than the patience allows, or when a reader finds something wrong, the index is set aside,
//! the journal and the archive are read again beside the running server, and a new index is loaded by a new worker.
//! Until then single jobs are answered from what was read, pending changes from the overlay, and lists not at all. The old
//! worker is left to itself; nobody listens to it any more. After some failures the index is given up until a restart.

use super::archive::{Base, Catalog};
use super::error::StoreError;
use super::index::Index;
use super::journal::{Fetcher, io};
use super::load::Unloaded;
use super::overlay::{Damaged, Overlay, Work};
use super::progress::Progress;
use super::recovery::Paths;
use super::space::Space;
use super::survey::{self, Survey};
use super::verdict;
use super::window::Window;
use crate::runtime::{self, failpoint};
use arc_swap::ArcSwap;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long changes may gather, so that those of a short job meet in one write to the index.
const LINGER: Duration = Duration::from_millis(20);
/// How often the worker is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// So often the files are read again before that is given up.
const ATTEMPTS: usize = 5;
/// So many jobs that are found damaged while the server runs are noted by name; the log names all.
const NOTED: u64 = 100;
/// After so many failures the index is given up.
const FAILURES: u64 = 3;

/// What a start, and the index, found wrong; readable at any time.
#[derive(Debug, Default)]
pub struct Findings(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    notes: Vec<String>,
    /// Jobs that were found damaged since the start.
    met: u64,
    rebuilds: u64,
    rebuilt: Option<String>,
}

impl Findings {
    /// What is wrong with journal and archive.
    pub fn notes(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).notes.clone()
    }

    /// How often the index was set aside, and why the last time.
    pub fn rebuilds(&self) -> (u64, Option<String>) {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (found.rebuilds, found.rebuilt.clone())
    }

    /// Adds what is not known yet, and answers that.
    pub fn add(&self, notes: Vec<String>) -> Vec<String> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |note: &String| !found.notes.contains(note);
        let new: Vec<String> = notes.into_iter().filter(is_new).collect();
        found.notes.extend(new.iter().cloned());
        new
    }

    /// Adds a job that was found damaged since the start.
    fn met(&self, note: String) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.met += 1;
        match found.met {
            ..=NOTED => found.notes.push(note),
            _ if found.met == NOTED + 1 => {
                found.notes.push("more jobs than these were found damaged; the log names them".to_owned());
            }
            _ => {}
        }
    }

    /// The index was set aside.
    pub fn rebuilt(&self, reason: &str) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (found.rebuilds, found.rebuilt) = (found.rebuilds + 1, Some(reason.to_owned()));
    }
}

/// Everything that the threads work with.
pub struct Ground {
    /// Where things lie.
    pub paths: Paths,
    /// Bytes that sled's cache may take.
    pub cache_bytes: u64,
    /// How long one call of sled may take.
    pub patience: Duration,
    /// Pending changes.
    pub overlay: Arc<Overlay>,
    /// The index that readers ask.
    pub index: Arc<ArcSwap<Index>>,
    /// Reads journal and archive.
    pub fetcher: Arc<Fetcher>,
    /// Room on the disk: the index must not take what the ends of jobs need.
    pub space: Arc<Space>,
    /// How far a load is.
    pub progress: Progress,
    /// What was found wrong.
    pub findings: Arc<Findings>,
}

/// The running threads.
#[derive(Debug)]
pub struct Applier(JoinHandle<()>);

impl Applier {
    /// Starts them; an index that is unloaded is loaded first.
    pub fn start(ground: Ground) -> Result<Self, StoreError> {
        let dir = ground.paths.index.clone();
        let thread = runtime::thread("store-watch", move || ground.watch());
        thread.map(Self).map_err(|error| StoreError::io("start a thread for", &dir, error))
    }

    /// Waits for their end, after [`Overlay::stop`]; whether it was a good one.
    pub fn join(self) -> bool {
        self.0.join().is_ok()
    }
}

impl Ground {
    fn watch(self) {
        for failure in 1.. {
            let Err(reason) = self.keep() else { return };
            if self.overlay.is_stopping() || failure >= FAILURES {
                tracing::error!("the index of jobs has failed; the next start rebuilds it: {reason}");
                return self.give_up(&reason);
            }
            tracing::warn!("the index of jobs has failed; it is set aside and rebuilt: {reason}");
            self.progress.begin("reading the journal again", 0, "bytes");
            self.findings.rebuilt(&reason);
            if let Err(error) = self.begin_again() {
                tracing::error!(%error, "the index of jobs can't be rebuilt");
                return self.give_up(&error.to_string());
            }
        }
    }

    fn give_up(&self, reason: &str) {
        // Who reads that it is given up gets no answer from it any more.
        self.index.load().give_up(reason);
        self.overlay.index_failed(reason);
        self.progress.end();
    }

    /// One index, until the store stops; or why it can't be kept.
    fn keep(&self) -> Result<(), String> {
        let (tell, told) = mpsc::channel();
        let (index, overlay) = (self.index.load_full(), Arc::clone(&self.overlay));
        let (findings, progress) = (Arc::clone(&self.findings), self.progress.clone());
        let (watched, number, space) = (Arc::clone(&index), overlay.index(), Arc::clone(&self.space));
        let worker = runtime::thread("store-apply", move || {
            if index.source().is_some() && space.is_full() {
                progress.begin("waiting for space on the disk", 0, "bytes");
            }
            space.wait_while_full();
            let ended = load(&overlay, number, &index, &findings, &progress)
                .and_then(|()| apply(&overlay, number, &index, &space, &findings));
            // Nobody listens any more when this took too long.
            let _late = tell.send(ended);
        });
        match worker {
            Ok(_left_to_itself) => self.wait(&told, &watched),
            Err(error) => Err(format!("a thread for it can't be started: {error}")),
        }
    }

    fn wait(&self, told: &Receiver<Result<(), StoreError>>, index: &Index) -> Result<(), String> {
        loop {
            match told.recv_timeout(LOOK) {
                Ok(Err(StoreError::Index(reason))) => return Err(reason),
                // Not sled's fault: another index would fare no better.
                Ok(Err(error)) => return self.end(&error),
                Ok(Ok(())) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err("its thread panicked".to_owned()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let busy = index.busy_for();
            if busy > self.patience {
                return Err(format!("sled has not returned from one call for {} s", busy.as_secs()));
            }
            if let Some(reason) = index.suspicion() {
                return Err(reason.to_owned());
            }
        }
    }

    fn end(&self, error: &StoreError) -> Result<(), String> {
        if !matches!(error, StoreError::Closed) {
            tracing::error!(%error, "the history can't be loaded");
            self.give_up(&error.to_string());
        }
        Ok(())
    }

    /// Sets the index aside, and puts one in its place that is to be loaded from what journal and archive hold now.
    fn begin_again(&self) -> Result<(), StoreError> {
        let sled = self.paths.sled();
        set_aside(&self.paths, &sled)?;
        for attempt in 1.. {
            let through = self.overlay.reload();
            match self.read_again(through) {
                Ok(Some(source)) => {
                    let index = Index::unloaded(&sled, self.cache_bytes, Arc::new(source));
                    self.index.store(Arc::new(index));
                    break;
                }
                // A fold came between, or a file that was being deleted went under it.
                Ok(None) | Err(StoreError::Io { .. }) if attempt < ATTEMPTS => {}
                Ok(None) => return Err(StoreError::Index("the archive changes too fast".to_owned())),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Folds journal and archive, up to a change that is on the disk, while they are being written. `None`: the archive
    /// is ahead of that change.
    fn read_again(&self, through: u64) -> Result<Option<Unloaded>, StoreError> {
        let (dir, journal) = (&self.paths.dir, &self.paths.journal);
        let base = Base::find(dir)?;
        if base.image.as_ref().is_some_and(|image| image.head.covered.last_sequence > through) {
            return Ok(None);
        }
        let survey = Survey::take(journal)?;
        let newest = survey.newest(journal)?;
        let contents = survey::contents(dir, &base, &survey, newest, false, Window::through(through))?;
        let nothing = || StoreError::Index("no segment of the journal could be read".to_owned());
        let survey::Contents { mut replay, mut damage, .. } = contents.ok_or_else(nothing)?;
        if replay.last_sequence < through {
            let what = format!("it ends at change {}, and {through} is recorded", replay.last_sequence);
            return Err(StoreError::damaged("the journal", what));
        }
        let mut catalog = Catalog::read(dir, &base, &self.fetcher, &mut damage)?;
        catalog.complete(&mut replay, &self.fetcher, &mut damage)?;
        // What the start found has been judged, and the journal says so. For anything else only a start can: an index
        // without the jobs that it costs would pass them over in silence.
        let judged = self.findings.notes();
        if let Some(new) = damage.iter().map(verdict::describe).find(|what| !judged.contains(what)) {
            return Err(StoreError::damaged("damaged since the start", new));
        }
        let (fetcher, progress) = (Arc::clone(&self.fetcher), self.progress.clone());
        Ok(Some(Unloaded { replay, catalog, fetcher, dir: dir.clone(), progress }))
    }
}

/// Loads index number `number`, if it is not loaded yet.
fn load(
    overlay: &Overlay,
    number: u64,
    index: &Index,
    findings: &Findings,
    progress: &Progress,
) -> Result<(), StoreError> {
    let Some(source) = index.source() else { return Ok(()) };
    reach("store.before-load")?;
    let loaded = source.load(index, || overlay.is_stopping() || overlay.index() != number)?;
    for note in findings.add(loaded.notes) {
        tracing::warn!("{note}");
    }
    index.loaded();
    if overlay.loaded(number, source.sequence(), loaded.counts) {
        progress.end();
    }
    Ok(())
}

/// Brings the index up to date, one generation after the other.
fn apply(
    overlay: &Overlay,
    number: u64,
    index: &Index,
    space: &Space,
    findings: &Findings,
) -> Result<(), StoreError> {
    while let Some(Work { generation, moved, damaged }) = overlay.next_work(number, LINGER) {
        // What waits is answered from memory.
        space.wait_while_full();
        reach("store.before-apply")?;
        let settled = index.apply(&generation)?;
        index.relocate(&moved)?;
        reach("store.applied")?;
        overlay.applied(number, &settled);
        for Damaged { job, place, cause } in damaged {
            let what = match index.lose(job, place)? {
                Some(before) => {
                    overlay.lost(number, before);
                    format!("job {job}, which had ended {before}, is UNKNOWABLE from now on")
                }
                None => format!("a part of job {job} can't be read any more"),
            };
            let note = format!("damage found while the server runs: {cause}: {what}");
            tracing::warn!("{note}");
            findings.met(note);
        }
    }
    Ok(())
}

fn reach(name: &'static str) -> Result<(), StoreError> {
    failpoint::reach(name).map_err(|error| StoreError::Index(error.to_string()))
}

/// Moves sled's directory out of the way; of those that failed, the last one is kept.
pub fn set_aside(paths: &Paths, sled: &Path) -> Result<(), StoreError> {
    let aside = paths.aside.join("index");
    io::remove_dir(&aside)?;
    if !sled.exists() {
        return Ok(());
    }
    io::make_dir(&paths.aside)?;
    io::rename(sled, &aside)
}
