//! Stops with a savepoint.

use super::world::{World, patient, submission};
use crate::exec::{Outcome, RunCommand, RunEvent};
use crate::model::{Accounting, Epoch, Fault, JobId, JobState};
use std::time::Duration;

async fn savepoint(world: &World, id: JobId) {
    patient(world.scheduler.stop(id, true)).await.unwrap();
}

#[tokio::test]
async fn is_stored_and_ends_the_job() {
    let mut world = World::new();
    let id = world.submit().await;
    let mut attempt = world.attempt().await;
    attempt.event(RunEvent::Running);
    savepoint(&world, id).await;
    assert_eq!(world.reader.record(id).unwrap().unwrap().state, JobState::DoingSavepoint);
    assert_eq!(attempt.command().await, Some(RunCommand::Savepoint));
    assert!(attempt.checkpoint(1, true).await);
    attempt.event(RunEvent::Committed(Epoch(1)));
    attempt.end(Outcome::SavepointDone);
    assert_eq!(world.ended(id).await.state, JobState::SavepointDone);
    let (checkpoint, committed) = world.reader.checkpoint(id).unwrap().unwrap();
    assert!(checkpoint.is_savepoint);
    assert_eq!((checkpoint.epoch, committed), (Epoch(1), Epoch(1)));
}

#[tokio::test]
async fn a_failed_one_lets_the_job_run_with_the_reason() {
    let mut world = World::new();
    let id = world.submit().await;
    let mut attempt = world.attempt().await;
    savepoint(&world, id).await;
    attempt.event(RunEvent::SavepointFailed("a sink does not answer".into()));
    let record = world.until(id, JobState::Running).await;
    assert_eq!(record.savepoint_failure.as_deref(), Some("a sink does not answer"));
    assert_eq!(record.stop_request, None);
    savepoint(&world, id).await;
    assert_eq!(attempt.command().await, Some(RunCommand::Savepoint));
    assert_eq!(attempt.command().await, Some(RunCommand::Savepoint));
    assert_eq!(world.live(id).record.savepoint_failure, None);
}

#[tokio::test]
async fn a_source_that_ends_first_wins() {
    let mut world = World::new();
    let id = world.submit().await;
    let attempt = world.attempt().await;
    savepoint(&world, id).await;
    attempt.end(Outcome::Finished(Accounting::default()));
    assert_eq!(world.ended(id).await.state, JobState::Finished);
}

#[tokio::test]
async fn a_stop_overtakes_it() {
    let mut world = World::new();
    let id = world.submit().await;
    let mut attempt = world.attempt().await;
    savepoint(&world, id).await;
    patient(world.scheduler.stop(id, false)).await.unwrap();
    savepoint(&world, id).await;
    assert_eq!(world.live(id).record.state, JobState::Canceling);
    assert_eq!(attempt.command().await, Some(RunCommand::Savepoint));
    assert_eq!(attempt.command().await, Some(RunCommand::Stop));
    assert!(!attempt.checkpoint(1, true).await);
    attempt.end(Outcome::Stopped);
    assert_eq!(world.ended(id).await.state, JobState::Canceled);
}

#[tokio::test]
async fn of_a_waiting_job_is_its_beginning() {
    let mut world = World::with(|settings| settings.max_running_jobs = 1);
    let running = world.submit().await;
    let id = world.submit().await;
    savepoint(&world, id).await;
    assert_eq!(world.ended(id).await.state, JobState::SavepointDone);
    let (checkpoint, _) = world.reader.checkpoint(id).unwrap().unwrap();
    assert_eq!((checkpoint.epoch, checkpoint.is_savepoint), (Epoch(0), true));

    world.attempt().await.finish();
    world.ended(running).await;
    let mut again = submission(Some(id.0)).await;
    again.from_savepoint = true;
    assert_eq!(world.accept(again).await.id, id);
    let attempt = world.attempt().await;
    assert!(attempt.restore.is_none(), "from its beginning");
    assert_eq!(attempt.id.number, 1);
    attempt.finish();
    assert_eq!(world.ended(id).await.state, JobState::Finished);
}

#[tokio::test]
async fn in_a_retrys_wait_the_last_checkpoint_is_it() {
    let mut world = World::new();
    let mut job = submission(None).await;
    (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (1, Duration::from_secs(3600));
    let id = world.accept(job).await.id;
    let attempt = world.attempt().await;
    assert!(attempt.checkpoint(1, false).await);
    attempt.event(RunEvent::Committed(Epoch(1)));
    attempt.end(Outcome::Failed(Fault::external("gone")));
    world.until_live(id, |record| record.retries == 1).await;
    savepoint(&world, id).await;
    assert_eq!(world.ended(id).await.state, JobState::SavepointDone);
    assert_eq!(world.reader.checkpoint(id).unwrap().unwrap().0.epoch, Epoch(1));
}
