//! What is served before the store is open: `GET /health` tells how far the start has come, all else is refused for now.

use super::answer;
use super::error::ApiError;
use super::gate::Challenge;
use super::routes::{fixed, under};
use super::trees::{Trees, anonymous};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use http_body::Body;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use std::pin::Pin;

    #[test]
    fn who_is_not_known_learns_only_that_it_is_alive() {
        let trees = trees("/x", &Progress::default(), &Challenge::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ask = |may: Option<Role>, path: &str| {
            let service = TowerToHyperService::new(warp::service(trees.of(may, path).clone()));
            let request = warp::http::Request::get(path).body(String::new()).unwrap();
            let answer = runtime.block_on(service.call(request)).unwrap();
            let (status, mut body) = (answer.status().as_u16(), answer.into_body());
            let frame = runtime.block_on(std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)));
            let bytes = frame.unwrap().unwrap().into_data().unwrap();
            (status, String::from_utf8_lossy(&bytes).into_owned())
        };
        assert_eq!(ask(None, "/x/health"), (503, r#"{"live":true,"ready":false}"#.to_owned()));
        assert_eq!(ask(None, "/x/overview").0, 401);
        assert_eq!(ask(None, "/health").0, 401);
        let (status, body) = ask(Some(Role::Read), "/x/health");
        assert!(status == 503 && body.contains("\"version\""), "{body}");
        assert_eq!(ask(Some(Role::Read), "/x/overview").0, 503);
    }
}
