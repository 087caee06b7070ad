//! A job's event log as server-sent events: what there is first, then each line when it is there, to the job's end.
//!
//! `id:` is the line's number, so `Last-Event-ID` goes on behind it; a comment goes out when nothing happens, so that
//! proxies and clients see that the stream lives; the last event is `end`. A follower is woken and looks for itself: a slow
//! one waits for its own client, misses at most what the log leaves out by then, and holds up nobody.

use super::answer;
use super::context::ApiContext;
use super::events::whole_record;
use super::views;
use crate::model::JobId;
use crate::runtime;
use bytes::Bytes;
use serde::Serialize;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use warp::http::header::{CACHE_CONTROL, HeaderValue};
use warp::reply::Response;

/// The longest time without a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Bytes of events that go out together.
const AT_ONCE: usize = 16 << 10;

/// The stream of a job's events behind number `after`.
pub(super) fn stream(context: Arc<ApiContext>, id: JobId, after: u64) -> Response {
    let (pieces, body) = mpsc::channel::<io::Result<Bytes>>(1);
    let writer = runtime::spawn(write(context, id, after, pieces));
    let mut response = answer::stream("text/event-stream", body, writer);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Ends when the job has ended, when the client hangs up, and with the server.
async fn write(context: Arc<ApiContext>, id: JobId, mut after: u64, pieces: mpsc::Sender<io::Result<Bytes>>) {
    // First to be told, then to look: nothing is missed.
    let mut changes = context.scheduler.overlay().changes(id);
    loop {
        changes.mark_unchanged();
        let Ok(record) = whole_record(&context, id) else { return };
        let mut text = String::new();
        let seen = after;
        after = record.events.last().map_or(seen, |last| last.seq.max(seen));
        for event in record.events.iter().filter(|event| event.seq > seen) {
            text.push_str(&format!("id: {}\n{}", event.seq, data(&views::Event::of(event))));
            if text.len() >= AT_ONCE && !send(&pieces, &mut text).await {
                return;
            }
        }
        if record.state.is_end() {
            text.push_str("event: end\n");
            text.push_str(&data(&views::LastWord::of(id, record.state)));
        }
        if !send(&pieces, &mut text).await || record.state.is_end() {
            return;
        }
        drop(record);
        loop {
            tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                () = tokio::time::sleep(HEARTBEAT) => {
                    if !send(&pieces, &mut ":\n\n".to_owned()).await {
                        return;
                    }
                }
                () = pieces.closed() => return,
            }
        }
    }
}

/// Whether the client is still there.
async fn send(pieces: &mpsc::Sender<io::Result<Bytes>>, text: &mut String) -> bool {
    text.is_empty() || pieces.send(Ok(std::mem::take(text).into())).await.is_ok()
}

/// The line with the data of an event, and its end.
fn data(view: &impl Serialize) -> String {
    // JSON has no line breaks of its own.
    match serde_json::to_string(view) {
        Ok(json) => format!("data: {json}\n\n"),
        Err(error) => {
            tracing::error!(%error, "an event can't be written as JSON");
            "\n".to_owned()
        }
    }
}
