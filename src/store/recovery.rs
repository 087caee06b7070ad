//! The start of a store: lock, survey, judge, replay or trust, new identity, new segment, index.
//!
//! Order matters, because a start may die at any step: what is cut goes aside first; then the new identity, which
//! names its predecessor; then the new segment, written under another name with everything that was not vouched for,
//! synced, and only then given its name; the marker goes before sled opens. Nothing is answered before all of it.

use super::applier::set_aside;
use super::archive::{Base, Catalog};
use super::error::StoreError;
use super::handle::{Recovered, RecoveredJob, StoreOptions};
use super::identity::{self, Owner};
use super::index::Index;
use super::journal::{Fetcher, Link, Segment, SegmentHeader, io, items, path, settle};
use super::load::Unloaded;
use super::marker::{self, Clean};
use super::new_run::Before;
use super::overlay::{Overlay, Standing};
use super::progress::Progress;
use super::reader::{EndedCounts, StoreReader};
use super::replay::Replay;
use super::scrub;
use super::survey::{self, Contents, Survey};
use super::verdict;
use super::window::Window;
use crate::model::{Epoch, JobState};
use crate::runtime::{self, failpoint};
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

/// Where things lie.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The data directory.
    pub dir: PathBuf,
    /// Segments.
    pub journal: PathBuf,
    /// The marker, and sled below it.
    pub index: PathBuf,
    /// What was cut.
    pub aside: PathBuf,
}

impl Paths {
    /// Those of the data directory `dir`.
    pub fn new(dir: &Path) -> Self {
        let dir = dir.to_owned();
        let below = |name| dir.join(name);
        let (journal, index) = (below("journal"), below("index"));
        Self { journal, index, aside: below("aside"), dir }
    }

    /// Sled's own directory.
    pub fn sled(&self) -> PathBuf {
        self.index.join("sled")
    }
}

/// A store that is ready to run.
#[derive(Debug)]
pub struct Ready {
    /// Held as long as the store is open.
    pub lock: io::Lock,
    /// Where things lie.
    pub paths: Paths,
    /// The new segment, on the disk.
    pub segment: Segment,
    /// Pending changes (none) and what is kept in memory.
    pub overlay: Arc<Overlay>,
    /// The index: equal to the journal, or to be loaded.
    pub index: Arc<ArcSwap<Index>>,
    /// Reads frames by place.
    pub fetcher: Arc<Fetcher>,
    /// The archive.
    pub base: Base,
    /// Whether all segments were read, and what is wrong with them was judged.
    pub is_rebuilt: bool,
    /// Segments and bytes in the journal.
    pub files: (u64, u64),
    /// Why the index was set aside although it should have been whole, if it was.
    pub doubt: Option<String>,
    /// For the scheduler.
    pub recovered: Recovered,
}

