//! `GET /health`: live (the process answers) and ready (it takes jobs; else why not, such as a full disk), with what the
//! store has to say. While the history is being loaded the server is ready, and `loading` tells how far it is.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::routes::{Route, fixed, with};
use super::views;
use crate::runtime::clock;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let get = fixed("health").and(with(context)).then(health);
    vec![Route::new(Method::GET, "/health", get)]
}

/// For those who have not said who they are: whether the server lives and takes jobs, and nothing else.
pub(super) fn anonymous(context: &Arc<ApiContext>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    let get = warp::get().or(warp::head()).unify().and(fixed("health"));
    get.map(move || {
        let store = context.store.read();
        let ready = store.failed.is_none() && store.no_space.is_none();
        answer::json_with(status(ready), &json!({"live": true, "ready": ready}))
    })
    .boxed()
}

fn status(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn health(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let store = context.store.read();
    let overlay = context.scheduler.overlay();
    let not_ready = store.failed.as_ref().or(store.no_space.as_ref());
    let ready = not_ready.is_none();
    let data_dir = &context.settings.data_dir;
    Ok(answer::json_with(
        status(ready),
        &json!({
            "live": true,
            "ready": ready,
            "notReady": not_ready,
            "uptimeSeconds": (clock() - context.started) / 1000,
            "version": env!("CARGO_PKG_VERSION"),
            "commit": env!("SEIKAN_COMMIT"),
            "loading": views::loading(store.loading.as_ref()),
            "heldCopy": overlay.held().map(|reason| held(&reason, &context.settings.context_path)),
            "runningJobs": overlay.list().len(),
            "threadsGivenUp": (context.threads_given_up)(),
            "connections": context.connections.open.load(Ordering::Relaxed),
            "store": {
                "failed": store.failed,
                "indexFailed": store.index_failed,
                "indexRebuilt": store.index_rebuilt,
                "indexRebuilds": store.index_rebuilds,
                "segments": store.segments,
                "bytes": store.bytes,
                "sequence": store.sequence,
                "indexLag": store.index_lag,
                "archiveFiles": store.archive_files,
                "archiveBytes": store.archive_bytes,
                "foldFailed": store.fold_failed,
                "notes": store.notes,
            },
            "dataDir": {
                "path": std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.clone()),
                "freeBytes": store.room.map(|room| room.free),
                "totalBytes": store.room.map(|room| room.total),
            },
        }),
    ))
}

/// Why this is a copy, and what to do.
fn held(reason: &str, context_path: &str) -> String {
    format!(
        "{reason}; jobs that had not ended are held: run them with `serve --resume` or POST {context_path}/resume-jobs"
    )
}
