//! `POST /stop-job` and `/stop-jobs`.

use super::answer;
use super::body::{body, json_array, json_object};
use super::context::ApiContext;
use super::error::ApiError;
use super::jobs::job_id;
use super::query::flag;
use super::routes::{Route, fixed, with};
use super::views;
use crate::model::JobId;
use crate::options::{Map, Tree, convert};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

/// `texts`: whether the id in the answer of stop-job is a text.
pub(super) fn routes(context: &Arc<ApiContext>, texts: bool) -> Vec<Route> {
    let limit = context.settings.max_body_bytes;
    let one = fixed("stop-job")
        .and(with(context))
        .and(body(limit))
        .then(move |context, body| stop_job(context, texts, body));
    let many = fixed("stop-jobs").and(with(context)).and(body(limit)).then(stop_jobs);
    vec![Route::new(Method::POST, "/stop-job", one), Route::new(Method::POST, "/stop-jobs", many)]
}

async fn stop_job(
    context: Arc<ApiContext>,
    texts: bool,
    body: Result<Bytes, ApiError>,
) -> Result<Response, ApiError> {
    let (id, savepoint) = request(&json_object(&body?)?)?;
    context.scheduler.stop(id, savepoint).await?;
    Ok(answer::json(&json!({"jobId": views::id_value(id, texts)})))
}

/// One element per item, in order; a refused item says why, the others are stopped. 400 when every item is refused.
async fn stop_jobs(context: Arc<ApiContext>, body: Result<Bytes, ApiError>) -> Result<Response, ApiError> {
    let mut answers: Vec<Value> = Vec::new();
    let mut refused = Vec::new();
    for (index, item) in json_array(&body?)?.iter().enumerate() {
        let wanted = match item {
            Tree::Map(map) => request(map),
            other => Err(ApiError::bad(format!("an object is wanted, not {}", other.kind()))),
        };
        match wanted {
            Ok((id, savepoint)) => {
                context.scheduler.stop(id, savepoint).await?;
                answers.push(json!({"jobId": views::id_value(id, context.settings.ids_as_strings)}));
            }
            Err(error) => {
                let mut element = serde_json::Map::from_iter([("jobId".to_owned(), Value::Null)]);
                element.extend(error.to_json());
                answers.push(Value::Object(element));
                refused.push(format!("[{index}]: {}", error.message));
            }
        }
    }
    if !refused.is_empty() && refused.len() == answers.len() {
        return Err(ApiError::bad(refused.join("\n")));
    }
    Ok(answer::json(&answers))
}

/// `jobId` (number or text), `isStopWithSavePoint`, and `force`, which waits for no savepoint; unknown keys are ignored.
fn request(item: &Map) -> Result<(JobId, bool), ApiError> {
    let id = match item.get("jobId") {
        None | Some(Tree::Null) => return Err(ApiError::bad("jobId cannot be empty.")),
        Some(Tree::Text(text)) if text.trim().is_empty() => {
            return Err(ApiError::bad("jobId cannot be empty."));
        }
        Some(value) => job_id(&convert::to_text(value))?,
    };
    let asked = |name: &str| match item.get(name) {
        None | Some(Tree::Null) => Ok(false),
        Some(value) => flag(name, &convert::to_text(value)),
    };
    let (savepoint, force) = (asked("isStopWithSavePoint")?, asked("force")?);
    Ok((id, savepoint && !force))
}
