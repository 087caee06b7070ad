//! Deleting ended jobs by age and by number.

use super::world::{World, submission};
use crate::model::JobId;
use crate::scheduler::{Limits, Retention};
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
