//! The server's configuration: embedded defaults ← file ← environment ← flags.
//!
//! Each layer is normalised to the nested spelling before the layers are merged (`layers`), so that a user's flat
//! `port` beats an embedded nested default; within one layer nested beats flat. `known` lists what exists, `settings`
//! reads the typed values, `access` those that protect a server. Unknown keys are warnings; a known key with a value that can't be used is one error.

mod access;
mod known;
mod layers;
mod settings;

pub use access::{AccessConfig, BasicAuth, LimitsConfig, Secret, TlsConfig};
pub use settings::{
    CheckpointConfig, Config, EngineConfig, HttpConfig, KeptConfig, LogConfig, SlotConfig, StoreConfig,
};

use crate::model::Problem;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

/// What the command line sets.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--listen`, read by [`listen_address`].
    pub listen: Option<SocketAddr>,
}

/// Reads an address to listen on: `127.0.0.1:8080`, `[::1]:8080`, or a name of this machine, `localhost:8080`.
///
/// # Errors
/// One sentence: what is allowed.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let wrong = || format!("{text:?} is no HOST:PORT, such as 127.0.0.1:8080, [::1]:8080 or localhost:8080");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let host = ip_of(host).ok_or_else(|| format!("{}; no address is known for {host:?}", wrong()))?;
    Ok(SocketAddr::new(host, port))
}

/// The address of a host: an IP address, or what its name stands for. Of several the loopback ones come first, and of
/// these the older kind, which every client tries.
fn ip_of(host: &str) -> Option<IpAddr> {
    if let Ok(ip) = host.parse() {
        return Some(ip);
    }
    if host.is_empty() {
        return None;
    }
    let found = (host, 0).to_socket_addrs().ok()?.map(|address| address.ip());
    found.min_by_key(|ip| (!ip.is_loopback(), ip.is_ipv6()))
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

/// The file of the key for secrets in jobs, as the environment alone names it: for what runs without a configuration.
#[must_use]
pub fn shade_key_file_of_environment() -> Option<PathBuf> {
    std::env::var_os("SEIKAN_ENGINE__SHADE_KEY_FILE").filter(|path| !path.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests;
