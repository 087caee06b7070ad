//! Room on the file system of the data directory: the low-water mark, and the reserve.
//!
//! Owns the file `reserve`: bytes that are allocated and hold nothing. When a write of the journal finds no space, the
//! committer has the reserve removed, and what lets running jobs end is written in its room; the store is *full* from
//! then on, and takes no new jobs. A thread looks at the free space from time to time: below the mark no new jobs are
//! taken either, and when there is room again it makes the reserve anew, which ends both.
//!
//! Invariants: nobody but this file makes or removes the reserve; a full store stays full until the reserve is there
//! again; no look is on the way of a request.

use super::error::StoreError;
use super::journal::io::{self, Room};
use crate::runtime;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Name of the reserve in the data directory.
pub const RESERVE: &str = "reserve";

/// How much room is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceOptions {
    /// New jobs are taken only while the file system has so many bytes free; 0: always.
    pub low_water_bytes: u64,
    /// Bytes of the reserve; 0: none.
    pub reserve_bytes: u64,
    /// Time between two looks at the file system.
    pub look: Duration,
}

impl Default for SpaceOptions {
    /// No mark and no reserve.
    fn default() -> Self {
        Self { low_water_bytes: 0, reserve_bytes: 0, look: Duration::from_secs(1) }
    }
}

/// What is known of the room.
#[derive(Debug)]
pub struct Space {
    dir: PathBuf,
    options: SpaceOptions,
    /// Whether a write found no space, and the reserve is not there again.
    is_full: AtomicBool,
    /// Whether there is less room than the mark.
    is_low: AtomicBool,
    known: Mutex<Known>,
    /// Told when the store is not full any more, or closes.
    changed: Condvar,
    /// Held while the reserve is made or removed.
    reserve: Mutex<Reserve>,
}

#[derive(Debug, Default)]
struct Known {
    room: Option<Room>,
    /// Why the reserve can't be made again, if it was tried.
    trouble: Option<String>,
    is_closing: bool,
}

#[derive(Debug, Default)]
struct Reserve {
    /// Made, or found whole, by this process.
    is_sound: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens what is in `dir`; if that finds no space, the reserve goes, and it is opened with its room. Whether it went.
pub fn with_reserve<T>(
    dir: &Path,
    open: impl Fn() -> Result<T, StoreError>,
) -> Result<(T, bool), StoreError> {
    match open() {
        Err(error) if error.is_full() => {
            if !io::remove(&dir.join(RESERVE))? {
                return Err(error);
            }
            tracing::warn!(%error, "no space for a start; it is made with the room of the reserve");
            Ok((open()?, true))
        }
        opened => Ok((opened?, false)),
    }
}

impl Space {
    /// What is known at a start; `is_full` when the start needed the reserve. A store that has none and no room for one
    /// is full too.
    pub fn new(dir: &Path, options: SpaceOptions, is_full: bool) -> Self {
        let space = Self {
            dir: dir.to_owned(),
            options,
            is_full: is_full.into(),
            is_low: false.into(),
            known: Mutex::default(),
            changed: Condvar::new(),
            reserve: Mutex::default(),
        };
        if let Some((free, _)) = space.measure()
            && free < space.wanted()
            && matches!(io::holds(&dir.join(RESERVE), space.options.reserve_bytes), Ok(false))
        {
            space.is_full.store(true, Ordering::Release);
        }
        if let Some(reason) = space.refusal() {
            tracing::warn!("{reason}");
        }
        space
    }

    /// Whether a write found no space, and there is no reserve again.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Acquire)
    }

    /// Why no new jobs are taken, if none are.
    pub fn refusal(&self) -> Option<String> {
        let (is_full, is_low) = (self.is_full(), self.is_low.load(Ordering::Relaxed));
        if !is_full && !is_low {
            return None;
        }
        let known = lock(&self.known);
        let free = known.room.map_or(0, |room| room.free);
        let (dir, mark) = (self.dir.display(), self.options.low_water_bytes);
        Some(match (is_full, &known.trouble) {
            (true, Some(trouble)) => format!(
                "a write to the data directory {dir} found no space ({free} bytes are free now), and the reserve can't \
                 be made again: {trouble}; no new jobs are taken until it can, running jobs go on"
            ),
            (true, None) => format!(
                "the file system of the data directory {dir} is full ({free} bytes are free): no new jobs are taken until \
                 {} bytes are free (store.low-water-bytes, {mark}, and the reserve), running jobs go on",
                self.wanted()
            ),
            (false, _) => format!(
                "the file system of the data directory {dir} has {free} bytes free, store.low-water-bytes is {mark}: no \
                 new jobs are taken until there is more space, running jobs go on"
            ),
        })
    }

    /// Bytes of the file system at the last look.
    pub fn known_room(&self) -> Option<Room> {
        lock(&self.known).room
    }

