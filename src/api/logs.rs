//! The logs of the server and of its jobs: `GET /logs[/:text]`, `/log[/:name]`, `/get-all-log-name`.
//!
//! Lists come as pages or as JSON. A log is sent in pieces, never read whole, and ends where it ended when it was asked
//! for. Only names that a list gives are opened: a name holds no path.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::query::{Query, Segment, query};
use super::routes::{Route, fixed, with};
use super::views::{self, LogLink};
use crate::runtime::{self, Ended, JobLog};
use bytes::Bytes;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use warp::Filter;
use warp::host::Authority;
use warp::http::Method;
use warp::http::header::{CONTENT_LENGTH, HeaderValue};
use warp::reply::Response;

/// Bytes of a log that are read at once.
const PIECE: usize = 64 << 10;
/// Lines that `tail` may ask for.
const MOST_LINES: u64 = 1_000_000;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let all = fixed("logs")
        .and(with(context))
        .and(query())
        .and(asked_host())
        .then(|context, query, host| list(context, None, query, host));
    let some = warp::path("logs")
        .and(warp::path::param::<Segment>())
        .and(warp::path::end())
        .and(with(context))
        .and(query())
        .and(asked_host())
        .then(some_logs);
    let node = fixed("log").and(with(context)).then(node_logs);
    let one = warp::path("log")
        .and(warp::path::param::<Segment>())
        .and(warp::path::end())
        .and(with(context))
        .and(query())
        .then(|name: Segment, context, query| content(context, name.0, query));
    let names = fixed("get-all-log-name").and(with(context)).then(all_names);
    vec![
        Route::new(Method::GET, "/logs", all),
        Route::new(Method::GET, "/logs/:jobId", some),
        Route::new(Method::GET, "/log", node),
        Route::new(Method::GET, "/log/:name", one),
        Route::new(Method::GET, "/get-all-log-name", names),
    ]
}

/// A text with `.log` names a file, any other one is searched for in the names.
async fn some_logs(
    text: Segment,
    context: Arc<ApiContext>,
    query: Query,
    host: Option<Authority>,
) -> Result<Response, ApiError> {
    match text.0.contains(".log") {
        true => content(context, text.0, query).await,
        false => list(context, Some(text.0), query, host).await,
    }
}

/// What the client calls this server; never rejects.
fn asked_host() -> impl Filter<Extract = (Option<Authority>,), Error = Infallible> + Clone {
    warp::host::optional().or_else(|_| async { Ok::<_, Infallible>((None,)) })
}

/// The logs of all nodes, of which there is one.
async fn list(
    context: Arc<ApiContext>,
    part: Option<String>,
    query: Query,
    host: Option<Authority>,
) -> Result<Response, ApiError> {
    let names = names(&context, part.filter(|text| !text.trim().is_empty())).await?;
    // A server that listens on every address knows none by which the client reaches it.
    let everywhere = context.settings.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    let node = match host {
        Some(host) if everywhere => host.to_string(),
        Some(_) | None => context.settings.node(),
    };
    let base = format!("http://{node}{}/logs", context.settings.context_path);
    let links: Vec<LogLink<'_>> = names
        .iter()
        .map(|name| LogLink { node: &node, log_link: format!("{base}/{name}"), log_name: name })
        .collect();
    if query.get("format").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        return Ok(answer::json(&links));
    }
    let links = links.iter().map(|link| (link.log_link.as_str(), link.log_name));
    Ok(answer::text(HTML, views::log_page(links)))
}

/// The logs of this node, as a page.
async fn node_logs(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let names = names(&context, None).await?;
    let links: Vec<(String, &str)> =
        names.iter().map(|name| (format!("log/{name}"), name.as_str())).collect();
    Ok(answer::text(HTML, views::log_page(links.iter().map(|(link, name)| (link.as_str(), *name)))))
}

const HTML: &str = "text/html;charset=utf-8";

async fn all_names(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    Ok(answer::json(&names(&context, None).await?))
}

/// The names of the logs that there are, sorted; of those that hold `part`, if one is given.
async fn names(context: &ApiContext, part: Option<String>) -> Result<Vec<String>, ApiError> {
    let directory = directory(context);
    let found = runtime::blocking(move || {
        let entries = match std::fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let wanted = part.as_ref().is_none_or(|part| name.contains(part.as_str()));
            // A link leads out of the directory.
            if wanted && JobLog::is_log(&name) && entry.file_type()?.is_file() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    });
    found.await.map_err(died)?.map_err(|error: io::Error| unreadable("the directory of logs", &error))
}

