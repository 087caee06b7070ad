//! Mounted directories: every deed of `journal::io` below one goes to the log of its world, or is refused.

use super::world::{Done, World};
use crate::store::journal::io::{Deed, Mark};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

static MOUNTED: Mutex<Vec<(PathBuf, Arc<Mutex<Inner>>)>> = Mutex::new(Vec::new());

/// Bytes that a name takes.
const ENTRY: u64 = 64;

/// A mounted directory.
pub struct Disk {
    place: TempDir,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    world: World,
    faults: Faults,
}

/// What is refused.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// No space for those of the deeds that need some, counted from 0.
    pub full: Range<usize>,
    /// Bytes that are free; what is removed adds to them. `None`: more than enough.
    pub room: Option<u64>,
    /// These syncs fail, counted from 0.
    pub sync: Range<usize>,
    /// How much of a write still fits is drawn from this.
    pub seed: u64,
    /// Deeds that needed space so far.
    pub space_deeds: usize,
    /// Syncs so far.
    pub syncs: usize,
    /// Deeds refused so far.
    pub refused: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// Builds the world's files in a fresh directory, with sled's files as drawn from what is possible.
    pub fn mount(world: World, random: &mut SmallRng) -> Self {
        let place = tempfile::tempdir().unwrap();
        world.build(place.path(), random);
        let inner = Arc::new(Mutex::new(Inner { world, faults: Faults::default() }));
        lock(&MOUNTED).push((place.path().to_owned(), Arc::clone(&inner)));
        Self { place, inner }
    }

    /// The data directory on it.
    pub fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Moments passed so far.
    pub fn now(&self) -> usize {
        lock(&self.inner).world.now()
    }

    /// A clock for others.
    pub fn clock(&self) -> impl Fn() -> usize + Clone + Send + 'static {
        let inner = Arc::clone(&self.inner);
        move || lock(&inner).world.now()
    }

    /// Refuses deeds from now on; counting begins anew.
    pub fn refuse(&self, faults: Faults) {
        lock(&self.inner).faults = faults;
    }

    /// What was refused.
    pub fn faults(&self) -> Faults {
        lock(&self.inner).faults.clone()
    }

    /// Whether sled's files were left as they were since a moment.
    pub fn kept_sled(&self, since: usize) -> bool {
        !lock(&self.inner).world.log[since..].iter().any(|done| matches!(done, Done::SledRemoved))
    }

    /// What was done, with what sled's files look like now.
    pub fn unmount(self) -> World {
        let mut world = lock(&self.inner).world.clone();
        world.remember_sled(self.place.path());
        world
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        lock(&MOUNTED).retain(|(root, _)| root != self.place.path());
    }
}

/// The disk that a path is on, and the path on that disk; sled's files are on none.
fn found(path: &Path) -> Option<(PathBuf, Arc<Mutex<Inner>>)> {
    let mounted = lock(&MOUNTED);
    let (root, inner) = mounted.iter().find(|(root, _)| path.starts_with(root))?;
    Some((path.strip_prefix(root).ok()?.to_owned(), Arc::clone(inner)))
}

/// Takes a deed to the log, or refuses it; whether it is to be done really.
pub fn note(deed: Deed<'_>) -> io::Result<bool> {
    let (Deed::Create(path)
    | Deed::Write(path, ..)
    | Deed::Allocate(path, _)
    | Deed::Sync(path)
    | Deed::Rename(path, _)
    | Deed::Remove(path)
    | Deed::MakeDir(path)
    | Deed::SyncDir(path)
    | Deed::SyncTree(path)
    | Deed::RemoveDir(path)) = deed;
    let Some((on_disk, inner)) = found(path) else { return Ok(true) };
    let mut inner = lock(&inner);
    let Inner { world, faults } = &mut *inner;
    if World::is_sleds(&on_disk) {
        match deed {
            Deed::SyncTree(_) => world.sled_synced(path),
            Deed::RemoveDir(_) => world.sled_removed(),
            _ => {}
        }
        return Ok(!matches!(deed, Deed::SyncTree(_)));
    }
    let needed = match deed {
        Deed::Create(_) | Deed::MakeDir(_) => ENTRY,
        Deed::Write(_, _, bytes) => bytes.len() as u64,
        Deed::Allocate(_, bytes) => bytes,
        _ => 0,
    };
    let (counter, refused) = match deed {
        Deed::Create(_) | Deed::Write(..) | Deed::Allocate(..) | Deed::MakeDir(_) => {
            (&mut faults.space_deeds, &faults.full)
        }
        Deed::Sync(_) | Deed::SyncDir(_) => (&mut faults.syncs, &faults.sync),
        Deed::Remove(path) => {
            let freed = std::fs::metadata(path).map_or(0, |data| data.len() + ENTRY);
            faults.room = faults.room.map(|room| room + freed);
            return Ok(world.done(&on_disk, deed));
        }
        _ => return Ok(world.done(&on_disk, deed)),
    };
    let has_room = faults.room.is_none_or(|room| needed <= room);
    let is_refused = refused.contains(counter) || !has_room;
    *counter += 1;
    if !is_refused {
        faults.room = faults.room.map(|room| room - needed);
        return Ok(world.done(&on_disk, deed));
    }
    faults.refused += 1;
    match deed {
        Deed::Write(path, offset, bytes) => {
            let mut random = SmallRng::seed_from_u64(faults.seed.wrapping_add(*counter as u64));
            let fits = match faults.room {
                Some(room) => bytes.len().saturating_sub(1).min(room as usize),
                None if random.random_bool(0.3) => 0,
                None => random.random_range(0..bytes.len().max(1)),
            };
            faults.room = faults.room.map(|room| room - fits as u64);
            world.done(&on_disk, Deed::Write(path, offset, &bytes[..fits]));
            std::fs::File::options().write(true).open(path)?.write_all_at(&bytes[..fits], offset)?;
            Err(io::ErrorKind::StorageFull.into())
        }
        Deed::Sync(_) | Deed::SyncDir(_) => {
            world.sync_failed(&on_disk);
            Err(io::Error::other("the simulated disk lost a write"))
        }
        _ => Err(io::ErrorKind::StorageFull.into()),
    }
}

/// The mark that a file or directory has on the simulated disk.
pub fn mark(path: &Path, real: Mark) -> Mark {
    let Some((on_disk, inner)) = found(path) else { return real };
    let node = lock(&inner).world.node(&on_disk);
    node.map_or(real, |node| Mark { inode: node, birth: Some(node as i64) })
}

/// How many bytes are free.
pub fn free(path: &Path, real: u64) -> u64 {
    let Some((_, inner)) = found(path) else { return real };
    let faults = &lock(&inner).faults;
    faults.room.unwrap_or(real)
}

/// When a file was changed last, by the simulated disk's clock.
pub fn changed(path: &Path, real: i64) -> i64 {
    let Some((on_disk, inner)) = found(path) else { return real };
    lock(&inner).world.changed(&on_disk).unwrap_or(real)
}
