//! Versioned bytes for states, splits, positions and prepared handles.

use crate::model::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of `value` with `version` in front.
///
/// # Errors
/// A value that bincode can't write (an internal fault).
pub fn encode<T: Serialize>(version: u8, value: &T) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![version];
    let body = bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|e| Fault::internal("state can't be encoded").caused_by(&e))?;
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// Another version, or bytes that don't fit.
pub fn decode<T: DeserializeOwned>(version: u8, bytes: &[u8]) -> Result<T, Fault> {
    match bytes.split_first() {
        Some((found, body)) if *found == version => {
            bincode::serde::decode_from_slice(body, bincode::config::standard())
                .map(|(value, _)| value)
                .map_err(|e| Fault::internal("stored state is damaged").caused_by(&e))
        }
        Some((found, _)) => {
            Err(Fault::internal(format!("stored state has version {found}, wanted is {version}")))
        }
        None => Err(Fault::internal("stored state is empty")),
    }
}
