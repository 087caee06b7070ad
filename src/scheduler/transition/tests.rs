use super::step::SAVE;
use super::*;
use crate::exec::Outcome;
use crate::model::{Accounting, AttemptId, Epoch, Fault, Flow, MetricsSnapshot, TableCount};
use crate::scheduler::retry::RetryPolicy;
use crate::scheduler::tests::records::record;
use std::time::Duration;

const NOW: Millis = 1_000;

fn facts(activity: Activity) -> Facts {
    Facts {
        timeline: 7,
        activity,
        checkpoint: None,
        uncommitted: false,
        retry: RetryPolicy { times: 1, interval: Duration::from_secs(3) },
        closing: false,
        held: false,
    }
}

fn with_checkpoint(activity: Activity, uncommitted: bool) -> Facts {
    Facts { checkpoint: Some(Epoch(5)), uncommitted, ..facts(activity) }
}

/// A job in a state, in its second attempt.
fn job(state: JobState) -> JobRecord {
    let mut job = record(1);
    job.state = state;
    job.attempt = Some(AttemptId { timeline: 7, number: 2 });
    job.started = Some(5);
    job.deaths = 1;
    job
}

fn metrics(rows: u64) -> MetricsSnapshot {
    MetricsSnapshot { read: vec![TableCount { table: "t".into(), rows, bytes: 0 }], ..Default::default() }
}

fn ended(outcome: Outcome) -> Event {
    Event::Ended(outcome, Box::new(metrics(9)))
}

fn go(job: &mut JobRecord, facts: &Facts, event: Event) -> Step {
    advance(job, facts, event, NOW)
}

fn saved(effect: Effect) -> Step {
    SAVE.then(effect)
}

const ENDS: [JobState; 5] =
    [JobState::Failed, JobState::SavepointDone, JobState::Canceled, JobState::Finished, JobState::Unknowable];

#[test]
fn admitted_starts_the_first_attempt() {
    for state in [JobState::Created, JobState::Pending] {
        let mut job = record(1);
        (job.state, job.waiting) = (state, Some("waits".into()));
        assert_eq!(go(&mut job, &facts(Activity::Rest), Event::Admitted), saved(Effect::Launch(None)));
        assert_eq!(job.state, JobState::Scheduled);
        assert_eq!(job.attempt, Some(AttemptId { timeline: 7, number: 1 }));
        assert_eq!((job.started, job.deaths, &job.waiting), (Some(NOW), 1, &None));
        assert_eq!(job.events[0].cause, "attempt 1 starts");
    }
}

#[test]
fn admitted_goes_on_from_a_checkpoint_with_the_next_number_and_the_old_start() {
    let mut job = job(JobState::Pending);
    job.attempt = Some(AttemptId { timeline: 3, number: 2 });
    go(&mut job, &with_checkpoint(Activity::Rest, false), Event::Admitted);
    assert_eq!(job.attempt, Some(AttemptId { timeline: 7, number: 3 }));
    assert_eq!((job.started, job.deaths), (Some(5), 2));
    assert_eq!(job.events[0].cause, "attempt 3 starts from checkpoint 5");
}

#[test]
fn admitted_with_a_standing_request() {
    let mut savepoint = job(JobState::Pending);
    savepoint.stop_request = Some(StopRequest::Savepoint);
    let step = go(&mut savepoint, &facts(Activity::Rest), Event::Admitted);
    assert_eq!(step, saved(Effect::Launch(Some(RunCommand::Savepoint))));
    assert_eq!(savepoint.state, JobState::DoingSavepoint);
    let mut cancel = job(JobState::Pending);
    cancel.stop_request = Some(StopRequest::Cancel);
    let step = go(&mut cancel, &facts(Activity::Rest), Event::Admitted);
    assert_eq!(step, saved(Effect::Launch(Some(RunCommand::Stop))));
    assert_eq!(cancel.state, JobState::Canceling);
}

