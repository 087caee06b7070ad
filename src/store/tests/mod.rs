//! Tests of the whole store.

mod archive;
mod backup;
mod copies;
mod crash;
mod damage;
pub mod disk;
mod events;
mod faults;
mod files;
mod history;
mod index;
mod life;
mod losses;
mod model;
mod ops;
mod power;
mod random_damage;
mod seeds;
mod stored_versions;
mod verify;

use files::{copy, copy_in_order, segments};
use ops::{change, checkpoint, record, submitted, texts};

use super::*;
use crate::model::*;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

fn options() -> StoreOptions {
    let index_patience = Duration::from_secs(2);
    StoreOptions { index_cache_bytes: 4 << 20, index_patience, ..StoreOptions::default() }
}

/// Segments of a few frames, that stay where they are.
fn tiny_segments() -> StoreOptions {
    StoreOptions { segment_bytes: 12 << 10, fold_bytes: None, ..options() }
}

/// Folded as soon as they are sealed.
fn folding(grace: Duration) -> StoreOptions {
    StoreOptions { fold_bytes: Some(0), grace, ..tiny_segments() }
}

/// Folding at once, never, with everything kept or deleted at once.
fn some_folding(random: &mut impl rand::Rng) -> StoreOptions {
    let grace = if random.random() { Duration::ZERO } else { options().grace };
    StoreOptions { fold_bytes: random.random_bool(0.7).then_some(0), grace, ..options() }
}

fn open(dir: &Path) -> Opened {
    Store::open(dir, &options()).unwrap()
}

/// Appends and waits until it is durable.
fn put(store: &Store, ops: Vec<Op>) -> u64 {
    try_put(store, ops).unwrap()
}

fn try_put(store: &Store, ops: Vec<Op>) -> Result<u64, StoreError> {
    let (tell, told) = mpsc::channel();
    store.append(ops, Box::new(move |result| tell.send(result).unwrap()));
    told.recv_timeout(Duration::from_secs(60)).unwrap()
}

/// Waits, bounded, until `done`.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited too long until {what}");
        std::thread::yield_now();
    }
}

fn state_of(store: &Store, id: i64) -> Option<JobState> {
    store.reader().record(JobId(id)).unwrap().map(|record| record.state)
}
