//! `Idempotency-Key` of a submission: the same key and request again is answered with the job that it made, at any later
//! time, also after a restart, as long as the job is kept.
//!
//! The id of the job is derived from the key, so the look for an id that is taken finds it, and no list of keys is needed.
//! Hashes of the key and of the request stand in the job's record.

use super::error::ApiError;
use super::submit::Params;
use crate::model::{JobId, JobTexts, SubmitKey};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use warp::Filter;
use warp::http::{HeaderMap, HeaderValue};

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// Extracts the header; an unusable one is the handler's error.
pub(super) fn key() -> impl Filter<Extract = (Result<Option<String>, ApiError>,), Error = Infallible> + Copy {
    warp::header::headers_cloned()
        .map(|headers: HeaderMap| headers.get("idempotency-key").map(read).transpose())
}

fn read(header: &HeaderValue) -> Result<String, ApiError> {
    let key = header.to_str().unwrap_or_default().trim();
    // The header's draft has it in quotes.
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    if key.is_empty() || key.len() > LONGEST {
        return Err(ApiError::bad(format!(
            "Idempotency-Key: allowed are 1 to {LONGEST} visible ASCII characters"
        )));
    }
    Ok(key.to_owned())
}

/// What recognises the request again.
pub(super) fn submit_key(key: &str, params: &Params, texts: &JobTexts) -> SubmitKey {
    let id = params.id.map(|id| id.to_string()).unwrap_or_default();
    let name = params.name.as_deref().unwrap_or_default();
    let savepoint = if params.from_savepoint { "savepoint" } else { "" };
    // The resolved text holds what variables were filled in.
    SubmitKey { key: hash(&[key]), request: hash(&[&id, name, savepoint, &texts.resolved]) }
}

/// The id of the job of a key: positive, and below 2^53, so that it survives as a JSON number.
pub(super) fn id_of(key: &SubmitKey) -> JobId {
    let [a, b, c, d, e, f, g, h, ..] = key.key;
    let number = i64::from_be_bytes([a, b, c, d, e, f, g, h]) & ((1 << 53) - 1);
    JobId(number.max(1))
}

/// A hash of texts, each with its length, so that none runs into the next.
fn hash(texts: &[&str]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_they_are_sent() {
        for (sent, wanted) in [("abc", Some("abc")), (" \"a b\" ", Some("a b")), ("", None), ("\"\"", None)] {
            assert_eq!(read(&HeaderValue::from_str(sent).unwrap()).ok().as_deref(), wanted, "{sent:?}");
        }
        assert!(read(&HeaderValue::from_str(&"x".repeat(256)).unwrap()).is_err());
        assert!(read(&HeaderValue::from_bytes(b"\xff").unwrap()).is_err());
    }

    #[test]
    fn ids_are_positive_numbers_that_json_keeps() {
        for key in 0..1000 {
            let key = SubmitKey { key: hash(&[&key.to_string()]), request: [0; 16] };
            let JobId(id) = id_of(&key);
            assert!(id > 0 && id < 1 << 53);
        }
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
