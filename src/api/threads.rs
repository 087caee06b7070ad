//! `GET /thread-dump` and `/running-threads`: the threads of this process, as the system knows them.
//!
//! A stack can't be read from outside of a thread; where it waits in the kernel is shown, if the system tells.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::routes::{Route, fixed};
use crate::runtime;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(_context: &Arc<ApiContext>) -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/thread-dump", fixed("thread-dump").then(thread_dump)),
        Route::new(Method::GET, "/running-threads", fixed("running-threads").then(running_threads)),
    ]
}

/// One thread.
struct OsThread {
    id: u64,
    name: String,
    state: &'static str,
    waits_in: String,
}

async fn thread_dump() -> Result<Response, ApiError> {
    let threads: Vec<Value> = (threads().await?.into_iter())
        .map(|OsThread { id, name, state, waits_in }| {
            json!({"threadName": name, "threadId": id, "threadState": state, "stackTrace": waits_in})
        })
        .collect();
    Ok(answer::json(&threads))
}

/// By name. There are no class loaders here.
async fn running_threads() -> Result<Response, ApiError> {
    let mut threads = threads().await?;
    threads.sort_by(|a, b| a.name.cmp(&b.name));
    let threads: Vec<Value> =
        threads.into_iter().map(|thread| json!({"threadName": thread.name, "classLoader": "none"})).collect();
    Ok(answer::json(&threads))
}

async fn threads() -> Result<Vec<OsThread>, ApiError> {
    let read = runtime::blocking(|| {
        let tasks = std::fs::read_dir("/proc/self/task")?;
        // A thread may end while it is looked at.
        let mut threads: Vec<OsThread> = tasks.filter_map(|task| look_at(&task.ok()?.path())).collect();
        threads.sort_by_key(|thread| thread.id);
        Ok(threads)
    });
    let failed = |error: String| ApiError::new(ErrorCode::Internal, format!("the threads: {error}"));
    read.await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error: std::io::Error| failed(error.to_string()))
}

fn look_at(task: &Path) -> Option<OsThread> {
    let id = task.file_name()?.to_str()?.parse().ok()?;
    let name = std::fs::read_to_string(task.join("comm")).ok()?.trim_end().to_owned();
    let stat = std::fs::read_to_string(task.join("stat")).ok()?;
    // The name before it may hold anything, a bracket too.
    let state = stat.rsplit_once(") ")?.1.chars().next()?;
    let waits_in = match std::fs::read_to_string(task.join("wchan")) {
        Ok(place) if !place.is_empty() && place != "0" => format!("waits in the kernel: {place}"),
        Ok(_) | Err(_) => String::new(),
    };
    Some(OsThread { id, name, state: java_state(state), waits_in })
}

/// The state as clients of a JVM know it. Whether a wait has an end the system does not tell.
fn java_state(state: char) -> &'static str {
    match state {
        'R' => "RUNNABLE",
        'D' => "BLOCKED",
        'Z' | 'X' => "TERMINATED",
        _ => "WAITING",
    }
}
