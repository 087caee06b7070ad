//! A disk that is full or fails, at random moments: what was answered stays, what was refused is nowhere, and the store
//! goes on when there is space again, or says that it has failed. While there is a reserve, no full disk makes it fail.
//!
//! `SEIKAN_DISK_FULL` sets how many cases there are, `SEIKAN_DISK_FULL_FROM` with which one to begin.

use super::disk::{Disk, Faults, World};
use super::history::{Answer, Expected, History, State};
use super::power::{Life, no_damage};
use super::seeds::cases;
use super::*;
use crate::store::SpaceOptions;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Bytes of the reserve, where there is one.
const RESERVE: u64 = 256 << 10;

/// No space: some writes fail, or few bytes are left until the reserve gives more. Sometimes a sync that fails.
fn trouble(random: &mut SmallRng) -> Faults {
    if random.random_bool(0.5) {
        return Faults { room: Some(random.random_range(0..40 << 10)), ..Faults::default() };
    }
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
        let trouble = trouble(random);
        let has_reserve = trouble.room.is_some() && has_reserve(disk, options);
        disk.refuse(trouble);
        match Store::begin(&disk.data(), options, &Progress::default()) {
            Ok(opened) => {
                disk.refuse(Faults::default());
                until("the history is there", || opened.store.status().loading.is_none());
                return opened;
            }
            Err(error @ StoreError::Io { .. }) => {
                assert!(disk.faults().refused > 0, "nothing was refused, but: {error}");
                assert!(!has_reserve, "there was a reserve, but: {error}");
            }
            Err(error) => panic!("no clear error: {error}"),
        }
    }
    disk.refuse(Faults::default());
    Store::open(&disk.data(), options).unwrap()
}

/// Whether there is a whole reserve.
fn has_reserve(disk: &Disk, options: &StoreOptions) -> bool {
    let found = std::fs::metadata(disk.data().join("reserve"));
    options.space.reserve_bytes > 0 && found.is_ok_and(|found| found.len() == options.space.reserve_bytes)
}

