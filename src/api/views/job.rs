//! One job, running or ended.

use super::dag::dag;
use super::metrics::metrics;
use super::time::local_time;
use crate::model::{Accounting, JobId, JobRecord, JobState, MetricsSnapshot};
use serde_json::{Map, Value, json};

/// An id in an answer whose document shows a number: a number, or a string when the server is set so.
#[must_use]
pub fn id_value(id: JobId, as_string: bool) -> Value {
    if as_string { json!(id.to_string()) } else { json!(id.0) }
}

/// A job that has not ended; `counts` are live.
#[must_use]
pub fn live(record: &JobRecord, counts: &MetricsSnapshot, queue_position: Option<usize>) -> Value {
    let env = env(record);
    let mut view = head(record);
    view.insert("envOptions".into(), env.clone());
    view.insert("createTime".into(), json!(local_time(record.created)));
    view.insert("startTime".into(), json!(record.started.map(local_time).unwrap_or_default()));
    view.insert("jobDag".into(), dag(record.id, &record.dag, &env));
    view.insert("pluginJarsUrls".into(), json!([]));
    view.insert("isStartWithSavePoint".into(), json!(record.from_savepoint));
    view.insert("metrics".into(), metrics(counts, &record.dag));
    view.insert("run".into(), run(record, counts, queue_position));
    Value::Object(view)
}

/// A job that has ended.
#[must_use]
pub fn ended(record: &JobRecord) -> Value {
    let env = env(record);
    let finish = record.ended.map(local_time).unwrap_or_default();
    let mut view = head(record);
    view.insert("errorMsg".into(), error(record));
    view.insert("createTime".into(), json!(local_time(record.created)));
    view.insert("startTime".into(), json!(record.started.map(local_time).unwrap_or_default()));
    view.insert("finishTime".into(), json!(finish));
    view.insert("finishedTime".into(), json!(finish));
    view.insert("jobDag".into(), dag(record.id, &record.dag, &env));
    view.insert("envOptions".into(), env);
    view.insert("pluginJarsUrls".into(), json!([]));
    view.insert("isStartWithSavePoint".into(), json!(record.from_savepoint));
    view.insert("metrics".into(), metrics(&record.metrics, &record.dag));
    view.insert("run".into(), run(record, &record.metrics, None));
    Value::Object(view)
}

fn head(record: &JobRecord) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("jobId".into(), json!(record.id.to_string()));
    view.insert("jobName".into(), json!(record.name));
    view.insert("jobStatus".into(), json!(record.state.name()));
    view
}

fn env(record: &JobRecord) -> Value {
    record.env.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>().into()
}

/// The fault of a failed job, never empty; `null` for every other end.
fn error(record: &JobRecord) -> Value {
    match (record.state, &record.fault) {
        (JobState::Failed | JobState::Unknowable, Some(fault)) => json!(fault.to_string()),
        (JobState::Failed | JobState::Unknowable, None) => json!("the job failed; no cause was recorded"),
        _ => Value::Null,
    }
}

/// What no older client knows of: attempts, queue, progress, and the row accounting.
fn run(record: &JobRecord, counts: &MetricsSnapshot, queue_position: Option<usize>) -> Value {
    let mut view = Map::new();
    view.insert("attempt".into(), json!(record.attempt.map_or(0, |a| a.number)));
    view.insert("retries".into(), json!(record.retries));
    view.insert("slots".into(), json!(record.slots));
    view.insert("rowsMayRepeat".into(), json!(record.rows_may_repeat));
    view.insert("committedCount".into(), json!(counts.committed.to_string()));
    view.insert("rejectedCount".into(), json!(counts.rejected.to_string()));
    if let Some(reason) = &record.waiting {
        view.insert("waitingFor".into(), json!(reason));
    }
    if let Some(position) = queue_position {
        view.insert("queuePosition".into(), json!(position + 1));
    }
    if let Some(reason) = &record.savepoint_failure {
        view.insert("savepointFailure".into(), json!(reason));
    }
    if let (false, Some(fault)) = (record.state.is_end(), &record.fault) {
        view.insert("lastFault".into(), json!(fault.to_string()));
    }
    if let Some((done, total)) = counts.progress {
        let percent = (done.min(total) as f64 * 1000.0 / total.max(1) as f64).round() / 10.0;
        view.insert("progress".into(), json!({"done": done, "total": total, "percent": percent}));
    }
    if let Some(accounting) = &record.accounting {
        view.insert("accounting".into(), balance(accounting));
    }
    let events = record.events.iter().map(|e| {
        json!({"time": local_time(e.at), "state": e.state.name(), "attempt": e.attempt, "cause": e.cause})
    });
    view.insert("events".into(), events.collect());
    Value::Object(view)
}

fn balance(accounting: &Accounting) -> Value {
    let flows: Vec<Value> = accounting
        .flows
        .iter()
        .map(|f| json!({"place": f.place, "in": f.sent, "out": f.received, "dropped": f.dropped}))
        .collect();
    json!({"balanced": accounting.is_balanced(), "flows": flows})
}
