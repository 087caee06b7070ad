//! Ids that callers choose, and starting from a savepoint.

use super::world::{World, patient, store_options, submission};
use crate::exec::{Outcome, RunEvent};
use crate::model::{Epoch, JobId, JobState, Op, StopRequest, TableCount};
use crate::scheduler::SubmitError;
use crate::store::Store;

#[tokio::test]
async fn a_running_id_is_answered_and_nothing_starts() {
    let mut world = World::new();
    let mut first = submission(Some(77)).await;
    first.name = "the first".into();
    assert_eq!(world.accept(first).await.id, JobId(77));
    let attempt = world.attempt().await;
    for from_savepoint in [false, true] {
        let mut again = submission(Some(77)).await;
        again.from_savepoint = from_savepoint;
        let submitted = world.accept(again).await;
        assert_eq!((submitted.id, submitted.name.as_str()), (JobId(77), "the first"));
    }
    assert!(!world.has_attempt());
    let record = world.reader.record(JobId(77)).unwrap().unwrap();
    let noted = record.events.iter().filter(|e| e.cause.starts_with("submitted again")).count();
    assert_eq!(noted, 2);
    attempt.finish();
    world.ended(JobId(77)).await;
}

#[tokio::test]
async fn an_ended_id_is_refused_with_the_way_out() {
    let mut world = World::new();
    world.accept(submission(Some(77)).await).await;
    world.attempt().await.finish();
    world.ended(JobId(77)).await;
    let refused = patient(world.scheduler.submit(submission(Some(77)).await)).await.unwrap_err();
    assert_eq!(refused, SubmitError::AlreadySubmitted { id: JobId(77) });
    let text = refused.to_string();
    let sentence = "The job id 77 has already been submitted and is not starting with a savepoint.";
    assert!(text.starts_with(sentence) && text.contains("isStartWithSavePoint=true"), "{text}");
}

#[tokio::test]
async fn one_that_is_just_ending_is_refused_too() {
    for _ in 0..20 {
        let mut world = World::new();
        world.accept(submission(Some(77)).await).await;
        let attempt = world.attempt().await;
        let again = submission(Some(77)).await;
        attempt.finish();
        let answer = patient(world.scheduler.submit(again)).await;
        let record = world.ended(JobId(77)).await;
        match answer {
            Ok(_) => assert!(record.events.iter().any(|e| e.cause.starts_with("submitted again"))),
            Err(error) => assert_eq!(error, SubmitError::AlreadySubmitted { id: JobId(77) }),
        }
        assert!(!world.has_attempt());
    }
}

#[tokio::test]
async fn without_a_checkpoint_there_is_no_start_from_one() {
    let mut world = World::new();
    let mut job = submission(Some(5)).await;
    job.from_savepoint = true;
    let refused = patient(world.scheduler.submit(job)).await.unwrap_err();
    assert_eq!(refused.to_string(), "no checkpoint for job 5; no job has one");

    world.accept(submission(Some(6)).await).await;
    let attempt = world.attempt().await;
    patient(world.scheduler.stop(JobId(6), true)).await.unwrap();
    assert!(attempt.checkpoint(1, true).await);
    attempt.end(Outcome::SavepointDone);
    world.ended(JobId(6)).await;
    let mut job = submission(Some(5)).await;
    job.from_savepoint = true;
    let refused = patient(world.scheduler.submit(job)).await.unwrap_err();
    assert_eq!(refused, SubmitError::NoCheckpoint { id: JobId(5), with: vec![JobId(6)] });
    assert_eq!(refused.to_string(), "no checkpoint for job 5; jobs that have one: 6");
}

#[tokio::test]
async fn a_savepoint_is_gone_on_from_under_the_same_id() {
    let mut world = World::new();
    world.accept(submission(Some(9)).await).await;
    let attempt = world.attempt().await;
    patient(world.scheduler.stop(JobId(9), true)).await.unwrap();
    assert!(attempt.checkpoint(4, true).await);
    attempt.event(RunEvent::Committed(Epoch(4)));
    attempt.end(Outcome::SavepointDone);
    let before = world.ended(JobId(9)).await;
    assert_eq!(before.stop_request, Some(StopRequest::Savepoint));

    let mut again = submission(Some(9)).await;
    (again.from_savepoint, again.name) = (true, "second life".into());
    assert_eq!(world.accept(again).await.id, JobId(9));
    let second = world.attempt().await;
    assert_eq!(second.id.number, 2, "attempts go on");
    assert_eq!((second.restore.as_ref().unwrap().epoch, second.committed), (Epoch(4), Epoch(4)));
    let record = world.live(JobId(9)).record;
    assert_eq!((record.name.as_str(), record.from_savepoint), ("second life", true));
    assert_eq!((record.stop_request, record.ended), (None, None));
    assert!(record.created >= before.created && record.started.unwrap() >= record.created);
    assert!(record.events.len() > before.events.len(), "history goes on");
    assert_eq!(record.metrics.read, Vec::<TableCount>::new());
    assert!(second.checkpoint(5, false).await, "epochs go on");
    second.finish();
    assert_eq!(world.ended(JobId(9)).await.state, JobState::Finished);
}

#[tokio::test]
async fn a_death_right_after_the_resubmission_goes_on_from_the_savepoint() {
    let mut world = World::new();
    world.accept(submission(Some(9)).await).await;
    let attempt = world.attempt().await;
    patient(world.scheduler.stop(JobId(9), true)).await.unwrap();
    assert!(attempt.checkpoint(4, true).await);
    attempt.event(RunEvent::Committed(Epoch(4)));
    attempt.end(Outcome::SavepointDone);
    world.ended(JobId(9)).await;
    let mut again = submission(Some(9)).await;
    again.from_savepoint = true;
    world.accept(again).await;
    let mut world = World::open(world.kill().await, |_| ());
    let attempt = world.attempt().await;
    assert_eq!((attempt.restore.as_ref().unwrap().epoch, attempt.committed), (Epoch(4), Epoch(4)));
    assert_eq!(attempt.id.number, 3);
}

#[tokio::test]
async fn two_at_once_with_one_id_are_one_job() {
    let mut world = World::new();
    let (first, second) = (submission(Some(3)).await, submission(Some(3)).await);
    let scheduler = world.scheduler.clone();
    let (first, second) =
        patient(async { tokio::join!(scheduler.submit(first), scheduler.submit(second)) }).await;
    assert_eq!((first.unwrap().id, second.unwrap().id), (JobId(3), JobId(3)));
    world.attempt().await.finish();
    world.ended(JobId(3)).await;
    assert!(!world.has_attempt());
}

#[tokio::test]
async fn generated_ids_step_over_given_ones_also_after_a_restart() {
    let mut world = World::new();
    let first = world.submit().await.0;
    world.attempt().await.finish();
    // Where ids go on after the restart, whatever the clock says: at the stored floor.
    let far = first + (1 << 50);
    for id in far..far + 3 {
        world.accept(submission(Some(id)).await).await;
        world.attempt().await.finish();
        world.ended(JobId(id)).await;
    }
    let data = world.kill().await;
    let opened = Store::open(&data.path().join("data"), &store_options()).unwrap();
    let (sender, durable) = tokio::sync::oneshot::channel();
    let tell = Box::new(move |result: Result<u64, _>| sender.send(result).unwrap());
    opened.store.append(vec![Op::IdFloor(far)], tell);
    patient(durable).await.unwrap().unwrap();
    opened.store.close().unwrap();
    let world = World::open(data, |_| ());
    assert_eq!(world.submit().await, JobId(far + 3));
}
