//! What is on a simulated disk for certain, and the log of what was done since.

use crate::store::journal::io::Deed;
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Stands for an inode: never given twice.
pub type Node = u64;

/// The files below a directory of sled.
pub type Tree = Arc<BTreeMap<PathBuf, Vec<u8>>>;

/// A file that is on the disk for certain.
#[derive(Clone, Debug, Default)]
pub struct File {
    pub bytes: Vec<u8>,
    pub changed: i64,
}

/// One deed that was done.
#[derive(Clone, Debug)]
pub enum Done {
    Create {
        path: PathBuf,
        node: Node,
    },
    MakeDir {
        path: PathBuf,
        node: Node,
    },
    Write {
        node: Node,
        offset: u64,
        bytes: Arc<[u8]>,
        at: i64,
    },
    Sync {
        node: Node,
        worked: bool,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
        node: Node,
    },
    Remove {
        path: PathBuf,
    },
    SyncDir {
        path: PathBuf,
        worked: bool,
    },
    /// sled's files are on the disk as they are.
    SledSynced {
        files: Tree,
    },
    SledRemoved,
}

/// A disk. The base is there for certain; of the log a kill leaves a part, and a power cut leaves less.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub files: BTreeMap<Node, File>,
    pub names: BTreeMap<PathBuf, Node>,
    /// sled's files, if they are there for certain.
    pub sled: Option<Tree>,
    /// What sled's files looked like at some times.
    pub sleds: Vec<Tree>,
    pub log: Vec<Done>,
    /// The names as the processes see them.
    pub live: BTreeMap<PathBuf, Node>,
    /// The number of the next node, and the time.
    pub next: u64,
}

impl World {
    /// Whether a path is one of sled's own.
    pub fn is_sleds(path: &Path) -> bool {
        path.starts_with("data/index/sled")
    }

    /// Moments passed.
    pub fn now(&self) -> usize {
        self.log.len()
    }

    /// The node of a path.
    pub fn node(&self, path: &Path) -> Option<Node> {
        self.live.get(path).copied()
    }

    /// When the file was written last.
    pub fn changed(&self, path: &Path) -> Option<i64> {
        let node = self.node(path)?;
        let written = self.log.iter().rev().find_map(|done| match done {
            Done::Write { node: of, at, .. } if *of == node => Some(*at),
            _ => None,
        });
        written.or_else(|| self.files.get(&node).map(|file| file.changed))
    }

    /// Takes a deed to the log, unless the file system will refuse it; whether it is to be done really.
    pub fn done(&mut self, path: &Path, deed: Deed<'_>) -> bool {
        let path = path.to_owned();
        self.next += 1;
        let done = match deed {
            Deed::Create(_) if !self.live.contains_key(&path) => Done::Create { path, node: self.next },
            Deed::MakeDir(_) => Done::MakeDir { path, node: self.next },
            Deed::Write(_, offset, bytes) => match self.node(&path) {
                Some(node) => Done::Write { node, offset, bytes: bytes.into(), at: self.next as i64 },
                None => return true,
            },
            Deed::Allocate(_, bytes) => match self.node(&path) {
                Some(node) => {
                    let bytes = vec![0; bytes as usize].into();
                    Done::Write { node, offset: 0, bytes, at: self.next as i64 }
                }
                None => return true,
            },
            Deed::Sync(_) => match self.node(&path) {
                Some(node) => Done::Sync { node, worked: true },
                None => return false,
            },
            Deed::Rename(from, to) => {
                let root = from.ancestors().nth(path.components().count()).unwrap();
                let to = to.strip_prefix(root).unwrap().to_owned();
                match self.node(&path) {
                    Some(node) => Done::Rename { from: path, to, node },
                    None => return true,
                }
            }
            Deed::Remove(_) if self.live.contains_key(&path) => Done::Remove { path },
            Deed::SyncDir(_) => Done::SyncDir { path, worked: true },
            Deed::RemoveDir(_) => {
                let below: Vec<_> =
                    self.live.keys().filter(|name| name.starts_with(&path)).cloned().collect();
                for path in below.into_iter().rev() {
                    self.push(Done::Remove { path });
                }
                return true;
            }
            Deed::SyncTree(_) | Deed::Create(_) | Deed::Remove(_) => return true,
        };
        let is_sync = matches!(done, Done::Sync { .. } | Done::SyncDir { .. });
        self.push(done);
        !is_sync
    }

    fn push(&mut self, done: Done) {
        apply_name(&mut self.live, &done);
        self.log.push(done);
    }

    /// A sync failed: what was written before it is in doubt for ever.
    pub fn sync_failed(&mut self, path: &Path) {
        let done = match self.node(path) {
            Some(node) if self.files.contains_key(&node) || self.is_file(node) => {
                Done::Sync { node, worked: false }
            }
            _ => Done::SyncDir { path: path.to_owned(), worked: false },
        };
        self.push(done);
    }

