//! `POST /backups`: a backup of the data directory, made while the server goes on; `GET /backups`: those that are there.
//!
//! Both use the configured directory only: a client can't choose where the server writes. One backup is made at a time;
//! it goes on to its end even if the client has gone. A list looks at the sizes of files; `seikan backup verify` reads
//! them.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::routes::{Route, fixed, with};
use super::views;
use crate::access::Role;
use crate::runtime::{self, Ended};
use crate::store::backup;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

/// What the states in a list mean.
const JUDGED_BY: &str = "presence and sizes of the files; `seikan backup verify` reads every byte";

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let get = fixed("backups").and(with(context)).then(list);
    let post = fixed("backups").and(with(context)).then(create);
    vec![
        Route::new(Method::GET, "/backups", get),
        Route::new(Method::POST, "/backups", post).needs(Role::Admin),
    ]
}

async fn list(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let dir = directory(&context)?;
    let looked_at = dir.clone();
    // Until the first backup the directory need not be there.
    let list = move || if looked_at.exists() { backup::list(&looked_at) } else { Ok(Vec::new()) };
    let backups = runtime::blocking(list).await.map_err(died)??;
    let backups: Vec<_> = backups.iter().map(views::backup).collect();
    Ok(answer::json(
        &json!({"directory": dir.display().to_string(), "backups": backups, "judgedBy": JUDGED_BY}),
    ))
}

async fn create(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let dir = directory(&context)?;
    let turn = Turn::take(&context.backup_runs).ok_or_else(|| {
        ApiError::new(ErrorCode::Conflict, "a backup is being made already; try again when it is done")
    })?;
    let data_dir = context.settings.data_dir.clone();
    let made = runtime::blocking(move || {
        let made = backup::create(&data_dir, &dir);
        drop(turn);
        made
    });
    let made = made.await.map_err(died)??;
    tracing::info!(path = %made.backup.path.display(), bytes = made.backup.bytes, "a backup was made");
    Ok(answer::json(&views::created(&made)))
}

/// The configured directory, in full: a client need not know where the server works.
fn directory(context: &ApiContext) -> Result<PathBuf, ApiError> {
    let dir = context.settings.backup_dir.as_deref().ok_or_else(|| {
        ApiError::bad(
            "this server makes no backups: its configuration sets no seatunnel.engine.store.backup-dir; \
             `seikan backup create` makes one without it",
        )
    })?;
    std::path::absolute(dir).map_err(|error| {
        ApiError::new(ErrorCode::Internal, format!("store.backup-dir {}: {error}", dir.display()))
    })
}

fn died(error: Ended) -> ApiError {
    ApiError::new(ErrorCode::Internal, format!("the work on backups {error}"))
}

/// The right to make a backup; given back when dropped.
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(runs: &Arc<AtomicBool>) -> Option<Self> {
        (!runs.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(runs)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
