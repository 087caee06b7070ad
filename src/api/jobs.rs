//! `GET /running-jobs`, `/job-info/:jobId`, `/running-job/:jobId`.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::query::{Query, Segment, query};
use super::routes::{Route, fixed, with};
use super::views;
use crate::model::{JobId, MetricsSnapshot};
use crate::runtime::clock;
use crate::scheduler::LiveJob;
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;
use std::num::{IntErrorKind, ParseIntError};
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let running = fixed("running-jobs").and(with(context)).and(query()).then(running_jobs);
    let mut routes = vec![Route::new(Method::GET, "/running-jobs", running)];
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
        let moment = views::Moment { now: clock(), queue_position: self.job.queue_position };
        views::Job::live(&self.job.record, &self.counts, moment)
    }
}

/// A page of a list, and how many there are in all.
#[derive(Serialize)]
pub(super) struct Listed<'a> {
    pub(super) data: Vec<views::Job<'a>>,
    pub(super) total: u64,
}

/// The page that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) skip: usize,
    pub(super) rows: usize,
}

/// `page` (from 1) and `rows` (default 10); without `page` the list is asked for whole.
pub(super) fn page(query: &Query) -> Result<Option<Page>, ApiError> {
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

/// There is no job of that id.
pub(super) fn no_such_job(id: JobId) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("there is no job {id}"))
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