    /// Bytes that may be written now and leave room to cut off a failed write, and the part of them that is kept for
    /// the ends of jobs. Asks the file system.
    pub fn room(&self) -> (u64, u64) {
        // One that can't tell is tried.
        let free = io::room(&self.dir).map_or(u64::MAX, |room| room.free);
        (free.saturating_sub(self.options.reserve_bytes / 16), self.options.reserve_bytes / 2)
    }

    /// A write found no space: the store is full from now on, and the reserve goes. Whether that made room.
    pub fn release(&self) -> bool {
        let mut reserve = lock(&self.reserve);
        if !self.is_full.swap(true, Ordering::AcqRel) {
            tracing::error!(
                dir = %self.dir.display(),
                "no space for the journal: new jobs are refused until there is some; running jobs go on"
            );
        }
        reserve.is_sound = false;
        match io::remove(&self.dir.join(RESERVE)) {
            Ok(false) => false,
            Ok(true) => {
                // Some file systems give the room only with the next sync.
                if let Err(error) = io::sync_dir(&self.dir) {
                    tracing::warn!(%error, "the removal of the reserve is not on the disk yet");
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "the reserve can't be removed");
                false
            }
        }
    }

    /// Waits while the store is full and open.
    pub fn wait_while_full(&self) {
        if !self.is_full() {
            return;
        }
        let known = lock(&self.known);
        let waits = |known: &mut Known| self.is_full() && !known.is_closing;
        drop(self.changed.wait_while(known, waits).unwrap_or_else(PoisonError::into_inner));
    }

    /// Free bytes from which the reserve can be made without touching what the mark keeps free.
    fn wanted(&self) -> u64 {
        self.options
            .low_water_bytes
            .max(self.options.reserve_bytes)
            .saturating_add(self.options.reserve_bytes)
    }

    fn look(&self) {
        let Some((free, is_crossed)) = self.measure() else { return };
        if is_crossed {
            match self.refusal() {
                Some(reason) => tracing::warn!("{reason}"),
                None => tracing::info!(free, "there is space again; new jobs are taken"),
            }
        }
        self.restore();
    }

    /// Asks the file system: the free bytes, and whether the mark was crossed.
    fn measure(&self) -> Option<(u64, bool)> {
        let room = match io::room(&self.dir) {
            Ok(room) => room,
            Err(error) => {
                tracing::warn!(%error, "the free space can't be asked for");
                return None;
            }
        };
        lock(&self.known).room = Some(room);
        let free = room.free;
        let is_low = free < self.options.low_water_bytes;
        let was_low = self.is_low.swap(is_low, Ordering::Relaxed);
        Some((free, is_low != was_low))
    }

    /// Makes the reserve, if it is not there and there is room; then the store is not full any more.
    fn restore(&self) {
        let mut reserve = lock(&self.reserve);
        if reserve.is_sound && !self.is_full() {
            return;
        }
        // Asked again: the reserve may have gone since, and its room must not be taken for space that came back.
        let Ok(Room { free, .. }) = io::room(&self.dir) else { return };
        let path = self.dir.join(RESERVE);
        let bytes = self.options.reserve_bytes;
        let made = match io::holds(&path, bytes) {
            Ok(true) => Ok(()),
            // What is there of it stays until then.
            Ok(false) if free < self.wanted() => return,
            Ok(false) => io::reserve(&path, bytes),
            Err(error) => Err(error),
        };
        let trouble = made.err().map(|error| error.to_string());
        reserve.is_sound = trouble.is_none();
        if reserve.is_sound && self.is_full.swap(false, Ordering::AcqRel) {
            tracing::info!(free, "there is space again; the journal is written as usual");
        }
        let mut known = lock(&self.known);
        if known.trouble != trouble
            && let Some(trouble) = &trouble
        {
            tracing::warn!("the reserve can't be made: {trouble}");
        }
        known.trouble = trouble;
        self.changed.notify_all();
    }

    fn close(&self) {
        lock(&self.known).is_closing = true;
        self.changed.notify_all();
    }
}

/// The thread that looks.
#[derive(Debug)]
pub struct Watch {
    space: Arc<Space>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Looks now, and then again and again.
    pub fn start(space: &Arc<Space>) -> Result<Self, StoreError> {
        let (stop, stopped) = mpsc::channel::<()>();
        let watched = Arc::clone(space);
        let thread = runtime::thread("store-space", move || {
            loop {
                watched.look();
                match stopped.recv_timeout(watched.options.look) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        let thread = thread.map_err(|error| StoreError::io("start a thread for", &space.dir, error))?;
        Ok(Self { space: Arc::clone(space), stop: Some(stop), thread: Some(thread) })
    }

    /// Ends the thread, and the waiting of others.
    pub fn stop(&mut self) {
        self.space.close();
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that looks at the free space panicked");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop();
    }
}
