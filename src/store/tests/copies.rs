//! Copies of a data directory, live ones above all.

use super::*;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

#[test]
fn a_copy_is_found_out_and_holds_its_jobs_until_told() {
    let dir = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1), submitted(2), change(2, JobState::Finished)]);
    let timeline = store.timeline();
    store.close().unwrap();
    copy(dir.path(), place.path());
    for _ in 0..2 {
        let Opened { store, recovered } = open(place.path());
        assert!(recovered.held.unwrap().contains("copy"));
        assert_ne!(store.timeline(), timeline);
        assert_eq!(recovered.live.len(), 1);
        assert_eq!(state_of(&store, 2), Some(JobState::Finished));
        store.close().unwrap();
    }
    let held = open(place.path());
    assert!(held.store.status().held.is_some());
    put(&held.store, vec![Op::Resumed]);
    assert_eq!(held.store.status().held, None);
    drop(held);
    for clean in [true, false] {
        let Opened { store, recovered } = open(place.path());
        assert_eq!(recovered.held, None, "now it is an original of its own");
        if clean {
            store.close().unwrap();
        }
    }
    assert_eq!(open(dir.path()).recovered.held, None, "the original is what it was");
}

#[test]
fn a_moved_directory_or_a_foreign_identity_is_a_copy() {
    let outer = tempfile::tempdir().unwrap();
    let (here, there) = (outer.path().join("here"), outer.path().join("there"));
    put(&open(&here).store, vec![submitted(1)]);
    std::fs::rename(&here, &there).unwrap();
    assert_eq!(open(&there).recovered.held, None, "renamed in place: the same inodes");
    std::fs::create_dir(&here).unwrap();
    copy(&there, &here);
    assert!(open(&here).recovered.held.is_some());
    std::fs::remove_file(there.join("identity")).unwrap();
    assert!(open(&there).recovered.held.unwrap().contains("identity"));
}

/// A writer appends while the directory is copied file by file, in random order and at random speed. Every copy holds
/// what was acknowledged before it began, in the state of that moment or a later one, and runs nothing.
#[test]
fn live_copies_hold_what_was_acknowledged_before() {
    let mut random = SmallRng::seed_from_u64(20_201_122);
    let dir = tempfile::tempdir().unwrap();
    for round in 0..12 {
        let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
        let store = Arc::new(store);
        let first = round * 100_000 + 1;
        let (acknowledged, stop) = (Arc::new(AtomicI64::new(first - 1)), Arc::new(AtomicBool::new(false)));
        let writer = {
            let (store, acknowledged, stop) =
                (Arc::clone(&store), Arc::clone(&acknowledged), Arc::clone(&stop));
            let write = move || {
                let mut id = first;
                while !stop.load(Ordering::Relaxed) {
                    let last = change(id, JobState::Finished);
                    put(&store, vec![submitted(id), checkpoint(id, 1, 300)]);
                    put(&store, vec![last]);
                    acknowledged.store(id, Ordering::Release);
                    id += 1;
                }
            };
            crate::runtime::thread("writer", write).unwrap()
        };
        until("some jobs are there", || acknowledged.load(Ordering::Acquire) > first + 5);
        let place = tempfile::tempdir().unwrap();
        let before = acknowledged.load(Ordering::Acquire);
        copy_in_order(dir.path(), place.path(), |files| {
            files.shuffle(&mut random);
            // The listing is old when the files are read: more segments come meanwhile.
            let wait = before + random.random_range(0..30);
            until("the writer went on", || acknowledged.load(Ordering::Acquire) >= wait);
        });
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        for start in 0..2 {
            let Opened { store, recovered } = Store::open(place.path(), &tiny_segments()).unwrap();
            assert!(recovered.held.is_some(), "round {round}, start {start}");
            assert!(recovered.live.len() <= 1, "at most the job of that moment");
            for id in first..=before {
                let found = store.reader().record(JobId(id)).unwrap();
                assert_eq!(found, Some(record(id, JobState::Finished)), "round {round}, start {start}");
                assert_eq!(store.reader().texts(JobId(id)).unwrap(), Some(texts(id, 20)));
                assert!(store.reader().checkpoint(JobId(id)).unwrap().is_some());
            }
            assert_eq!(store.reader().counts().unknowable, 0);
            let total = store.reader().counts().total();
            let all = EndedQuery { limit: usize::MAX, ..EndedQuery::default() };
            assert_eq!(store.reader().ended(&all).unwrap().records.len() as u64, total);
        }
    }
}

/// A copy of one moment (as `kill -9` leaves it, each file as long as it was then) loses nothing acknowledged,
/// through many restarts in a row.
#[test]
fn restart_after_restart_nothing_is_lost() {
    let mut random = SmallRng::seed_from_u64(7);
    let dir = tempfile::tempdir().unwrap();
    for start in 0..25_i64 {
        let Opened { store, recovered } = Store::open(dir.path(), &tiny_segments()).unwrap();
        assert_eq!(recovered.notes, Vec::<String>::new());
        assert_eq!(recovered.held, None);
        assert_eq!(recovered.live.len() as i64, start * 3);
        for id in 0..start * 10 {
            let state = if id % 10 < 3 { JobState::Running } else { JobState::Canceled };
            assert_eq!(state_of(&store, 1 + id), Some(state));
        }
        for id in start * 10..start * 10 + 10 {
            let state = if id % 10 < 3 { JobState::Running } else { JobState::Canceled };
            put(&store, vec![submitted(1 + id)]);
            put(&store, vec![change(1 + id, state)]);
        }
        if random.random_bool(0.5) {
            store.close().unwrap();
        }
    }
}

#[test]
fn a_copy_with_an_older_segment_than_its_successor_is_cut_there() {
    let dir = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    let mut old = Vec::new();
    for id in 1..=100 {
        put(&store, vec![submitted(id), checkpoint(id, 1, 500)]);
        if id == 2 {
            old = std::fs::read(&segments(dir.path())[0]).unwrap();
        }
    }
    drop(store);
    copy(dir.path(), place.path());
    std::fs::write(&segments(place.path())[0], &old).unwrap();
    let Opened { store, recovered } = Store::open(place.path(), &tiny_segments()).unwrap();
    assert_eq!(recovered.live.len(), 2, "{:?}", recovered.notes);
    assert!(recovered.notes.iter().any(|note| note.contains("older state")), "{:?}", recovered.notes);
    let aside = std::fs::read_dir(place.path().join("aside")).unwrap().count();
    assert_eq!(aside, segments(dir.path()).len() - 1);
    put(&store, vec![submitted(500)]);
    drop(store);
    let Opened { store, recovered } = Store::open(place.path(), &tiny_segments()).unwrap();
    assert_eq!(recovered.live.len(), 3);
    assert!(recovered.held.is_some());
    assert_eq!(state_of(&store, 500), Some(JobState::Pending));
}
