//! What is served before the store is open: `GET /health` tells how far the start has come, all else is refused for now.

use super::answer;
use super::error::ApiError;
use super::routes::{fixed, under};
use super::views;
use crate::store::Progress;
use serde_json::json;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

/// The tree of a server that is starting. Never rejects.
pub(super) fn tree(context_path: &str, progress: &Progress) -> BoxedFilter<(Response,)> {
    let (told, refused) = (progress.clone(), progress.clone());
    let get = warp::get().or(warp::head()).unify().and(fixed("health")).map(move || health(&told)).boxed();
    under(context_path, get).or(warp::any().map(move || refusal(&refused).into_response())).unify().boxed()
}

/// Live, as it answers, and not ready, as it takes no jobs.
fn health(progress: &Progress) -> Response {
    let body = json!({
        "live": true,
        "ready": false,
        "version": env!("CARGO_PKG_VERSION"),
        "commit": env!("SEIKAN_COMMIT"),
        "starting": views::starting(progress.read().as_ref()),
    });
    let mut response = refusal(progress).into_response();
    *response.body_mut() = answer::json_with(StatusCode::SERVICE_UNAVAILABLE, &body).into_body();
    response
}

fn refusal(progress: &Progress) -> ApiError {
    match progress.read() {
        None => ApiError::not_yet("the server is starting; try again in a moment", 1),
        Some(loading) => ApiError::not_yet(
            format!("the server is starting ({loading}); try again in a moment"),
            views::retry_after(&loading),
        ),
    }
}