/// Opens the store in `dir`. The index may be left to be loaded.
pub fn open(dir: &Path, options: &StoreOptions, progress: &Progress) -> Result<Ready, StoreError> {
    let paths = Paths::new(dir);
    let new_above: Vec<&Path> = paths.dir.ancestors().skip(1).take_while(|above| !above.exists()).collect();
    let is_made = io::make_dir(&paths.dir)?;
    for above in new_above.iter().filter(|above| !above.as_os_str().is_empty()) {
        io::sync_parent(above)?;
    }
    if !io::is_locked_once(&paths.dir) {
        refuse_newer(&paths)?;
    }
    let lock = io::lock(&paths.dir)?;
    for name in io::list(&paths.journal)?.iter().filter(|name| name.ends_with(".tmp")) {
        io::remove(&paths.journal.join(name))?;
    }
    let survey = Survey::take(&paths.journal)?;
    let newest = survey.newest(&paths.journal)?;
    if newest.is_none()
        && let Err(error) = io::sync_parent(&paths.dir)
    {
        // Also when it was there: an earlier start may have been killed right behind making it. Where the directory
        // was given to us, the one above may be closed to us.
        if is_made {
            return Err(error);
        }
        tracing::debug!(%error, "the directory above the data directory can't be synced");
    }
    let base = Base::find(&paths.dir)?;
    let owner = identity::judge(&paths, &survey, newest, &base, options.trust_path)?;
    // What a killed process or a copying tool wrote may be in memory only. A power cut must not take it away from below
    // what is built on it now.
    let unsynced = survey.numbers.iter().filter(|number| {
        matches!(owner, Owner::Copy(_)) || newest.is_some_and(|newest| newest.number == **number)
    });
    for number in unsynced {
        io::sync_file(&path(&paths.journal, *number))?;
    }
    if paths.journal.is_dir() {
        io::sync_dir(&paths.journal)?;
    }
    // Files of the archive are whole before they get their names.
    let archive = paths.dir.join("archive");
    match owner {
        Owner::Copy(_) => io::sync_tree(&archive)?,
        Owner::New | Owner::Original if archive.is_dir() => io::sync_dir(&archive)?,
        Owner::New | Owner::Original => {}
    }
    let stop = marker::load(&paths.index)?;
    let clean = match (&stop, newest) {
        // The index points into images: none may have been damaged since.
        (Some(clean), Some(newest)) if owner == Owner::Original && base.is_as_noted(&clean.notes) => {
            clean.agrees(newest, &paths)?.then(|| clean.clone())
        }
        _ => None,
    };
    marker::remove(&paths.index)?;
    let fetcher = Arc::new(Fetcher::new(paths.dir.clone()));
    let start =
        Start { paths: &paths, options, survey: &survey, base: &base, owner, stop, fetcher, progress };
    let mut doubt = None;
    let trusted = match clean.map(|clean| start.trusted(clean)).transpose() {
        Ok(trusted) => trusted,
        Err(error) => {
            tracing::warn!(%error, "the index can't be used after all; it is set aside and rebuilt");
            set_aside(&paths, &paths.sled())?;
            doubt = Some(match error {
                StoreError::Index(reason) => reason,
                other => other.to_string(),
            });
            None
        }
    };
    let is_rebuilt = trusted.is_none();
    let begun = match (trusted, newest) {
        (Some(trusted), Some(newest)) => trusted.begin(&start, newest)?,
        (_, newest) => start.rebuilt(newest)?,
    };
    for note in &begun.recovered.notes {
        tracing::warn!("{note}");
    }
    let bytes = survey.bytes + begun.segment.written();
    let files = (survey.numbers.len() as u64 + 1, bytes);
    let Begun { segment, overlay, index, recovered } = begun;
    let fetcher = Arc::clone(&start.fetcher);
    Ok(Ready { lock, segment, overlay, index, fetcher, base, is_rebuilt, files, doubt, recovered, paths })
}

/// What a newer program wrote is refused before anything is made in it.
fn refuse_newer(paths: &Paths) -> Result<(), StoreError> {
    Survey::take(&paths.journal)?;
    identity::has_lived(&paths.dir, &paths.sled())?;
    Base::find(&paths.dir).map(drop)
}

struct Begun {
    segment: Segment,
    overlay: Arc<Overlay>,
    index: Arc<ArcSwap<Index>>,
    recovered: Recovered,
}

/// An index that can be used as it lies. Nothing in the directory has been changed yet.
struct Trusted {
    link: Link,
    held: Option<String>,
    overlay: Arc<Overlay>,
    index: Arc<ArcSwap<Index>>,
    recovered: Recovered,
}

impl Trusted {
    fn begin(self, start: &Start<'_>, newest: &SegmentHeader) -> Result<Begun, StoreError> {
        let Self { link, held, overlay, index, recovered } = self;
        let before = Before { last: Some(newest), link: Some(link), held, ..Before::default() };
        Ok(Begun { segment: start.begin(&before)?, overlay, index, recovered })
    }
}

struct Start<'a> {
    paths: &'a Paths,
    options: &'a StoreOptions,
    survey: &'a Survey,
    base: &'a Base,
    owner: Owner,
    /// What the last clean stop said, whether it agrees or not.
    stop: Option<Clean>,
    fetcher: Arc<Fetcher>,
    progress: &'a Progress,
}

