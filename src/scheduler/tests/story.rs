//! Any story: random requests, events, deaths and restarts. Whatever was answered holds, attempts only rise, and in the
//! end every job has ended.

use super::world::{Attempt, World, patient};
use crate::exec::{Outcome, RunCommand, RunEvent};
use crate::model::{Epoch, Fault, JobId, JobState};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the test knows of a job.
#[derive(Debug, Default)]
struct Known {
    /// A stop was answered while the job had not ended.
    must_stop: bool,
    /// Number of the last attempt that was started.
    attempt: u32,
    /// The last checkpoint that was decided.
    epoch: u64,
}

struct Story {
    random: SmallRng,
    world: World,
    known: BTreeMap<JobId, Known>,
    attempts: Vec<Attempt>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let world = World::with(|settings| settings.slots = Some(3));
        Self { random: SmallRng::seed_from_u64(seed), world, known: BTreeMap::new(), attempts: Vec::new() }
    }

    /// Takes the attempts that were started.
    async fn take(&mut self) {
        while self.world.has_attempt() {
            let attempt = self.world.attempt().await;
            let known = self.known.entry(attempt.job).or_default();
            assert!(attempt.id.number > known.attempt, "{} after {known:?}", attempt.id);
            known.attempt = attempt.id.number;
            let restored = attempt.restore.as_ref().map_or(0, |checkpoint| checkpoint.epoch.0);
            assert!(restored >= known.epoch, "{restored} after {known:?}");
            assert!(attempt.committed.0 <= restored);
            self.attempts.push(attempt);
        }
    }

    fn any_job(&mut self) -> Option<JobId> {
        self.known.keys().copied().collect::<Vec<_>>().choose(&mut self.random).copied()
    }

    async fn stop(&mut self, id: JobId, savepoint: bool) {
        patient(self.world.scheduler.stop(id, savepoint)).await.unwrap();
        let record = self.world.reader.record(id).unwrap().unwrap();
        let known = self.known.entry(id).or_default();
        known.must_stop |= !savepoint && !record.state.is_end();
    }

    async fn act_in(&mut self, attempt: Attempt) {
        let known = self.known.entry(attempt.job).or_default();
        match self.random.random_range(0..6) {
            0 => attempt.event(RunEvent::Running),
            1 | 2 => {
                let next = attempt.restore.as_ref().map_or(0, |c| c.epoch.0).max(known.epoch) + 1;
                if attempt.checkpoint(next, false).await {
                    known.epoch = next;
                    attempt.event(RunEvent::Committed(Epoch(next)));
                }
            }
            3 => return attempt.finish(),
            4 => return attempt.end(Outcome::Failed(Fault::external("gone"))),
            _ => attempt.event(RunEvent::RowsMayRepeat),
        }
        self.attempts.push(attempt);
    }

    async fn restart(mut self, in_order: bool) -> Self {
        self.attempts.clear();
        let dir = if in_order {
            self.world.shut_down(Duration::from_millis(2)).await
        } else {
            self.world.kill().await
        };
        self.world = World::open(dir, |settings| settings.slots = Some(3));
        self
    }

    async fn step(mut self) -> Self {
        self.take().await;
        match self.random.random_range(0..100) {
            0..25 => {
                let id = self.world.submit().await;
                self.known.entry(id).or_default();
            }
            25..40 => {
                let savepoint = self.random.random_bool(0.3);
                if let Some(id) = self.any_job() {
                    self.stop(id, savepoint).await;
                }
            }
            40..92 => {
                if !self.attempts.is_empty() {
                    let place = self.random.random_range(0..self.attempts.len());
                    let attempt = self.attempts.swap_remove(place);
                    self.act_in(attempt).await;
                }
            }
            92..96 => return self.restart(true).await,
            _ => return self.restart(false).await,
        }
        self
    }

    /// Plays every attempt as it is told, until no job lives.
    async fn play_out(&mut self) {
        while let Some(mut attempt) = match self.attempts.pop() {
            Some(attempt) => Some(attempt),
            None => self.world.attempt_or_end().await,
        } {
            let mut told = None;
            while let Ok(command) = attempt.commands.try_recv() {
                told = Some(command);
            }
            match told {
                Some(RunCommand::Stop) => attempt.end(Outcome::Stopped),
                Some(RunCommand::Savepoint) => attempt.end(Outcome::SavepointDone),
                Some(RunCommand::Suspend) | None => attempt.finish(),
            }
        }
    }
}

#[tokio::test]
async fn whatever_was_answered_holds() {
    // `SEIKAN_STORIES`: how many, for a long run.
    let stories = std::env::var("SEIKAN_STORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(6);
    for seed in 0..stories {
        let mut story = Story::new(seed);
        for _ in 0..60 {
            story = story.step().await;
        }
        story.play_out().await;
        for (id, known) in &story.known {
            let record = story.world.ended(*id).await;
            assert!(record.events.len() <= 1032);
            if known.must_stop {
                let ends = [JobState::Canceled, JobState::Failed];
                assert!(ends.contains(&record.state), "seed {seed}, job {id}: {record:#?}");
            }
        }
        assert_eq!(story.world.scheduler.overlay().slots().free, 3, "seed {seed}");
    }
}
