//! `GET /finished-jobs[/:state]`: the history, whole or by pages, narrowed down by name, state and time of the end.
//!
//! A page without a filter is a look into the index. With one the jobs of the asked time are gone through, newest first;
//! records that no page wants are dropped as they come, so memory stays bounded however long the history is.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::history_filter::Filter as Wanted;
use super::jobs::{Listed, Page, page};
use super::query::{Query, Segment, query};
use super::routes::{Route, fixed, with};
use super::views;
use crate::model::{JobRecord, JobState};
use crate::runtime;
use crate::store::{EndedQuery, StoreError, StoreReader};
use bytes::Bytes;
use serde_json::json;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::mpsc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

/// Records read from the store at once.
const CHUNK: usize = 128;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let all = fixed("finished-jobs")
        .and(with(context))
        .and(query())
        .then(|context, query| finished_jobs(context, String::new(), query));
    let of_state = warp::path("finished-jobs")
        .and(warp::path::param::<Segment>())
        .and(warp::path::end())
        .and(with(context))
        .and(query())
        .then(|state: Segment, context, query| finished_jobs(context, state.0, query));
    vec![
        Route::new(Method::GET, "/finished-jobs", all),
        Route::new(Method::GET, "/finished-jobs/:state", of_state),
    ]
}

async fn finished_jobs(context: Arc<ApiContext>, state: String, query: Query) -> Result<Response, ApiError> {
    let mut wanted = Wanted::read(&query)?;
    match state.as_str() {
        "" => {}
        name => match JobState::of_name(name) {
            Some(state) if state.is_end() => wanted.only(state),
            // The engine's answer to a state that no job ends in.
            Some(_) | None => return Ok(answer::json(&json!([]))),
        },
    }
    let page = page(&query)?;
    let reader = context.history()?.clone();
    let Some(page) = page else {
        return Ok(stream_all(reader, wanted));
    };
    let looked = runtime::blocking(move || match wanted.is_indexed() {
        true => of_index(&reader, &wanted, page),
        false => of_scan(&reader, &wanted, page),
    });
    let (records, total) = looked.await.map_err(|_| ApiError::not_yet("the server is going down", 1))??;
    Ok(answer::json(&Listed { data: records.iter().map(views::Job::ended).collect(), total }))
}

/// A page by place, and the number that the store keeps.
fn of_index(reader: &StoreReader, wanted: &Wanted, page: Page) -> Result<(Vec<JobRecord>, u64), StoreError> {
    let state = wanted.single_state();
    let newest =
        EndedQuery { state, newest_first: true, after: None, skip: page.skip as u64, limit: page.rows };
    let records = reader.ended(&newest)?.records;
    let counts = reader.counts();
    Ok((records, state.map_or_else(|| counts.total(), |state| counts.of(state))))
}

/// A page of those that fit, and how many fit.
fn of_scan(reader: &StoreReader, wanted: &Wanted, page: Page) -> Result<(Vec<JobRecord>, u64), StoreError> {
    let (mut found, mut total) = (Vec::new(), 0);
    walk(reader, wanted, true, |records| {
        for record in records {
            if total >= page.skip && found.len() < page.rows {
                found.push(record);
            }
            total += 1;
        }
        ControlFlow::Continue(())
    })?;
    Ok((found, total as u64))
}

/// Hands on the jobs that fit, some at a time, until there are no more or `visit` has enough.
fn walk(
    reader: &StoreReader,
    wanted: &Wanted,
    newest_first: bool,
    mut visit: impl FnMut(Vec<JobRecord>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let (state, after) = (wanted.single_state(), wanted.start(newest_first));
    let mut query = EndedQuery { state, newest_first, after, skip: 0, limit: CHUNK };
    loop {
        let page = reader.ended(&query)?;
        query.after = page.next;
        let is_past = page.records.last().is_some_and(|last| wanted.is_past(last, newest_first));
        let fit: Vec<JobRecord> = page.records.into_iter().filter(|record| wanted.takes(record)).collect();
        if visit(fit).is_break() || is_past || query.after.is_none() {
            return Ok(());
        }
    }
}

/// All that fit as one array, oldest first.
fn stream_all(reader: StoreReader, wanted: Wanted) -> Response {
    let (pieces, body) = mpsc::channel::<io::Result<Bytes>>(4);
    // The work ends with the history, or when the client hangs up: then a send fails.
    let writer = runtime::blocking(move || {
        if let Err(error) = write_all(&reader, &wanted, &pieces)
            && pieces.blocking_send(Err(error)).is_err()
        {
            tracing::debug!("a client left while the history was sent");
        }
    });
    answer::stream("application/json", body, writer)
}

fn write_all(
    reader: &StoreReader,
    wanted: &Wanted,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut text = vec![b'['];
    let mut separator: &[u8] = b"";
    let mut failed = None;
    walk(reader, wanted, false, |records| {
        for record in &records {
            text.extend_from_slice(separator);
            separator = b",";
            if let Err(error) = serde_json::to_writer(&mut text, &views::Job::ended(record)) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        match text.is_empty() || pieces.blocking_send(Ok(std::mem::take(&mut text).into())).is_ok() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })
    .map_err(io::Error::other)?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    text.push(b']');
    // Nobody is there any more when this fails.
    let _gone = pieces.blocking_send(Ok(text.into()));
    Ok(())
}
