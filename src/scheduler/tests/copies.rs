//! A copied data directory: history is served, jobs are held.

use super::world::{World, patient};
use crate::exec::{Outcome, RunCommand, RunEvent};
use crate::model::{JobId, JobState};
use tempfile::TempDir;

const COPY: &str = "this directory is a copy";

/// A directory whose jobs ran, waited and were being stopped when the server ended.
async fn original() -> (TempDir, [JobId; 3]) {
    let mut world = World::with(|settings| settings.max_running_jobs = 2);
    let (running, stopped) = (world.submit().await, world.submit().await);
    let waiting = world.submit().await;
    let attempt = world.attempt().await;
    assert_eq!(attempt.job, running);
    attempt.event(RunEvent::Running);
    assert!(attempt.checkpoint(1, false).await);
    patient(world.scheduler.stop(stopped, false)).await.unwrap();
    (world.kill().await, [running, waiting, stopped])
}

#[tokio::test]
async fn holds_its_jobs_until_told() {
    let (dir, ids) = original().await;
    let mut world = World::open_as(dir, Some(COPY), |_| ());
    assert_eq!(world.scheduler.overlay().held().as_deref(), Some(COPY));
    for id in ids {
        let record = world.live(id).record;
        assert_eq!((record.state, record.waiting.as_deref()), (JobState::Pending, Some(COPY)));
        assert!(!record.rows_may_repeat);
    }
    let new = world.submit().await;
    assert_eq!(world.attempt().await.job, new, "nothing of the original runs");
    assert!(!world.has_attempt());

    assert_eq!(patient(world.scheduler.resume_held()).await, Ok(3));
    assert_eq!(world.scheduler.overlay().held(), None);
    let mut resumed = Vec::new();
    for _ in 0..3 {
        let mut attempt = world.attempt().await;
        assert!(world.live(attempt.job).record.rows_may_repeat);
        if attempt.job == ids[2] {
            assert_eq!(attempt.command().await, Some(RunCommand::Stop), "the stop stands");
            attempt.end(Outcome::Stopped);
        } else {
            assert_eq!(attempt.restore.is_some(), attempt.job == ids[0]);
            attempt.finish();
        }
        resumed.push(attempt.job);
    }
    resumed.sort_unstable();
    let mut all = ids;
    all.sort_unstable();
    assert_eq!(resumed, all);
    for (id, end) in ids.into_iter().zip([JobState::Finished, JobState::Finished, JobState::Canceled]) {
        let record = world.ended(id).await;
        assert_eq!((record.state, record.rows_may_repeat), (end, true));
    }
    assert_eq!(patient(world.scheduler.resume_held()).await, Ok(0));
}

#[tokio::test]
async fn is_resumed_at_its_start_when_the_settings_say_so() {
    let (dir, _) = original().await;
    let mut world = World::open_as(dir, Some(COPY), |settings| settings.resume = true);
    for _ in 0..3 {
        let attempt = world.attempt().await;
        attempt.end(Outcome::Stopped);
    }
    assert_eq!(world.scheduler.overlay().held(), None);
}

#[tokio::test]
async fn stops_touch_nothing_outside() {
    let (dir, [running, waiting, stopped]) = original().await;
    let mut world = World::open_as(dir, Some(COPY), |_| ());
    patient(world.scheduler.stop(running, true)).await.unwrap();
    patient(world.scheduler.stop(waiting, false)).await.unwrap();
    patient(world.scheduler.stop(stopped, false)).await.unwrap();
    assert_eq!(world.ended(running).await.state, JobState::SavepointDone);
    assert_eq!(world.ended(waiting).await.state, JobState::Canceled);
    assert_eq!(world.ended(stopped).await.state, JobState::Canceled);
    assert!(!world.has_attempt());
}