    fn is_file(&self, node: Node) -> bool {
        self.log.iter().any(|done| matches!(done, Done::Create { node: of, .. } if *of == node))
    }

    /// sled's files are on the disk now.
    pub fn sled_synced(&mut self, path: &Path) {
        let files = read_tree(path);
        self.sleds.push(Arc::clone(&files));
        self.push(Done::SledSynced { files });
    }

    /// sled's directory goes.
    pub fn sled_removed(&mut self) {
        self.push(Done::SledRemoved);
    }

    /// Keeps what sled's files look like, as one of many that may be left of them.
    pub fn remember_sled(&mut self, root: &Path) {
        self.sleds.push(read_tree(&root.join("data/index/sled")));
        let first = self.sleds.len().saturating_sub(4);
        self.sleds.drain(..first);
    }

    /// Builds the files below `root`.
    pub fn build(&self, root: &Path, random: &mut SmallRng) {
        for (path, node) in &self.live {
            let to = root.join(path);
            match self.bytes(*node) {
                Some(bytes) => std::fs::write(to, bytes).unwrap(),
                None => std::fs::create_dir(to).unwrap(),
            }
        }
        let sled = root.join("data/index/sled");
        if !root.join("data/index").is_dir() {
            return;
        }
        let files = self.sled.clone().or_else(|| self.any_sled(random));
        let Some(files) = files.filter(|files| !files.is_empty()) else { return };
        std::fs::create_dir(&sled).unwrap();
        for (path, bytes) in &*files {
            std::fs::create_dir_all(sled.join(path).parent().unwrap()).unwrap();
            std::fs::write(sled.join(path), bytes).unwrap();
        }
    }

    /// Something that may be left of sled's files; nothing at all, too.
    fn any_sled(&self, random: &mut SmallRng) -> Option<Tree> {
        let mut files = BTreeMap::clone(self.sleds.choose(random).filter(|_| random.random_bool(0.8))?);
        let names: Vec<PathBuf> = files.keys().cloned().collect();
        for name in names {
            let Some(bytes) = files.get_mut(&name) else { continue };
            match random.random_range(0..8) {
                0 => drop(files.remove(&name)),
                1 => bytes.truncate(random.random_range(0..=bytes.len())),
                2 => {
                    let from = random.random_range(0..=bytes.len());
                    let to = (from + 4096).min(bytes.len());
                    bytes[from..to].fill(0);
                }
                _ => {}
            }
        }
        Some(Arc::new(files))
    }

    /// The bytes of a file as processes see them; `None` for a directory.
    fn bytes(&self, node: Node) -> Option<Vec<u8>> {
        let mut bytes = self.files.get(&node).map(|file| file.bytes.clone());
        for done in &self.log {
            match done {
                Done::Create { node: of, .. } if *of == node => bytes = Some(Vec::new()),
                Done::Write { node: of, offset, bytes: written, .. } if *of == node => {
                    let bytes = bytes.get_or_insert_default();
                    let end = *offset as usize + written.len();
                    bytes.resize(end.max(bytes.len()), 0);
                    bytes[*offset as usize..end].copy_from_slice(written);
                }
                _ => {}
            }
        }
        bytes
    }

    /// The log up to a moment, a line for each deed.
    pub fn describe(&self, until: usize) -> String {
        let mut text = String::new();
        for (at, done) in self.log.iter().enumerate().take(until + 1) {
            let line = match done {
                Done::Write { node, offset, bytes, .. } => {
                    format!("write #{node} {offset}..{}", offset + bytes.len() as u64)
                }
                Done::SledSynced { .. } => "sled synced".to_owned(),
                other => format!("{other:?}"),
            };
            writeln!(text, "{at:4} {line}").unwrap();
        }
        text
    }
}

/// What a deed means for the names.
pub fn apply_name(names: &mut BTreeMap<PathBuf, Node>, done: &Done) {
    match done {
        Done::Create { path, node } | Done::MakeDir { path, node } => drop(names.insert(path.clone(), *node)),
        Done::Rename { from, to, node } => {
            names.remove(from);
            names.insert(to.clone(), *node);
        }
        Done::Remove { path } => drop(names.remove(path)),
        Done::Write { .. }
        | Done::Sync { .. }
        | Done::SyncDir { .. }
        | Done::SledSynced { .. }
        | Done::SledRemoved => {}
    }
}

/// The files below a directory, as far as they can be read: sled may be writing them.
fn read_tree(root: &Path) -> Tree {
    let files = walkdir::WalkDir::new(root).into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file()).filter_map(|entry| {
        let bytes = std::fs::read(entry.path()).ok()?;
        Some((entry.path().strip_prefix(root).ok()?.to_owned(), bytes))
    });
    Arc::new(files.collect())
}