#[test]
fn a_job_that_never_ran_is_cancelled_at_once() {
    let mut job = record(1);
    job.state = JobState::Pending;
    assert_eq!(go(&mut job, &facts(Activity::Rest), Event::Stop(StopRequest::Cancel)), SAVE);
    assert_eq!((job.state, job.ended), (JobState::Canceled, Some(NOW)));
    assert_eq!(job.stop_request, Some(StopRequest::Cancel));
}

#[test]
fn a_savepoint_of_a_job_that_never_ran_is_its_beginning() {
    let mut job = record(1);
    job.state = JobState::Pending;
    let step = go(&mut job, &facts(Activity::Rest), Event::Stop(StopRequest::Savepoint));
    assert_eq!(step, Step { beside: Beside::Beginning, ..SAVE });
    assert_eq!(job.state, JobState::SavepointDone);
}

#[test]
fn a_waiting_job_that_ran_before_is_wound_up() {
    let mut cancel = job(JobState::Pending);
    let step = go(&mut cancel, &facts(Activity::Rest), Event::Stop(StopRequest::Cancel));
    assert_eq!(step, saved(Effect::Launch(Some(RunCommand::Stop))));
    assert_eq!((cancel.state, cancel.attempt.unwrap().number), (JobState::Canceling, 3));

    let mut savepoint = job(JobState::Pending);
    let step =
        go(&mut savepoint, &with_checkpoint(Activity::Rest, true), Event::Stop(StopRequest::Savepoint));
    assert_eq!(step, saved(Effect::Launch(Some(RunCommand::Stop))));
    assert_eq!(savepoint.state, JobState::DoingSavepoint);

    let mut settled = job(JobState::Pending);
    let step = go(&mut settled, &with_checkpoint(Activity::Rest, false), Event::Stop(StopRequest::Savepoint));
    assert_eq!((step, settled.state), (SAVE, JobState::SavepointDone));
}

#[test]
fn a_standing_stop_is_not_overtaken_by_a_savepoint() {
    let mut job = record(1);
    (job.state, job.stop_request) = (JobState::Pending, Some(StopRequest::Cancel));
    assert_eq!(go(&mut job, &facts(Activity::Rest), Event::Stop(StopRequest::Savepoint)), SAVE);
    assert_eq!((job.state, job.stop_request), (JobState::Canceled, Some(StopRequest::Cancel)));
}

#[test]
fn nothing_outside_is_touched_for_a_held_job_nor_after_three_deaths() {
    let mut held = job(JobState::Pending);
    let facts_of_copy = Facts { held: true, ..with_checkpoint(Activity::Rest, true) };
    let step = go(&mut held, &facts_of_copy, Event::Stop(StopRequest::Cancel));
    assert_eq!(step, Step { beside: Beside::DropCheckpoint, ..SAVE });
    assert_eq!(held.state, JobState::Canceled);

    let mut deadly = job(JobState::Pending);
    deadly.deaths = 3;
    assert_eq!(go(&mut deadly, &facts(Activity::Rest), Event::Stop(StopRequest::Cancel)), SAVE);
    assert_eq!(deadly.state, JobState::Canceled);
}

#[test]
fn stop_during_a_retrys_wait() {
    let mut cancel = job(JobState::Running);
    assert_eq!(go(&mut cancel, &facts(Activity::RetryWait), Event::Stop(StopRequest::Cancel)), SAVE);
    assert_eq!(cancel.state, JobState::Canceled);

    let mut undecided = job(JobState::Running);
    let step =
        go(&mut undecided, &with_checkpoint(Activity::RetryWait, true), Event::Stop(StopRequest::Cancel));
    assert_eq!(step, saved(Effect::Launch(Some(RunCommand::Stop))), "a decided commit is rolled forward");

    let mut savepoint = job(JobState::Running);
    let step =
        go(&mut savepoint, &with_checkpoint(Activity::RetryWait, false), Event::Stop(StopRequest::Savepoint));
    assert_eq!((step, savepoint.state), (SAVE, JobState::SavepointDone));
}

