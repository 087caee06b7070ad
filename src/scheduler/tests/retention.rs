//! Deleting what is over of ended jobs: by age, number and bytes; records, logs and checkpoints.

use super::world::{World, submission};
use crate::exec::{Outcome, RunCommand, RunEvent};
use crate::model::{Epoch, JobId, JobRecord, Op};
use crate::scheduler::{Limits, Retention, Submission, SubmitError};
use crate::store::{Store, StoreOptions, bytes_of};
use std::time::{Duration, Instant};

/// Waits until so many of the jobs are left in the store.
async fn until_left(world: &World, ids: &[JobId], count: usize) {
    let started = Instant::now();
    loop {
        let left = ids.iter().filter(|id| world.reader.record(**id).unwrap().is_some()).count();
        assert!(started.elapsed() < Duration::from_secs(20), "{left} are left, wanted are {count}");
        if left == count {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn records(limits: Limits) -> Retention {
    Retention { records: limits, ..Retention::default() }
}

#[tokio::test]
async fn old_jobs_go_with_their_logs_and_running_ones_stay() {
    let age = Some(Duration::from_millis(400));
    let mut world = World::with(|settings| settings.retention = records(Limits { age, ..Limits::default() }));
    let running = world.accept(submission(None).await).await.id;
    let held_back = world.attempt().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = world.accept(submission(None).await).await.id;
        world.attempt().await.finish();
        world.ended(id).await;
        ids.push(id);
    }
    until_left(&world, &ids, 0).await;
    assert!(world.reader.record(running).unwrap().is_some());
    let logs = world.dir.path().join("logs");
    let started = Instant::now();
    while std::fs::read_dir(&logs).unwrap().count() > 1 {
        assert!(started.elapsed() < Duration::from_secs(20), "logs of deleted jobs are left");
        tokio::task::yield_now().await;
    }
    while world.reader.counts().total() > 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "deleted jobs are counted");
        tokio::task::yield_now().await;
    }
    held_back.finish();
    world.ended(running).await;
}

#[tokio::test]
async fn the_newest_stay_and_a_deleted_id_can_be_used_again() {
    let age = Some(Duration::from_secs(3600));
    let mut world = World::new();
    let mut ids = Vec::new();
    for id in 1..=6 {
        ids.push(world.accept(submission(Some(id)).await).await.id);
        world.attempt().await.finish();
        world.ended(JobId(id)).await;
    }
    // The look is a minute away: a new start looks at once.
    let dir = world.shut_down(Duration::from_secs(5)).await;
    let mut world = World::open(dir, |settings| {
        settings.retention = records(Limits { age, count: Some(2), bytes: None })
    });
    until_left(&world, &ids, 2).await;
    assert!(world.reader.record(JobId(6)).unwrap().is_some(), "the newest stays");
    assert!(world.reader.record(JobId(1)).unwrap().is_none(), "the oldest goes");
    world.accept(submission(Some(1)).await).await;
    world.attempt().await.finish();
    world.ended(JobId(1)).await;
}

/// Ends a job with a savepoint of its own.
async fn with_savepoint(world: &mut World, id: i64) -> JobId {
    let id = world.accept(submission(Some(id)).await).await.id;
    let mut attempt = world.attempt().await;
    attempt.event(RunEvent::Running);
    world.scheduler.stop(id, true).await.unwrap();
    assert_eq!(attempt.command().await, Some(RunCommand::Savepoint));
    assert!(attempt.checkpoint(1, true).await);
    attempt.event(RunEvent::Committed(Epoch(1)));
    attempt.end(Outcome::SavepointDone);
    world.ended(id).await;
    id
}

