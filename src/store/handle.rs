//! The open store: appending, status, and closing in order.

use super::applier::{self, Applier, Findings};
use super::archive::{Ground, Keeper, KeeperOptions, Kept};
use super::error::StoreError;
use super::index::Index;
use super::journal::io::{self, Room};
use super::journal::{Files, Journal, Link, OnDurable};
use super::marker::{self, Clean, fingerprint};
use super::overlay::Overlay;
use super::patrol::Patrol;
use super::progress::{Loading, Progress};
use super::reader::StoreReader;
use super::recovery::{self, Paths, Ready};
use super::space::{self, Space, SpaceOptions, Watch};
use crate::model::{Checkpoint, Epoch, JobRecord, JobTexts, Op};
use arc_swap::ArcSwap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Bytes after which a new segment is begun; a request that is larger gets one of its own.
    pub segment_bytes: u64,
    /// Whether the directory counts as the original where the file system keeps no birth times.
    pub trust_path: bool,
    /// Bytes that sled's cache may take.
    pub index_cache_bytes: u64,
    /// How long one call of sled may take, before the index is set aside and rebuilt.
    pub index_patience: Duration,
    /// Bytes of sealed segments from which they are folded into the archive; `None`: never.
    pub fold_bytes: Option<u64>,
    /// How long what was superseded stays on the disk, so that a slow copy still finds it; counted over the time that
    /// servers ran.
    pub grace: Duration,
    /// How long after a start that trusted the index the slow walk over all jobs begins.
    pub patrol_delay: Duration,
    /// How much room is wanted on the file system.
    pub space: SpaceOptions,
}

impl Default for StoreOptions {
    fn default() -> Self {
        let grace = Duration::from_secs(24 * 60 * 60);
        Self {
            segment_bytes: 64 << 20,
            trust_path: false,
            index_cache_bytes: 64 << 20,
            index_patience: Duration::from_secs(30),
            fold_bytes: Some(32 << 20),
            grace,
            patrol_delay: Duration::from_secs(60),
            space: SpaceOptions::default(),
        }
    }
}

/// An open store, and what was in it.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// For the scheduler.
    pub recovered: Recovered,
}

/// What a start found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovered {
    /// Every job that has not ended, by id.
    pub live: Vec<RecoveredJob>,
    /// Tags of the node.
    pub tags: Vec<(String, String)>,
    /// Generated ids below this were given out, or may have been.
    pub id_floor: i64,
    /// Set when the directory is a copy whose jobs nobody said may run: why it is taken for one. An
    /// [`Op::Resumed`] ends it, also for later starts.
    pub held: Option<String>,
    /// Damage and cuts, in words for the operator.
    pub notes: Vec<String>,
}

/// A job that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveredJob {
    /// Record.
    pub record: JobRecord,
    /// Texts.
    pub texts: JobTexts,
    /// The newest checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The newest committed epoch; 0 before the first.
    pub committed: Epoch,
}

/// How the store is, for `/health`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Why nothing is recorded any more; the process should end and be started again.
    pub failed: Option<String>,
    /// Why no new jobs are taken: there is too little space.
    pub no_space: Option<String>,
    /// Bytes of the file system of the data directory, at the last look.
    pub room: Option<Room>,
    /// Why the index can't answer, if it can't; the next start rebuilds it.
    pub index_failed: Option<String>,
    /// Why the index was rebuilt although it should have been whole, the last time.
    pub index_rebuilt: Option<String>,
    /// How often that was, since the start.
    pub index_rebuilds: u64,
    /// How far the history is loaded; `None` when it is there.
    pub loading: Option<Loading>,
    /// Segments of the journal.
    pub segments: u64,
    /// Bytes of the journal.
    pub bytes: u64,
    /// Files of the archive.
    pub archive_files: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// Why the journal can't be folded into the archive, if it can't.
    pub fold_failed: Option<String>,
    /// The last change that is on the disk.
    pub sequence: u64,
    /// Changes that are on the disk and not yet in the index.
    pub index_lag: u64,
    /// Why jobs are held, if they are.
    pub held: Option<String>,
    /// What the start found wrong.
    pub notes: Vec<String>,
}

/// Tells how the store is.
#[derive(Clone)]
pub struct StoreGauge {
    files: Arc<Files>,
    space: Arc<Space>,
    kept: Arc<Kept>,
    overlay: Arc<Overlay>,
    findings: Arc<Findings>,
    progress: Progress,
}

