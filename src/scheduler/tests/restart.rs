//! What a restart goes on with.

use super::world::{World, patient, submission};
use crate::exec::{Outcome, RunCommand, RunEvent};
use crate::model::{Epoch, Fault, JobState, StopRequest};
use crate::scheduler::SubmitError;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_shutdown_suspends_and_the_next_start_goes_on() {
    let mut world = World::with(|settings| settings.max_running_jobs = 1);
    let running = world.submit().await;
    let waiting = world.submit().await;
    let mut attempt = world.attempt().await;
    attempt.event(RunEvent::Running);
    let scheduler = world.scheduler.clone();
    let play = async {
        assert_eq!(attempt.command().await, Some(RunCommand::Suspend));
        let refused = scheduler.submit(submission(None).await).await.unwrap_err();
        assert_eq!(refused, SubmitError::Closing);
        assert!(attempt.checkpoint(1, false).await);
        attempt.event(RunEvent::Committed(Epoch(1)));
        attempt.end(Outcome::Suspended { stored: true });
    };
    let (dir, ()) = tokio::join!(world.shut_down(SOON), play);

    let mut world = World::open(dir, |settings| settings.max_running_jobs = 1);
    let record = world.live(running).record;
    assert_eq!((record.state, record.deaths), (JobState::Pending, 0));
    let attempt = world.attempt().await;
    assert_eq!((attempt.job, attempt.id.number), (running, 2), "what waited longest goes first");
    assert_eq!((attempt.restore.as_ref().unwrap().epoch, attempt.committed), (Epoch(1), Epoch(1)));
    attempt.finish();
    world.ended(running).await;
    let attempt = world.attempt().await;
    assert_eq!((attempt.job, attempt.id.number), (waiting, 1));
    attempt.finish();
    world.ended(waiting).await;
}

#[tokio::test]
async fn an_attempt_that_does_not_suspend_is_dropped_at_the_deadline() {
    let mut world = World::new();
    let id = world.submit().await;
    let mut attempt = world.attempt().await;
    let dir = world.shut_down(Duration::from_millis(5)).await;
    assert_eq!(attempt.command().await, Some(RunCommand::Suspend));
    assert_eq!(attempt.command().await, None, "its handle is dropped");
    let mut world = World::open(dir, |_| ());
    let record = world.live(id).record;
    assert_eq!((record.state, record.deaths), (JobState::Pending, 0), "no death");
    assert!(record.events.iter().any(|e| e.cause == "interrupted by the stop of the server"));
    assert_eq!(world.attempt().await.id.number, 2);
}

#[tokio::test]
async fn a_savepoint_ends_during_a_shutdown() {
    let mut world = World::new();
    let id = world.submit().await;
    let mut attempt = world.attempt().await;
    patient(world.scheduler.stop(id, true)).await.unwrap();
    let play = async {
        assert_eq!(attempt.command().await, Some(RunCommand::Savepoint));
        assert!(attempt.checkpoint(1, true).await);
        attempt.end(Outcome::SavepointDone);
    };
    let (dir, ()) = tokio::join!(world.shut_down(SOON), play);
    let world = World::open(dir, |_| ());
    assert!(world.scheduler.overlay().is_empty());
    assert_eq!(world.reader.record(id).unwrap().unwrap().state, JobState::SavepointDone);
}

