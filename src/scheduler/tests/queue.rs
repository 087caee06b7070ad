//! Slots and who waits for them.

use super::world::{World, eventually, patient, submission};
use crate::model::JobState;
use crate::scheduler::{SlotView, Submission, SubmitError};
use std::time::Duration;

async fn needing(slots: u32) -> Submission {
    let mut job = submission(None).await;
    job.plan.slots = slots;
    job
}

#[tokio::test]
async fn in_order_with_position_and_reason() {
    let mut world = World::with(|settings| settings.slots = Some(4));
    let overlay = |world: &World| world.scheduler.overlay().slots();
    let first = world.accept(needing(3).await).await.id;
    assert_eq!(overlay(&world), SlotView { total: 4, free: 1 });
    let large = world.accept(needing(4).await).await.id;
    let small = world.accept(needing(1).await).await.id;
    for (id, position) in [(large, 0), (small, 1)] {
        let live = world.live(id);
        assert_eq!((live.record.state, live.queue_position), (JobState::Pending, Some(position)));
        assert!(live.record.waiting.as_ref().unwrap().starts_with("waits for free slots: it needs"));
    }
    world.attempt().await.finish();
    world.ended(first).await;
    let attempt = world.attempt().await;
    assert_eq!(attempt.job, large, "not overtaken by the small one");
    world.until(large, JobState::Scheduled).await;
    assert_eq!(world.live(small).queue_position, Some(0));
    assert_eq!(overlay(&world).free, 0);
    attempt.finish();
    assert_eq!(world.attempt().await.job, small);
    let live = world.until(small, JobState::Scheduled).await;
    assert_eq!(live.waiting, None);
    assert_eq!(world.live(small).queue_position, None);
}

#[tokio::test]
async fn a_job_that_can_never_run_is_refused_with_both_numbers() {
    let world = World::with(|settings| settings.slots = Some(4));
    let refused = patient(world.scheduler.submit(needing(5).await)).await.unwrap_err();
    assert_eq!(refused, SubmitError::NoSlots { needed: 5, total: 4 });
    assert_eq!(refused.to_string(), "the job needs 5 slots, this server has 4");
    assert!(world.scheduler.overlay().is_empty());
}

#[tokio::test]
async fn reject_refuses_what_would_wait() {
    let mut world = World::with(|settings| (settings.slots, settings.reject_when_full) = (Some(2), true));
    let first = world.accept(needing(2).await).await.id;
    let refused = patient(world.scheduler.submit(needing(1).await)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the job needs 1 slots, and 0 of 2 are free (job-schedule-strategy is REJECT)"
    );
    world.attempt().await.finish();
    world.ended(first).await;
    world.accept(needing(1).await).await;
}

#[tokio::test]
async fn dynamic_is_not_unlimited() {
    let mut world = World::with(|settings| settings.max_running_jobs = 2);
    for _ in 0..3 {
        world.accept(needing(100).await).await;
    }
    let pending = world.scheduler.overlay().list().pop().unwrap();
    assert_eq!(pending.record.state, JobState::Pending);
    assert!(pending.record.waiting.as_ref().unwrap().contains("engine.max-running-jobs"));
    assert_eq!(world.scheduler.overlay().slots(), SlotView { total: 0, free: 0 });
    world.attempt().await.finish();
    world.attempt().await;
    assert_eq!(world.attempt().await.job, pending.record.id);
}

#[tokio::test]
async fn a_record_that_can_not_be_stored_leaves_no_trace() {
    let world = World::with(|settings| settings.slots = Some(100));
    std::fs::remove_dir_all(world.dir.path().join("data/journal")).unwrap();
    let mut accepted = 0;
    let refused = loop {
        match patient(world.scheduler.submit(submission(None).await)).await {
            Ok(_) => accepted += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(&refused, SubmitError::Store(why) if why.contains("journal")), "{refused}");
    let shown = || (world.scheduler.overlay().len(), world.scheduler.overlay().slots().free);
    let is_undone = || (shown() == (accepted, 100 - accepted as u32)).then_some(());
    eventually(is_undone).await.unwrap_or_else(|| panic!("{accepted} accepted, {:?}", shown()));
    // Every line is written when the scheduler has closed.
    let dir = world.shut_down(Duration::ZERO).await;
    let logs = std::fs::read_dir(dir.path().join("logs")).unwrap().count();
    assert_eq!(logs, accepted, "a job that was refused has no log");
}
