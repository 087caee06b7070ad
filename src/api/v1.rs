//! The paths of the older API: `/hazelcast/rest/maps/…`, the cluster, and metrics under the engine's own names.
//!
//! They lie at the root, whatever the context path is: on the engine they have a port of their own. Their handlers are
//! those of the newer paths. What differs: PUT does what POST does, and job ids in answers are always texts (but in
//! stop-jobs), as clients of these paths decode them.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::exposition::{Exposition, Style};
use super::metrics::process;
use super::monitoring::ProcessReading;
use super::routes::{Route, fixed, with};
use super::{stop, submit};
use crate::model::JobState;
use crate::runtime::clock;
use serde_json::json;
use std::sync::Arc;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;

/// Before each of the shared paths.
const MAPS: &str = "/hazelcast/rest/maps";

/// Newer paths whose handlers serve here too, under the same names.
const SHARED: [&str; 18] = [
    "/overview",
    "/running-jobs",
    "/job-info/:jobId",
    "/job-info",
    "/running-job/:jobId",
    "/running-job",
    "/finished-jobs",
    "/finished-jobs/:state",
    "/system-monitoring-information",
    "/running-threads",
    "/thread-dump",
    "/encrypt-config",
    "/update-tags",
    "/logs",
    "/logs/:jobId",
    "/log",
    "/log/:name",
    "/get-all-log-name",
];

/// The older routes; `newer`: all of the newer ones.
pub(super) fn routes(context: &Arc<ApiContext>, newer: &[Route]) -> Vec<Route> {
    let shared = newer.iter().filter(|route| SHARED.contains(&route.path.as_str())).map(|route| Route {
        path: route.path.clone(),
        method: route.method.clone(),
        role: route.role,
        handler: route.handler.clone(),
    });
    let ids_are_texts = submit::routes(context, true).into_iter().chain(stop::routes(context, true));
    let maps =
        shared.chain(ids_are_texts).filter(|route| route.path != "/submit-job/upload").flat_map(|route| {
            let handler = below(&["hazelcast", "rest", "maps"], route.handler);
            let path = format!("{MAPS}{}", route.path);
            let methods = match route.method {
                Method::POST => vec![Method::POST, Method::PUT],
                other => vec![other],
            };
            methods.into_iter().map(move |method| Route {
                path: path.clone(),
                method,
                role: route.role,
                handler: handler.clone(),
            })
        });
    let of_rest = |name: &'static [&'static str], route: Route| Route {
        path: format!("/hazelcast/rest{}", route.path),
        method: route.method,
        role: route.role,
        handler: below(name, route.handler),
    };
    let metrics = |style| move |context| metrics(context, style);
    let own = [
        (
            &["hazelcast", "rest"][..],
            Route::new(Method::GET, "/cluster", fixed("cluster").and(with(context)).then(cluster)),
        ),
        (
            &["hazelcast", "rest", "instance"][..],
            Route::new(
                Method::GET,
                "/instance/metrics",
                fixed("metrics").and(with(context)).then(metrics(Style::Prometheus)),
            ),
        ),
        (
            &["hazelcast", "rest", "instance"][..],
            Route::new(
                Method::GET,
                "/instance/openmetrics",
                fixed("openmetrics").and(with(context)).then(metrics(Style::OpenMetrics)),
            ),
        ),
    ];
    maps.chain(own.into_iter().map(|(name, route)| of_rest(name, route))).collect()
}

fn below(segments: &[&'static str], handler: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    segments.iter().rev().fold(handler, |inner, segment| warp::path(*segment).and(inner).boxed())
}

/// The members of the cluster: this one.
async fn cluster(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let settings = &context.settings;
    let connections = context.connections.open.load(std::sync::atomic::Ordering::Relaxed);
    Ok(answer::json(&json!({
        "members": [{
            "address": format!("[{}]:{}", settings.host, settings.port),
            "liteMember": false,
            "localMember": true,
            "memberVersion": settings.project_version,
        }],
        "connectionCount": connections,
        "allConnectionCount": connections,
    })))
}

/// Name of the cluster in the labels: the engine's default.
const CLUSTER: &str = "seatunnel";

/// States as the engine's metrics call them, and those of this server that each counts.
const TYPES: [(&str, &[JobState]); 8] = [
    ("canceled", &[JobState::Canceled]),
    ("cancelling", &[JobState::Canceling]),
    ("created", &[JobState::Created, JobState::Pending]),
    ("failed", &[JobState::Failed]),
    ("failing", &[JobState::Failing]),
    ("finished", &[JobState::Finished, JobState::SavepointDone]),
    ("running", &[JobState::Running, JobState::DoingSavepoint]),
    ("scheduled", &[JobState::Scheduled]),
];

/// The figures of the engine that are true here.
async fn metrics(context: Arc<ApiContext>, style: Style) -> Result<Response, ApiError> {
    let node = context.settings.node();
    let live = context.scheduler.overlay().list();
    let ended = context.history()?.counts();
    let count = |states: &[JobState]| {
        let live = live.iter().filter(|job| states.contains(&job.record.state)).count() as u64;
        live + states.iter().filter(|state| state.is_end()).map(|state| ended.of(*state)).sum::<u64>()
    };
    let mut out = Exposition::new(style);
    let help = "Jobs, by state.";
    out.family(
        "job_count",
        "gauge",
        help,
        &["cluster", "type"],
        TYPES.iter().map(|(name, states)| (vec![CLUSTER, *name], count(states))),
    );
    out.family(
        "node_state",
        "gauge",
        "Whether the node is up.",
        &["cluster", "address"],
        [(vec![CLUSTER, &node], 1)],
    );
    out.family("node_count", "gauge", "Nodes of the cluster.", &["cluster"], [(vec![CLUSTER], 1)]);
    let labels = ["cluster", "hazelcastVersion", "master"];
    let texts = vec![CLUSTER, context.settings.project_version.as_str(), node.as_str()];
    out.family("cluster_info", "gauge", "What the cluster is.", &labels, [(texts, 1)]);
    out.family(
        "cluster_time",
        "gauge",
        "Time of the cluster, in milliseconds since 1970.",
        &["cluster"],
        [(vec![CLUSTER], clock())],
    );
    let ProcessReading { resident, cpu_seconds, open_fds, threads: _ } = process().await?;
    out.counter("process_cpu_seconds_total", "Processor time used.", cpu_seconds);
    out.gauge("process_resident_memory_bytes", "Memory that the process occupies.", resident);
    out.gauge("process_open_fds", "Open file descriptors.", open_fds);
    let started = context.started as f64 / 1000.0;
    out.gauge("process_start_time_seconds", "When the server started, in seconds since 1970.", started);
    Ok(answer::text(style.content_type(), out.into_text()))
}
