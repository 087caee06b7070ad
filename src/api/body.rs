//! Request bodies: read with a running limit, whatever the content type, then taken as JSON.

use super::error::{ApiError, ErrorCode};
use super::timed_body::TooSlow;
use crate::options::{Map, Tree};
use crate::spec::{self, JsonMode};
use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use std::pin::pin;
use warp::Filter;

/// Extracts the body, or the error that reading it gave. The limit holds while reading, for chunked bodies too.
pub(super) fn body(
    limit: u64,
) -> impl Filter<Extract = (Result<Bytes, ApiError>,), Error = warp::Rejection> + Clone {
    warp::body::stream().then(move |stream| read(stream, limit))
}

async fn read<S, B>(stream: S, limit: u64) -> Result<Bytes, ApiError>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let mut stream = pin!(stream);
    let mut body = BytesMut::new();
    while let Some(piece) = stream.next().await {
        let mut piece = piece.map_err(|error| match TooSlow::is_in(&error) {
            true => ApiError::new(ErrorCode::Timeout, format!("the request body: {TooSlow}")),
            false => ApiError::bad(format!("the request body ended early: {error}")),
        })?;
        if body.len() as u64 + piece.remaining() as u64 > limit {
            let message =
                format!("the request body is larger than the limit of {limit} bytes (http.max-body-bytes)");
            return Err(ApiError::new(ErrorCode::TooLarge, message));
        }
        body.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
    }
    Ok(body.freeze())
}

/// The body as JSON (comments tolerated, of equal keys the last counts).
pub(super) fn json(body: &[u8]) -> Result<Tree, ApiError> {
    if body.is_empty() {
        return Err(ApiError::bad("Request body is empty."));
    }
    spec::parse_json(body, JsonMode::Body, "request body").map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        ApiError {
            problems,
            ..ApiError::bad(format!("Invalid JSON format in request body. {first}").trim_end())
        }
    })
}

/// The body as a JSON object.
pub(super) fn json_object(body: &[u8]) -> Result<Map, ApiError> {
    match json(body)? {
        Tree::Map(map) => Ok(map),
        other => Err(ApiError::bad(format!(
            "Invalid JSON format in request body. An object is wanted, not {}.",
            other.kind()
        ))),
    }
}

/// The body as a JSON array.
pub(super) fn json_array(body: &[u8]) -> Result<Vec<Tree>, ApiError> {
    match json(body)? {
        Tree::List(list) => Ok(list),
        other => Err(ApiError::bad(format!(
            "Invalid JSON format in request body. An array is wanted, not {}.",
            other.kind()
        ))),
    }
}