fn live(world: World, before: Expected, number: u64, random: &mut SmallRng) -> Life {
    let reserve_bytes = if random.random_bool(0.7) { RESERVE } else { 0 };
    let space = SpaceOptions { reserve_bytes, look: Duration::from_millis(1), ..SpaceOptions::default() };
    let options =
        StoreOptions { segment_bytes: random.random_range(10..30) << 10, space, ..some_folding(random) };
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
        until("the reserve is there", || reserve_bytes == 0 || has_reserve(&disk, &options));
        let trouble = trouble(random);
        // A fold that is under way may take the room that the reserve gave.
        let is_lost = trouble.room.is_none() || reserve_bytes == 0 || options.fold_bytes.is_some();
        let may_fail = is_lost || store.status().failed.is_some();
        disk.refuse(trouble);
        for _ in 0..random.random_range(1..20) {
            history.send(&store, random);
            if random.random_bool(0.5) {
                history.settle();
            }
        }
        history.settle();
        let failed = store.status().failed;
        assert!(may_fail || failed.is_none(), "there was a reserve: {failed:?} {:?}", disk.faults());
        disk.refuse(Faults::default());
        until("there is space again", || failed.is_some() || store.status().no_space.is_none());
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

/// A store with a reserve, on a disk of its own.
fn with_reserve() -> (Disk, StoreOptions, Opened) {
    let disk = Disk::mount(World::default(), &mut SmallRng::seed_from_u64(1));
    let space =
        SpaceOptions { reserve_bytes: RESERVE, look: Duration::from_millis(1), ..SpaceOptions::default() };
    let options = StoreOptions { space, fold_bytes: None, ..options() };
    let opened = Store::open(&disk.data(), &options).unwrap();
    until("the reserve is there", || has_reserve(&disk, &options));
    (disk, options, opened)
}

#[test]
fn while_the_disk_is_full_jobs_end_and_none_come() {
    let (disk, options, Opened { store, .. }) = with_reserve();
    for id in 1..=3 {
        put(&store, vec![submitted(id)]);
    }
    disk.refuse(Faults { room: Some(100), ..Faults::default() });
    let refusal = try_put(&store, vec![submitted(9)]).unwrap_err().to_string();
    assert!(refusal.contains("is full") && refusal.contains("running jobs go on"), "{refusal}");
    assert!(!disk.data().join("reserve").exists());
    let orphan = try_put(&store, vec![change(9, JobState::Canceling)]).unwrap_err();
    assert_eq!(orphan, StoreError::Refused("its job was not recorded".to_owned()));
    put(&store, vec![change(1, JobState::Finished)]);
    assert!(try_put(&store, vec![checkpoint(2, 1, 150 << 10)]).is_err(), "it leaves no room for the ends");
    let Op::Checkpoint { job, mut checkpoint } = checkpoint(2, 2, 150 << 10) else { panic!() };
    checkpoint.is_final = true;
    put(&store, vec![Op::Checkpoint { job, checkpoint }]);
    put(&store, vec![change(2, JobState::SavepointDone)]);
    let status = store.status();
    assert_eq!((status.failed, status.index_failed), (None, None));
    assert!(status.no_space.is_some());
    assert_eq!(state_of(&store, 2), Some(JobState::SavepointDone));
    disk.refuse(Faults::default());
    until("there is space again", || store.status().no_space.is_none());
    assert!(has_reserve(&disk, &options));
    put(&store, vec![submitted(9)]);
    put(&store, vec![change(9, JobState::Running)]);
    drop(store);
    let again = Store::open(&disk.data(), &options).unwrap();
    let live: Vec<i64> = again.recovered.live.iter().map(|job| job.record.id.0).collect();
    assert_eq!(live, [3, 9]);
    assert_eq!(state_of(&again.store, 1), Some(JobState::Finished));
}

#[test]
fn a_start_on_a_full_disk_takes_the_room_of_the_reserve() {
    let (disk, options, Opened { store, .. }) = with_reserve();
    put(&store, vec![submitted(1)]);
    drop(store);
    disk.refuse(Faults { room: Some(100), ..Faults::default() });
    // The history waits until there is room for an index.
    let Opened { store, recovered } = Store::begin(&disk.data(), &options, &Progress::default()).unwrap();
    assert_eq!(recovered.live.len(), 1);
    assert!(!disk.data().join("reserve").exists());
    assert!(try_put(&store, vec![submitted(2)]).is_err());
    put(&store, vec![change(1, JobState::Finished)]);
    // Killed while it was full: the next start makes the reserve as soon as there is room.
    drop(store);
    disk.refuse(Faults { room: Some(64 << 10), ..Faults::default() });
    let Opened { store, .. } = Store::begin(&disk.data(), &options, &Progress::default()).unwrap();
    assert!(!disk.data().join("reserve").exists());
    disk.refuse(Faults::default());
    until("the reserve is there again", || has_reserve(&disk, &options));
    put(&store, vec![submitted(2)]);
    until("the history is there", || store.status().loading.is_none());
    assert_eq!(state_of(&store, 1), Some(JobState::Finished));
}

#[test]
fn below_the_mark_it_says_so_and_goes_on() {
    let disk = Disk::mount(World::default(), &mut SmallRng::seed_from_u64(1));
    let space = SpaceOptions { low_water_bytes: 1 << 20, reserve_bytes: 0, look: Duration::from_millis(1) };
    disk.refuse(Faults { room: Some(900_000), ..Faults::default() });
    let options = StoreOptions { space, fold_bytes: None, ..options() };
    let Opened { store, .. } = Store::open(&disk.data(), &options).unwrap();
    until("it says so", || store.no_space().is_some());
    let sentence = store.no_space().unwrap();
    let place = disk.data().display().to_string();
    assert!(sentence.contains(&place) && sentence.contains("store.low-water-bytes is 1048576"), "{sentence}");
    // The store itself takes all that it is given.
    put(&store, vec![submitted(1)]);
    disk.refuse(Faults::default());
    until("there is space again", || store.no_space().is_none());
}
