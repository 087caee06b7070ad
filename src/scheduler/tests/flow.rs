//! The life of jobs that nobody stops.

use super::world::{World, patient, submission};
use crate::exec::{Outcome, RunEvent};
use crate::model::{Epoch, Fault, JobState};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn from_submission_to_the_end() {
    let mut world = World::new();
    let id = world.submit().await;
    let live = world.live(id);
    assert_eq!(live.record.state, JobState::Scheduled, "its first attempt is recorded with it");
    assert_eq!(world.reader.record(id).unwrap().unwrap(), *live.record, "durable when it is answered");
    let attempt = world.attempt().await;
    assert_eq!((attempt.job, attempt.id.number), (id, 1));
    assert!(attempt.restore.is_none());
    attempt.event(RunEvent::Running);
    world.until(id, JobState::Running).await;
    attempt.metrics.committed.store(42, Ordering::Relaxed);
    assert_eq!(world.live(id).metrics.unwrap().snapshot().committed, 42);
    attempt.finish();
    let record = world.ended(id).await;
    assert_eq!(record.state, JobState::Finished);
    let history: Vec<_> = record.events.iter().map(|e| (e.state, e.attempt, e.cause.as_str())).collect();
    assert_eq!(
        history,
        [
            (JobState::Created, 0, "submitted"),
            (JobState::Scheduled, 1, "attempt 1 starts"),
            (JobState::Running, 1, "all tasks run"),
            (JobState::Finished, 1, "finished"),
        ]
    );
    assert!(record.created <= record.started.unwrap() && record.started <= record.ended);
}

#[tokio::test]
async fn a_small_job_costs_two_appends() {
    let mut world = World::new();
    let before = world.submit().await;
    world.attempt().await.finish();
    world.ended(before).await;
    let id = world.submit().await;
    world.attempt().await.finish();
    world.ended(id).await;
    let dir = world.shut_down(Duration::from_secs(5)).await;
    let opened = crate::store::Store::open(&dir.path().join("data"), &super::world::store_options()).unwrap();
    // Two jobs, two appends each; the first floor of ids goes with the first job.
    assert_eq!(opened.store.status().sequence, 4);
}

