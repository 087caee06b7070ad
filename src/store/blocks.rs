//! A sorted map in a tree of sled, many small entries in each of its values.
//!
//! Sled spends about 10 µs and 250 bytes of memory on a key, however small: a million jobs one by one take 20 s and more
//! memory than all the rest of the program. So entries lie side by side in blocks.
//!
//! A block lies under a key, its floor, and holds the entries from there up to the next floor, rising. One thread
//! changes, many read meanwhile. An entry only ever moves into a new block behind its own, and that is written first: so
//! a reader may meet an entry twice, and must look whether a block came between after it read the one before.
#![allow(clippy::disallowed_types, reason = "only the index and its blocks name sled")]

use sled::IVec;
use std::ops::{Bound, RangeBounds};

/// Entries of a block at most.
const MOST: usize = 16;

/// Keys of `KEY` bytes, and values of at most 255.
#[derive(Debug)]
pub struct Blocks<const KEY: usize> {
    tree: sled::Tree,
}

impl<const KEY: usize> Blocks<KEY> {
    /// The map in `tree`.
    pub fn new(tree: sled::Tree) -> Self {
        Self { tree }
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8; KEY]) -> sled::Result<Option<Vec<u8>>> {
        let Some((_, block)) = self.block_of(key)? else { return Ok(None) };
        let found = read::<KEY>(&block)?.into_iter().find(|(known, _)| *known == key);
        Ok(found.map(|(_, value)| value.to_vec()))
    }

    /// Puts in entries with rising keys, or replaces them.
    pub fn put<V: AsRef<[u8]>>(&self, entries: &[([u8; KEY], V)]) -> sled::Result<()> {
        let mut rest = entries;
        while let Some((first, _)) = rest.first() {
            let (floor, block) =
                self.block_of(first)?.unwrap_or_else(|| (first.as_slice().into(), IVec::default()));
            let count = match self.tree.get_gt(&floor)? {
                Some((next, _)) => rest.partition_point(|(key, _)| key.as_slice() < next.as_ref()),
                None => rest.len(),
            };
            let (here, behind) = rest.split_at(count);
            self.merge(&floor, &read(&block)?, here)?;
            rest = behind;
        }
        Ok(())
    }

    /// Removes a key, if it is there.
    pub fn remove(&self, key: &[u8; KEY]) -> sled::Result<()> {
        let Some((floor, block)) = self.block_of(key)? else { return Ok(()) };
        let mut entries = read(&block)?;
        entries.retain(|(known, _)| *known != key);
        match entries.is_empty() {
            true => self.tree.remove(floor).map(drop),
            false => self.write(&floor, &entries),
        }
    }

    /// Up to `count` keys of a range, rising.
    pub fn first_keys(
        &self,
        range: impl RangeBounds<[u8; KEY]>,
        count: usize,
    ) -> sled::Result<Vec<[u8; KEY]>> {
        let mut keys: Vec<[u8; KEY]> = Vec::new();
        let mut at = match range.start_bound() {
            Bound::Included(low) | Bound::Excluded(low) => match self.block_of(low)? {
                None => self.tree.get_gt(low)?,
                block => block,
            },
            Bound::Unbounded => self.tree.first()?,
        };
        let is_over = |floor: &[u8]| match range.end_bound() {
            Bound::Included(high) | Bound::Excluded(high) => floor > high.as_slice(),
            Bound::Unbounded => false,
        };
        while let Some((floor, block)) = at.filter(|(floor, _)| keys.len() < count && !is_over(floor)) {
            for (key, _) in read(&block)?.into_iter().filter(|(key, _)| range.contains(*key)) {
                if keys.last().is_none_or(|last| last < key) {
                    keys.push(*key);
                }
            }
            at = self.tree.get_gt(&floor)?;
        }
        keys.truncate(count);
        Ok(keys)
    }

    /// Up to `count` keys of a range, from its end, falling.
    pub fn last_keys(
        &self,
        range: impl RangeBounds<[u8; KEY]>,
        count: usize,
    ) -> sled::Result<Vec<[u8; KEY]>> {
        let mut keys: Vec<[u8; KEY]> = Vec::new();
        let mut at = match range.end_bound() {
            Bound::Included(high) | Bound::Excluded(high) => self.block_of(high)?,
            Bound::Unbounded => self.last_block(Bound::Unbounded)?,
        };
        let is_over = |floor: &[u8]| match range.start_bound() {
            Bound::Included(low) | Bound::Excluded(low) => floor < low.as_slice(),
            Bound::Unbounded => false,
        };
        while let Some((floor, block)) = at.filter(|_| keys.len() < count) {
            for (key, _) in read(&block)?.into_iter().rev().filter(|(key, _)| range.contains(*key)) {
                if keys.last().is_none_or(|last| last > key) {
                    keys.push(*key);
                }
            }
            at = if is_over(&floor) { None } else { self.last_block(Bound::Excluded(&floor))? };
        }
        keys.truncate(count);
        Ok(keys)
    }

    /// The block that a key belongs to, with its floor.
    fn block_of(&self, key: &[u8; KEY]) -> sled::Result<Option<(IVec, IVec)>> {
        self.last_block(Bound::Included(key))
    }

    /// The last block whose floor lies before `end`.
    fn last_block(&self, end: Bound<&[u8]>) -> sled::Result<Option<(IVec, IVec)>> {
        let last = || self.tree.range::<&[u8], _>((Bound::Unbounded, end)).next_back().transpose();
        let mut found = last()?;
        loop {
            // Entries of the one found may have moved into one that came between.
            let again = last()?;
            if again.as_ref().map(|(floor, _)| floor) == found.as_ref().map(|(floor, _)| floor) {
                return Ok(found);
            }
            found = again;
        }
    }

    /// Puts entries into the block at `floor`, which has `known` ones, and into new blocks behind it.
    fn merge<V: AsRef<[u8]>>(
        &self,
        floor: &[u8],
        known: &[(&[u8; KEY], &[u8])],
        new: &[([u8; KEY], V)],
    ) -> sled::Result<()> {
        let is_behind = known.last().zip(new.first()).is_none_or(|((last, _), (first, _))| *last < first);
        let mut entries: Vec<(&[u8; KEY], &[u8])> =
            new.iter().map(|(key, value)| (key, value.as_ref())).collect();
        if is_behind {
            entries.splice(..0, known.iter().copied());
        } else {
            // Where both have a key, the new one comes first, and stays.
            entries.extend(known);
            entries.sort_by_key(|(key, _)| *key);
            entries.dedup_by_key(|(key, _)| *key);
        }
        // What comes in order fills its blocks; in between, each gets room for more.
        let size = if is_behind { MOST } else { entries.len().div_ceil(entries.len().div_ceil(MOST)) };
        let mut blocks = entries.chunks(size);
        let first = blocks.next().unwrap_or_default();
        for block in blocks.rev() {
            let Some((floor, _)) = block.first() else { continue };
            self.write(floor.as_slice(), block)?;
        }
        self.write(floor, first)
    }

    fn write(&self, floor: &[u8], entries: &[(&[u8; KEY], &[u8])]) -> sled::Result<()> {
        let mut block = Vec::with_capacity(entries.iter().map(|(_, value)| KEY + 1 + value.len()).sum());
        for (key, value) in entries {
            let too_long = |_| sled::Error::Unsupported(format!("an entry of {} bytes", value.len()));
            block.extend_from_slice(*key);
            block.push(u8::try_from(value.len()).map_err(too_long)?);
            block.extend_from_slice(value);
        }
        self.tree.insert(floor, block).map(drop)
    }
}

