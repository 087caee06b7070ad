//! `GET /pending-jobs`: who waits for slots, since when and why, with the slots there are.
//!
//! `jobId` and `limit` narrow the list, `pretty` is for people; every other parameter is a tag to filter workers by.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::query::{Query, flag, query};
use super::routes::{Route, fixed, with};
use super::views::{self, Pending};
use crate::model::{JobId, JobState};
use crate::runtime::clock;
use crate::scheduler::LiveJob;
use std::sync::Arc;
use warp::Filter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let get = fixed("pending-jobs").and(with(context)).and(query()).then(pending_jobs);
    vec![Route::new(Method::GET, "/pending-jobs", get)]
}

async fn pending_jobs(context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    let invalid =
        |name: &str, typed: &str| ApiError::bad(format!("Invalid {name}: \"{typed}\" is not a number"));
    let wanted: Option<JobId> = match query.get("jobId") {
        None => None,
        Some(typed) => Some(typed.trim().parse().map_err(|_| invalid("jobId", typed))?),
    };
    let limit: Option<usize> = match query.get("limit") {
        None => None,
        Some(typed) => Some(typed.trim().parse().map_err(|_| invalid("limit", typed))?),
    };
    let pretty = query.get("pretty").map(|typed| flag("pretty", typed)).transpose()?.unwrap_or(false);
    let overlay = context.scheduler.overlay();
    let tags = overlay.tags();
    let is_tag = |name: &str| !["jobId", "limit", "pretty"].contains(&name);
    let matched = query.pairs().iter().filter(|(name, _)| is_tag(name)).all(|pair| tags.contains(pair));
    let (mut pending, running): (Vec<LiveJob>, Vec<LiveJob>) =
        overlay.list().into_iter().partition(|job| job.record.state == JobState::Pending);
    pending.sort_by_key(|job| (job.queue_position.unwrap_or(usize::MAX), job.record.created, job.record.id));
    let view = views::pending_jobs(&Pending {
        now: clock(),
        pretty,
        strategy: if context.settings.reject_when_full { "REJECT" } else { "WAIT" },
        address: &context.settings.node(),
        tags: &tags,
        matched,
        slots: overlay.slots(),
        load: context.monitor.load(),
        pending: &pending,
        running: &running,
        wanted,
        limit: limit.unwrap_or(usize::MAX),
    });
    if pretty {
        let text = serde_json::to_vec_pretty(&view).unwrap_or_default();
        return Ok(answer::raw(StatusCode::OK, text));
    }
    Ok(answer::json(&view))
}
