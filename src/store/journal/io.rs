//! The only file of the store that touches files, directories and syncs (sled's own files aside). Every error names the
//! action and the path.
//!
//! Whatever changes the disk is first told as a [`Deed`]: tests put a simulated disk there, which keeps a log of the
//! deeds, builds what a power cut could have left of them, and refuses some. Else nothing comes of it.

use crate::runtime::failpoint;
use crate::store::error::StoreError;
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

type Result<T> = std::result::Result<T, StoreError>;

/// What is about to be done to the disk.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(test), allow(dead_code, reason = "only the simulated disk of the tests looks into it"))]
pub enum Deed<'a> {
    /// A new file.
    Create(&'a Path),
    /// Bytes at an offset of a file.
    Write(&'a Path, u64, &'a [u8]),
    /// Room for so many bytes of a file.
    Allocate(&'a Path, u64),
    /// A sync of a file.
    Sync(&'a Path),
    /// A file gets another name.
    Rename(&'a Path, &'a Path),
    /// A file goes.
    Remove(&'a Path),
    /// A new directory.
    MakeDir(&'a Path),
    /// A sync of the names in a directory.
    SyncDir(&'a Path),
    /// A sync of all below a directory of sled.
    SyncTree(&'a Path),
    /// A directory of sled goes.
    RemoveDir(&'a Path),
}

#[cfg(test)]
use crate::store::tests::disk;

/// A disk that is none: every deed is really done.
#[cfg(not(test))]
mod disk {
    use super::{Deed, Mark, Path, io};

    /// Whether the deed is to be done really.
    #[inline]
    pub fn note(_deed: Deed<'_>) -> io::Result<bool> {
        Ok(true)
    }

    /// The mark that a file or directory is to have.
    #[inline]
    pub fn mark(_path: &Path, mark: Mark) -> Mark {
        mark
    }

    /// How many bytes are to be free.
    #[inline]
    pub fn free(_path: &Path, free: u64) -> u64 {
        free
    }

    /// When a file is to have been changed last.
    #[inline]
    pub fn changed(_path: &Path, changed: i64) -> i64 {
        changed
    }
}

fn perform(deed: Deed<'_>, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if disk::note(deed)? { work() } else { Ok(()) }
}

/// What tells one file or directory of a file system from a copy of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Inode.
    pub inode: u64,
    /// Birth time in nanoseconds since 1970, where the file system knows it.
    pub birth: Option<i64>,
}

impl Mark {
    fn of(metadata: &fs::Metadata) -> Self {
        let since = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self { inode: metadata.ino(), birth: since.map(|age| age.as_nanos() as i64) }
    }
}

/// A file that is written or read by position.
#[derive(Debug)]
pub struct DataFile {
    file: File,
    path: PathBuf,
}

impl DataFile {
    /// Makes a file that must not exist yet, mode 0600.
    pub fn create(path: &Path) -> Result<Self> {
        let open = |_| OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        Self::named(disk::note(Deed::Create(path)).and_then(open), "create", path)
    }

    /// Opens a file to read it.
    pub fn open(path: &Path) -> Result<Self> {
        Self::named(File::open(path), "open", path)
    }

    fn named(file: io::Result<File>, action: &'static str, path: &Path) -> Result<Self> {
        let file = file.map_err(|error| StoreError::writing(action, path, &error))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Writes all of `bytes` at `offset`.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let deed = Deed::Write(&self.path, offset, bytes);
        let written = perform(deed, || self.file.write_all_at(bytes, offset));
        written.map_err(|error| StoreError::writing("write", &self.path, &error))
    }

    /// Has the file system give the file room for so many bytes.
    fn allocate(&self, bytes: u64) -> Result<()> {
        let allocated = perform(Deed::Allocate(&self.path, bytes), || allocate(&self.file, bytes));
        allocated.map_err(|error| StoreError::writing("allocate", &self.path, &error))
    }

    /// Reads at `offset` until `buffer` is full or the file ends; how much was read.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(StoreError::io("read", &self.path, error)),
            }
        }
        Ok(done)
    }

    /// Waits until contents and length are on the disk.
    pub fn sync(&self) -> Result<()> {
        let synced = perform(Deed::Sync(&self.path), || self.file.sync_data());
        synced.map_err(|error| StoreError::io("sync", &self.path, error))
    }

    /// Gives the file another name.
    pub fn rename(&mut self, path: &Path) -> Result<()> {
        rename(&self.path, path)?;
        path.clone_into(&mut self.path);
        Ok(())
    }

    /// Inode and birth time.
    pub fn mark(&self) -> Result<Mark> {
        let metadata = self.file.metadata().map_err(|error| StoreError::io("examine", &self.path, error))?;
        Ok(disk::mark(&self.path, Mark::of(&metadata)))
    }
}

/// The lock of a data directory; given back when dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    /// Closing alone would not do: a child process that is just being started still has the file open too.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the lock of the data directory goes with the process only");
        }
    }
}

