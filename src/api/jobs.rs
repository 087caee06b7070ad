//! `GET /running-jobs`, `/job-info/:jobId`, `/running-job/:jobId`, `/finished-jobs[/:state]`.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::query::{Query, Segment, query};
use super::routes::{Route, fixed, with};
use super::views;
use crate::model::{JobId, JobState, MetricsSnapshot};
use crate::runtime;
use crate::scheduler::LiveJob;
use crate::store::{EndedQuery, StoreReader};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;
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
        return Ok(answer::json(&Live::of(&job).view()));
    }
    Ok(match context.reader.record(id)? {
        Some(record) => answer::json(&views::Job::ended(&record)),
        None => answer::json(&json!({"jobId": id.to_string()})),
    })
}

async fn running_jobs(context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    let mut jobs = context.scheduler.overlay().list();
    jobs.sort_by_key(|job| (job.record.created, job.record.id));
    let Some(page) = page(&query)? else {
        let jobs: Vec<Live<'_>> = jobs.iter().map(Live::of).collect();
        return Ok(answer::json(&jobs.iter().map(Live::view).collect::<Vec<_>>()));
    };
    let total = jobs.len() as u64;
    let jobs = jobs.iter().rev().skip(page.skip).take(page.rows);
    let jobs: Vec<Live<'_>> = jobs.map(Live::of).collect();
    Ok(answer::json(&Listed { data: jobs.iter().map(Live::view).collect(), total }))
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
    let data = found.records.iter().map(views::Job::ended).collect();
    let counts = reader.counts();
    let total = match state {
        None => counts.total(),
        Some(state) => counts.of(state),
    };
    Ok(answer::json(&Listed { data, total }))
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
    answer::stream("application/json", body, writer)
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
            serde_json::to_writer(&mut text, &views::Job::ended(record))?;
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

/// A job that has not ended, with its counts of this moment.
struct Live<'a> {
    job: &'a LiveJob,
    counts: Cow<'a, MetricsSnapshot>,
}

impl<'a> Live<'a> {
    fn of(job: &'a LiveJob) -> Self {
        let counts = match &job.metrics {
            Some(metrics) => Cow::Owned(metrics.snapshot()),
            None => Cow::Borrowed(&job.record.metrics),
        };
        Self { job, counts }
    }

    fn view(&self) -> views::Job<'_> {
        views::Job::live(&self.job.record, &self.counts, self.job.queue_position)
    }
}

/// A page of a list, and how many there are in all.
#[derive(Serialize)]
struct Listed<'a> {
    data: Vec<views::Job<'a>>,
    total: u64,
}

/// The page that is asked for.
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
