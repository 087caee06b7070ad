//! Stops without a savepoint, in each state, and races with the end.

use super::world::{World, patient, submission};
use crate::exec::{Outcome, RunCommand, RunEvent};
use crate::model::{Epoch, Fault, JobId, JobState};
use std::time::Duration;

async fn stop(world: &World, id: JobId) {
    patient(world.scheduler.stop(id, false)).await.unwrap();
}

#[tokio::test]
async fn a_running_job() {
    let mut world = World::new();
    let id = world.submit().await;
    let mut attempt = world.attempt().await;
    attempt.event(RunEvent::Running);
    stop(&world, id).await;
    assert_eq!(world.reader.record(id).unwrap().unwrap().state, JobState::Canceling, "durable");
    assert_eq!(attempt.command().await, Some(RunCommand::Stop));
    stop(&world, id).await;
    assert!(!attempt.checkpoint(1, false).await, "refused");
    attempt.end(Outcome::Stopped);
    let record = world.ended(id).await;
    assert_eq!((record.state, record.fault), (JobState::Canceled, None));
}

#[tokio::test]
async fn unknown_and_ended_jobs_are_fine() {
    let mut world = World::new();
    stop(&world, JobId(5)).await;
    let id = world.submit().await;
    world.attempt().await.finish();
    let record = world.ended(id).await;
    stop(&world, id).await;
    patient(world.scheduler.stop(id, true)).await.unwrap();
    assert_eq!(world.reader.record(id).unwrap().unwrap(), record);
}

#[tokio::test]
async fn a_waiting_job_never_starts() {
    let mut world = World::with(|settings| settings.max_running_jobs = 1);
    let running = world.submit().await;
    let waiting = world.submit().await;
    assert_eq!(world.live(waiting).record.state, JobState::Pending);
    stop(&world, waiting).await;
    assert_eq!(world.ended(waiting).await.state, JobState::Canceled);
    let attempt = world.attempt().await;
    assert_eq!(attempt.job, running);
    attempt.finish();
    world.ended(running).await;
    assert!(!world.has_attempt());
}

#[tokio::test]
async fn a_retrys_wait() {
    let mut world = World::with(|settings| settings.max_running_jobs = 1);
    let mut job = submission(None).await;
    (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (1, Duration::from_secs(3600));
    let id = world.accept(job).await.id;
    let next = world.submit().await;
    world.attempt().await.end(Outcome::Failed(Fault::external("gone")));
    let record = world.until_live(id, |record| record.retries == 1).await;
    assert_eq!(record.state, JobState::Running);
    assert_eq!(world.live(next).record.state, JobState::Pending, "the slot is kept");
    stop(&world, id).await;
    assert_eq!(world.ended(id).await.state, JobState::Canceled);
    assert_eq!(world.attempt().await.job, next);
}

#[tokio::test]
async fn a_decided_commit_is_rolled_forward_first() {
    let mut world = World::new();
    let mut job = submission(None).await;
    (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (1, Duration::from_secs(3600));
    let id = world.accept(job).await.id;
    let attempt = world.attempt().await;
    assert!(attempt.checkpoint(1, false).await);
    attempt.end(Outcome::Failed(Fault::external("the commit failed")));
    world.until_live(id, |record| record.retries == 1).await;
    stop(&world, id).await;
    let mut last = world.attempt().await;
    assert_eq!(last.restore.as_ref().unwrap().epoch, Epoch(1));
    assert_eq!(last.command().await, Some(RunCommand::Stop));
    last.event(RunEvent::Committed(Epoch(1)));
    last.end(Outcome::Stopped);
    assert_eq!(world.ended(id).await.state, JobState::Canceled);
    assert!(world.reader.checkpoint(id).unwrap().is_none());
}

#[tokio::test]
async fn a_decided_commit_that_can_not_be_made_ends_failed_and_resumable() {
    let mut world = World::new();
    let id = world.submit().await;
    let attempt = world.attempt().await;
    assert!(attempt.checkpoint(1, false).await);
    stop(&world, id).await;
    attempt.end(Outcome::Failed(Fault::external("the target is gone")));
    assert_eq!(world.ended(id).await.state, JobState::Failed);
    assert_eq!(world.reader.checkpoint_ids().unwrap(), [id]);
}

#[tokio::test]
async fn whichever_is_first_in_the_journal_wins() {
    let (mut finished, mut canceled) = (0, 0);
    for round in 0..40 {
        let mut world = World::new();
        let id = world.submit().await;
        let attempt = world.attempt().await;
        let scheduler = world.scheduler.clone();
        if round % 2 == 0 {
            let (stopped, ()) = tokio::join!(scheduler.stop(id, false), async { attempt.finish() });
            stopped.unwrap();
        } else {
            attempt.finish();
            patient(scheduler.stop(id, false)).await.unwrap();
        }
        let record = world.ended(id).await;
        if record.state == JobState::Canceled {
            assert!(record.events.iter().any(|e| e.state == JobState::Canceling));
            canceled += 1;
        } else {
            assert_eq!(record.state, JobState::Finished);
            finished += 1;
        }
        assert!(record.accounting.is_some());
    }
    assert_eq!(finished + canceled, 40);
}

#[tokio::test]
async fn many_stops_and_ends_at_once_leave_nobody_behind() {
    let mut world = World::with(|settings| settings.slots = Some(3));
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(world.submit().await);
    }
    let scheduler = world.scheduler.clone();
    let stops = futures::future::join_all(ids.iter().skip(1).step_by(2).map(|id| scheduler.stop(*id, false)));
    let play = async {
        while let Some(attempt) = world.attempt_or_end().await {
            if ids.iter().step_by(2).any(|id| *id == attempt.job) {
                attempt.finish();
            } else {
                attempt.end(Outcome::Failed(Fault::external("its neighbour is gone")));
            }
        }
    };
    let (stopped, ()) = patient(async { tokio::join!(stops, play) }).await;
    assert!(stopped.iter().all(Result::is_ok));
    for (number, id) in ids.iter().enumerate() {
        let state = world.ended(*id).await.state;
        let expected: &[JobState] =
            if number % 2 == 0 { &[JobState::Finished] } else { &[JobState::Canceled, JobState::Failed] };
        assert!(expected.contains(&state), "{number} is {state}");
    }
    assert_eq!(world.scheduler.overlay().slots().free, 3);
}
