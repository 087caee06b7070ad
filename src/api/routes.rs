//! Joins the resources under the context path, and answers what no resource took.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::{
    backups, checkpoints, encrypt, events, health, history, jobs, lifecycle, loggers, logs, metrics,
    monitoring, openapi, option_rules, overview, pending, resume, stop, submit, tags, threads, v1,
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
    pub(super) path: String,
    /// GET (which serves HEAD too), POST, PUT or DELETE.
    pub(super) method: Method,
    /// Serves the path, whatever the method; rejects what isn't its own.
    pub(super) handler: BoxedFilter<(Response,)>,
}

impl Route {
    /// A route whose handlers answer a result.
    pub(super) fn new<F>(method: Method, path: &'static str, filter: F) -> Self
    where
        F: Filter<Extract = (Result<Response, ApiError>,), Error = Rejection> + Clone + Send + Sync + 'static,
    {
        let handler =
            filter.map(|result: Result<Response, ApiError>| result.unwrap_or_else(ApiError::into_response));
        Self { path: path.to_owned(), method, handler: handler.boxed() }
    }

    /// Serves the path with its method.
    fn filter(self) -> BoxedFilter<(Response,)> {
        match self.method {
            Method::GET => warp::get().or(warp::head()).unify().and(self.handler).boxed(),
            Method::DELETE => warp::delete().and(self.handler).boxed(),
            Method::PUT => warp::put().and(self.handler).boxed(),
            _ => warp::post().and(self.handler).boxed(),
        }
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
        submit::routes(context, context.settings.ids_as_strings),
        stop::routes(context, context.settings.ids_as_strings),
        encrypt::routes(context),
        tags::routes(context),
        monitoring::routes(context),
        resume::routes(context),
        option_rules::routes(context),
        backups::routes(context),
        checkpoints::routes(context),
        health::routes(context),
        pending::routes(context),
        threads::routes(context),
        loggers::routes(context),
        logs::routes(context),
        metrics::routes(context),
    ];
    let mut newer: Vec<Route> = resources.into_iter().flatten().collect();
    let older = v1::routes(context, &newer);
    let prefix = context.settings.context_path.as_str();
    newer.push(openapi::route(prefix, &newer, &older));
    let listed = |prefix: &str, routes: &[Route]| -> Vec<(String, Method)> {
        routes.iter().map(|route| (format!("{prefix}{}", route.path), route.method.clone())).collect()
    };
    let known: Arc<[(String, Method)]> = [listed(prefix, &newer), listed("", &older)].concat().into();
    let rest = warp::method()
        .and(warp::path::full())
        .map(move |method: Method, path: FullPath| unserved(&method, path.as_str(), &known));
    under(prefix, joined(newer)).or(joined(older)).unify().or(rest).unify().boxed()
}

fn joined(routes: Vec<Route>) -> BoxedFilter<(Response,)> {
    let none = warp::any().and_then(|| async { Err::<Response, _>(warp::reject::not_found()) }).boxed();
    routes.into_iter().fold(none, |tree, route| route.filter().or(tree).unify().boxed())
}

/// Puts `served` under a context path such as `/a/b`.
pub(super) fn under(context_path: &str, served: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    let segments = context_path.split('/').filter(|s| !s.is_empty()).map(str::to_owned);
    segments.rev().fold(served, |inner, segment| warp::path(segment).and(inner).boxed())
}

/// Answers what no resource took: OPTIONS, a wrong method, an unknown path.
fn unserved(method: &Method, path: &str, known: &[(String, Method)]) -> Response {
    if percent_decode_str(path).decode_utf8().is_err() {
        return ApiError::bad(format!("the path {path} holds bytes that are no UTF-8")).into_response();
    }
    let methods: Vec<&str> = known
        .iter()
        .filter(|(pattern, _)| matches(pattern, path))
        .flat_map(|(_, method)| match *method {
            Method::GET => &["GET", "HEAD"][..],
            Method::DELETE => &["DELETE"][..],
            Method::PUT => &["PUT"][..],
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
