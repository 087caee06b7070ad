//! `GET /jobs/checkpoints/:jobId` and `/jobs/checkpoints/history/:jobId`: the checkpoints of a job since the server
//! started; of one that had none since, the checkpoint that is stored.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::jobs::job_id;
use super::query::{Query, Segment, query};
use super::routes::{Route, with};
use super::views::{self, Checkpoints};
use crate::model::{DagInfo, JobId};
use crate::runtime::clock;
use crate::scheduler::{CheckpointBook, CheckpointNote};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

/// Entries of a history that asks for no number.
const ENTRIES: usize = 20;
/// The largest number that may be asked for.
const MOST: usize = 1000;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let base = || warp::path("jobs").and(warp::path("checkpoints"));
    let overview = base()
        .and(warp::path::param::<Segment>())
        .and(warp::path::end())
        .and(with(context))
        .then(|id: Segment, context| overview(context, id.0));
    let history = base()
        .and(warp::path("history"))
        .and(warp::path::param::<Segment>())
        .and(warp::path::end())
        .and(with(context))
        .and(query())
        .then(|id: Segment, context, query| history(context, id.0, query));
    vec![
        Route::new(Method::GET, "/jobs/checkpoints/:jobId", overview),
        Route::new(Method::GET, "/jobs/checkpoints/history/:jobId", history),
    ]
}

async fn overview(context: Arc<ApiContext>, typed: String) -> Result<Response, ApiError> {
    let id = job_id(&typed)?;
    Ok(match found(&context, id)? {
        None => answer::json(&json!({"jobId": id.to_string()})),
        Some((dag, book)) => {
            answer::json(&Checkpoints { id, now: clock(), pipelines: dag.pipelines(), book: &book }.view())
        }
    })
}

async fn history(context: Arc<ApiContext>, typed: String, query: Query) -> Result<Response, ApiError> {
    let id = job_id(&typed)?;
    let number = |name: &str, most: usize| {
        let parse = |text: &str| {
            let number = text.trim().parse::<usize>().ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| {
                ApiError::bad(format!(
                    "{name}: \"{text}\" is not allowed here; allowed: numbers from 1 to {most}"
                ))
            })
        };
        query.get(name).map(parse).transpose()
    };
    let pipeline = number("pipelineId", u32::MAX as usize)?;
    let limit = number("limit", MOST)?.unwrap_or(ENTRIES);
    let status = match query.get("status").map(|status| (status, status.trim().to_ascii_uppercase())) {
        None => None,
        Some((_, status)) if ["COMPLETED", "FAILED", "CANCELED"].contains(&status.as_str()) => Some(status),
        Some((typed, _)) => {
            let message =
                format!("status: \"{typed}\" is not allowed here; allowed: COMPLETED, FAILED, CANCELED");
            return Err(ApiError::bad(message));
        }
    };
    let Some((dag, book)) = found(&context, id)? else {
        return Ok(answer::json(&json!([])));
    };
    let pipelines =
        dag.pipelines().into_iter().filter(|id| pipeline.is_none_or(|wanted| wanted == *id as usize));
    Ok(answer::json(&views::checkpoint_history(&book, pipelines, status.as_deref(), limit)))
}

/// The graph of a job, and what is known of its checkpoints; `None` for an unknown job.
fn found(context: &ApiContext, id: JobId) -> Result<Option<(DagInfo, CheckpointBook)>, ApiError> {
    let overlay = context.scheduler.overlay();
    let dag = match overlay.get(id) {
        Some(live) => live.record.dag.clone(),
        None => match context.reader.record(id)? {
            Some(record) => record.dag,
            None => return Ok(None),
        },
    };
    let book = match overlay.checkpoints(id) {
        Some(book) => book,
        None => match context.reader.checkpoint(id)? {
            Some((checkpoint, _)) => {
                let notes = VecDeque::from([CheckpointNote::of(&checkpoint)]);
                CheckpointBook { completed: 1, notes, ..CheckpointBook::default() }
            }
            None => CheckpointBook::default(),
        },
    };
    Ok(Some((dag, book)))
}
