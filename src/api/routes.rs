//! Joins the resources under the context path, and answers what no resource took.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::{
    backups, encrypt, events, health, history, jobs, lifecycle, metrics, monitoring, option_rules, overview,
    resume, stop, submit, tags,
};
use percent_encoding::percent_decode_str;
use std::convert::Infallible;
use std::sync::Arc;
use warp::filters::BoxedFilter;
use warp::http::header::{ALLOW, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection};

/// One path with one method, and the filter that serves it.
pub(super) struct Route {
    /// `/job-info/:jobId`.
    pub(super) path: &'static str,
    /// GET (which serves HEAD too), POST or DELETE.
    pub(super) method: Method,
    /// Serves it; rejects what isn't its own.
    pub(super) filter: BoxedFilter<(Response,)>,
}

impl Route {
    /// A route whose handlers answer a result.
    pub(super) fn new<F>(method: Method, path: &'static str, filter: F) -> Self
    where
        F: Filter<Extract = (Result<Response, ApiError>,), Error = Rejection> + Clone + Send + Sync + 'static,
    {
        let answered =
            filter.map(|result: Result<Response, ApiError>| result.unwrap_or_else(ApiError::into_response));
        let filter = match method {
            Method::GET => warp::get().or(warp::head()).unify().and(answered).boxed(),
            Method::DELETE => warp::delete().and(answered).boxed(),
            _ => warp::post().and(answered).boxed(),
        };
        Self { path, method, filter }
    }
}

/// Matches exactly this one segment and what follows; a trailing slash is fine.
pub(super) fn fixed(segment: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::path(segment).and(warp::path::end())
}

/// Gives the context to a handler.
pub(super) fn with(
    context: &Arc<ApiContext>,
) -> impl Filter<Extract = (Arc<ApiContext>,), Error = Infallible> + Clone + use<> {
    let context = Arc::clone(context);
    warp::any().map(move || Arc::clone(&context))
}

/// The whole tree. Never rejects: what no resource takes is answered here.
pub(super) fn tree(context: &Arc<ApiContext>) -> BoxedFilter<(Response,)> {
    let resources = [
        overview::routes(context),
        jobs::routes(context),
        history::routes(context),
        events::routes(context),
        lifecycle::routes(context),
        submit::routes(context),
        stop::routes(context),
        encrypt::routes(context),
        tags::routes(context),
        monitoring::routes(context),
        resume::routes(context),
        option_rules::routes(context),
        backups::routes(context),
        health::routes(context),
        metrics::routes(context),
    ];
    let routes: Vec<Route> = resources.into_iter().flatten().collect();
    let known: Arc<[(&'static str, Method)]> = routes.iter().map(|r| (r.path, r.method.clone())).collect();
    let none = warp::any().and_then(|| async { Err::<Response, _>(warp::reject::not_found()) }).boxed();
    let served = routes.into_iter().fold(none, |tree, route| route.filter.or(tree).unify().boxed());

    let prefix: Arc<str> = context.settings.context_path.as_str().into();
    let rest = warp::method()
        .and(warp::path::full())
        .map(move |method: Method, path: FullPath| unserved(&method, path.as_str(), &prefix, &known));
    under(&context.settings.context_path, served).or(rest).unify().boxed()
}

/// Puts `served` under a context path such as `/a/b`.
pub(super) fn under(context_path: &str, served: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    let segments = context_path.split('/').filter(|s| !s.is_empty()).map(str::to_owned);
    segments.rev().fold(served, |inner, segment| warp::path(segment).and(inner).boxed())
}

/// Answers what no resource took: OPTIONS, a wrong method, an unknown path.
fn unserved(method: &Method, path: &str, prefix: &str, known: &[(&str, Method)]) -> Response {
    let inside = path.strip_prefix(prefix).unwrap_or("");
    if percent_decode_str(inside).decode_utf8().is_err() {
        return ApiError::bad(format!("the path {path} holds bytes that are no UTF-8")).into_response();
    }
    let methods: Vec<&str> = known
        .iter()
        .filter(|(pattern, _)| matches(pattern, inside))
        .flat_map(|(_, method)| match *method {
            Method::GET => &["GET", "HEAD"][..],
            Method::DELETE => &["DELETE"][..],
            _ => &["POST"][..],
        })
        .copied()
        .collect();
    if methods.is_empty() || methods.contains(&method.as_str()) {
        return ApiError::new(ErrorCode::NotFound, format!("there is nothing at {path}")).into_response();
    }
    let allow = format!("{}, OPTIONS", methods.join(", "));
    if *method == Method::OPTIONS {
        let mut response = answer::raw(StatusCode::OK, Vec::new());
        if let Ok(allow) = HeaderValue::from_str(&allow) {
            response.headers_mut().insert(ALLOW, allow);
        }
        return response;
    }
    let message = format!("{path} does not take {method}; allowed: {allow}");
    ApiError { allow: Some(allow), ..ApiError::new(ErrorCode::MethodNotAllowed, message) }.into_response()
}

/// Whether a path is of a pattern; segments that start with `:` match anything.
fn matches(pattern: &str, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.trim_end_matches('/').split('/').skip(1).map(str::to_owned).collect()
    };
    let (pattern, path) = (parts(pattern), parts(path));
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(p, s)| p.starts_with(':') || p == s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches("/overview", "/overview"));
        assert!(matches("/overview", "/overview/"));
        assert!(matches("/job-info/:jobId", "/job-info/1"));
        assert!(!matches("/job-info/:jobId", "/job-info"));
        assert!(!matches("/overview", "/overviewx"));
        assert!(!matches("/overview", ""));
    }
}