#[tokio::test]
async fn retries_end_with_the_first_success_or_the_last_fault() {
    let mut world = World::new();
    for succeeds in [true, false] {
        let mut job = submission(None).await;
        (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (2, Duration::from_millis(2));
        let id = world.accept(job).await.id;
        for number in 1..=3 {
            let attempt = world.attempt().await;
            assert_eq!(attempt.id.number, number);
            if succeeds && number == 3 {
                attempt.finish();
            } else {
                attempt.end(Outcome::Failed(Fault::external(format!("fault {number}"))));
            }
        }
        let record = world.ended(id).await;
        let end = if succeeds { JobState::Finished } else { JobState::Failed };
        assert_eq!((record.state, record.retries), (end, 2));
        let fault = if succeeds { "fault 2" } else { "fault 3" };
        assert_eq!(record.fault.unwrap().message, fault, "the latest");
        assert!(record.events.iter().any(|e| e.cause.contains("failed: fault 1; retry 1 of 2")));
    }
}

#[tokio::test]
async fn only_an_attempt_that_gave_a_writer_rows_leaves_some() {
    let mut world = World::new();
    let mut job = submission(None).await;
    (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (3, Duration::ZERO);
    let id = world.accept(job).await.id;
    let mut seen = Vec::new();
    for number in 1..=4 {
        let attempt = world.attempt().await;
        seen.push(attempt.untouched);
        attempt.metrics.touched.store(number == 2, Ordering::Relaxed);
        attempt.end(Outcome::Failed(Fault::external("no disk")));
    }
    world.ended(id).await;
    assert_eq!(seen, [true, true, false, false]);
}

#[tokio::test]
async fn a_fault_that_forbids_it_is_not_retried() {
    let mut world = World::new();
    let mut job = submission(None).await;
    job.plan.settings.retry_times = 5;
    let id = world.accept(job).await.id;
    world.attempt().await.end(Outcome::Failed(Fault::internal("panicked")));
    let record = world.ended(id).await;
    assert_eq!((record.state, record.attempt.unwrap().number), (JobState::Failed, 1));
}

#[tokio::test]
async fn a_retry_goes_on_from_the_last_decided_checkpoint() {
    let mut world = World::new();
    let mut job = submission(None).await;
    (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (1, Duration::ZERO);
    let id = world.accept(job).await.id;
    let attempt = world.attempt().await;
    assert!(attempt.checkpoint(1, false).await);
    attempt.event(RunEvent::Committed(Epoch(1)));
    assert!(attempt.checkpoint(2, false).await);
    assert_eq!(world.reader.checkpoint(id).unwrap().unwrap().0.epoch, Epoch(2));
    attempt.end(Outcome::Failed(Fault::external("gone")));
    let second = world.attempt().await;
    assert_eq!((second.restore.as_ref().unwrap().epoch, second.committed), (Epoch(2), Epoch(1)));
    assert_eq!(second.id.number, 2);
    second.finish();
    world.ended(id).await;
    assert!(world.reader.checkpoint(id).unwrap().is_none(), "dropped at a good end");
}

#[tokio::test]
async fn a_failed_job_keeps_its_checkpoint() {
    let mut world = World::new();
    let id = world.submit().await;
    let attempt = world.attempt().await;
    assert!(attempt.checkpoint(1, false).await);
    attempt.end(Outcome::Failed(Fault::external("gone")));
    assert_eq!(world.ended(id).await.state, JobState::Failed);
    assert_eq!(world.reader.checkpoint_ids().unwrap(), [id]);
}

#[tokio::test]
async fn events_of_an_older_attempt_are_dropped() {
    let mut world = World::new();
    let mut job = submission(None).await;
    (job.plan.settings.retry_times, job.plan.settings.retry_interval) = (1, Duration::ZERO);
    let id = world.accept(job).await.id;
    let first = world.attempt().await;
    first.end(Outcome::Failed(Fault::external("gone")));
    let second = world.attempt().await;
    assert!(!first.checkpoint(1, false).await, "not decided");
    first.event(RunEvent::RowsMayRepeat);
    first.finish();
    second.event(RunEvent::Running);
    assert!(second.checkpoint(1, false).await);
    assert!(!world.live(id).record.rows_may_repeat);
    second.finish();
    let record = world.ended(id).await;
    assert_eq!((record.state, record.attempt.unwrap().number), (JobState::Finished, 2));
}

#[tokio::test]
async fn warnings_transitions_and_attempts_are_in_the_jobs_log() {
    let mut world = World::new();
    let mut job = submission(None).await;
    job.warnings.push(crate::model::Problem::new("source[0].From.row_num", "unknown option"));
    let id = world.accept(job).await.id;
    world.attempt().await.finish();
    world.ended(id).await;
    let dir = world.shut_down(Duration::from_secs(5)).await;
    let log = std::fs::read_to_string(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
    let lines: Vec<_> = log.lines().map(|line| &line[24..]).collect();
    assert_eq!(
        lines,
        [
            "WARN  source[0].From.row_num: unknown option",
            "INFO  CREATED: submitted",
            "INFO  SCHEDULED: attempt 1 starts",
            "INFO  FINISHED: finished",
        ]
    );
}

#[tokio::test]
async fn what_nobody_waits_for_is_stored_within_a_second() {
    let mut world = World::new();
    let id = world.submit().await;
    world.attempt().await.event(RunEvent::Running);
    world.until(id, JobState::Running).await;
    let stored = || world.reader.record(id).unwrap().filter(|record| record.state == JobState::Running);
    super::world::eventually(stored).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_jobs_at_once() {
    let mut world = World::new();
    let mut jobs = Vec::new();
    for _ in 0..1000 {
        jobs.push(submission(None).await);
    }
    let submitted = futures::future::join_all(jobs.into_iter().map(|job| world.accept(job))).await;
    let mut ids: Vec<_> = submitted.into_iter().map(|submitted| submitted.id).collect();
    for _ in 0..1000 {
        world.attempt().await.finish();
    }
    for id in &ids {
        assert_eq!(world.ended(*id).await.state, JobState::Finished);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1000);
    assert_eq!(world.reader.counts().finished, 1000);
    assert!(world.scheduler.overlay().is_empty());
}

#[tokio::test]
async fn tags_are_durable_before_the_answer() {
    let world = World::new();
    let tags = vec![("team".to_owned(), "blue".to_owned())];
    patient(world.scheduler.set_tags(tags.clone())).await.unwrap();
    assert_eq!(world.scheduler.overlay().tags(), tags);
    let world = World::open(world.kill().await, |_| ());
    assert_eq!(world.scheduler.overlay().tags(), tags);
}

#[tokio::test]
async fn a_job_runs_only_where_its_tags_are() {
    let mut world = World::new();
    let wanting = async |value: &str| {
        let mut job = submission(None).await;
        job.plan.settings.tag_filter = vec![("team".to_owned(), value.to_owned())];
        job
    };
    let refused = patient(world.scheduler.submit(wanting("blue").await)).await.unwrap_err();
    assert_eq!(refused.to_string(), "env.tag_filter: this node doesn't have team = blue; its tags: none");
    patient(world.scheduler.set_tags(vec![("team".to_owned(), "blue".to_owned())])).await.unwrap();
    let id = world.accept(wanting("blue").await).await.id;
    world.attempt().await.finish();
    assert_eq!(world.ended(id).await.state, JobState::Finished);
    let refused = patient(world.scheduler.submit(wanting("red").await)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "env.tag_filter: this node doesn't have team = red; its tags: team = blue"
    );
}