#[tokio::test]
async fn the_newest_bytes_stay_and_those_that_come_are_counted() {
    let mut world = World::new();
    let mut ids = Vec::new();
    for id in 1..=6 {
        ids.push(world.accept(submission(Some(id)).await).await.id);
        world.attempt().await.finish();
        world.ended(JobId(id)).await;
    }
    let size = |world: &World, id: i64| {
        let record = world.reader.record(JobId(id)).unwrap().unwrap();
        bytes_of(&record, world.reader.texts(JobId(id)).unwrap().as_ref(), None)
    };
    let bytes = Some(size(&world, 5) + size(&world, 6) + 20);
    let dir = world.shut_down(Duration::from_secs(5)).await;
    let mut world = World::open(dir, |settings| {
        settings.retention = records(Limits { bytes, ..Limits::default() });
        // Looks often.
        settings.retention.logs.age = Some(Duration::from_millis(100));
    });
    until_left(&world, &ids, 2).await;
    assert!(world.reader.record(JobId(5)).unwrap().is_some(), "the newest stay");
    for id in 7..=9 {
        ids.push(world.accept(submission(Some(id)).await).await.id);
        world.attempt().await.finish();
        world.ended(JobId(id)).await;
        until_left(&world, &ids, 2).await;
        assert!(world.reader.record(JobId(id)).unwrap().is_some(), "the newest stays");
    }
}

#[tokio::test]
async fn logs_go_alone_and_those_of_live_jobs_stay() {
    let mut world = World::with(|settings| {
        settings.retention.logs = Limits { count: Some(1), age: Some(Duration::from_secs(1)), bytes: None };
    });
    let running = world.accept(submission(None).await).await.id;
    let held_back = world.attempt().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = world.accept(submission(None).await).await.id;
        world.attempt().await.finish();
        world.ended(id).await;
        ids.push(id);
    }
    let log = |id: JobId| world.dir.path().join("logs").join(format!("job-{id}.log"));
    let started = Instant::now();
    while ids.iter().any(|id| log(*id).exists()) {
        assert!(started.elapsed() < Duration::from_secs(20), "logs are left");
        tokio::task::yield_now().await;
    }
    assert!(log(running).exists());
    until_left(&world, &ids, 3).await;
    held_back.finish();
    world.ended(running).await;
}

#[tokio::test]
async fn checkpoints_of_ended_jobs_go_alone_and_can_not_be_started_from() {
    let mut world = World::new();
    let ids = [with_savepoint(&mut world, 1).await, with_savepoint(&mut world, 2).await];
    let dir = world.shut_down(Duration::from_secs(5)).await;
    let mut world = World::open(dir, |settings| {
        settings.retention.checkpoints = Limits { count: Some(1), ..Limits::default() };
    });
    let started = Instant::now();
    while world.reader.checkpoint(ids[0]).unwrap().is_some() {
        assert!(started.elapsed() < Duration::from_secs(20), "the older checkpoint is left");
        tokio::task::yield_now().await;
    }
    until_left(&world, &ids, 2).await;
    let again = |id: i64| async move { Submission { from_savepoint: true, ..submission(Some(id)).await } };
    let refused = world.scheduler.submit(again(1).await).await.unwrap_err();
    assert_eq!(refused, SubmitError::NoCheckpoint { id: JobId(1), with: vec![JobId(2)] });
    world.accept(again(2).await).await;
    let attempt = world.attempt().await;
    assert!(attempt.restore.is_some(), "the newest checkpoint stays");
    attempt.finish();
    world.ended(JobId(2)).await;
}

