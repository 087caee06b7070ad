//! `POST /resume-jobs`: a copied data directory may run the jobs of its original from now on.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::routes::{Route, fixed, with};
use crate::access::Role;
use serde_json::json;
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let post = fixed("resume-jobs").and(with(context)).then(resume_jobs);
    vec![Route::new(Method::POST, "/resume-jobs", post).needs(Role::Admin)]
}

async fn resume_jobs(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let resumed = context.scheduler.resume_held().await?;
    let message = match resumed {
        0 => "0 jobs resumed: none was held.".to_owned(),
        resumed => format!("{resumed} jobs resumed."),
    };
    Ok(answer::json(&json!({"status": "success", "message": message})))
}
