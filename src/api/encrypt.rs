//! `POST /encrypt-config`: the same job with its secrets encoded, everything else as it was.

use super::answer;
use super::body::{body, json};
use super::context::ApiContext;
use super::error::ApiError;
use super::routes::{Route, fixed, with};
use bytes::Bytes;
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let limit = context.settings.max_body_bytes;
    let post = fixed("encrypt-config").and(with(context)).and(body(limit)).then(encrypt);
    vec![Route::new(Method::POST, "/encrypt-config", post)]
}

async fn encrypt(context: Arc<ApiContext>, body: Result<Bytes, ApiError>) -> Result<Response, ApiError> {
    Ok(answer::json(&context.settings.plan_defaults.shade.encrypt(&json(&body?)?)?))
}
