//! What is left of a simulated disk after a kill, and after a power cut.
//!
//! A kill leaves everything that was done up to then, the write under way in part. A power cut leaves what was synced;
//! of the rest each sector has its state of some moment since the sync, a file may be as long as it was at any such
//! moment (with zeros where no data came), and each name in a directory may be that of before or after, unless
//! the directory was synced since.

use super::world::{Done, File, Node, World, apply_name};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const SECTOR: usize = 512;
const PAGE: usize = 4096;

impl World {
    /// After the process was killed at a moment. What was not synced may still be lost later.
    pub fn killed(&self, moment: usize, random: &mut SmallRng) -> World {
        let mut world = self.clone();
        world.log.truncate(moment);
        if let Some(Done::Write { node, offset, bytes, at }) = self.log.get(moment)
            && random.random_bool(0.5)
        {
            let bytes = bytes[..random.random_range(0..=bytes.len())].into();
            world.log.push(Done::Write { node: *node, offset: *offset, bytes, at: *at });
        }
        world.live = self.names.clone();
        world.log.iter().for_each(|done| apply_name(&mut world.live, done));
        world.sled = self.sled_for_certain(moment);
        world
    }

    /// After a power cut at a moment.
    pub fn cut(&self, moment: usize, random: &mut SmallRng) -> World {
        let log = &self.log[..moment];
        let names = kept_names(self, log, random);
        let mut files = BTreeMap::new();
        for node in names.values() {
            if let Some(file) = kept_file(self.files.get(node), *node, log, random) {
                files.insert(*node, file);
            }
        }
        let (live, next) = (names.clone(), self.next);
        let sled = self.sled_for_certain(moment);
        World { files, names, sled, sleds: self.sleds.clone(), log: Vec::new(), live, next }
    }

    /// sled's files, if nothing has touched them since they were synced: a start removes the marker and syncs that
    /// before it opens sled, which it does before it makes anything; it removes sled's files if there is no marker.
    fn sled_for_certain(&self, moment: usize) -> Option<super::Tree> {
        let marker = Path::new("data/index/clean");
        let (mut sled, mut removed) = (self.sled.clone(), false);
        for done in &self.log[..moment] {
            match done {
                Done::SledSynced { files } => (sled, removed) = (Some(files.clone()), false),
                Done::Remove { path } if path == marker => removed = true,
                Done::SyncDir { path, .. } if removed && path == Path::new("data/index") => sled = None,
                Done::Create { .. } if removed => sled = None,
                Done::SledRemoved => sled = None,
                _ => {}
            }
        }
        sled
    }
}

/// Which names are left.
fn kept_names(world: &World, log: &[Done], random: &mut SmallRng) -> BTreeMap<PathBuf, Node> {
    let is_synced = |from: usize, path: &Path| {
        let parent = path.parent();
        log[from..]
            .iter()
            .any(|done| matches!(done, Done::SyncDir { path, worked: true } if parent == Some(path)))
    };
    // A journaling file system loses the newest changes only; another one any.
    let journaled = random.random_bool(0.5).then(|| random.random_range(0..=log.len()));
    let share = [0.0, 0.5, 0.9, 1.0][random.random_range(0..4)];
    let mut names = world.names.clone();
    for (at, done) in log.iter().enumerate() {
        let mut keeps = |path: &Path| {
            let drawn = journaled.map_or_else(|| random.random_bool(share), |until| at < until);
            drawn || is_synced(at, path)
        };
        match done {
            Done::Create { path, .. } | Done::MakeDir { path, .. } | Done::Remove { path } => {
                let is_kept = keeps(path);
                if is_kept {
                    apply_name(&mut names, done);
                }
            }
            Done::Rename { from, to, node } => {
                // In one directory it is done or not; between two both may name it for a while, but never none.
                let is_gone = keeps(from);
                let is_there = if from.parent() == to.parent() { is_gone } else { keeps(to) || is_gone };
                if is_there {
                    names.insert(to.clone(), *node);
                }
                if is_gone {
                    // A name before may be one that was lost in between.
                    names.retain(|name, of| of != node || name == to);
                }
            }
            _ => {}
        }
    }
    let there: BTreeSet<PathBuf> = names.keys().cloned().collect();
    let root = Path::new("");
    let mut whole = names;
    whole.retain(|path, _| path.ancestors().skip(1).all(|above| above == root || there.contains(above)));
    whole
}

