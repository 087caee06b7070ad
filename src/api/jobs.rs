//! `GET /running-jobs`, `/job-info/:jobId`, `/running-job/:jobId`, `/finished-jobs[/:state]`.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::query::{Query, Segment, query};
use super::routes::{Route, fixed, with};
use super::views;
use crate::model::{JobId, JobState};
use crate::runtime;
use crate::scheduler::LiveJob;
use crate::store::{EndedQuery, StoreReader};
use bytes::Bytes;
use serde_json::{Value, json};
use std::io;
use std::num::{IntErrorKind, ParseIntError};
use std::sync::Arc;
use tokio::sync::mpsc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

/// Records read from the store at once while streaming.
const CHUNK: usize = 128;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let running = fixed("running-jobs").and(with(context)).and(query()).then(running_jobs);
    let finished = fixed("finished-jobs")
        .and(with(context))
        .and(query())
        .then(|context, query| finished_jobs(context, String::new(), query));
    let of_state = warp::path("finished-jobs")
        .and(warp::path::param::<Segment>())
        .and(warp::path::end())
        .and(with(context))
        .and(query())
        .then(|state: Segment, context, query| finished_jobs(context, state.0, query));
    let mut routes = vec![
        Route::new(Method::GET, "/running-jobs", running),
        Route::new(Method::GET, "/finished-jobs", finished),
        Route::new(Method::GET, "/finished-jobs/:state", of_state),
    ];
    for (name, path) in [("job-info", "/job-info/:jobId"), ("running-job", "/running-job/:jobId")] {
        let one = warp::path(name)
            .and(warp::path::param::<Segment>())
            .and(warp::path::end())
            .and(with(context))
            .then(|id: Segment, context| job_info(context, id.0));
        routes.push(Route::new(Method::GET, path, one));
    }
    for (name, path) in [("job-info", "/job-info"), ("running-job", "/running-job")] {
        let none = fixed(name).then(|| async { Err(ApiError::bad("The jobId must not be empty.")) });
        routes.push(Route::new(Method::GET, path, none));
    }
    routes
}

async fn job_info(context: Arc<ApiContext>, typed: String) -> Result<Response, ApiError> {
    let id = job_id(&typed)?;
    if let Some(job) = context.scheduler.overlay().get(id) {
        return Ok(answer::json(&live(&job)));
    }
    Ok(match context.reader.record(id)? {
        Some(record) => answer::json(&views::ended(&record)),
        None => answer::json(&json!({"jobId": id.to_string()})),
    })
}

async fn running_jobs(context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    let mut jobs = context.scheduler.overlay().list();
    jobs.sort_by_key(|job| (job.record.created, job.record.id));
    let Some(page) = page(&query)? else {
        return Ok(answer::json(&jobs.iter().map(live).collect::<Vec<Value>>()));
    };
    let total = jobs.len();
    let data: Vec<Value> = jobs.iter().rev().skip(page.skip).take(page.rows).map(live).collect();
    Ok(answer::json(&json!({"data": data, "total": total})))
}

async fn finished_jobs(context: Arc<ApiContext>, state: String, query: Query) -> Result<Response, ApiError> {
    let state = match state.as_str() {
        "" => None,
        name => match JobState::of_name(name) {
            Some(state) if state.is_end() => Some(state),
            Some(_) | None => return Ok(answer::json(&json!([]))),
        },
    };
    let page = page(&query)?;
    let reader = context.history()?;
    let Some(page) = page else {
        return Ok(stream_all(reader.clone(), state));
    };
    let wanted =
        EndedQuery { state, newest_first: true, after: None, skip: page.skip as u64, limit: page.rows };
    let found = reader.ended(&wanted)?;
    let data: Vec<Value> = found.records.iter().map(views::ended).collect();
    let counts = reader.counts();
    let total = match state {
        None => counts.total(),
        Some(state) => counts.of(state),
    };
    Ok(answer::json(&json!({"data": data, "total": total})))
}

/// The whole history as one array, oldest first, a chunk at a time: memory stays bounded however long it is.
fn stream_all(reader: StoreReader, state: Option<JobState>) -> Response {
    let (pieces, body) = mpsc::channel::<io::Result<Bytes>>(4);
    // The work ends with the history, or when the client hangs up: then a send fails.
    let writer = runtime::blocking(move || {
        if let Err(error) = write_all(&reader, state, &pieces)
            && pieces.blocking_send(Err(error)).is_err()
        {
            tracing::debug!("a client left while the history was sent");
        }
    });
    answer::stream(body, writer)
}

fn write_all(
    reader: &StoreReader,
    state: Option<JobState>,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut query = EndedQuery { state, newest_first: false, after: None, skip: 0, limit: CHUNK };
    let mut text = vec![b'['];
    let mut first = true;
    loop {
        let page = reader.ended(&query).map_err(io::Error::other)?;
        for record in &page.records {
            if !std::mem::replace(&mut first, false) {
                text.push(b',');
            }
            serde_json::to_writer(&mut text, &views::ended(record))?;
        }
        query.after = page.next;
        let last = query.after.is_none();
        if last {
            text.push(b']');
        }
        if !text.is_empty() && pieces.blocking_send(Ok(std::mem::take(&mut text).into())).is_err() {
            return Ok(());
        }
        if last {
            return Ok(());
        }
    }
}

fn live(job: &LiveJob) -> Value {
    match &job.metrics {
        Some(metrics) => views::live(&job.record, &metrics.snapshot(), job.queue_position),
        None => views::live(&job.record, &job.record.metrics, job.queue_position),
    }
}

/// A page of a list.
struct Page {
    skip: usize,
    rows: usize,
}

/// `page` (from 1) and `rows` (default 10); without `page` the list is asked for whole.
fn page(query: &Query) -> Result<Option<Page>, ApiError> {
    let number = |name: &str| {
        let parse = |text: &str| {
            let wrong = |why: String| Err(ApiError::bad(format!("{name}: \"{text}\" {why}")));
            match text.trim().parse::<usize>() {
                Ok(number) if number > 0 => Ok(number),
                Err(error) if *error.kind() == IntErrorKind::PosOverflow => {
                    wrong(format!("is too large; the largest is {}", usize::MAX))
                }
                Ok(_) | Err(_) => wrong("is not a positive number".to_owned()),
            }
        };
        query.get(name).map(parse).transpose()
    };
    let Some(page) = number("page")? else {
        return Ok(None);
    };
    let rows = number("rows")?.unwrap_or(10);
    Ok(Some(Page { skip: (page - 1).saturating_mul(rows), rows }))
}

/// Reads a job id as it was typed.
pub(super) fn job_id(typed: &str) -> Result<JobId, ApiError> {
    typed.parse().map_err(|error: ParseIntError| {
        let why = match error.kind() {
            IntErrorKind::PosOverflow => format!("it is too large; the largest is {}", i64::MAX),
            _ => "a job id is a number".to_owned(),
        };
        ApiError::bad(format!("For input string: \"{typed}\" ({why})"))
    })
}
