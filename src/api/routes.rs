//! Joins the resources under the context path, and answers what no resource took.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::gate::Challenge;
use super::{
    backups, encrypt, health, jobs, metrics, monitoring, option_rules, overview, resume, stop, submit, tags,
};
use crate::access::Role;
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
    /// GET (which serves HEAD too) or POST.
    pub(super) method: Method,
    /// Who may ask, where authentication is on.
    pub(super) role: Role,
    /// Serves it; rejects what isn't its own.
    pub(super) filter: BoxedFilter<(Response,)>,
}

impl Route {
    /// A route whose handlers answer a result. Without [`needs`](Self::needs) it takes the role `read` to GET it, and
    /// `operate` for every other method.
    pub(super) fn new<F>(method: Method, path: &'static str, filter: F) -> Self
    where
        F: Filter<Extract = (Result<Response, ApiError>,), Error = Rejection> + Clone + Send + Sync + 'static,
    {
        let answered =
            filter.map(|result: Result<Response, ApiError>| result.unwrap_or_else(ApiError::into_response));
        let filter = if method == Method::GET {
            warp::get().or(warp::head()).unify().and(answered).boxed()
        } else {
            warp::post().and(answered).boxed()
        };
        let role = if method == Method::GET { Role::Read } else { Role::Operate };
        Self { path, method, role, filter }
    }

    /// The same for another role.
    pub(super) fn needs(self, role: Role) -> Self {
        Self { role, ..self }
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

/// A route as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// `/job-info/:jobId`.
    pub path: &'static str,
    /// GET, which serves HEAD too, or another one.
    pub method: Method,
    /// Who may ask.
    pub role: Role,
}

/// A tree for each that asks: what somebody may not do isn't in theirs, so that no way of writing a path leads there.
pub(super) struct Trees {
    anonymous: BoxedFilter<(Response,)>,
    /// In the order of [`Role::ALL`].
    roles: [BoxedFilter<(Response,)>; 3],
    declared: Arc<[Declared]>,
}

impl Trees {
    /// The same tree for everyone who is known.
    pub(super) fn new(anonymous: BoxedFilter<(Response,)>, known: BoxedFilter<(Response,)>) -> Self {
        Self { anonymous, roles: [known.clone(), known.clone(), known], declared: Arc::default() }
    }

    /// The whole API. No tree rejects: what no resource takes is answered there.
    pub(super) fn of_api(context: &Arc<ApiContext>, challenge: &Challenge) -> Self {
        let path = &context.settings.context_path;
        let routes = declared(context);
        let declared =
            routes.iter().map(|r| Declared { path: r.path, method: r.method.clone(), role: r.role });
        let declared: Arc<[Declared]> = declared.collect();
        Self {
            anonymous: anonymous(path, health::anonymous(context), challenge),
            roles: Role::ALL.map(|may| tree(path, &routes, &declared, may)),
            declared,
        }
    }

    pub(super) fn of(&self, may: Option<Role>) -> &BoxedFilter<(Response,)> {
        match may {
            None => &self.anonymous,
            Some(Role::Read) => &self.roles[0],
            Some(Role::Operate) => &self.roles[1],
            Some(Role::Admin) => &self.roles[2],
        }
    }

    pub(super) fn declared(&self) -> &[Declared] {
        &self.declared
    }
}

/// What is served to those who have not said who they are.
pub(super) fn anonymous(
    context_path: &str,
    health: BoxedFilter<(Response,)>,
    challenge: &Challenge,
) -> BoxedFilter<(Response,)> {
    let challenge = challenge.clone();
    let rest =
        warp::any().map(move || challenge.response("who asks must be known here; docs/access.md says how"));
    under(context_path, health).or(rest).unify().boxed()
}

fn declared(context: &Arc<ApiContext>) -> Vec<Route> {
    let resources = [
        overview::routes(context),
        jobs::routes(context),
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
    resources.into_iter().flatten().collect()
}

/// What one role may use, and an answer for all else.
fn tree(
    context_path: &str,
    routes: &[Route],
    known: &Arc<[Declared]>,
    may: Role,
) -> BoxedFilter<(Response,)> {
    let none = warp::any().and_then(|| async { Err::<Response, _>(warp::reject::not_found()) }).boxed();
    let allowed = routes.iter().filter(|route| route.role <= may);
    let served = allowed.fold(none, |tree, route| route.filter.clone().or(tree).unify().boxed());

    let (prefix, known): (Arc<str>, _) = (context_path.into(), Arc::clone(known));
    let rest = warp::method()
        .and(warp::path::full())
        .map(move |method: Method, path: FullPath| unserved(&method, path.as_str(), &prefix, &known, may));
    under(context_path, served).or(rest).unify().boxed()
}

/// Puts `served` under a context path such as `/a/b`.
pub(super) fn under(context_path: &str, served: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    let segments = context_path.split('/').filter(|s| !s.is_empty()).map(str::to_owned);
    segments.rev().fold(served, |inner, segment| warp::path(segment).and(inner).boxed())
}

/// Answers what no resource took: OPTIONS, a wrong method, an unknown path, a role that is not enough.
fn unserved(method: &Method, path: &str, prefix: &str, known: &[Declared], may: Role) -> Response {
    let inside = path.strip_prefix(prefix).unwrap_or("");
    if percent_decode_str(inside).decode_utf8().is_err() {
        return ApiError::bad(format!("the path {path} holds bytes that are no UTF-8")).into_response();
    }
    let here = || known.iter().filter(|route| matches(route.path, inside));
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    if let Some(route) = here().find(|route| route.method == *asked && route.role > may) {
        let message = format!("{method} {path} needs the role {}; this one has the role {may}", route.role);
        return ApiError::new(ErrorCode::Forbidden, message).into_response();
    }
    let methods: Vec<&str> = here()
        .flat_map(|route| match route.method {
            Method::GET => &["GET", "HEAD"][..],
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
