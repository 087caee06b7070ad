//! `POST /update-tags`: replaces the tags of this node; `{}` clears them.

use super::answer;
use super::body::{body, json_object};
use super::context::ApiContext;
use super::error::ApiError;
use super::routes::{Route, fixed, with};
use crate::options::{Tree, convert};
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let limit = context.settings.max_body_bytes;
    let post = fixed("update-tags").and(with(context)).and(body(limit)).then(update_tags);
    vec![Route::new(Method::POST, "/update-tags", post)]
}

async fn update_tags(context: Arc<ApiContext>, body: Result<Bytes, ApiError>) -> Result<Response, ApiError> {
    let body = body?;
    let map = json_object(&body).map_err(|error| match body.is_empty() {
        true => error,
        false => ApiError::bad("Invalid JSON format in request body."),
    })?;
    let text = |value: &Tree| match value {
        Tree::Null => String::new(),
        other => convert::to_text(other),
    };
    let tags = map.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    context.scheduler.set_tags(tags).await?;
    Ok(answer::json(&json!({"status": "success", "message": "update node tags done."})))
}