const LOCK: &str = "LOCK";

/// Whether some process had the lock of `dir`, now or earlier.
pub fn is_locked_once(dir: &Path) -> bool {
    dir.join(LOCK).exists()
}

/// Takes the lock of `dir`.
pub fn lock(dir: &Path) -> Result<Lock> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|error| StoreError::writing("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path, error)),
    }
}

/// Makes a directory and its parents, mode 0700; whether it was not there. Syncing is the caller's.
pub fn make_dir(path: &Path) -> Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    if path.exists() {
        return Err(StoreError::NotADirectory { path: path.to_owned() });
    }
    let make = || DirBuilder::new().recursive(true).mode(0o700).create(path);
    let made = perform(Deed::MakeDir(path), make);
    made.map(|()| true).map_err(|error| StoreError::writing("create", path, &error))
}

/// Waits until contents and length of a file are on the disk, also what an earlier process wrote.
pub fn sync_file(path: &Path) -> Result<()> {
    DataFile::open(path)?.sync()
}

/// Makes one directory, mode 0700; whether it was not there.
pub fn make_new_dir(path: &Path) -> Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StoreError::io("create", path, error)),
    }
}

/// Copies a file, sharing its blocks where the file system can; its length, `None` if there is no such file any more.
/// Syncing is the caller's.
pub fn copy(from: &Path, to: &Path) -> Result<Option<u64>> {
    match fs::copy(from, to) {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == ErrorKind::NotFound && !from.exists() => Ok(None),
        Err(error) => Err(StoreError::io("copy", from, error)),
    }
}

/// Waits until everything on the file system that holds `path` is on the disk: for many files far quicker than one
/// sync for each.
#[cfg(target_os = "linux")]
pub fn sync_all_at(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|dir| Ok(rustix::fs::syncfs(&dir)?));
    synced.map_err(|error| StoreError::io("sync", path, error))
}

/// Waits until everything below `path` is on the disk.
#[cfg(not(target_os = "linux"))]
pub fn sync_all_at(path: &Path) -> Result<()> {
    sync_tree(path)
}

/// The names in a directory, all of one moment: no name is missing that is older than another that is there. (A listing
/// made while files are added may miss one and hold a later one.)
pub fn list_settled(path: &Path) -> Result<Vec<String>> {
    let mut names = list(path)?;
    for _ in 0..16 {
        let again = list(path)?;
        if again == names {
            break;
        }
        names = again;
    }
    Ok(names)
}

/// Waits until the names in a directory are on the disk.
pub fn sync_dir(path: &Path) -> Result<()> {
    let synced = perform(Deed::SyncDir(path), || File::open(path)?.sync_all());
    synced.map_err(|error| StoreError::io("sync", path, error))
}

/// Syncs every file and directory below `path`, and `path` itself, if it is there.
pub fn sync_tree(path: &Path) -> Result<()> {
    let is_real = disk::note(Deed::SyncTree(path)).map_err(|error| StoreError::io("sync", path, error))?;
    if !is_real || !path.is_dir() {
        return Ok(());
    }
    for entry in walkdir::WalkDir::new(path).contents_first(true) {
        let entry = entry.map_err(|error| StoreError::io("list", path, error))?;
        let synced = File::open(entry.path()).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::io("sync", entry.path(), error))?;
    }
    Ok(())
}

/// Names and contents of all files below `path`, as one number.
pub fn checksum_tree(path: &Path) -> Result<u64> {
    let mut mixed = 0_u64;
    let mut buffer = vec![0; 1 << 20];
    for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(_) if !path.exists() => break,
            Err(error) => return Err(StoreError::io("list", path, error)),
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let file = DataFile::open(entry.path())?;
        let mut crc = crc32c::crc32c(entry.file_name().as_encoded_bytes());
        let mut offset = 0;
        loop {
            let count = file.read_at(offset, &mut buffer)?;
            if count == 0 {
                break;
            }
            crc = crc32c::crc32c_append(crc, &buffer[..count]);
            offset += count as u64;
        }
        mixed = (mixed ^ u64::from(crc) ^ (offset << 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }
    Ok(mixed)
}

/// The names in a directory, in order; none if there is no such directory.
pub fn list(path: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", path, error)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let mut names =
        names.collect::<io::Result<Vec<_>>>().map_err(|error| StoreError::io("list", path, error))?;
    names.sort_unstable();
    Ok(names)
}

/// All bytes of a file; `None` if there is no such file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    Ok(read_into(path, &mut bytes)?.then_some(bytes))
}

/// All bytes of a file in place of what was in `bytes`; whether there is such a file.
pub fn read_into(path: &Path, bytes: &mut Vec<u8>) -> Result<bool> {
    bytes.clear();
    match File::open(path).and_then(|mut file| file.read_to_end(bytes)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("read", path, error)),
    }
}

