//! Power cuts and kills at random moments, several in a row: what was answered stays, exactly and in order.
//!
//! `SEIKAN_POWER_CUTS` sets how many cases there are, `SEIKAN_POWER_FROM` with which one to begin.

use super::disk::{Disk, World};
use super::history::{Expected, History, Request, State};
use super::seeds::cases;
use super::*;
use rand::Rng;
use rand::rngs::SmallRng;

/// A case that failed tells what had been done to the disk.
pub struct Trace {
    world: World,
    moment: usize,
    what: &'static str,
}

impl Drop for Trace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} at {} of:\n{}", self.what, self.moment, self.world.describe(self.moment));
        }
    }
}

pub fn no_damage(notes: &[String]) {
    let bad = ["damage", "missing", "older state", "goes on from, but", "is not what"];
    let is_bad = |note: &&String| bad.iter().any(|word| note.contains(word));
    assert_eq!(notes.iter().filter(is_bad).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// One life of a store, from its start to the end of its process.
pub struct Life {
    pub world: World,
    /// The moments at which the start began, and was through.
    pub start: (usize, usize),
    /// What was to be expected before the start was through.
    pub before: Expected,
    /// What the store held then.
    pub base: State,
    pub requests: Vec<Request>,
    /// Whether the start used the index as it lay.
    pub is_trusted: bool,
}

impl Life {
    /// Opens the store and checks that it holds what it must; then requests, idle times and restarts.
    fn live(world: World, before: Expected, number: u64, random: &mut SmallRng) -> Self {
        let options =
            StoreOptions { segment_bytes: random.random_range(10..30) << 10, ..some_folding(random) };
        let began = world.now();
        let disk = Disk::mount(world, random);
        let mut opened = Store::open(&disk.data(), &options).unwrap();
        let start = (began, disk.now());
        let is_trusted = disk.kept_sled(began);
        assert_eq!(opened.recovered.held, None);
        no_damage(&opened.recovered.notes);
        let found = State::of(&opened);
        let base = match before.check(&found) {
            Ok((_, base)) => base,
            Err(difference) => panic!("{difference}\n{:?}", opened.recovered.notes),
        };
        let mut history = History::new(base.clone(), number, disk.clock());
        for _ in 0..random.random_range(0..40) {
            match random.random_range(0..60) {
                0 => {
                    history.settle();
                    let (bytes, since) = (opened.store.status().bytes, Instant::now());
                    // The seal of an idle journal, if it isn't sealed yet.
                    until("it is sealed", || {
                        opened.store.status().bytes > bytes || since.elapsed() > Duration::from_millis(80)
                    });
                }
                1 | 2 => {
                    match random.random_bool(0.7) {
                        true => opened.store.close().unwrap(),
                        false => drop(opened.store),
                    }
                    assert_eq!(history.unanswered(), 0);
                    opened = Store::open(&disk.data(), &options).unwrap();
                    no_damage(&opened.recovered.notes);
                    let expected = Expected::at(&base, &history.requests(), disk.now());
                    assert_eq!(expected.check(&State::of(&opened)).map(|(count, _)| count), Ok(0));
                }
                3..=20 => history.settle(),
                _ => history.send(&opened.store, random),
            }
        }
        if random.random_bool(0.3) {
            history.settle();
        }
        match random.random_bool(0.4) {
            true => opened.store.close().unwrap(),
            false => drop(opened.store),
        }
        Self { world: disk.unmount(), start, before, base, requests: history.requests(), is_trusted }
    }

    /// Ends it at a random moment; the world that is left, and what is to be expected of it.
    pub fn end(self, random: &mut SmallRng) -> (World, Expected, Trace) {
        let Self { world, start, before, base, requests, .. } = self;
        let now = world.now();
        let moment = match random.random_range(0..5) {
            0 => random.random_range(start.0..=start.1),
            // Often at the end: after a clean stop, or while it is made.
            1 => random.random_range(now.saturating_sub(8).max(start.0)..=now),
            _ => random.random_range(start.0..=now),
        };
        let expected = match moment < start.1 {
            true => before,
            false => Expected::at(&base, &requests, moment),
        };
        let (what, left) = match random.random_bool(0.6) {
            true => ("power cut", world.cut(moment, random)),
            false => ("kill", world.killed(moment, random)),
        };
        (left, expected, Trace { what, world, moment })
    }
}

#[test]
fn power_cuts_and_kills_in_a_row_take_nothing_that_was_answered() {
    let (mut lives, mut trusted) = (0, 0);
    cases("power cuts", 50, "SEIKAN_POWER_CUTS", "SEIKAN_POWER_FROM", |random| {
        let (mut world, mut expected, mut traces) = (World::default(), Expected::default(), Vec::new());
        for generation in 1..=random.random_range(3..=5) {
            let life = Life::live(world, expected, generation * 10_000, random);
            (lives, trusted) = (lives + 1, trusted + usize::from(life.is_trusted));
            let trace;
            (world, expected, trace) = life.end(random);
            traces.push(trace);
        }
        Life::live(world, expected, 100_000, random);
    });
    println!("{lives} lives were cut short; {trusted} began with the index as it lay");
    assert!(trusted > 0 || lives < 100, "clean stops are not seen as such");
}
