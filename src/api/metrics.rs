//! `GET /metrics` and `/openmetrics`: figures of jobs, store, HTTP and process, for Prometheus. `/metrics` answers what
//! `Accept` asks for.
//!
//! Names begin with `seikan_`, units are base units, and labels have few fixed values: no job ids, no names. While the
//! history is being loaded the counts of ended jobs are left out, not 0: a gap is true, a drop is not.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::exposition::{Exposition, Style};
use super::monitoring::ProcessReading;
use super::routes::{Route, fixed, with};
use crate::model::JobState;
use crate::runtime::{self, clock};
use crate::store::{Room, StoreStatus};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let accept =
        warp::header::optional::<String>("accept").or_else(|_| async { Ok::<_, Infallible>((None,)) });
    let asked = fixed("metrics")
        .and(with(context))
        .and(accept)
        .then(|context, accept: Option<String>| metrics(context, wanted(accept.as_deref().unwrap_or(""))));
    let open = fixed("openmetrics").and(with(context)).then(|context| metrics(context, Style::OpenMetrics));
    vec![Route::new(Method::GET, "/metrics", asked), Route::new(Method::GET, "/openmetrics", open)]
}

/// What an `Accept` header asks for: OpenMetrics where it is named, and plain text is not liked better.
fn wanted(accept: &str) -> Style {
    let weight = |wanted: &str| {
        let likes = accept.split(',').filter_map(|choice| {
            let mut parts = choice.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
            is_it.then_some(weight.unwrap_or(0.0))
        });
        likes.fold(0.0, f32::max)
    };
    let open = weight("application/openmetrics-text");
    if open > 0.0 && open >= weight("text/plain") { Style::OpenMetrics } else { Style::Prometheus }
}

async fn metrics(context: Arc<ApiContext>, style: Style) -> Result<Response, ApiError> {
    let mut out = Exposition::new(style);
    let about = [env!("CARGO_PKG_VERSION"), env!("SEIKAN_COMMIT")];
    out.info("seikan_build_info", "What runs: always 1.", &["version", "commit"], &about);
    jobs(&mut out, &context);
    store(&mut out, &context.store.read());
    http(&mut out, &context);
    of_process(&mut out, &context, process().await?);
    Ok(answer::text(style.content_type(), out.into_text()))
}

/// Reads this process.
pub(super) async fn process() -> Result<ProcessReading, ApiError> {
    let process = runtime::blocking(ProcessReading::take).await;
    process.map_err(|error| ApiError::new(ErrorCode::Internal, format!("a reading {error}")))
}

fn jobs(out: &mut Exposition, context: &ApiContext) {
    let overlay = context.scheduler.overlay();
    let live = overlay.list();
    let in_state = |state: JobState| live.iter().filter(|job| job.record.state == state).count();
    let states = JobState::ALL.into_iter().filter(|state| !state.is_end());
    let counts = states.map(|state| (state.name(), in_state(state)));
    out.gauges("seikan_live_jobs", "Jobs that have not ended, by state.", "state", counts);
    if let Ok(reader) = context.history() {
        let ended = reader.counts();
        let states = JobState::ALL.into_iter().filter(|state| state.is_end());
        let counts = states.map(|state| (state.name(), ended.of(state)));
        let help = "Ended jobs in the history, by state; absent while the history is being loaded.";
        out.gauges("seikan_ended_jobs", help, "state", counts);
    }
    let queued = live.iter().filter(|job| job.queue_position.is_some()).count();
    out.gauge("seikan_queued_jobs", "Live jobs that wait for slots.", queued);
    let rows = live.iter().filter_map(|job| job.metrics.as_ref()).map(|metrics| metrics.rows());
    let (read, written) = rows.fold((0, 0), |sum, rows| (sum.0 + rows.0, sum.1 + rows.1));
    out.gauge("seikan_live_rows_read", "Rows that the live jobs have read so far.", read);
    out.gauge("seikan_live_rows_written", "Rows that the live jobs have written so far.", written);
    let slots = overlay.slots();
    out.gauge("seikan_slots", "Slots of this server; 0 when they are dynamic.", slots.total);
    out.gauge("seikan_free_slots", "Slots that no job has; 0 when they are dynamic.", slots.free);
    let help = "Threads given up because a plug-in's call did not return.";
    out.counter("seikan_threads_given_up_total", help, (context.threads_given_up)());
}

