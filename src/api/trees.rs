//! Joins the routes into a tree for each role, and answers what no resource took.
//!
//! A tree has a branch for each beginning of a path up to its first parameter: a request goes through the few filters
//! that share its beginning, not through all of them.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::gate::Challenge;
use super::health;
use super::routes::{self, Route, under};
use crate::access::Role;
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::sync::Arc;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{ALLOW, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::path::FullPath;
use warp::reply::Response;

/// A route as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// `/job-info/:jobId`, with the context path.
    pub path: String,
    /// GET, which serves HEAD too, or another one.
    pub method: Method,
    /// Who may ask.
    pub role: Role,
}

/// A tree for each that asks: what somebody may not do isn't in theirs, so that no way of writing a path leads there.
pub(super) struct Trees {
    anonymous: Tree,
    /// In the order of [`Role::ALL`].
    roles: [Tree; 3],
    declared: Arc<[Declared]>,
}

#[derive(Clone)]
struct Tree {
    /// By the beginning of the path, `/job-info`.
    branches: HashMap<String, BoxedFilter<(Response,)>>,
    rest: BoxedFilter<(Response,)>,
}

impl Trees {
    /// The same tree for everyone who is known.
    pub(super) fn new(anonymous: BoxedFilter<(Response,)>, known: BoxedFilter<(Response,)>) -> Self {
        let of = |rest| Tree { branches: HashMap::new(), rest };
        let known = of(known);
        let roles = [known.clone(), known.clone(), known];
        Self { anonymous: of(anonymous), roles, declared: Arc::default() }
    }

    /// The whole API. No tree rejects: what no resource takes is answered there.
    pub(super) fn of_api(context: &Arc<ApiContext>, challenge: &Challenge) -> Self {
        let routes = routes::all(context);
        let declare = |route: &Route| Declared {
            path: route.path.clone(),
            method: route.method.clone(),
            role: route.role,
        };
        let declared: Arc<[Declared]> = routes.iter().map(declare).collect();
        let anonymous = anonymous(&context.settings.context_path, health::anonymous(context), challenge);
        Self {
            anonymous: Tree { branches: HashMap::new(), rest: anonymous },
            roles: Role::ALL.map(|may| Tree::new(&routes, &declared, may)),
            declared,
        }
    }

    /// What serves a path to somebody.
    pub(super) fn of(&self, may: Option<Role>, path: &str) -> &BoxedFilter<(Response,)> {
        match may {
            None => self.anonymous.of(path),
            Some(Role::Read) => self.roles[0].of(path),
            Some(Role::Operate) => self.roles[1].of(path),
            Some(Role::Admin) => self.roles[2].of(path),
        }
    }

    pub(super) fn declared(&self) -> &[Declared] {
        &self.declared
    }
}

impl Tree {
    /// What one role may use, and an answer for all else.
    fn new(routes: &[Route], known: &Arc<[Declared]>, may: Role) -> Self {
        let all = Arc::clone(known);
        let rest = warp::method()
            .and(warp::path::full())
            .map(move |method: Method, path: FullPath| unserved(&method, path.as_str(), &all, may))
            .boxed();
        let mut branches: HashMap<String, BoxedFilter<(Response,)>> = HashMap::new();
        for route in routes.iter().filter(|route| route.role <= may) {
            let beginning = route.path.split("/:").next().unwrap_or_default();
            let tree = branches.get(beginning).unwrap_or(&rest).clone();
            branches.insert(beginning.to_owned(), route.filter().or(tree).unify().boxed());
        }
        Self { branches, rest }
    }

    /// The branch with the longest beginning.
    fn of(&self, path: &str) -> &BoxedFilter<(Response,)> {
        let mut beginning = path;
        loop {
            if let Some(branch) = self.branches.get(beginning) {
                return branch;
            }
            match beginning.rfind('/') {
                Some(end) => beginning = &beginning[..end],
                None => return &self.rest,
            }
        }
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

/// Answers what no resource took: OPTIONS, a wrong method, an unknown path, a role that is not enough.
fn unserved(method: &Method, path: &str, known: &[Declared], may: Role) -> Response {
    if percent_decode_str(path).decode_utf8().is_err() {
        return ApiError::bad(format!("the path {path} holds bytes that are no UTF-8")).into_response();
    }
    let here = || known.iter().filter(|route| matches(&route.path, path));
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    if let Some(route) = here().find(|route| route.method == *asked && route.role > may) {
        let message = format!("{method} {path} needs the role {}; this one has the role {may}", route.role);
        return ApiError::new(ErrorCode::Forbidden, message).into_response();
    }
    let methods: Vec<&str> = here()
        .flat_map(|route| match route.method {
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
