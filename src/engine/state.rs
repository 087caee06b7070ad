//! What a checkpoint keeps of a running job, and its bytes.
//!
//! Everything is found again by the names of its vertices, so that a job that was changed between a savepoint and its
//! start takes what still fits; what doesn't is reported.

use crate::model::Fault;
use crate::plugin::{Position, Split, State, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const VERSION: u8 = 1;
/// Ids of done splits are compressed from this length on.
const COMPRESS_FROM: usize = 512;

/// A job at a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobState {
    /// Whether nothing was read behind the checkpoint (a savepoint, a suspended job).
    pub held: bool,
    pub sources: Vec<SourceState>,
    pub transforms: Vec<TransformState>,
    pub writers: Vec<WriterState>,
}

/// A source: its enumerator, and the ledger of its splits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourceState {
    pub name: String,
    pub enumerator: State,
    /// Whether the enumerator said that there are no more splits.
    pub exhausted: bool,
    /// Splits to be read: first those that were open, with their places.
    pub places: Vec<Place>,
    /// Ids of the splits that are read, packed.
    pub done: Vec<u8>,
}

/// How far a split is read: the first `skip` rows behind `position` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub split: Split,
    pub position: Option<Position>,
    pub skip: u64,
}

/// A transform's instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TransformState {
    pub name: String,
    pub source: String,
    pub instance: u32,
    pub state: State,
}

/// A writer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WriterState {
    pub name: String,
    pub instance: u32,
    pub state: State,
}

impl JobState {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        encode(VERSION, self)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        decode(VERSION, bytes)
    }

    /// Takes the state of that source out.
    pub(super) fn take_source(&mut self, name: &str) -> Option<SourceState> {
        let index = self.sources.iter().position(|state| state.name == name)?;
        Some(self.sources.swap_remove(index))
    }

    /// Takes the state of that transform's instance out.
    pub(super) fn take_transform(&mut self, name: &str, source: &str, instance: usize) -> Option<State> {
        let wanted =
            |s: &TransformState| s.name == name && s.source == source && s.instance as usize == instance;
        let index = self.transforms.iter().position(wanted)?;
        Some(self.transforms.swap_remove(index).state)
    }

    /// Takes the state of that writer out.
    pub(super) fn take_writer(&mut self, name: &str, instance: usize) -> Option<State> {
        let wanted = |s: &WriterState| s.name == name && s.instance as usize == instance;
        let index = self.writers.iter().position(wanted)?;
        Some(self.writers.swap_remove(index).state)
    }

    /// Names of the vertices whose state nobody took.
    pub(super) fn unused(&self) -> BTreeSet<&str> {
        let sources = self.sources.iter().map(|state| &state.name);
        let transforms = self.transforms.iter().map(|state| &state.name);
        let writers = self.writers.iter().map(|state| &state.name);
        sources.chain(transforms).chain(writers).map(String::as_str).collect()
    }
}

/// Packs sorted ids: of each only what differs from the one before, and the whole compressed if it is long. The first
/// byte tells which.
pub(super) fn pack<'a>(ids: impl Iterator<Item = &'a String>) -> Result<Vec<u8>, Fault> {
    let mut front_coded: Vec<(usize, &str)> = Vec::new();
    let mut before = "";
    for id in ids {
        let same = shared_prefix(before, id);
        front_coded.push((same, &id[same..]));
        before = id;
    }
    let plain = encode(0, &front_coded)?;
    if plain.len() < COMPRESS_FROM {
        return Ok(plain);
    }
    let mut packed = vec![1];
    let squeezed = zstd::bulk::compress(&plain, 1)
        .map_err(|error| Fault::internal("ids of splits can't be compressed").caused_by(&error))?;
    packed.extend_from_slice(&(plain.len() as u64).to_le_bytes());
    packed.extend_from_slice(&squeezed);
    Ok(packed)
}

/// Reads what [`pack`] wrote.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<String>, Fault> {
    let damaged = || Fault::internal("stored ids of splits are damaged");
    let plain = match packed.split_first() {
        Some((1, rest)) => {
            let (length, squeezed) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
            let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
            &zstd::bulk::decompress(squeezed, length).map_err(|error| damaged().caused_by(&error))?
        }
        Some(_) => packed,
        None => return Ok(Vec::new()),
    };
    let front_coded: Vec<(usize, String)> = decode(0, plain)?;
    let mut ids: Vec<String> = Vec::with_capacity(front_coded.len());
    for (same, rest) in front_coded {
        let before = ids.last().map_or("", String::as_str);
        let start = before.get(..same).ok_or_else(damaged)?;
        ids.push(format!("{start}{rest}"));
    }
    Ok(ids)
}

/// Bytes that both begin with, at a boundary of characters.
fn shared_prefix(one: &str, other: &str) -> usize {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    (0..=same).rev().find(|at| one.is_char_boundary(*at) && other.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn many_ids_take_little_space() {
        let ids: BTreeSet<String> = (0..10_000).map(|n| format!("/data/in/part-{n:05}.csv")).collect();
        let packed = pack(ids.iter()).unwrap();
        assert!(packed.len() < 50_000, "{} bytes for 240 000", packed.len());
        assert_eq!(unpack(&packed).unwrap(), ids.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn damage_is_an_error() {
        assert_eq!(unpack(&[]).unwrap(), Vec::<String>::new());
        for bytes in [&[1u8, 2][..], &[7], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3], &[0, 1, 200]] {
            assert!(unpack(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_ids_come_back(ids in proptest::collection::btree_set(".{0,12}", 0..80)) {
            let packed = pack(ids.iter()).unwrap();
            prop_assert_eq!(unpack(&packed).unwrap(), ids.into_iter().collect::<Vec<_>>());
        }
    }
}
