//! Version 1 of records: events had no numbers and no kinds, and a submission no key.

use crate::model::{
    Accounting, AttemptId, DagInfo, EventKind, Fault, JobEvent, JobId, JobRecord, JobState, MetricsSnapshot,
    Millis, Origin, StopRequest,
};
use serde::Deserialize;

/// A record as version 1 stored it; the fields mean what those of [`JobRecord`] mean.
#[derive(Deserialize)]
pub struct RecordV1 {
    id: JobId,
    name: String,
    state: JobState,
    stop_request: Option<StopRequest>,
    origin: Origin,
    created: Millis,
    started: Option<Millis>,
    ended: Option<Millis>,
    from_savepoint: bool,
    attempt: Option<AttemptId>,
    retries: u32,
    deaths: u32,
    slots: u32,
    waiting: Option<String>,
    fault: Option<Fault>,
    savepoint_failure: Option<String>,
    rows_may_repeat: bool,
    env: Vec<(String, String)>,
    dag: DagInfo,
    metrics: MetricsSnapshot,
    accounting: Option<Accounting>,
    events: Vec<EventV1>,
}

#[derive(Deserialize)]
struct EventV1 {
    at: Millis,
    state: JobState,
    attempt: u32,
    cause: String,
}

impl From<RecordV1> for JobRecord {
    fn from(old: RecordV1) -> Self {
        let RecordV1 {
            id,
            name,
            state,
            stop_request,
            origin,
            created,
            started,
            ended,
            from_savepoint,
            attempt,
            retries,
            deaths,
            slots,
            waiting,
            fault,
            savepoint_failure,
            rows_may_repeat,
            env,
            dag,
            metrics,
            accounting,
            events,
        } = old;
        let event = |EventV1 { at, state, attempt, cause }| {
            let kind = EventKind::default();
            JobEvent { seq: 0, kind, at, state, attempt, cause }
        };
        let events = events.into_iter().map(event).collect();
        let mut record = JobRecord {
            id,
            name,
            state,
            stop_request,
            origin,
            created,
            started,
            ended,
            from_savepoint,
            attempt,
            retries,
            deaths,
            slots,
            waiting,
            fault,
            savepoint_failure,
            rows_may_repeat,
            env,
            dag,
            metrics,
            accounting,
            events,
            key: None,
        };
        record.number_events();
        record
    }
}