#[test]
fn stop_of_a_running_job() {
    for state in [JobState::Scheduled, JobState::Running] {
        let mut cancel = job(state);
        let step = go(&mut cancel, &facts(Activity::Attempt), Event::Stop(StopRequest::Cancel));
        assert_eq!(step, saved(Effect::Command(RunCommand::Stop)));
        assert_eq!((cancel.state, cancel.stop_request), (JobState::Canceling, Some(StopRequest::Cancel)));
        let mut savepoint = job(state);
        let step = go(&mut savepoint, &facts(Activity::Attempt), Event::Stop(StopRequest::Savepoint));
        assert_eq!(step, saved(Effect::Command(RunCommand::Savepoint)));
        assert_eq!(savepoint.state, JobState::DoingSavepoint);
    }
}

#[test]
fn a_stop_overtakes_a_savepoint_and_not_the_other_way() {
    let mut job = job(JobState::DoingSavepoint);
    let attempt = facts(Activity::Attempt);
    assert_eq!(go(&mut job, &attempt, Event::Stop(StopRequest::Savepoint)), NOTHING);
    let step = go(&mut job, &attempt, Event::Stop(StopRequest::Cancel));
    assert_eq!(step, saved(Effect::Command(RunCommand::Stop)));
    assert_eq!(go(&mut job, &attempt, Event::Stop(StopRequest::Savepoint)), NOTHING);
    assert_eq!(go(&mut job, &attempt, Event::Stop(StopRequest::Cancel)), NOTHING);
    assert_eq!((job.state, job.stop_request), (JobState::Canceling, Some(StopRequest::Cancel)));
}

#[test]
fn running_is_shown_at_once_and_stored_later() {
    let mut scheduled = job(JobState::Scheduled);
    let step = go(&mut scheduled, &facts(Activity::Attempt), Event::Running);
    assert_eq!(step, Step { save: Save::Soon, ..NOTHING });
    assert_eq!(scheduled.state, JobState::Running);
    for state in [JobState::DoingSavepoint, JobState::Canceling] {
        let mut job = job(state);
        assert_eq!(go(&mut job, &facts(Activity::Attempt), Event::Running), NOTHING);
        assert_eq!(job.state, state);
    }
}

#[test]
fn a_checkpoint_is_progress() {
    for state in [JobState::Scheduled, JobState::Running, JobState::DoingSavepoint] {
        let mut job = job(state);
        (job.retries, job.deaths) = (1, 2);
        let step = go(&mut job, &facts(Activity::Attempt), Event::Checkpoint(metrics(4), Some(Epoch(7))));
        assert_eq!(step, Step { beside: Beside::Checkpoint, ..SAVE });
        assert_eq!((job.state, job.retries, job.deaths), (state, 0, 0));
        assert_eq!(job.metrics, metrics(4));
    }
}

#[test]
fn a_checkpoint_that_comes_too_late_is_refused() {
    for state in [JobState::Pending, JobState::Canceling, JobState::Failing].into_iter().chain(ENDS) {
        let mut job = job(state);
        assert_eq!(
            go(&mut job, &facts(Activity::Attempt), Event::Checkpoint(metrics(4), Some(Epoch(7)))),
            REFUSE
        );
        assert_eq!(job.metrics, MetricsSnapshot::default());
    }
    let mut waits = job(JobState::Running);
    assert_eq!(
        go(&mut waits, &facts(Activity::RetryWait), Event::Checkpoint(metrics(4), Some(Epoch(7)))),
        REFUSE
    );
}

#[test]
fn a_commit_is_stored_while_the_attempt_lives() {
    for state in [JobState::Running, JobState::DoingSavepoint, JobState::Canceling] {
        let step = go(&mut job(state), &facts(Activity::Attempt), Event::Committed);
        assert_eq!(step, Step { beside: Beside::Committed, ..NOTHING });
    }
    assert_eq!(go(&mut job(JobState::Finished), &facts(Activity::Rest), Event::Committed), NOTHING);
}

#[test]
fn a_failed_savepoint_goes_on_running_with_the_reason() {
    let mut job = job(JobState::DoingSavepoint);
    job.stop_request = Some(StopRequest::Savepoint);
    let step = go(&mut job, &facts(Activity::Attempt), Event::SavepointFailed("disk full".into()));
    assert_eq!((step, job.state, job.stop_request), (SAVE, JobState::Running, None));
    assert_eq!(job.savepoint_failure.as_deref(), Some("disk full"));
}

