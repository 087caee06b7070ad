//! `GET /jobs/:id/events`: the event log of a job, as a list, or followed live.
//!
//! The log lies in the job's record, and older lines beside it, so a line is as durable as the change that it tells of.
//! `follow=true` or `Accept: text/event-stream` asks for a stream of server-sent events (`follow`).

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::follow;
use super::jobs::{job_id, no_such_job};
use super::query::{Query, Segment, flag, query};
use super::routes::{Route, with};
use super::views;
use crate::model::{JobId, JobRecord};
use std::sync::Arc;
use warp::Filter;
use warp::http::{HeaderMap, Method, StatusCode, header};
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let get = warp::path("jobs")
        .and(warp::path::param::<Segment>())
        .and(warp::path("events"))
        .and(warp::path::end())
        .and(with(context))
        .and(query())
        .and(warp::header::headers_cloned())
        .then(|id: Segment, context, query, headers| events(context, id.0, query, headers));
    vec![Route::new(Method::GET, "/jobs/:jobId/events", get)]
}

/// A job with all events that are kept, wherever it is.
pub(super) fn whole_record(context: &ApiContext, id: JobId) -> Result<Arc<JobRecord>, ApiError> {
    if let Some(job) = context.scheduler.overlay().get(id) {
        return Ok(job.record);
    }
    let record = context.reader.whole_record(id)?;
    record.map(Arc::new).ok_or_else(|| no_such_job(id))
}

async fn events(
    context: Arc<ApiContext>,
    typed: String,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = job_id(&typed)?;
    let number = |name: &str| query.get(name).map(|text| number(name, text)).transpose();
    let (after, limit) = (number("after")?, number("limit")?);
    let wants_stream = match query.get("follow") {
        Some(typed) => flag("follow", typed)?,
        None => is_stream(&headers),
    };
    let record = whole_record(&context, id)?;
    if wants_stream {
        let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::trim);
        let last = last.filter(|last| !last.is_empty()).map(|last| self::number("Last-Event-ID", last));
        let after = last.transpose()?.or(after).unwrap_or(0);
        let nothing_more = record.events.last().is_none_or(|event| event.seq <= after);
        if last_was_given(&headers) && record.state.is_end() && nothing_more {
            // A client that connects again has all: this status tells it to stop.
            return Ok(answer::empty(StatusCode::NO_CONTENT));
        }
        return Ok(follow::stream(context, id, after));
    }
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let wanted = record.events.iter().filter(|event| event.seq > after.unwrap_or(0)).take(limit);
    Ok(answer::json(&wanted.map(views::Event::of).collect::<Vec<_>>()))
}

fn last_was_given(headers: &HeaderMap) -> bool {
    headers.contains_key("last-event-id")
}

fn is_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|one| {
        one.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("text/event-stream"))
    })
}

fn number(name: &str, typed: &str) -> Result<u64, ApiError> {
    typed.trim().parse().map_err(|_| {
        ApiError::bad(format!(
            "{name}: \"{typed}\" is not allowed here; allowed: a number from 0 to {}",
            u64::MAX
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_asked_for_by_its_type() {
        for (accept, wanted) in [
            ("text/event-stream", true),
            ("text/html, Text/Event-Stream;q=0.9", true),
            ("application/json", false),
            ("*/*", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(is_stream(&headers), wanted, "{accept}");
        }
        assert!(!is_stream(&HeaderMap::new()));
    }
}
