//! The server's configuration: embedded defaults ← file ← environment ← flags.
//!
//! Each layer is normalised to the nested spelling before the layers are merged (`layers`), so that a user's flat
//! `port` beats an embedded nested default; within one layer nested beats flat. `known` lists what exists, `settings`
//! reads the typed values. Unknown keys are warnings; a known key with a value that can't be used is one error.

mod known;
mod layers;
mod settings;

pub use settings::{CheckpointConfig, Config, EngineConfig, HttpConfig, LogConfig, SlotConfig, StoreConfig};

use crate::model::Problem;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What the command line sets.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
}

/// A configuration and what was odd about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Keys that have no effect, each with its path and where it stands.
    pub warnings: Vec<Problem>,
}

/// A configuration that can't be used: one clear sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Loads the configuration: defaults, then `file`, then the environment of the process, then `flags`.
///
/// # Errors
/// A file that can't be read or parsed, or a known key with an unusable value.
pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Loaded, ConfigError> {
    load_with(file, std::env::vars(), flags)
}

/// [`load`] with another environment.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: &Flags,
) -> Result<Loaded, ConfigError> {
    let (figment, warnings) = layers::merged(file, environment, flags)?;
    Ok(Loaded { config: settings::read(&figment)?, warnings })
}

#[cfg(test)]
mod tests;