/// The entries of a block.
fn read<const KEY: usize>(mut block: &[u8]) -> sled::Result<Vec<(&[u8; KEY], &[u8])>> {
    let mut entries = Vec::with_capacity(MOST);
    while !block.is_empty() {
        let entry = block.split_first_chunk::<KEY>().and_then(|(key, rest)| {
            let (length, rest) = rest.split_first()?;
            let (value, rest) = rest.split_at_checked(usize::from(*length))?;
            Some((key, value, rest))
        });
        let cut = || sled::Error::Unsupported("a block of the index is cut off".to_owned());
        let (key, value, rest) = entry.ok_or_else(cut)?;
        entries.push((key, value));
        block = rest;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn blocks(dir: &std::path::Path) -> Blocks<2> {
        let db = sled::Config::new().path(dir).cache_capacity(1 << 20).open().unwrap();
        Blocks::new(db.open_tree("blocks").unwrap())
    }

    fn keys(
        blocks: &Blocks<2>,
        range: impl RangeBounds<[u8; 2]>,
        falling: bool,
        count: usize,
    ) -> Vec<[u8; 2]> {
        if falling { blocks.last_keys(range, count) } else { blocks.first_keys(range, count) }.unwrap()
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(Vec<u16>),
        Remove(Vec<u16>),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let scattered = proptest::collection::vec(0..600_u16, 1..60);
        let in_order = (0..600_u16, 1..80_u16).prop_map(|(first, count)| (first..first + count).collect());
        let keys = prop_oneof![scattered, in_order].boxed();
        let put = keys.clone().prop_map(Step::Put);
        proptest::collection::vec(prop_oneof![3 => put, 1 => keys.prop_map(Step::Remove)], 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn it_holds_what_a_map_holds(
            steps in steps(), low in 0..700_u16, high in 0..700_u16, count in 1..900_usize, falling in any::<bool>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let (blocks, mut map) = (blocks(dir.path()), BTreeMap::new());
            for (turn, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Put(mut keys) => {
                        keys.sort_unstable();
                        keys.dedup();
                        let value = |key: u16| vec![turn as u8; usize::from(key % 23)];
                        let entries: Vec<_> = keys.iter().map(|key| (key.to_be_bytes(), value(*key))).collect();
                        blocks.put(&entries).unwrap();
                        map.extend(entries);
                    }
                    Step::Remove(keys) => for key in keys {
                        blocks.remove(&key.to_be_bytes()).unwrap();
                        map.remove(&key.to_be_bytes());
                    },
                }
            }
            for key in (0..700_u16).map(u16::to_be_bytes) {
                prop_assert_eq!(blocks.get(&key).unwrap(), map.get(&key).cloned());
            }
            for bound in [Bound::Included(low.to_be_bytes()), Bound::Excluded(low.to_be_bytes()), Bound::Unbounded] {
                let range = (bound, Bound::Excluded(high.max(low + 1).to_be_bytes()));
                let mut expected: Vec<_> = map.range(range).map(|(key, _)| *key).collect();
                if falling {
                    expected.reverse();
                }
                expected.truncate(count);
                prop_assert_eq!(keys(&blocks, range, falling, count), expected);
            }
            for (floor, block) in blocks.tree.iter().map(Result::unwrap) {
                let entries = read::<2>(&block).unwrap();
                prop_assert!(!entries.is_empty() && entries.len() <= MOST);
                prop_assert!(entries.iter().all(|(key, _)| key.as_slice() >= floor.as_ref()));
            }
        }
    }

    #[test]
    fn what_comes_in_order_fills_its_blocks() {
        let dir = tempfile::tempdir().unwrap();
        let blocks = blocks(dir.path());
        for key in 0..160_u16 {
            blocks.put(&[(key.to_be_bytes(), [])]).unwrap();
        }
        assert_eq!(blocks.tree.len(), 10);
    }

    #[test]
    fn a_reader_misses_nothing_while_blocks_are_split() {
        let dir = tempfile::tempdir().unwrap();
        let blocks = blocks(dir.path());
        let key = |key: u16| key.to_be_bytes();
        let even: Vec<_> = (0..4000).step_by(2).map(|n| (key(n), [])).collect();
        blocks.put(&even).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for n in (1..4000).step_by(2).rev() {
                    blocks.put(&[(key(n), [])]).unwrap();
                }
            });
            let mut falling = false;
            while !writer.is_finished() {
                falling = !falling;
                let mut keys = keys(&blocks, .., falling, usize::MAX);
                keys.sort_unstable();
                assert!(keys.is_sorted_by(|a, b| a < b), "a key twice");
                let even = keys.iter().filter(|key| u16::from_be_bytes(**key) % 2 == 0).count();
                assert_eq!(even, 2000);
            }
        });
    }

    #[test]
    fn a_block_that_is_cut_off_and_an_entry_that_is_too_long_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let blocks = blocks(dir.path());
        assert!(blocks.put(&[([0, 1], vec![0; 256])]).unwrap_err().to_string().contains("256 bytes"));
        blocks.tree.insert([0, 1], &[0, 1, 9, 9]).unwrap();
        assert!(blocks.get(&[0, 1]).unwrap_err().to_string().contains("cut off"));
    }
}