impl StoreGauge {
    /// How the store is now.
    #[must_use]
    pub fn read(&self) -> StoreStatus {
        let (index_rebuilds, index_rebuilt) = self.findings.rebuilds();
        StoreStatus {
            failed: self.files.failed.get().cloned(),
            no_space: self.space.refusal(),
            room: self.space.known_room(),
            index_failed: self.overlay.index_failure(),
            index_rebuilt,
            index_rebuilds,
            loading: self.progress.read(),
            segments: self.files.segments.load(Ordering::Relaxed),
            bytes: self.files.bytes.load(Ordering::Relaxed),
            archive_files: self.kept.files.load(Ordering::Relaxed),
            archive_bytes: self.kept.bytes.load(Ordering::Relaxed),
            fold_failed: self.kept.failure(),
            sequence: self.files.durable.load(Ordering::Acquire),
            index_lag: self.overlay.lag(),
            held: self.overlay.held(),
            notes: self.findings.notes(),
        }
    }
}

/// The open store. One process has it; dropping it ends its threads in order, but only [`close`](Self::close)
/// lets the next start trust the index.
pub struct Store {
    journal: Journal,
    keeper: Keeper,
    kept: Arc<Kept>,
    applier: Option<Applier>,
    overlay: Arc<Overlay>,
    index: Arc<ArcSwap<Index>>,
    reader: StoreReader,
    files: Arc<Files>,
    findings: Arc<Findings>,
    space: Arc<Space>,
    watch: Watch,
    patrol: Option<Patrol>,
    progress: Progress,
    timeline: u64,
    run: u64,
    paths: Paths,
    /// Last, so that it is given back after the threads have ended.
    _lock: io::Lock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.paths.dir).field("timeline", &self.timeline).finish()
    }
}

impl Store {
    /// Opens the store in `dir`, which is made if it is not there, and waits for the history. Blocks; takes the
    /// directory's LOCK.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it; what the file system refuses; a newer format.
    pub fn open(dir: &Path, options: &StoreOptions) -> Result<Opened, StoreError> {
        let opened = Self::begin(dir, options, &Progress::default())?;
        match opened.store.overlay.wait_until_loaded() {
            None => Ok(opened),
            Some(reason) => Err(StoreError::Index(reason)),
        }
    }