/// From which moment each sector is.
enum Tear {
    /// All from one.
    Moment(usize),
    /// New in front of a sector, old behind it.
    Front(usize),
    /// This one is the only old one, or the only new one.
    Single(usize, bool),
    /// Each from another, in pieces of so many bytes.
    Each(u64, usize),
}

impl Tear {
    fn draw(end: usize, now: usize, random: &mut SmallRng) -> Self {
        let sectors = end.div_ceil(SECTOR).max(1);
        match random.random_range(0..8) {
            0 => Self::Moment(0),
            1 => Self::Moment(now),
            2 => Self::Moment(random.random_range(0..=now)),
            3 => Self::Front(random.random_range(0..=sectors)),
            // Near the end, where what is new lies.
            4 => Self::Front(sectors.saturating_sub(random.random_range(0..8))),
            5 => Self::Single(sectors.saturating_sub(random.random_range(1..8)), random.random()),
            6 => Self::Each(random.random(), SECTOR),
            _ => Self::Each(random.random(), PAGE),
        }
    }

    fn moment(&self, sector: usize, now: usize) -> usize {
        match *self {
            Self::Moment(moment) => moment,
            Self::Front(first) => {
                if sector < first {
                    now
                } else {
                    0
                }
            }
            Self::Single(one, is_new) => {
                if (sector == one) == is_new {
                    now
                } else {
                    0
                }
            }
            Self::Each(seed, piece) => {
                let number = (sector * SECTOR / piece) as u64;
                let mut random = SmallRng::seed_from_u64(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                [0, now, random.random_range(0..=now)][random.random_range(0..3)]
            }
        }
    }
}

/// What is left of a file; `None` for a directory.
fn kept_file(base: Option<&File>, node: Node, log: &[Done], random: &mut SmallRng) -> Option<File> {
    let created = log.iter().any(|done| matches!(done, Done::Create { node: of, .. } if *of == node));
    let mut file = match (base, created) {
        (Some(base), _) => base.clone(),
        (None, true) => File::default(),
        (None, false) => return None,
    };
    // A write counts for certain if the next sync worked; a failed sync leaves it in doubt for ever.
    let certain = |from: usize| {
        let synced = log[from..].iter().find_map(|done| match done {
            Done::Sync { node: of, worked } if *of == node => Some(*worked),
            _ => None,
        });
        synced == Some(true)
    };
    let writes: Vec<_> = log
        .iter()
        .enumerate()
        .filter_map(|(at, done)| match done {
            Done::Write { node: of, offset, bytes, at: time } if *of == node => {
                Some((at, certain(at), *offset as usize, bytes, *time))
            }
            _ => None,
        })
        .collect();
    let end = writes.iter().map(|(_, _, offset, bytes, _)| offset + bytes.len()).max().unwrap_or(0);
    let now = log.len();
    let tear = Tear::draw(end.max(file.bytes.len()), now, random);
    let long_until = [0, now, now, random.random_range(0..=now)][random.random_range(0..4)];
    let dated_until = [0, now, now, now][random.random_range(0..4)];
    let mut length = file.bytes.len();
    file.bytes.resize(end.max(length), 0);
    for (at, certain, offset, bytes, time) in writes {
        let write_end = offset + bytes.len();
        if certain || at < long_until {
            length = length.max(write_end);
        }
        if certain || at < dated_until {
            file.changed = time;
        }
        let mut from = offset;
        while from < write_end {
            let to = ((from / SECTOR + 1) * SECTOR).min(write_end);
            if certain || at < tear.moment(from / SECTOR, now) {
                file.bytes[from..to].copy_from_slice(&bytes[from - offset..to - offset]);
            }
            from = to;
        }
    }
    file.bytes.truncate(length);
    Some(file)
}
