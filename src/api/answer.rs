//! Makes responses.

use crate::runtime::Task;
use bytes::Bytes;
use futures::Stream;
use serde::Serialize;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use warp::Reply;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

/// 200 with compact JSON.
pub(super) fn json(value: &impl Serialize) -> Response {
    json_with(StatusCode::OK, value)
}

/// Compact JSON with a status.
pub(super) fn json_with(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => raw(status, body),
        Err(error) => {
            tracing::error!(%error, "an answer can't be written as JSON");
            raw(
                StatusCode::INTERNAL_SERVER_ERROR,
                br#"{"status":"fail","message":"the answer can't be written as JSON"}"#.to_vec(),
            )
        }
    }
}

/// A body that is JSON already.
pub(super) fn raw(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = warp::reply::with_status(body, status).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A status without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    warp::reply::with_status(warp::reply(), status).into_response()
}

/// 200 with text of that type.
pub(super) fn text(content_type: &'static str, body: String) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A body in pieces, and the work that makes them; memory is bounded by the channel between the two.
pub(super) fn stream(
    content_type: &'static str,
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    writer: Task<()>,
) -> Response {
    let mut response = warp::reply::stream(Pieces { pieces, _writer: writer }).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// Owned by the response: it ends with it.
    _writer: Task<()>,
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.poll_recv(cx)
    }
}