#[test]
fn rows_may_repeat_is_stored_once() {
    let mut job = job(JobState::Running);
    assert_eq!(go(&mut job, &facts(Activity::Attempt), Event::RowsMayRepeat), SAVE);
    assert_eq!(go(&mut job, &facts(Activity::Attempt), Event::RowsMayRepeat), NOTHING);
    assert!(job.rows_may_repeat);
}

#[test]
fn finished() {
    for state in [JobState::Scheduled, JobState::Running, JobState::DoingSavepoint] {
        let mut job = job(state);
        let outcome = Outcome::Finished(Accounting::default());
        let step = go(&mut job, &with_checkpoint(Activity::Attempt, false), ended(outcome));
        assert_eq!(step, Step { beside: Beside::DropCheckpoint, ..SAVE });
        assert_eq!((job.state, job.ended, job.deaths), (JobState::Finished, Some(NOW), 0));
        assert_eq!((&job.metrics, job.accounting.is_some()), (&metrics(9), true));
    }
}

#[test]
fn finished_without_balance_says_so() {
    let flow = Flow { place: "a -> b".into(), sent: 2, received: 1, dropped: 0 };
    let mut job = job(JobState::Running);
    let outcome = Outcome::Finished(Accounting { flows: vec![flow] });
    assert_eq!(go(&mut job, &facts(Activity::Attempt), ended(outcome)), SAVE);
    assert_eq!(job.events[0].cause, "finished, but its row accounting does not balance");
}

#[test]
fn savepoint_done_keeps_the_checkpoint() {
    for state in [JobState::Running, JobState::DoingSavepoint] {
        let mut job = job(state);
        let step = go(&mut job, &with_checkpoint(Activity::Attempt, false), ended(Outcome::SavepointDone));
        assert_eq!((step, job.state), (SAVE, JobState::SavepointDone));
    }
}

#[test]
fn a_fault_is_retried_as_often_as_the_job_says() {
    let mut job = job(JobState::Running);
    let fault = Fault::external("gone").at("Sink[0]-Console");
    let step = go(&mut job, &facts(Activity::Attempt), ended(Outcome::Failed(fault.clone())));
    assert_eq!(step, saved(Effect::Wait(Duration::from_secs(3))));
    assert_eq!((job.state, job.retries, job.deaths), (JobState::Running, 1, 0));
    assert_eq!(job.events[0].cause, "failed: Sink[0]-Console: gone; retry 1 of 1 in 3 s");
    assert_eq!(job.metrics, MetricsSnapshot::default(), "counts go back to the last checkpoint");

    let step = go(&mut job, &facts(Activity::RetryWait), Event::RetryDue);
    assert_eq!(step, saved(Effect::Launch(None)));
    assert_eq!((job.state, job.attempt.unwrap().number, job.deaths), (JobState::Running, 3, 1));

    let step = go(&mut job, &with_checkpoint(Activity::Attempt, true), ended(Outcome::Failed(fault.clone())));
    assert_eq!((step, job.state), (SAVE, JobState::Failed), "its checkpoint is kept");
    assert_eq!((job.fault, job.metrics), (Some(fault), metrics(9)));
}

#[test]
fn a_retry_without_wait_is_one_step() {
    let mut job = job(JobState::Running);
    let retry = RetryPolicy { times: 1, interval: Duration::ZERO };
    let facts = Facts { retry, ..facts(Activity::Attempt) };
    let step = go(&mut job, &facts, ended(Outcome::Failed(Fault::external("gone"))));
    assert_eq!((step, job.attempt.unwrap().number), (saved(Effect::Launch(None)), 3));
}

#[test]
fn a_fault_that_forbids_it_is_not_retried() {
    let mut job = job(JobState::Scheduled);
    let step = go(&mut job, &facts(Activity::Attempt), ended(Outcome::Failed(Fault::internal("panicked"))));
    assert_eq!((step, job.state, job.retries), (SAVE, JobState::Failed, 0));
}