#[tokio::test]
async fn a_job_that_is_started_from_its_checkpoint_keeps_it() {
    let mut world = World::with(|settings| {
        // Looks all the time.
        settings.retention.checkpoints = Limits { age: Some(Duration::from_millis(1)), ..Limits::default() };
    });
    let mut accepted = 0;
    for id in 1..=60 {
        let id = with_savepoint(&mut world, id).await;
        let again = Submission { from_savepoint: true, ..submission(Some(id.0)).await };
        match world.scheduler.submit(again).await {
            Ok(_) => {
                accepted += 1;
                let attempt = world.attempt().await;
                assert!(attempt.restore.is_some());
                let stored = world.reader.checkpoint(id).unwrap();
                assert!(stored.is_some(), "the checkpoint of job {id} was deleted behind its new start");
                attempt.finish();
                world.ended(id).await;
            }
            Err(SubmitError::NoCheckpoint { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    eprintln!("{accepted} of 60 came before their checkpoint was deleted");
}

/// More than is deleted at once: what was deleted must not be counted as if it were still there.
#[tokio::test]
async fn of_many_jobs_no_more_go_than_are_over() {
    let mut world = World::new();
    let first = world.accept(submission(Some(1)).await).await.id;
    world.attempt().await.finish();
    world.ended(first).await;
    let (record, texts) = (world.reader.record(first).unwrap().unwrap(), world.reader.texts(first).unwrap());
    let dir = world.shut_down(Duration::from_secs(5)).await;
    let store = Store::open(&dir.path().join("data"), &StoreOptions::default()).unwrap().store;
    let ids: Vec<JobId> = (1..=1300).map(JobId).collect();
    for id in &ids[1..] {
        let record = Box::new(JobRecord { id: *id, ..record.clone() });
        store.append(
            vec![Op::Submitted { record, texts: Box::new(texts.clone().unwrap()) }],
            Box::new(|_| ()),
        );
    }
    store.close().unwrap();
    let world = World::open(dir, |settings| {
        settings.retention = records(Limits { count: Some(600), ..Limits::default() });
    });
    until_left(&world, &ids, 600).await;
    assert!(
        world.reader.record(JobId(701)).unwrap().is_some()
            && world.reader.record(JobId(700)).unwrap().is_none()
    );
}

#[tokio::test]
async fn a_copy_deletes_as_soon_as_it_is_resumed() {
    let mut world = World::new();
    let mut ids = Vec::new();
    for id in 1..=3 {
        ids.push(world.accept(submission(Some(id)).await).await.id);
        world.attempt().await.finish();
        world.ended(JobId(id)).await;
    }
    let original = world.shut_down(Duration::from_secs(5)).await;
    let copy = tempfile::tempdir().unwrap();
    let mut copying = std::process::Command::new("cp");
    copying.arg("-a").arg(original.path().join(".")).arg(copy.path());
    assert!(copying.status().unwrap().success());
    let keep_one = records(Limits { count: Some(1), ..Limits::default() });
    let world = World::open(copy, |settings| (settings.resume, settings.retention) = (true, keep_one));
    until_left(&world, &ids, 1).await;
    let copy = world.shut_down(Duration::from_secs(5)).await;
    let again = tempfile::tempdir().unwrap();
    let mut copying = std::process::Command::new("cp");
    copying.arg("-a").arg(copy.path().join(".")).arg(again.path());
    assert!(copying.status().unwrap().success());
    let keep_none = records(Limits { count: Some(0), ..Limits::default() });
    let world = World::open(again, |settings| settings.retention = keep_none);
    until_left(&world, &ids, 1).await;
    super::world::patient(world.scheduler.resume_held()).await.unwrap();
    until_left(&world, &ids, 0).await;
}

#[tokio::test]
async fn with_a_log_go_the_events_beside_the_record() {
    let mut world = World::with(|settings| {
        let limits = Limits { age: Some(Duration::from_millis(400)), ..Limits::default() };
        settings.retention = Retention { logs: limits, ..Retention::default() };
    });
    let id = world.submit().await;
    let attempt = world.attempt().await;
    for _ in 0..100 {
        // The same id again: a line each.
        world.accept(submission(Some(id.0)).await).await;
    }
    assert!(world.live(id).record.events.len() > 100, "while it lives, all are kept");
    attempt.finish();
    world.ended(id).await;
    let started = Instant::now();
    let log = world.dir.path().join(format!("logs/job-{id}.log"));
    loop {
        let record = world.reader.whole_record(id).unwrap().unwrap();
        if record.events.len() == 64 && !log.exists() {
            assert_eq!(record.state, crate::model::JobState::Finished);
            assert_eq!(record.events[63].cause, "finished", "the newest stay");
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{} events are left", record.events.len());
        tokio::task::yield_now().await;
    }
}