/// Inode and birth time; `None` if it is not there.
pub fn mark(path: &Path) -> Result<Option<Mark>> {
    Ok(metadata(path)?.map(|data| disk::mark(path, Mark::of(&data))))
}

/// Length and time of the last change (nanoseconds since 1970); `None` if it is not there.
pub fn length_and_change(path: &Path) -> Result<Option<(u64, i64)>> {
    let changed =
        |data: &fs::Metadata| data.mtime().wrapping_mul(1_000_000_000).wrapping_add(data.mtime_nsec());
    Ok(metadata(path)?.map(|data| (data.len(), disk::changed(path, changed(&data)))))
}

fn metadata(path: &Path) -> Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("examine", path, error)),
    }
}

/// Puts `bytes` at `path` so that after a crash either the old or the new file is there, whole.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let staged = path.with_extension("tmp");
    remove(&staged)?;
    let file = DataFile::create(&staged)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    rename(&staged, path)?;
    sync_parent(path)
}

/// A file that gets its name when it is whole and synced; dropped before, nothing of it stays.
#[derive(Debug)]
pub struct Staged {
    file: DataFile,
    path: PathBuf,
    is_done: bool,
}

impl Staged {
    /// Begins the file `path`, mode 0600.
    pub fn begin(path: &Path) -> Result<Self> {
        let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(".partial");
        let staged = path.with_file_name(name);
        remove(&staged)?;
        Ok(Self { file: DataFile::create(&staged)?, path: path.to_owned(), is_done: false })
    }

    /// Where its contents go.
    pub fn file(&mut self) -> &mut File {
        &mut self.file.file
    }

    /// Gives it its name; an older file of that name is replaced.
    pub fn finish(mut self) -> Result<()> {
        self.file.sync()?;
        let path = self.path.clone();
        self.file.rename(&path)?;
        self.is_done = true;
        sync_parent(&path)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = remove(&self.file.path)
        {
            tracing::warn!(%error, "an unfinished file stays");
        }
    }
}

/// Renames; syncing the directories is the caller's.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    let renamed = perform(Deed::Rename(from, to), || fs::rename(from, to));
    renamed.map_err(|error| StoreError::writing("rename", from, &error))
}

/// Bytes of the file system of `path`.
pub fn room(path: &Path) -> Result<Room> {
    let asked = |error| StoreError::io("ask for the free space of", path, error);
    let found = rustix::fs::statvfs(path).map_err(|error| asked(error.into()))?;
    let free = match failpoint::reach("store.free-space").map_err(io::Error::from) {
        Ok(()) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) if error.kind() == ErrorKind::StorageFull => 0,
        Err(error) => return Err(asked(error)),
    };
    let total = found.f_blocks.saturating_mul(found.f_frsize);
    Ok(Room { free: disk::free(path, free), total })
}

/// Bytes of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Free for this process.
    pub free: u64,
    /// All.
    pub total: u64,
}

/// Makes a file that holds nothing and takes so many bytes; what was there goes. Failed, nothing stays.
pub fn reserve(path: &Path, bytes: u64) -> Result<()> {
    remove(path)?;
    if bytes == 0 {
        return Ok(());
    }
    let made = DataFile::create(path).and_then(|file| {
        file.allocate(bytes)?;
        file.sync()
    });
    if made.is_err() {
        remove(path)?;
    }
    made.and_then(|()| sync_parent(path))
}

/// Whether a file has that length and really takes as many bytes; no bytes: whether it is not there.
pub fn holds(path: &Path, bytes: u64) -> Result<bool> {
    let found = metadata(path)?;
    Ok(found.map_or(bytes == 0, |data| data.len() == bytes && bytes > 0 && data.blocks() * 512 >= bytes))
}

#[cfg(target_os = "linux")]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => write_noise(file, bytes),
        allocated => Ok(allocated?),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    write_noise(file, bytes)
}

/// Noise, because a file system may keep zeros without room.
fn write_noise(file: &File, bytes: u64) -> io::Result<()> {
    let mut random = SmallRng::from_os_rng();
    let mut block = vec![0; 1 << 16];
    for at in (0..bytes).step_by(block.len()) {
        random.fill_bytes(&mut block);
        let length = block.len().min((bytes - at) as usize);
        file.write_all_at(&block[..length], at)?;
    }
    Ok(())
}

/// Removes a file, if it is there; whether it was.
pub fn remove(path: &Path) -> Result<bool> {
    match perform(Deed::Remove(path), || fs::remove_file(path)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("remove", path, error)),
    }
}

/// Removes a directory and all below it, if it is there.
pub fn remove_dir(path: &Path) -> Result<()> {
    match perform(Deed::RemoveDir(path), || fs::remove_dir_all(path)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("remove", path, error)),
    }
}

/// Syncs the directory that `path` is in.
pub fn sync_parent(path: &Path) -> Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync_dir(parent),
        None => sync_dir(Path::new(".")),
    }
}