#[test]
fn a_fault_during_a_savepoint_is_its_failure() {
    let mut job = job(JobState::DoingSavepoint);
    job.stop_request = Some(StopRequest::Savepoint);
    let step = go(&mut job, &facts(Activity::Attempt), ended(Outcome::Failed(Fault::external("gone"))));
    assert_eq!(step, saved(Effect::Wait(Duration::from_secs(3))));
    assert_eq!((job.state, job.stop_request), (JobState::Running, None));
    assert_eq!(job.savepoint_failure.as_deref(), Some("gone"));
}

#[test]
fn an_attempt_that_stops_unasked_has_failed() {
    for outcome in [Outcome::Stopped, Outcome::Suspended { stored: true }] {
        let mut job = job(JobState::Running);
        assert_eq!(go(&mut job, &facts(Activity::Attempt), ended(outcome)), SAVE);
        assert_eq!(job.state, JobState::Failed);
    }
}

#[test]
fn whatever_ends_in_canceling_is_cancelled() {
    for outcome in [
        Outcome::Stopped,
        Outcome::SavepointDone,
        Outcome::Suspended { stored: true },
        Outcome::Finished(Accounting::default()),
        Outcome::Failed(Fault::external("gone")),
    ] {
        let mut job = job(JobState::Canceling);
        let step = go(&mut job, &with_checkpoint(Activity::Attempt, false), ended(outcome));
        assert_eq!(step, Step { beside: Beside::DropCheckpoint, ..SAVE });
        assert_eq!((job.state, &job.metrics), (JobState::Canceled, &metrics(9)));
    }
}

#[test]
fn a_decided_commit_that_fails_during_a_stop_ends_failed_with_its_handles() {
    let mut job = job(JobState::Canceling);
    let outcome = Outcome::Failed(Fault::external("target gone"));
    assert_eq!(go(&mut job, &with_checkpoint(Activity::Attempt, true), ended(outcome)), SAVE);
    assert_eq!(job.state, JobState::Failed);
}

#[test]
fn an_attempt_that_only_winds_up_ends_as_asked_and_counts_nothing() {
    let mut cancel = job(JobState::Canceling);
    cancel.metrics = metrics(4);
    go(&mut cancel, &facts(Activity::WindUp), ended(Outcome::Stopped));
    assert_eq!((cancel.state, &cancel.metrics), (JobState::Canceled, &metrics(4)));

    let mut savepoint = job(JobState::DoingSavepoint);
    savepoint.metrics = metrics(4);
    let step = go(&mut savepoint, &with_checkpoint(Activity::WindUp, false), ended(Outcome::Stopped));
    assert_eq!((step, savepoint.state), (SAVE, JobState::SavepointDone));
    assert_eq!(savepoint.metrics, metrics(4));

    let mut failed = job(JobState::DoingSavepoint);
    let outcome = Outcome::Failed(Fault::external("gone"));
    let step = go(&mut failed, &with_checkpoint(Activity::WindUp, true), ended(outcome));
    assert_eq!((step, failed.state), (SAVE, JobState::Failed), "no retry as a full run");
}

#[test]
fn failing_ends_failed() {
    let mut job = job(JobState::Failing);
    assert_eq!(go(&mut job, &facts(Activity::Attempt), ended(Outcome::Stopped)), SAVE);
    assert_eq!(job.state, JobState::Failed);
}

#[test]
fn five_minutes_forgive_deaths() {
    for state in [JobState::Scheduled, JobState::Running, JobState::DoingSavepoint, JobState::Canceling] {
        let mut job = job(state);
        job.deaths = 2;
        assert_eq!(go(&mut job, &facts(Activity::Attempt), Event::Proven), SAVE);
        assert_eq!(job.deaths, 0);
        assert_eq!(go(&mut job, &facts(Activity::Attempt), Event::Proven), NOTHING);
    }
}

