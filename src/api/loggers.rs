//! `GET /loggers[/:name]`, `POST` and `DELETE /loggers/:name`: the levels of the server's log, changed while it runs.
//!
//! A name is a target of lines (`seikan::store`) or `ROOT`. A change lasts until it is taken back or the server ends.

use super::answer;
use super::body::{body, json_object};
use super::context::ApiContext;
use super::error::ApiError;
use super::query::{Query, Segment, query};
use super::routes::{Route, fixed, with};
use super::views;
use crate::access::Role;
use crate::options::convert;
use crate::runtime::LevelError;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let limit = context.settings.max_body_bytes;
    let named = || {
        warp::path("loggers")
            .and(warp::path::param::<Segment>())
            .and(warp::path::end())
            .and(with(context))
            .and(query())
    };
    let all = fixed("loggers").and(with(context)).and(query()).then(list);
    vec![
        Route::new(Method::GET, "/loggers", all),
        Route::new(Method::GET, "/loggers/:name", named().then(get)),
        Route::new(Method::POST, "/loggers/:name", named().and(body(limit)).then(set)).needs(Role::Admin),
        Route::new(Method::DELETE, "/loggers/:name", named().then(reset)).needs(Role::Admin),
    ]
}

async fn list(context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    check_scope(&query)?;
    let loggers: Vec<_> =
        context.logging.read(|levels| levels.list()).into_iter().map(views::logger).collect();
    Ok(answer::json(&json!({"node": context.settings.node(), "loggers": loggers})))
}

async fn get(name: Segment, context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    check_scope(&query)?;
    one(&context, &name.0, [])
}

/// `?level=DEBUG`, or the same in a body.
async fn set(
    name: Segment,
    context: Arc<ApiContext>,
    query: Query,
    body: Result<Bytes, ApiError>,
) -> Result<Response, ApiError> {
    check_scope(&query)?;
    let body = body?;
    let level = match query.get("level") {
        Some(level) => Some(level.to_owned()),
        None if body.is_empty() => None,
        None => json_object(&body)?.get("level").map(convert::to_text),
    };
    let level = level.ok_or_else(|| {
        ApiError::bad("The level is required, send it as ?level=DEBUG or as {\"level\":\"DEBUG\"}.")
    })?;
    let before = context.logging.change(|levels| levels.set(&name.0, &level))?;
    tracing::info!(logger = name.0, "the level of the log was changed from {before} to {level}");
    one(&context, &name.0, [("previousLevel", json!(before)), ("status", json!("SUCCESS"))])
}

async fn reset(name: Segment, context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    check_scope(&query)?;
    let now = context.logging.read(|levels| levels.get(&name.0))?;
    let before = context.logging.change(|levels| levels.reset(&name.0));
    let status = if before.is_some() { "SUCCESS" } else { "NO_OVERRIDE" };
    one(&context, &name.0, [("previousLevel", json!(before.unwrap_or(now.level))), ("status", json!(status))])
}

/// One level, with more of what was done.
fn one<const N: usize>(
    context: &ApiContext,
    name: &str,
    more: [(&str, Value); N],
) -> Result<Response, ApiError> {
    let level = context.logging.read(|levels| levels.get(name))?;
    let mut view = match json!(views::logger(level)) {
        Value::Object(view) => view,
        _ => Map::new(),
    };
    view.insert("node".to_owned(), json!(context.settings.node()));
    view.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Ok(answer::json(&view))
}

/// There is one node; both scopes mean it.
fn check_scope(query: &Query) -> Result<(), ApiError> {
    match query.get("scope") {
        Some(scope) if !["node", "cluster"].iter().any(|known| scope.eq_ignore_ascii_case(known)) => {
            Err(ApiError::bad(format!("Unknown scope '{scope}', valid scopes are: node, cluster")))
        }
        _ => Ok(()),
    }
}

impl From<LevelError> for ApiError {
    fn from(error: LevelError) -> Self {
        Self::bad(error.to_string())
    }
}
