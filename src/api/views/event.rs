//! Lines of a job's event log.

use super::text::{Text, Time};
use crate::model::{JobEvent, JobId, JobState, Millis};
use serde::Serialize;

/// One line.
#[derive(Serialize)]
pub struct Event<'a> {
    seq: u64,
    timestamp: Millis,
    time: Time,
    kind: &'static str,
    state: &'static str,
    attempt: u32,
    message: &'a str,
}

impl<'a> Event<'a> {
    /// The view of a line.
    pub fn of(event: &'a JobEvent) -> Self {
        Self {
            seq: event.seq,
            timestamp: event.at,
            time: Time(Some(event.at)),
            kind: event.kind.name(),
            state: event.state.name(),
            attempt: event.attempt,
            message: &event.cause,
        }
    }
}

/// What is said behind the last line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastWord {
    job_id: Text<JobId>,
    job_status: &'static str,
}

impl LastWord {
    /// Of a job that ended in that state.
    #[must_use]
    pub fn of(id: JobId, state: JobState) -> Self {
        Self { job_id: Text(id), job_status: state.name() }
    }
}