#[test]
fn going_down_suspends_what_runs() {
    let attempt = Facts { closing: true, ..facts(Activity::Attempt) };
    let mut running = job(JobState::Running);
    let step = go(&mut running, &attempt, Event::GoingDown);
    assert_eq!(step, NOTHING.then(Effect::Command(RunCommand::Suspend)));
    for outcome in [Outcome::Suspended { stored: true }, Outcome::Stopped] {
        let mut job = job(JobState::Running);
        assert_eq!(go(&mut job, &attempt, ended(outcome)), SAVE);
        assert_eq!((job.state, job.deaths), (JobState::Pending, 0));
        assert_eq!(job.waiting.as_deref(), Some(SERVER_DOWN));
    }
    let mut failed = job(JobState::Running);
    assert_eq!(go(&mut failed, &attempt, ended(Outcome::Failed(Fault::external("gone")))), SAVE);
    assert_eq!((failed.state, failed.retries, failed.deaths), (JobState::Pending, 1, 0));
    let mut finished = job(JobState::Running);
    go(&mut finished, &attempt, ended(Outcome::Finished(Accounting::default())));
    assert_eq!(finished.state, JobState::Finished);
    let mut savepoint = job(JobState::DoingSavepoint);
    savepoint.stop_request = Some(StopRequest::Savepoint);
    assert_eq!(go(&mut savepoint, &attempt, Event::GoingDown), NOTHING, "it ends by itself");
    go(&mut savepoint, &attempt, ended(Outcome::Suspended { stored: false }));
    assert_eq!((savepoint.state, savepoint.stop_request), (JobState::Pending, Some(StopRequest::Savepoint)));
}

#[test]
fn going_down_ends_a_retrys_wait() {
    let mut job = job(JobState::Running);
    job.deaths = 0;
    let waits = Facts { closing: true, ..facts(Activity::RetryWait) };
    assert_eq!((go(&mut job, &waits, Event::GoingDown), job.state), (SAVE, JobState::Pending));
}

#[test]
fn an_abandoned_attempt_is_no_death() {
    let attempt = Facts { closing: true, ..facts(Activity::Attempt) };
    let mut running = job(JobState::Running);
    assert_eq!(go(&mut running, &attempt, Event::Abandoned), SAVE);
    assert_eq!((running.state, running.deaths), (JobState::Pending, 0));
    for state in [JobState::DoingSavepoint, JobState::Canceling] {
        let mut job = job(state);
        assert_eq!(go(&mut job, &attempt, Event::Abandoned), SAVE);
        assert_eq!((job.state, job.deaths), (state, 0), "recovery decides");
    }
}

#[test]
fn unstartable_fails() {
    let mut job = job(JobState::Pending);
    let step = go(&mut job, &with_checkpoint(Activity::Rest, true), Event::Unstartable(Fault::user("gone")));
    assert_eq!((step, job.state), (SAVE, JobState::Failed));
}

#[test]
fn nothing_leaves_an_end_state() {
    let events: [fn() -> Event; 11] = [
        || Event::Admitted,
        || Event::Stop(StopRequest::Cancel),
        || Event::Running,
        || Event::Committed,
        || Event::SavepointFailed("x".into()),
        || Event::RowsMayRepeat,
        || ended(Outcome::Stopped),
        || Event::RetryDue,
        || Event::Proven,
        || Event::GoingDown,
        || Event::Unstartable(Fault::user("x")),
    ];
    for (state, event) in ENDS.into_iter().flat_map(|state| events.map(|event| (state, event))) {
        let mut job = job(state);
        let before = job.clone();
        assert_eq!(go(&mut job, &facts(Activity::Rest), event()), NOTHING);
        assert_eq!(job, before);
    }
}

#[test]
fn nothing_of_an_attempt_moves_a_waiting_job() {
    for event in [
        Event::Running,
        Event::Committed,
        Event::SavepointFailed("x".into()),
        Event::RowsMayRepeat,
        ended(Outcome::Finished(Accounting::default())),
        Event::RetryDue,
        Event::Proven,
        Event::Abandoned,
    ] {
        let mut job = job(JobState::Pending);
        let before = job.clone();
        assert_eq!(go(&mut job, &facts(Activity::Rest), event), NOTHING);
        assert_eq!(job, before);
    }
}