#[tokio::test]
async fn a_retrys_wait_is_interrupted() {
    let mut world = World::new();
    let mut job = submission(None).await;
    (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (1, Duration::from_secs(3600));
    let id = world.accept(job).await.id;
    world.attempt().await.end(Outcome::Failed(Fault::external("gone")));
    world.until_live(id, |record| record.retries == 1).await;
    let mut world = World::open(world.shut_down(SOON).await, |_| ());
    assert_eq!(world.attempt().await.id.number, 2);
}

#[tokio::test]
async fn a_death_goes_on_from_the_last_checkpoint() {
    let mut world = World::new();
    let id = world.submit().await;
    let attempt = world.attempt().await;
    assert!(attempt.checkpoint(1, false).await);
    let mut world = World::open(world.kill().await, |_| ());
    let attempt = world.attempt().await;
    assert_eq!((attempt.job, attempt.id.number), (id, 2));
    assert_eq!((attempt.restore.as_ref().unwrap().epoch, attempt.committed), (Epoch(1), Epoch(0)));
    let record = world.live(id).record;
    assert!(record.events.iter().any(|e| e.cause == "the server ended during attempt 1"));
    attempt.finish();
    assert_eq!(world.ended(id).await.state, JobState::Finished);
}

#[tokio::test]
async fn three_deaths_in_a_row_end_it() {
    let mut world = World::new();
    let id = world.submit().await;
    for death in 1..=3 {
        assert_eq!(world.attempt().await.id.number, death);
        world = World::open(world.kill().await, |_| ());
    }
    let record = world.ended(id).await;
    assert_eq!(record.state, JobState::Failed);
    assert!(record.fault.unwrap().message.contains("died 3 times in a row"));
    assert!(!world.has_attempt());
}

#[tokio::test]
async fn a_checkpoint_between_deaths_counts_anew() {
    let mut world = World::new();
    let id = world.submit().await;
    for death in 1..=5 {
        let attempt = world.attempt().await;
        assert_eq!(attempt.id.number, death);
        if death == 2 {
            assert!(attempt.checkpoint(1, false).await);
        }
        world = World::open(world.kill().await, |_| ());
    }
    assert_eq!(world.ended(id).await.attempt.unwrap().number, 5, "2, and three more");
}

#[tokio::test]
async fn a_stop_is_completed() {
    let mut world = World::new();
    let id = world.submit().await;
    let attempt = world.attempt().await;
    assert!(attempt.checkpoint(1, false).await);
    patient(world.scheduler.stop(id, false)).await.unwrap();
    let mut world = World::open(world.kill().await, |_| ());
    let mut last = world.attempt().await;
    assert_eq!(last.command().await, Some(RunCommand::Stop));
    assert_eq!(world.live(id).record.state, JobState::Canceling);
    assert_eq!(last.restore.as_ref().unwrap().epoch, Epoch(1), "what was decided is committed first");
    last.event(RunEvent::Committed(Epoch(1)));
    last.end(Outcome::Stopped);
    assert_eq!(world.ended(id).await.state, JobState::Canceled);
}

#[tokio::test]
async fn a_stop_outlives_deaths_and_a_later_savepoint() {
    let mut world = World::with(|settings| settings.max_running_jobs = 1);
    let busy = world.submit().await;
    let id = world.submit().await;
    assert_eq!(world.attempt().await.job, busy);
    let mut world = World::open(world.kill().await, |settings| settings.max_running_jobs = 1);
    patient(world.scheduler.stop(busy, false)).await.unwrap();
    for _ in 0..2 {
        world = World::open(world.kill().await, |settings| settings.max_running_jobs = 1);
        patient(world.scheduler.stop(busy, true)).await.unwrap();
    }
    while let Some(mut attempt) = world.attempt_or_end().await {
        if attempt.job == busy {
            assert_eq!(attempt.command().await, Some(RunCommand::Stop));
            attempt.end(Outcome::Stopped);
        } else {
            attempt.finish();
        }
    }
    assert_eq!(world.ended(busy).await.state, JobState::Canceled);
    assert_eq!(world.ended(id).await.state, JobState::Finished);
}

#[tokio::test]
async fn a_stored_savepoint_completes_the_stop() {
    for committed in [false, true] {
        let mut world = World::new();
        let id = world.submit().await;
        let attempt = world.attempt().await;
        patient(world.scheduler.stop(id, true)).await.unwrap();
        assert!(attempt.checkpoint(1, true).await);
        if committed {
            attempt.event(RunEvent::Committed(Epoch(1)));
            assert!(attempt.checkpoint(1, true).await, "the commit is stored before it");
            attempt.event(RunEvent::Committed(Epoch(1)));
            patient(world.scheduler.set_tags(Vec::new())).await.unwrap();
        }
        let mut world = World::open(world.kill().await, |_| ());
        if !committed {
            let mut last = world.attempt().await;
            assert_eq!(last.command().await, Some(RunCommand::Stop));
            last.event(RunEvent::Committed(Epoch(1)));
            last.end(Outcome::Stopped);
        }
        assert_eq!(world.ended(id).await.state, JobState::SavepointDone);
        assert!(world.reader.checkpoint(id).unwrap().is_some());
        assert!(!world.has_attempt());
    }
}

#[tokio::test]
async fn a_savepoint_that_was_not_stored_is_made_first() {
    let mut world = World::new();
    let id = world.submit().await;
    world.attempt().await;
    patient(world.scheduler.stop(id, true)).await.unwrap();
    let mut world = World::open(world.kill().await, |_| ());
    let mut attempt = world.attempt().await;
    assert_eq!(attempt.command().await, Some(RunCommand::Savepoint));
    let record = world.live(id).record;
    assert_eq!(record.state, JobState::DoingSavepoint);
    assert_eq!(record.stop_request, Some(StopRequest::Savepoint));
    assert!(attempt.checkpoint(1, true).await);
    attempt.end(Outcome::SavepointDone);
    assert_eq!(world.ended(id).await.state, JobState::SavepointDone);
}

#[tokio::test]
async fn a_job_that_can_not_be_compiled_any_more_fails_with_the_problems() {
    let mut world = World::new();
    let mut job = submission(None).await;
    job.texts.resolved = job.texts.resolved.replace("From", "Fron");
    let id = world.accept(job).await.id;
    world.attempt().await;
    let mut world = World::open(world.kill().await, |_| ());
    let record = world.ended(id).await;
    assert_eq!(record.state, JobState::Failed);
    let fault = record.fault.unwrap();
    assert_eq!(fault.message, "the recorded job can't be compiled any more");
    assert!(fault.causes[0].contains("Fron"), "{fault:?}");
    assert!(!world.has_attempt());
}

#[tokio::test]
async fn a_job_that_needs_more_slots_than_there_are_now_holds_up_nobody() {
    let mut world = World::with(|settings| settings.slots = Some(8));
    let mut job = submission(None).await;
    job.plan.slots = 8;
    let large = world.accept(job).await.id;
    let small = world.submit().await;
    world.attempt().await;
    let mut world = World::open(world.kill().await, |settings| settings.slots = Some(4));
    assert_eq!(world.attempt().await.job, small);
    let live = world.live(large);
    assert_eq!((live.record.state, live.queue_position), (JobState::Pending, None));
    assert!(live.record.waiting.as_ref().unwrap().starts_with("needs 8 slots, this server has 4"));
    patient(world.scheduler.stop(large, true)).await.unwrap();
    assert_eq!(world.ended(large).await.state, JobState::SavepointDone);
}

#[tokio::test]
async fn ids_rise_over_restarts() {
    let mut last = 0;
    let mut world = World::new();
    for _ in 0..3 {
        for _ in 0..3 {
            let id = world.submit().await.0;
            assert!(id > last);
            last = id;
        }
        world = World::open(world.kill().await, |_| ());
    }
}