impl Start<'_> {
    /// After a clean stop of this very directory: the index as it lies.
    fn trusted(&self, clean: Clean) -> Result<Trusted, StoreError> {
        let index = self.whole(clean.link.last_sequence, clean.index, clean.counts)?;
        let standing = clean.standing();
        let overlay = Arc::new(Overlay::new(standing.clone(), clean.link.last_sequence, false));
        let index = Arc::new(ArcSwap::from_pointee(index));
        let recovered = self.recovered(&standing, &overlay, &index, clean.notes)?;
        Ok(Trusted { link: clean.link, held: standing.held, overlay, index, recovered })
    }

    /// The index, if it holds what it should. Sled may hang or panic over its files: so a thread of its own opens them.
    fn whole(&self, last_sequence: u64, checksum: u64, counts: EndedCounts) -> Result<Index, StoreError> {
        let (sled, cache) = (self.paths.sled(), self.options.index_cache_bytes);
        if last_sequence == 0 {
            return Ok(Index::empty(&sled, cache));
        }
        let (tell, told) = mpsc::channel();
        let open = move || -> Result<Index, StoreError> {
            reach("store.before-open-index")?;
            if io::checksum_tree(&sled)? != checksum {
                return Err(StoreError::Index("its files are not as they were left".to_owned()));
            }
            let index = Index::open(&sled, cache)?;
            let applied = index.applied()?;
            if applied != last_sequence {
                let what = format!("it ends at change {applied}, the journal at {last_sequence}");
                return Err(StoreError::Index(what));
            }
            index.holds(JobState::ALL.into_iter().filter(|state| counts.of(*state) > 0))?;
            Ok(index)
        };
        let opener = runtime::thread("store-open", move || {
            // Nobody listens any more when this took too long.
            let _late = tell.send(open());
        });
        opener.map_err(|error| StoreError::io("start a thread for", &self.paths.index, error))?;
        let patience = self.options.index_patience;
        told.recv_timeout(patience).unwrap_or_else(|error| {
            Err(StoreError::Index(match error {
                mpsc::RecvTimeoutError::Timeout => {
                    format!("sled could not open it within {} s", patience.as_secs())
                }
                mpsc::RecvTimeoutError::Disconnected => "sled panicked".to_owned(),
            }))
        })
    }

    /// Everything from the journal.
    fn rebuilt(&self, newest: Option<&SegmentHeader>) -> Result<Begun, StoreError> {
        io::remove_dir(&self.paths.sled())?;
        let is_copy = matches!(self.owner, Owner::Copy(_));
        let dir = &self.paths.dir;
        let window = Window::default();
        let contents = survey::contents(dir, self.base, self.survey, newest, is_copy, window)?;
        let Some(contents) = contents else {
            let unused = self.survey.numbers.iter().map(|number| self.survey.why_unused(*number));
            let mut notes: Vec<String> = unused.collect();
            self.set_aside(&self.survey.numbers)?;
            let held = match &self.owner {
                Owner::Copy(reason) => Some(reason.clone()),
                Owner::New | Owner::Original => None,
            };
            notes.extend(held.clone());
            let before = Before { held: held.clone(), ..Before::default() };
            return self.filled((Replay::default(), Catalog::default()), held, notes, &before);
        };
        let lost = contents.lost_since(self.stop.as_ref());
        let Contents { mut replay, last, link, stragglers, mut damage, cut, notes: others, .. } = contents;
        let mut notes = Vec::new();
        let mut lost_through = None;
        if newest.is_none() {
            let stop = marker::stop_of(self.stop.as_ref(), &last, &replay);
            // At least one, so that what is missing shows in the numbers.
            let through = stop.as_ref().map_or(0, |(through, _)| *through);
            lost_through = Some(through.max(link.last_sequence + 1));
            notes.push(scrub::lost_journal(link.last_sequence, stop).to_string());
        } else {
            for number in &cut {
                let found = scrub::cut_off(&self.paths.journal, self.survey, *number, &last, is_copy)?;
                notes.extend(found.map(|found| match is_copy {
                    true => found.to_string(),
                    false => format!("{}: {UNUSED}", found.place),
                }));
            }
        }
        self.set_aside(&cut)?;
        let mut catalog = Catalog::read(dir, self.base, &self.fetcher, &mut damage)?;
        catalog.complete(&mut replay, &self.fetcher, &mut damage)?;
        match is_copy {
            true => notes.extend(newest.and_then(|_| marker::doubt(&lost))),
            false => damage.extend(lost),
        }
        let verdicts = verdict::pass(&replay, &damage, &self.fetcher, runtime::clock())?;
        notes.extend(verdict::notes(&replay, &damage, &self.fetcher)?);
        notes.extend(verdict::name_lost(&verdicts, &replay, &damage));
        // What costs jobs is said first.
        notes.extend(others);
        let held = match &self.owner {
            Owner::Copy(reason) => Some(reason.chars().take(1000).collect()),
            Owner::New => None,
            Owner::Original => last.held.clone().filter(|_| replay.resumed_in != Some(last.number)),
        };
        let before = Before {
            last: Some(&last),
            link: Some(link),
            held: held.clone(),
            lost_through,
            stragglers: &stragglers,
            verdicts: &verdicts,
        };
        self.filled((replay, catalog), held, notes, &before)
    }

    fn filled(
        &self,
        (mut replay, catalog): (Replay, Catalog),
        held: Option<String>,
        mut notes: Vec<String>,
        before: &Before<'_>,
    ) -> Result<Begun, StoreError> {
        let segment = self.begin(before)?;
        // As every later reading of this segment says it.
        notes.extend(survey::skipped(segment.header()).iter().map(verdict::describe));
        self.fold(&segment, before, &mut replay)?;
        let last_sequence = segment.link().last_sequence;
        replay.last_sequence = last_sequence;
        let standing = replay.standing(held);
        let (sled, cache) = (self.paths.sled(), self.options.index_cache_bytes);
        let index = match last_sequence {
            0 => Index::empty(&sled, cache),
            _ => {
                let (fetcher, dir) = (Arc::clone(&self.fetcher), self.paths.dir.clone());
                let progress = self.progress.clone();
                Index::unloaded(&sled, cache, Arc::new(Unloaded { replay, catalog, fetcher, dir, progress }))
            }
        };
        let overlay = Arc::new(Overlay::new(standing.clone(), last_sequence, last_sequence > 0));
        let index = Arc::new(ArcSwap::from_pointee(index));
        let recovered = self.recovered(&standing, &overlay, &index, notes)?;
        Ok(Begun { segment, overlay, index, recovered })
    }

    /// Takes what the new segment holds into the replay: stragglers under their new places, and verdicts.
    fn fold(&self, segment: &Segment, before: &Before<'_>, replay: &mut Replay) -> Result<(), StoreError> {
        if before.stragglers.is_empty() && before.verdicts.is_empty() {
            return Ok(());
        }
        let number = segment.header().number;
        let bytes = io::read(&path(&self.paths.journal, number))?.unwrap_or_default();
        let settled = settle(segment.header(), &items(&bytes, segment.header().salt), None);
        let mut moved = HashMap::new();
        for frame in &settled.accepted {
            let earlier = before.stragglers.iter().find(|s| s.header.sequence == frame.header.sequence);
            if let Some(earlier) = earlier {
                moved.insert(earlier.offset, frame.offset);
                continue;
            }
            let start = frame.offset as usize;
            let whole = bytes.get(start..start + frame.header.frame_length()).unwrap_or_default();
            replay.frame(number, frame, whole)?;
        }
        if let Some(last) = before.last {
            replay.relocate(last.number, number, &moved);
        }
        Ok(())
    }

    /// Moves the segments that were cut off out of the journal.
    fn set_aside(&self, cut: &[u64]) -> Result<(), StoreError> {
        if cut.is_empty() {
            return Ok(());
        }
        io::make_dir(&self.paths.aside)?;
        io::sync_parent(&self.paths.aside)?;
        // The newest first: what is left after a crash is still a line of segments.
        for number in cut.iter().rev() {
            reach("store.before-set-aside")?;
            io::rename(&path(&self.paths.journal, *number), &path(&self.paths.aside, *number))?;
        }
        io::sync_dir(&self.paths.aside)?;
        io::sync_dir(&self.paths.journal)
    }

    fn begin(&self, before: &Before<'_>) -> Result<Segment, StoreError> {
        // Synced with the new identity, which lies beside them. Not before: a start that is refused leaves nothing behind.
        io::make_dir(&self.paths.journal)?;
        io::make_dir(&self.paths.index)?;
        let highest = self.survey.numbers.last().copied().max(Some(self.base.covered()));
        before.begin(self.paths, highest, &self.owner)
    }

    fn recovered(
        &self,
        standing: &Standing,
        overlay: &Arc<Overlay>,
        index: &Arc<ArcSwap<Index>>,
        notes: Vec<String>,
    ) -> Result<Recovered, StoreError> {
        let reader = StoreReader::new(Arc::clone(overlay), Arc::clone(index), Arc::clone(&self.fetcher));
        let mut live = Vec::with_capacity(standing.live.len());
        for job in &standing.live {
            let missing = |what: &str| StoreError::Index(format!("{what} of job {job} is not in it"));
            let record = reader.whole_record(*job)?.ok_or_else(|| missing("the record"))?;
            if record.state.is_end() {
                return Err(missing("the live state"));
            }
            let texts = reader.texts(*job)?.ok_or_else(|| missing("the text"))?;
            let (checkpoint, committed) = match reader.checkpoint(*job)? {
                Some((checkpoint, committed)) => (Some(checkpoint), committed),
                None => (None, Epoch::default()),
            };
            live.push(RecoveredJob { record, texts, checkpoint, committed });
        }
        let (tags, id_floor, held) = (standing.tags.clone(), standing.id_floor, standing.held.clone());
        Ok(Recovered { live, tags, id_floor, held, notes })
    }
}

/// What is said of a segment of the original that is set aside with something in it: a power cut may leave a new one so.
const UNUSED: &str =
    "what is in it can't be used; if no power cut left it so, changes that were answered may be lost with it";

/// Visits a failpoint.
pub fn reach(name: &'static str) -> Result<(), StoreError> {
    failpoint::reach(name).map_err(|error| StoreError::Failed(error.to_string()))
}
