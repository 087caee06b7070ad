//! What becomes of the jobs that lived when the server ended. Pure.

use crate::model::{Checkpoint, EventKind, Fault, JobRecord, JobState, Millis, StopRequest};

/// A job during whose attempts the server died this often in a row is not started again.
pub(super) const DEATHS: u32 = 3;

/// More lines than can have been seen before they were stored.
const UNSTORED: u64 = 100;

/// The decision for one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Boot {
    /// It waits for slots, and goes on from its last checkpoint.
    Queue,
    /// A copy's job: it waits until the operator resumes it.
    Hold,
    /// A stop was under way; it is completed.
    Stop(StopRequest),
    /// It ends.
    Fail(Fault),
}

/// Decides, and brings the record into the state that the decision starts from (PENDING, with a line of history
/// where something was interrupted). `held`: why a copy's jobs are held.
///
/// | stored state | decision |
/// |---|---|
/// | CREATED, PENDING | queue; a standing stop, or a savepoint that is stored: complete the stop |
/// | SCHEDULED, RUNNING | queue; the third death in a row: fail |
/// | DOING_SAVEPOINT | its savepoint is stored: complete the stop; else queue with the request standing, or fail as above |
/// | FAILING | fail |
/// | CANCELING | complete the stop; after the third death without another attempt |
/// | any, in a copy | hold; a stop stays as a standing request |
pub(super) fn decide(
    record: &mut JobRecord,
    checkpoint: Option<&Checkpoint>,
    held: Option<&str>,
    now: Millis,
) -> Boot {
    let attempt = record.attempt.map_or(0, |attempt| attempt.number);
    let died = record.deaths >= DEATHS;
    let boot = match record.state {
        JobState::Created | JobState::Pending => {
            standing_stop(record, checkpoint).map_or(Boot::Queue, Boot::Stop)
        }
        JobState::Scheduled | JobState::Running if died => Boot::Fail(poison()),
        JobState::Scheduled | JobState::Running => {
            pend(record, now, format!("the server ended during attempt {attempt}"));
            Boot::Queue
        }
        JobState::DoingSavepoint => match (savepoint_stored(record, checkpoint), died) {
            (true, _) => {
                pend(record, now, "the server ended after the savepoint was stored");
                Boot::Stop(StopRequest::Savepoint)
            }
            (false, true) => Boot::Fail(poison()),
            (false, false) => {
                pend(record, now, "the server ended before the savepoint was stored; it is made first");
                Boot::Queue
            }
        },
        JobState::Failing => Boot::Fail(
            record.fault.clone().unwrap_or_else(|| Fault::internal("the server ended while the job failed")),
        ),
        JobState::Canceling => {
            pend(record, now, "the server ended during the stop");
            Boot::Stop(StopRequest::Cancel)
        }
        JobState::Failed
        | JobState::SavepointDone
        | JobState::Canceled
        | JobState::Finished
        | JobState::Unknowable => {
            Boot::Fail(Fault::internal(format!("a job that is {} was found alive", record.state)))
        }
    };
    if let Boot::Fail(_) = boot {
        pend(record, now, format!("the server ended during attempt {attempt}"));
    }
    match held {
        Some(reason) if boot == Boot::Queue || matches!(boot, Boot::Stop(_)) => {
            record.state = JobState::Pending;
            record.waiting = Some(reason.to_owned());
            Boot::Hold
        }
        _ => boot,
    }
}

/// A copy's job may run from now on; the original may have gone on writing. Answers the stop to complete, if one was
/// under way.
pub(super) fn release(
    record: &mut JobRecord,
    checkpoint: Option<&Checkpoint>,
    now: Millis,
) -> Option<StopRequest> {
    record.rows_may_repeat = true;
    record.waiting = None;
    record.note(
        now,
        EventKind::Resumed,
        "resumed in this copy of the data directory; its target may hold rows twice",
    );
    standing_stop(record, checkpoint)
}

/// The stop to complete before the job would run again; a savepoint that is not stored is made by the next attempt.
fn standing_stop(record: &JobRecord, checkpoint: Option<&Checkpoint>) -> Option<StopRequest> {
    record.stop_request.filter(|request| match request {
        StopRequest::Cancel => true,
        StopRequest::Savepoint => savepoint_stored(record, checkpoint),
    })
}

/// Whether the latest checkpoint is the savepoint that the latest attempt was asked for.
fn savepoint_stored(record: &JobRecord, checkpoint: Option<&Checkpoint>) -> bool {
    checkpoint.is_some_and(|c| c.is_savepoint && Some(c.attempt) == record.attempt)
}

fn pend(record: &mut JobRecord, now: Millis, cause: impl Into<String>) {
    record.state = JobState::Pending;
    record.note(now, EventKind::Restored, cause);
    // Lines that were seen and not yet stored had numbers too: none comes twice.
    if let Some(event) = record.events.last_mut() {
        event.seq += UNSTORED;
    }
}