    /// Opens the store, and answers as soon as jobs can be taken; history may still be loading then, and is asked for in
    /// vain until it is there ([`StoreError::Loading`]). Blocks; takes the directory's LOCK.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn begin(dir: &Path, options: &StoreOptions, progress: &Progress) -> Result<Opened, StoreError> {
        progress.begin("reading the journal", 0, "bytes");
        let (ready, is_full) = space::with_reserve(dir, || recovery::open(dir, options, progress))?;
        let Ready {
            lock,
            paths,
            segment,
            overlay,
            index,
            fetcher,
            base,
            is_rebuilt,
            files: (segments, bytes),
            doubt,
            recovered,
        } = ready;
        let space = Arc::new(Space::new(dir, options.space.clone(), is_full));
        let files = Arc::new(Files::default());
        files.segments.store(segments, Ordering::Relaxed);
        files.bytes.store(bytes, Ordering::Relaxed);
        let (timeline, run) = (segment.header().timeline, segment.header().run);
        let published = Arc::clone(&overlay);
        let publish = move |requests| published.publish(requests);
        let (at, size) = (paths.journal.clone(), options.segment_bytes);
        let (kept, number) = (Arc::new(Kept::default()), segment.header().number);
        let ground = Ground {
            dir: paths.dir.clone(),
            fetcher: Arc::clone(&fetcher),
            overlay: Arc::clone(&overlay),
            files: Arc::clone(&files),
            space: Arc::clone(&space),
            kept: Arc::clone(&kept),
        };
        let keeping = KeeperOptions {
            segment_bytes: size,
            fold_bytes: options.fold_bytes,
            grace: options.grace,
            judged: if is_rebuilt { number } else { 0 },
        };
        let keeper = Keeper::start(ground, base, number, keeping)?;
        let (counted, room) = (Arc::clone(&files), Arc::clone(&space));
        let journal = Journal::start(segment, at, size, counted, room, publish, keeper.rotations())?;
        let findings = Arc::new(Findings::default());
        findings.add(recovered.notes.clone());
        if let Some(doubt) = doubt {
            findings.rebuilt(&doubt);
        }
        if !overlay.is_loading() {
            progress.end();
        }
        let keeping = applier::Ground {
            paths: paths.clone(),
            cache_bytes: options.index_cache_bytes,
            patience: options.index_patience,
            overlay: Arc::clone(&overlay),
            index: Arc::clone(&index),
            fetcher: Arc::clone(&fetcher),
            space: Arc::clone(&space),
            progress: progress.clone(),
            findings: Arc::clone(&findings),
        };
        let applier = Applier::start(keeping)?;
        let reader = StoreReader::new(Arc::clone(&overlay), Arc::clone(&index), fetcher);
        // An index that is loaded anew reads everything anyway.
        let patrol = match is_rebuilt {
            true => None,
            false => Some(Patrol::start(reader.clone(), dir, options.patrol_delay)?),
        };
        let store = Self {
            journal,
            keeper,
            kept,
            applier: Some(applier),
            overlay,
            index,
            reader,
            files,
            findings,
            watch: Watch::start(&space)?,
            space,
            patrol,
            progress: progress.clone(),
            timeline,
            run,
            paths,
            _lock: lock,
        };
        Ok(Opened { store, recovered })
    }

    /// Hands over the ops of one request, which become durable together; returns at once. `on_durable` is called once,
    /// on the committer's thread, in the order of the appends, after readers can see the ops; it must not block.
    pub fn append(&self, ops: Vec<Op>, on_durable: OnDurable) {
        self.journal.append(ops, on_durable);
    }

    /// Why no new jobs should be taken, if there is too little space for them. Cheap.
    #[must_use]
    pub fn no_space(&self) -> Option<String> {
        self.space.refusal()
    }

    /// A reader; clones are cheap.
    #[must_use]
    pub fn reader(&self) -> StoreReader {
        self.reader.clone()
    }

    /// The random id of this timeline; a copied directory gets another at its first start.
    #[must_use]
    pub fn timeline(&self) -> u64 {
        self.timeline
    }

    /// How the store is.
    #[must_use]
    pub fn status(&self) -> StoreStatus {
        self.gauge().read()
    }

    /// Something that tells how the store is, also while another owns it.
    #[must_use]
    pub fn gauge(&self) -> StoreGauge {
        StoreGauge {
            files: Arc::clone(&self.files),
            space: Arc::clone(&self.space),
            kept: Arc::clone(&self.kept),
            overlay: Arc::clone(&self.overlay),
            findings: Arc::clone(&self.findings),
            progress: self.progress.clone(),
        }
    }

    /// As if a reader had found that the index is wrong.
    #[cfg(test)]
    pub(super) fn suspect_index(&self, reason: &str) {
        self.index.load().suspect(reason);
    }

    /// Writes and applies what waits, seals the journal, closes the index and marks it clean. Blocks. Readers that are
    /// left answer [`StoreError::Closed`].
    ///
    /// # Errors
    /// The journal or the index failed; the next start rebuilds the index then.
    pub fn close(mut self) -> Result<(), StoreError> {
        let (link, is_sound) = self.stop()?;
        if !is_sound {
            let reason = self.kept.failure().unwrap_or_default();
            return Err(StoreError::damaged(
                "the journal",
                format!("the next start reads all of it: {reason}"),
            ));
        }
        if let Some(reason) = self.overlay.index_failure() {
            return Err(StoreError::Index(reason));
        }
        // sled doesn't sync its files: without this, a power cut could leave the marker and not the index.
        io::sync_tree(&self.paths.sled())?;
        let standing = self.overlay.standing();
        let clean = Clean {
            timeline: self.timeline,
            run: self.run,
            link,
            files: fingerprint(&self.paths)?,
            index: io::checksum_tree(&self.paths.sled())?,
            live: standing.live.into_iter().collect(),
            counts: standing.counts,
            tags: standing.tags,
            id_floor: standing.id_floor,
            held: standing.held,
            notes: self.findings.notes(),
        };
        marker::write(&self.paths.index, &clean)
    }

    /// How a successor names the last segment, and whether the journal proved sound as far as it was folded.
    fn stop(&mut self) -> Result<(Link, bool), StoreError> {
        self.patrol = None;
        let link = self.journal.stop();
        self.watch.stop();
        let is_sound = self.keeper.stop();
        self.overlay.stop();
        if let Some(applier) = self.applier.take()
            && !applier.join()
        {
            self.overlay.index_failed("its thread panicked");
        }
        self.index.load().close()?;
        Ok((link?, is_sound))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.applier.is_some()
            && let Err(error) = self.stop()
        {
            tracing::warn!(%error, "the store did not end well; the next start reads the journal");
        }
    }
}
