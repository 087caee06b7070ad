//! One job, running or ended. Views borrow the record, and are written without anything between.

use super::dag::Dag;
use super::metrics::Metrics;
use super::text::{Entries, Text, Time};
use crate::model::{
    Accounting, Flow, JobEvent, JobId, JobRecord, JobState, MetricsSnapshot, Millis, RECENT_EVENTS,
};
use serde::Serialize;
use serde_json::{Value, json};

/// An id in an answer whose document shows a number: a number, or a string when the server is set so.
#[must_use]
pub fn id_value(id: JobId, as_string: bool) -> Value {
    if as_string { json!(id.to_string()) } else { json!(id.0) }
}

/// A job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job<'a> {
    job_id: Text<JobId>,
    job_name: &'a str,
    job_status: &'static str,
    #[serde(flatten)]
    end: Option<End>,
    create_time: Time,
    start_time: Time,
    job_dag: Dag<'a>,
    env_options: Entries<'a>,
    plugin_jars_urls: [(); 0],
    is_start_with_save_point: bool,
    metrics: Metrics<'a>,
    run: Run<'a>,
}

/// What only an ended job has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct End {
    error_msg: Option<String>,
    finish_time: Time,
    finished_time: Time,
}

impl<'a> Job<'a> {
    /// A job that has not ended; `counts` are live.
    pub fn live(record: &'a JobRecord, counts: &'a MetricsSnapshot, moment: Moment) -> Self {
        Self::of(record, counts, Some(moment), None)
    }

    /// A job that has ended.
    pub fn ended(record: &'a JobRecord) -> Self {
        let finish = Time(record.ended);
        let end = End { error_msg: error(record), finish_time: finish, finished_time: finish };
        Self::of(record, &record.metrics, None, Some(end))
    }

    fn of(
        record: &'a JobRecord,
        counts: &'a MetricsSnapshot,
        moment: Option<Moment>,
        end: Option<End>,
    ) -> Self {
        Self {
            job_id: Text(record.id),
            job_name: &record.name,
            job_status: record.state.name(),
            end,
            create_time: Time(Some(record.created)),
            start_time: Time(record.started),
            job_dag: Dag::of(record),
            env_options: Entries(&record.env),
            plugin_jars_urls: [],
            is_start_with_save_point: record.from_savepoint,
            metrics: Metrics::of(counts, &record.dag),
            run: Run::of(record, counts, moment),
        }
    }
}

/// What is known of a live job beside its record.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When it is looked at.
    pub now: Millis,
    /// How many wait before it, while it waits for slots.
    pub queue_position: Option<usize>,
}

/// How long a running job will go on at the rate that it had so far.
fn seconds_left(record: &JobRecord, (done, total): (u64, u64), moment: Option<Moment>) -> Option<u64> {
    let (started, now) = (record.started?, moment?.now);
    if record.state != JobState::Running || done == 0 {
        return None;
    }
    let spent = now.saturating_sub(started).max(0) as f64;
    let left = spent * total.saturating_sub(done) as f64 / done as f64;
    Some((left / 1000.0).ceil() as u64)
}

/// The fault of a failed job, never empty; `null` for every other end.
fn error(record: &JobRecord) -> Option<String> {
    match (record.state, &record.fault) {
        (JobState::Failed | JobState::Unknowable, Some(fault)) => Some(fault.to_string()),
        (JobState::Failed | JobState::Unknowable, None) => {
            Some("the job failed; no cause was recorded".to_owned())
        }
        _ => None,
    }
}

/// What no older client knows of: attempts, queue, progress, and the row accounting.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    attempt: u32,
    retries: u32,
    slots: u32,
    rows_may_repeat: bool,
    committed_count: Text<u64>,
    rejected_count: Text<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_position: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    savepoint_failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accounting: Option<Balance<'a>>,
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    done: u64,
    total: u64,
    percent: f64,
    /// At the rate since the start; of a job that runs, once something is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<u64>,
}

#[derive(Serialize)]
struct Balance<'a> {
    balanced: bool,
    flows: Vec<FlowView<'a>>,
}

#[derive(Serialize)]
struct FlowView<'a> {
    place: &'a str,
    #[serde(rename = "in")]
    sent: u64,
    #[serde(rename = "out")]
    received: u64,
    dropped: u64,
}

#[derive(Serialize)]
struct Event<'a> {
    time: Time,
    state: &'static str,
    attempt: u32,
    cause: &'a str,
}

impl<'a> Run<'a> {
    fn of(record: &'a JobRecord, counts: &MetricsSnapshot, moment: Option<Moment>) -> Self {
        let fault = record.fault.as_ref().filter(|_| !record.state.is_end());
        let progress = |(done, total): (u64, u64)| {
            let percent = (done.min(total) as f64 * 1000.0 / total.max(1) as f64).round() / 10.0;
            Progress { done, total, percent, seconds_left: seconds_left(record, (done, total), moment) }
        };
        let flow = |f: &'a Flow| {
            let Flow { place, sent, received, dropped } = f;
            FlowView { place, sent: *sent, received: *received, dropped: *dropped }
        };
        let balance = |accounting: &'a Accounting| Balance {
            balanced: accounting.is_balanced(),
            flows: accounting.flows.iter().map(flow).collect(),
        };
        let older = record.events.len().saturating_sub(RECENT_EVENTS);
        let event = |e: &'a JobEvent| Event {
            time: Time(Some(e.at)),
            state: e.state.name(),
            attempt: e.attempt,
            cause: &e.cause,
        };
        Self {
            attempt: record.attempt.map_or(0, |a| a.number),
            retries: record.retries,
            slots: record.slots,
            rows_may_repeat: record.rows_may_repeat,
            committed_count: Text(counts.committed),
            rejected_count: Text(counts.rejected),
            waiting_for: record.waiting.as_deref(),
            queue_position: moment.and_then(|moment| moment.queue_position).map(|position| position + 1),
            savepoint_failure: record.savepoint_failure.as_deref(),
            last_fault: fault.map(ToString::to_string),
            progress: counts.progress.map(progress),
            accounting: record.accounting.as_ref().map(balance),
            events: record.events.iter().skip(older).map(event).collect(),
        }
    }
}