fn poison() -> Fault {
    Fault::internal(format!(
        "the server died {DEATHS} times in a row while this job ran, each time before a new checkpoint or five minutes; \
         it is not started again (start it with isStartWithSavePoint=true if it has a checkpoint, or submit it anew)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AttemptId;
    use crate::scheduler::tests::records::{checkpoint, record};

    fn job(state: JobState, deaths: u32) -> JobRecord {
        let mut job = record(1);
        job.state = state;
        job.deaths = deaths;
        job.attempt = Some(AttemptId { timeline: 7, number: 4 });
        job
    }

    fn boot(job: &mut JobRecord, stored: Option<&Checkpoint>) -> Boot {
        decide(job, stored, None, 99)
    }

    #[test]
    fn created_and_pending_wait_again() {
        for state in [JobState::Created, JobState::Pending] {
            let mut job = job(state, 3);
            job.stop_request = Some(StopRequest::Savepoint);
            assert_eq!(boot(&mut job, None), Boot::Queue);
            assert_eq!(job.stop_request, Some(StopRequest::Savepoint));
            assert!(job.events.is_empty());
            job.stop_request = Some(StopRequest::Cancel);
            assert_eq!(boot(&mut job, None), Boot::Stop(StopRequest::Cancel), "no slot is needed to stop");
        }
    }

    #[test]
    fn an_interrupted_attempt_waits_and_keeps_its_count_of_deaths() {
        for state in [JobState::Scheduled, JobState::Running] {
            let mut job = job(state, 2);
            assert_eq!(boot(&mut job, None), Boot::Queue);
            assert_eq!((job.state, job.deaths), (JobState::Pending, 2));
            assert_eq!(job.events[0].cause, "the server ended during attempt 4");
        }
    }

    #[test]
    fn the_third_death_ends_it() {
        for state in [JobState::Scheduled, JobState::Running, JobState::DoingSavepoint] {
            let Boot::Fail(fault) = boot(&mut job(state, 3), None) else {
                panic!("{state} is started again")
            };
            assert!(fault.message.contains("died 3 times in a row"), "{fault}");
        }
        assert_eq!(boot(&mut job(JobState::Canceling, 3), None), Boot::Stop(StopRequest::Cancel));
    }

    #[test]
    fn a_stored_savepoint_completes_the_stop_another_checkpoint_does_not() {
        let mut stored = checkpoint(5);
        stored.is_savepoint = true;
        stored.attempt = AttemptId { timeline: 7, number: 4 };
        let mut doing = job(JobState::DoingSavepoint, 1);
        assert_eq!(boot(&mut doing, Some(&stored)), Boot::Stop(StopRequest::Savepoint));
        stored.attempt.number = 3;
        let mut doing = job(JobState::DoingSavepoint, 1);
        doing.stop_request = Some(StopRequest::Savepoint);
        assert_eq!(boot(&mut doing, Some(&stored)), Boot::Queue);
        assert_eq!((doing.state, doing.stop_request), (JobState::Pending, Some(StopRequest::Savepoint)));
        stored.attempt.number = 4;
        stored.is_savepoint = false;
        assert_eq!(boot(&mut job(JobState::DoingSavepoint, 1), Some(&stored)), Boot::Queue);
    }

    #[test]
    fn failing_fails_with_its_fault() {
        let mut failing = job(JobState::Failing, 0);
        failing.fault = Some(Fault::user("row 7"));
        assert_eq!(boot(&mut failing, None), Boot::Fail(Fault::user("row 7")));
    }

    #[test]
    fn end_states_are_not_started() {
        for state in JobState::ALL.into_iter().filter(|s| s.is_end()) {
            assert!(matches!(boot(&mut job(state, 0), None), Boot::Fail(_)));
        }
    }

    #[test]
    fn a_copy_holds_whatever_would_touch_the_outside() {
        for state in [
            JobState::Created,
            JobState::Pending,
            JobState::Scheduled,
            JobState::Running,
            JobState::DoingSavepoint,
            JobState::Canceling,
        ] {
            let mut held = job(state, 1);
            held.stop_request = Some(StopRequest::Cancel);
            assert_eq!(decide(&mut held, None, Some("a copy"), 99), Boot::Hold);
            assert_eq!((held.state, held.waiting.as_deref()), (JobState::Pending, Some("a copy")));
            assert_eq!(held.stop_request, Some(StopRequest::Cancel), "the request stands");
            assert_eq!(release(&mut held, None, 100), Some(StopRequest::Cancel));
            assert!(held.rows_may_repeat && held.waiting.is_none());
            held.stop_request = Some(StopRequest::Savepoint);
            assert_eq!(release(&mut held, None, 100), None, "it is made by the next attempt");
        }
        assert!(matches!(decide(&mut job(JobState::Running, 3), None, Some("a copy"), 9), Boot::Fail(_)));
    }
}
