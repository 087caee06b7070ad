//! The table of a job's life: (record, event, now) → new record, what to store, what to do. Pure and exhaustive.
//!
//! `deaths` is counted ahead: it rises when an attempt starts, and falls when the attempt proves itself (a new checkpoint,
//! five minutes) or ends. So after a sudden end of the server the stored record tells the truth without being touched.

mod log;
mod moves;
mod step;
#[cfg(test)]
mod tests;

pub(super) use log::{not_stored, trim};
pub(super) use step::{Activity, Beside, Effect, Event, Facts, Save, Step};

use crate::exec::RunCommand;
use crate::model::{JobRecord, JobState, Millis, StopRequest};
use moves::Job;
use step::{NOTHING, REFUSE};

/// Why a job waits that was interrupted by the server's stop.
pub(super) const SERVER_DOWN: &str = "the server is down; goes on when it starts again";

/// States that the table treats alike.
#[derive(Clone, Copy)]
enum Stage {
    Waiting,
    Going,
    Savepoint,
    Canceling,
    Failing,
    Over,
}

fn stage(state: JobState) -> Stage {
    match state {
        JobState::Created | JobState::Pending => Stage::Waiting,
        JobState::Scheduled | JobState::Running => Stage::Going,
        JobState::DoingSavepoint => Stage::Savepoint,
        JobState::Canceling => Stage::Canceling,
        JobState::Failing => Stage::Failing,
        JobState::Failed
        | JobState::SavepointDone
        | JobState::Canceled
        | JobState::Finished
        | JobState::Unknowable => Stage::Over,
    }
}

/// The table.
pub(super) fn advance(record: &mut JobRecord, facts: &Facts, event: Event, now: Millis) -> Step {
    use Stage::{Canceling, Failing, Going, Over, Savepoint, Waiting};
    let mut job = Job { record, facts, now };
    let rests = matches!(facts.activity, Activity::Rest | Activity::RetryWait);
    match (event, stage(job.record.state)) {
        (Event::Admitted, Waiting) => job.admitted(),
        (Event::Admitted, Going | Savepoint | Canceling | Failing | Over) => NOTHING,

        (Event::Stop(request), Waiting) => job.stop_at_rest(request),
        (Event::Stop(request), Going) if rests => job.stop_at_rest(request),
        (Event::Stop(StopRequest::Cancel), Going | Savepoint) => job.cancel(),
        (Event::Stop(StopRequest::Savepoint), Going) => job.savepoint(),
        (Event::Stop(StopRequest::Savepoint), Savepoint) => NOTHING,
        (Event::Stop(_), Canceling | Failing | Over) => NOTHING,

        (Event::Running, Going) => job.running(),
        (Event::Running, Waiting | Savepoint | Canceling | Failing | Over) => NOTHING,

        (Event::Checkpoint(metrics, kept), Going | Savepoint) if !rests => job.checkpoint(metrics, kept),
        (Event::Checkpoint(..), Waiting | Going | Savepoint | Canceling | Failing | Over) => REFUSE,

        (Event::Committed, Going | Savepoint | Canceling | Failing) => {
            Step { beside: Beside::Committed, ..NOTHING }
        }
        (Event::Committed, Waiting | Over) => NOTHING,

        (Event::SavepointFailed(why), Savepoint) => job.savepoint_failed(why),
        (Event::SavepointFailed(_), Waiting | Going | Canceling | Failing | Over) => NOTHING,

        (Event::RowsMayRepeat, Going | Savepoint | Canceling | Failing) => job.rows_may_repeat(),
        (Event::RowsMayRepeat, Waiting | Over) => NOTHING,

        (Event::Ended(outcome, metrics), Going) => job.ended(outcome, *metrics),
        (Event::Ended(outcome, metrics), Savepoint) => job.ended_in_savepoint(outcome, *metrics),
        (Event::Ended(outcome, metrics), Canceling) => job.ended_in_cancel(outcome, *metrics),
        (Event::Ended(_, metrics), Failing) => job.end(JobState::Failed, Some(*metrics), "failed"),
        (Event::Ended(..), Waiting | Over) => NOTHING,

        (Event::RetryDue, Going) if facts.activity == Activity::RetryWait => job.next_attempt(),
        (Event::RetryDue, Waiting | Going | Savepoint | Canceling | Failing | Over) => NOTHING,

        (Event::Proven, Going | Savepoint | Canceling) => job.proven(),
        (Event::Proven, Waiting | Failing | Over) => NOTHING,

        (Event::GoingDown, Going) if rests => job.pend(),
        (Event::GoingDown, Going) => NOTHING.then(Effect::Command(RunCommand::Suspend)),
        (Event::GoingDown, Waiting | Savepoint | Canceling | Failing | Over) => NOTHING,

        (Event::Abandoned, Going) => job.pend(),
        (Event::Abandoned, Savepoint | Canceling | Failing) => job.proven(),
        (Event::Abandoned, Waiting | Over) => NOTHING,

        (Event::Unstartable(fault), Waiting) => job.fail(fault, None),
        (Event::Unstartable(_), Going | Savepoint | Canceling | Failing | Over) => NOTHING,
    }
}