fn store(out: &mut Exposition, store: &StoreStatus) {
    let StoreStatus {
        failed,
        no_space,
        room,
        index_failed,
        index_rebuilt: _,
        index_rebuilds,
        loading,
        segments,
        bytes,
        archive_files,
        archive_bytes,
        fold_failed,
        sequence,
        index_lag,
        held,
        notes,
    } = store;
    out.flag("seikan_store_failed", "Whether nothing is recorded any more.", failed.is_some());
    let help = "Whether new jobs are refused because the disk is full.";
    out.flag("seikan_store_no_space", help, no_space.is_some());
    out.flag("seikan_store_index_failed", "Whether the index can't answer.", index_failed.is_some());
    let help = "Whether the journal can't be folded into the archive.";
    out.flag("seikan_store_fold_failed", help, fold_failed.is_some());
    let help = "Whether the jobs of a copied data directory are held.";
    out.flag("seikan_store_held", help, held.is_some());
    let help = "Whether the history is being loaded; jobs are taken meanwhile.";
    out.flag("seikan_store_loading", help, loading.is_some());
    let share = loading.map_or(1.0, |now| (now.done as f64 / now.total.max(1) as f64).min(1.0));
    let help = "Share of the present step of loading that is done; 1 when the history is there.";
    out.gauge("seikan_store_loaded_ratio", help, share);
    let help = "Changes on the disk since the data directory was made.";
    out.counter("seikan_store_changes_total", help, sequence);
    let help = "Changes on the disk that are not yet in the index.";
    out.gauge("seikan_store_index_lag", help, index_lag);
    let help = "Rebuilds of an index that should have been whole, since the start.";
    out.counter("seikan_store_index_rebuilds_total", help, index_rebuilds);
    out.gauge("seikan_store_journal_segments", "Segments of the journal.", segments);
    out.gauge("seikan_store_journal_bytes", "Size of the journal.", bytes);
    out.gauge("seikan_store_archive_files", "Files of the archive.", archive_files);
    out.gauge("seikan_store_archive_bytes", "Size of the archive.", archive_bytes);
    out.gauge("seikan_store_notes", "Notes on what was found wrong; /health has them.", notes.len());
    if let Some(Room { free, total }) = room {
        out.gauge("seikan_data_dir_free_bytes", "Free on the file system of the data directory.", free);
        out.gauge("seikan_data_dir_size_bytes", "Size of the file system of the data directory.", total);
    }
}

fn http(out: &mut Exposition, context: &ApiContext) {
    let load = |figure: &std::sync::atomic::AtomicU64| figure.load(Ordering::Relaxed);
    let figures = &context.connections;
    out.counter("seikan_http_requests_total", "Requests answered.", load(&figures.requests));
    out.counter("seikan_http_connections_total", "Connections accepted.", load(&figures.accepted));
    out.gauge("seikan_http_open_connections", "Connections open now.", load(&figures.open));
    let help = "Connections sent away, as http.max-connections were open.";
    out.counter("seikan_http_refused_connections_total", help, load(&figures.refused));
}

fn of_process(out: &mut Exposition, context: &ApiContext, process: ProcessReading) {
    let ProcessReading { resident, cpu_seconds, open_fds, threads } = process;
    out.gauge("seikan_process_resident_memory_bytes", "Memory that the process occupies.", resident);
    out.counter("seikan_process_cpu_seconds_total", "Processor time used.", cpu_seconds);
    out.gauge("seikan_process_open_fds", "Open file descriptors.", open_fds);
    out.gauge("seikan_process_threads", "Threads.", threads);
    let seconds = |millis: i64| millis as f64 / 1000.0;
    let help = "When the server started, in seconds since 1970.";
    out.gauge("seikan_process_start_time_seconds", help, seconds(context.started));
    let help = "Time since the server started.";
    out.gauge("seikan_uptime_seconds", help, seconds((clock() - context.started).max(0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_accept_asks_for() {
        let cases = [
            ("", Style::Prometheus),
            ("*/*", Style::Prometheus),
            ("text/plain", Style::Prometheus),
            ("application/openmetrics-text", Style::OpenMetrics),
            (
                "text/plain;version=0.0.4;q=0.5, application/openmetrics-text; version=1.0.0; q=0.6",
                Style::OpenMetrics,
            ),
            ("text/plain, application/openmetrics-text;q=0.5", Style::Prometheus),
            ("application/openmetrics-text;q=0", Style::Prometheus),
            ("application/openmetrics-text;q=x", Style::Prometheus),
        ];
        for (accept, style) in cases {
            assert_eq!(wanted(accept), style, "{accept}");
        }
    }
}
