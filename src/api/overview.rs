//! `GET /overview`: counts of slots, workers and jobs, and the node's tags; every parameter is a tag to filter workers
//! by.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::query::{Query, query};
use super::routes::{Route, fixed, with};
use serde_json::{Map, json};
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let get = fixed("overview").and(with(context)).and(query()).then(overview);
    vec![Route::new(Method::GET, "/overview", get)]
}

async fn overview(context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    let overlay = context.scheduler.overlay();
    let tags = overlay.tags();
    let matched = query.pairs().iter().all(|wanted| tags.contains(wanted));
    let slots = if matched { overlay.slots() } else { Default::default() };
    let workers = if matched { "1" } else { "0" };
    let ended = context.history()?.counts();
    Ok(answer::json(&json!({
        "projectVersion": context.settings.project_version,
        "gitCommitAbbrev": env!("SEIKAN_COMMIT"),
        "totalSlot": slots.total.to_string(),
        "unassignedSlot": slots.free.to_string(),
        "works": workers,
        "runningJobs": overlay.list().len().to_string(),
        "finishedJobs": ended.finished.to_string(),
        "failedJobs": ended.failed.to_string(),
        "cancelledJobs": ended.canceled.to_string(),
        "workers": workers,
        "tags": tags.into_iter().map(|(name, value)| (name, value.into())).collect::<Map<_, _>>(),
    })))
}
