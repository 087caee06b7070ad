//! A disk that is full or fails, at random moments: what was answered stays, what was refused is nowhere, and the store
//! goes on when there is space again, or says that it has failed.
//!
//! `SEIKAN_DISK_FULL` sets how many cases there are, `SEIKAN_DISK_FULL_FROM` with which one to begin.

use super::disk::{Disk, Faults, World};
use super::history::{Answer, Expected, History, State};
use super::power::{Life, no_damage};
use super::seeds::cases;
use super::*;
use rand::Rng;
use rand::rngs::SmallRng;

/// No space for some time, and sometimes a sync that fails.
fn trouble(random: &mut SmallRng) -> Faults {
    let (first, count) = (random.random_range(0..8), [1, 2, 10, usize::MAX / 2][random.random_range(0..4)]);
    let sync = random.random_range(0..12);
    let fails = random.random_bool(0.15);
    Faults {
        full: if random.random_bool(0.9) { first..first + count } else { 0..0 },
        sync: if fails { sync..sync + 1 } else { 0..0 },
        seed: random.random(),
        ..Faults::default()
    }
}

/// Opens the store; a start in trouble ends with a clear error, or well.
fn start(disk: &Disk, options: &StoreOptions, random: &mut SmallRng) -> Opened {
    for _ in 0..random.random_range(0..3) {
        disk.refuse(trouble(random));
        match Store::open(&disk.data(), options) {
            Ok(opened) => {
                disk.refuse(Faults::default());
                return opened;
            }
            Err(error @ StoreError::Io { .. }) => {
                assert!(disk.faults().refused > 0, "nothing was refused, but: {error}");
            }
            Err(error) => panic!("no clear error: {error}"),
        }
    }
    disk.refuse(Faults::default());
    Store::open(&disk.data(), options).unwrap()
}

fn live(world: World, before: Expected, number: u64, random: &mut SmallRng) -> Life {
    let options = StoreOptions { segment_bytes: random.random_range(10..30) << 10, ..some_folding(random) };
    let began = world.now();
    let disk = Disk::mount(world, random);
    let opened = start(&disk, &options, random);
    let start = (began, disk.now());
    assert_eq!(opened.recovered.held, None);
    no_damage(&opened.recovered.notes);
    let found = State::of(&opened);
    let base = match before.check(&found) {
        Ok((_, base)) => base,
        Err(difference) => panic!("{difference}\n{:?}", opened.recovered.notes),
    };
    let store = opened.store;
    let mut history = History::new(base.clone(), number, disk.clock());
    history.is_careful = true;
    for _ in 0..random.random_range(1..5) {
        for _ in 0..random.random_range(0..6) {
            history.send(&store, random);
        }
        if random.random_bool(0.5) {
            history.settle();
        }
        disk.refuse(trouble(random));
        for _ in 0..random.random_range(1..20) {
            history.send(&store, random);
            if random.random_bool(0.5) {
                history.settle();
            }
        }
        history.settle();
        let failed = store.status().failed;
        disk.refuse(Faults::default());
        let before = history.requests().len();
        history.send(&store, random);
        history.settle();
        let requests = history.requests();
        let answers = requests.iter().filter_map(|request| request.answered.as_ref());
        let answers: Vec<Answer> = answers.map(|(_, answer)| answer.clone()).collect();
        match (&answers[before], failed) {
            (Answer::Recorded, None) => {}
            (Answer::Unknown(why), Some(reason)) => assert!(why.contains(&reason), "{why}"),
            other => panic!("there is space again: {other:?}"),
        }

        let expected = Expected { base: history.recorded(), under_way: Vec::new() };
        let found = State::read(&store, expected.base.tags.clone(), expected.base.id_floor);
        assert_eq!(
            expected.check(&found).map(|(count, _)| count),
            Ok(0),
            "readers see what was answered, and nothing else"
        );
    }
    if random.random_bool(0.5) {
        disk.refuse(trouble(random));
    }
    let failed = store.status().failed.is_some();
    match random.random_bool(0.5) {
        true => assert!(store.close().is_err() || !failed, "a failed store does not end well"),
        false => drop(store),
    }
    Life { world: disk.unmount(), start, before, base, requests: history.requests(), is_trusted: false }
}

#[test]
fn a_full_or_failing_disk_takes_nothing_that_was_answered() {
    let case = |random: &mut SmallRng| {
        let (mut world, mut expected, mut traces) = (World::default(), Expected::default(), Vec::new());
        for generation in 1..=random.random_range(2..=4) {
            let trace;
            (world, expected, trace) = live(world, expected, generation * 10_000, random).end(random);
            traces.push(trace);
        }
        live(world, expected, 100_000, random);
    };
    cases("a full disk", 5, "SEIKAN_DISK_FULL", "SEIKAN_DISK_FULL_FROM", case);
}
