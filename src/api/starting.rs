//! What is served before the store is open: `GET /health` tells how far the start has come, all else is refused for now.

use super::answer;
use super::error::ApiError;
use super::gate::Challenge;
use super::routes::{Trees, anonymous, fixed, under};
use super::views;
use crate::store::Progress;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

/// The trees of a server that is starting. None rejects.
pub(super) fn trees(context_path: &str, progress: &Progress, challenge: &Challenge) -> Trees {
    let (told, refused) = (progress.clone(), progress.clone());
    let known = get().map(move || health(&told)).boxed();
    let rest = warp::any().map(move || refusal(&refused).into_response());
    let alive = json!({"live": true, "ready": false});
    let alive = get().map(move || answer::json_with(StatusCode::SERVICE_UNAVAILABLE, &alive)).boxed();
    Trees::new(anonymous(context_path, alive, challenge), under(context_path, known).or(rest).unify().boxed())
}

fn get() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::get().or(warp::head()).unify().and(fixed("health"))
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
