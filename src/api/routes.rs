//! The routes: one path with one method and the filter that serves it; and the list of all of them.

use super::context::ApiContext;
use super::error::ApiError;
use super::{
    backups, checkpoints, encrypt, events, health, history, jobs, lifecycle, loggers, logs, metrics,
    monitoring, openapi, option_rules, overview, pending, resume, stop, submit, tags, threads, v1,
};
use crate::access::Role;
use std::convert::Infallible;
use std::sync::Arc;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;
use warp::{Filter, Rejection};

/// One path with one method, and the filter that serves it.
pub(super) struct Route {
    /// `/job-info/:jobId`.
    pub(super) path: String,
    /// GET (which serves HEAD too), POST, PUT or DELETE.
    pub(super) method: Method,
    /// Who may ask, where authentication is on.
    pub(super) role: Role,
    /// Serves the path, whatever the method; rejects what isn't its own.
    pub(super) handler: BoxedFilter<(Response,)>,
}

impl Route {
    /// A route whose handlers answer a result. Without [`needs`](Self::needs) it takes the role `read` to GET it, and
    /// `operate` for every other method.
    pub(super) fn new<F>(method: Method, path: &'static str, filter: F) -> Self
    where
        F: Filter<Extract = (Result<Response, ApiError>,), Error = Rejection> + Clone + Send + Sync + 'static,
    {
        let handler =
            filter.map(|result: Result<Response, ApiError>| result.unwrap_or_else(ApiError::into_response));
        let role = if method == Method::GET { Role::Read } else { Role::Operate };
        Self { path: path.to_owned(), method, role, handler: handler.boxed() }
    }

    /// The same for another role.
    pub(super) fn needs(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// Serves the path with its method.
    pub(super) fn filter(&self) -> BoxedFilter<(Response,)> {
        let handler = self.handler.clone();
        match self.method {
            Method::GET => warp::get().or(warp::head()).unify().and(handler).boxed(),
            Method::DELETE => warp::delete().and(handler).boxed(),
            Method::PUT => warp::put().and(handler).boxed(),
            _ => warp::post().and(handler).boxed(),
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

/// All routes, with their whole paths: those under the context path, and the older ones at the root.
pub(super) fn all(context: &Arc<ApiContext>) -> Vec<Route> {
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
    let newer = newer.into_iter().map(|route| Route {
        path: format!("{prefix}{}", route.path),
        handler: under(prefix, route.handler),
        ..route
    });
    newer.chain(older).collect()
}

/// Puts `served` under a context path such as `/a/b`.
pub(super) fn under(context_path: &str, served: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    let segments = context_path.split('/').filter(|s| !s.is_empty()).map(str::to_owned);
    segments.rev().fold(served, |inner, segment| warp::path(segment).and(inner).boxed())
}