fn directory(context: &ApiContext) -> PathBuf {
    context.settings.data_dir.join(JobLog::DIRECTORY)
}

/// One log, or the last lines of it (`tail`).
async fn content(context: Arc<ApiContext>, name: String, query: Query) -> Result<Response, ApiError> {
    let tail = query.get("tail").map(tail_lines).transpose()?;
    let path = directory(&context).join(&name);
    let shown = name.clone();
    let opened = runtime::blocking(move || open(&path, &name, tail)).await.map_err(died)?;
    let (file, from, to) = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let shown: String = shown.chars().take(200).collect();
            let message =
                format!("there is no log {shown:?}; GET /get-all-log-name lists those that there are");
            return Err(ApiError::new(ErrorCode::NotFound, message));
        }
        Err(error) => return Err(unreadable(&shown, &error)),
    };
    let (pieces, body) = mpsc::channel(2);
    // The work ends with the log, or when the client hangs up: then a send fails.
    let reader = runtime::blocking(move || {
        if let Err(error) = send(&file, from, to, &pieces)
            && pieces.blocking_send(Err(error)).is_err()
        {
            tracing::debug!("a client left while a log was sent");
        }
    });
    let mut response = answer::stream("text/plain;charset=utf-8", body, reader);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(to - from));
    Ok(response)
}

fn tail_lines(typed: &str) -> Result<u64, ApiError> {
    typed.trim().parse().ok().filter(|lines| (1..=MOST_LINES).contains(lines)).ok_or_else(|| {
        ApiError::bad(format!("tail: \"{typed}\" is not allowed here; allowed: lines from 1 to {MOST_LINES}"))
    })
}

/// Opens a log; answers it with where to begin and where to end.
fn open(path: &Path, name: &str, tail: Option<u64>) -> io::Result<(File, u64, u64)> {
    if !JobLog::is_log(name) || !path.symlink_metadata()?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = File::open(path)?;
    let to = file.metadata()?.len();
    let from = tail.map_or(Ok(0), |lines| last_lines(&file, to, lines))?;
    Ok((file, from, to))
}

/// Where the last `lines` lines of a file begin; found from its end.
fn last_lines(file: &File, end: u64, lines: u64) -> io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let (mut at, mut missing) = (end, lines);
    while at > 0 {
        let length = at.min(PIECE as u64) as usize;
        at -= length as u64;
        file.read_exact_at(&mut piece[..length], at)?;
        for (index, _) in piece[..length].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let next = at + index as u64 + 1;
            // The end of the last line begins no line.
            if next == end {
                continue;
            }
            missing -= 1;
            if missing == 0 {
                return Ok(next);
            }
        }
    }
    Ok(0)
}

fn send(mut file: &File, from: u64, to: u64, pieces: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    let mut rest = file.take(to - from);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        if (&mut rest).take(PIECE as u64).read_to_end(&mut piece)? == 0
            || pieces.blocking_send(Ok(piece.into())).is_err()
        {
            return Ok(());
        }
    }
}

fn unreadable(what: &str, error: &io::Error) -> ApiError {
    ApiError::new(ErrorCode::Internal, format!("{what} can't be read: {error}"))
}

fn died(error: Ended) -> ApiError {
    ApiError::new(ErrorCode::Internal, format!("the work on logs {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_lines_are_found_from_the_end() {
        let mut file = tempfile::tempfile().unwrap();
        let cases = [
            ("", 1, ""),
            ("one", 1, "one"),
            ("one\n", 1, "one\n"),
            ("one\ntwo\n", 1, "two\n"),
            ("one\ntwo", 1, "two"),
            ("one\ntwo\nthree\n", 2, "two\nthree\n"),
            ("one\ntwo\n", 9, "one\ntwo\n"),
            ("one\n\n\n", 2, "\n\n"),
        ];
        for (text, lines, expected) in cases {
            file.set_len(0).unwrap();
            file.rewind().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let from = last_lines(&file, text.len() as u64, lines).unwrap() as usize;
            assert_eq!(&text[from..], expected, "{lines} of {text:?}");
        }
        let long = "x".repeat(PIECE - 1) + "\n";
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(long.repeat(5).as_bytes()).unwrap();
        assert_eq!(last_lines(&file, 5 * PIECE as u64, 3).unwrap(), 2 * PIECE as u64);
    }
}
