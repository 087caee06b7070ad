//! `POST /jobs/:id/rerun`, `/pause`, `/resume` and `DELETE /jobs/:id`: what is done with a job that is there.
//!
//! Pause is a stop with savepoint, resume goes on from it under the same id, rerun runs the stored text again as a new job.
//! A job in the wrong state is left alone and answered 409, one that isn't there 404.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::jobs::{job_id, no_such_job};
use super::query::{Query, Segment, query};
use super::routes::{Route, with};
use super::submit::{Params, submit_stored};
use super::views;
use crate::access::Role;
use crate::model::{JobId, JobRecord, JobTexts, Origin};
use crate::scheduler::Submitted;
use serde_json::json;
use std::sync::Arc;
use warp::http::Method;
use warp::reply::Response;
use warp::{Filter, Rejection};

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let of_job =
        |action: &'static str| job().and(warp::path(action)).and(warp::path::end()).and(with(context));
    let rerun = of_job("rerun").and(query()).then(rerun);
    let pause = of_job("pause").then(pause);
    let resume = of_job("resume").then(resume);
    let delete = job().and(warp::path::end()).and(with(context)).then(delete);
    vec![
        Route::new(Method::POST, "/jobs/:jobId/rerun", rerun),
        Route::new(Method::POST, "/jobs/:jobId/pause", pause),
        Route::new(Method::POST, "/jobs/:jobId/resume", resume),
        Route::new(Method::DELETE, "/jobs/:jobId", delete).needs(Role::Admin),
    ]
}

fn job() -> impl Filter<Extract = (Segment,), Error = Rejection> + Copy {
    warp::path("jobs").and(warp::path::param::<Segment>())
}

async fn rerun(id: Segment, context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    let record = ended(&context, job_id(&id.0)?)?;
    let name = query.get("jobName").map_or(record.name, str::to_owned);
    let params = Params { name: Some(name), origin: Some(Origin::Rerun), ..Params::default() };
    let texts = texts(&context, record.id)?;
    Ok(submitted(&context, &submit_stored(&context, params, texts).await?))
}

async fn pause(id: Segment, context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let id = job_id(&id.0)?;
    if context.scheduler.overlay().get(id).is_none() {
        let record = ended(&context, id)?;
        let message = format!("job {id} has ended ({}): there is nothing to pause", record.state);
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    context.scheduler.stop(id, true).await?;
    Ok(answer::json(&json!({"jobId": views::id_value(id, context.settings.ids_as_strings)})))
}

async fn resume(id: Segment, context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let record = ended(&context, job_id(&id.0)?)?;
    let params =
        Params { id: Some(record.id), name: Some(record.name), from_savepoint: true, ..Params::default() };
    let texts = texts(&context, record.id)?;
    Ok(submitted(&context, &submit_stored(&context, params, texts).await?))
}

async fn delete(id: Segment, context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let record = ended(&context, job_id(&id.0)?)?;
    context.scheduler.delete(record.id).await?;
    Ok(answer::json(&json!({"jobId": views::id_value(record.id, context.settings.ids_as_strings)})))
}

/// The record of a job that has ended.
fn ended(context: &ApiContext, id: JobId) -> Result<JobRecord, ApiError> {
    if let Some(live) = context.scheduler.overlay().get(id) {
        let message = format!("job {id} has not ended ({}): stop it first", live.record.state);
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    context.reader.record(id)?.ok_or_else(|| no_such_job(id))
}

fn texts(context: &ApiContext, id: JobId) -> Result<JobTexts, ApiError> {
    let missing =
        || ApiError::new(ErrorCode::Conflict, format!("the text of job {id} is lost: submit it anew"));
    context.reader.texts(id)?.ok_or_else(missing)
}

fn submitted(context: &ApiContext, done: &Submitted) -> Response {
    let id = views::id_value(done.id, context.settings.ids_as_strings);
    answer::json(&json!({"jobId": id, "jobName": done.name}))
}
