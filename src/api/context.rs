//! What every handler can reach.

use super::dry_run::Trials;
use super::monitoring::Monitor;
use super::server::Connections;
use crate::model::Millis;
use crate::plan;
use crate::plugin::Registry;
use crate::runtime::Logging;
use crate::scheduler::SchedulerHandle;
use crate::store::{StoreError, StoreGauge, StoreReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The part of the configuration that answers depend on.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// `/seatunnel`, or empty.
    pub context_path: String,
    /// Whether every job id in an answer is a string (`http.job-id-format: string`).
    pub ids_as_strings: bool,
    /// Limit of a request body, in bytes.
    pub max_body_bytes: u64,
    /// Names of environment variables that HOCON jobs sent over REST may read.
    pub env_allow: Vec<String>,
    /// What `/overview` calls this server's version.
    pub project_version: String,
    /// Host in `/system-monitoring-information`.
    pub host: String,
    /// Port in `/system-monitoring-information`.
    pub port: u16,
    /// Defaults of jobs.
    pub plan_defaults: plan::Defaults,
    /// Whether a job that would have to wait is refused instead.
    pub reject_when_full: bool,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Where backups go, if that is configured.
    pub backup_dir: Option<PathBuf>,
}

impl ApiSettings {
    /// Host and port, as one text.
    #[must_use]
    pub fn node(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

/// What every handler can reach; shared by all of them.
pub struct ApiContext {
    /// Settings.
    pub settings: ApiSettings,
    /// Job states, changes.
    pub scheduler: SchedulerHandle,
    /// How the store is.
    pub store: StoreGauge,
    /// History.
    pub reader: StoreReader,
    /// Plug-ins.
    pub registry: Arc<Registry>,
    /// Figures of process and machine.
    pub monitor: Monitor,
    /// Figures of the accept loop.
    pub connections: Arc<Connections>,
    /// Whether a backup is being made.
    pub backup_runs: Arc<AtomicBool>,
    /// The server's log.
    pub logging: Logging,
    /// Tries jobs.
    pub trials: Trials,
    /// Threads that jobs had to give up because a plug-in's call didn't return.
    pub threads_given_up: Box<dyn Fn() -> u64 + Send + Sync>,
    /// When the server started.
    pub started: Millis,
}

impl ApiContext {
    /// Whether the history is there: the first question of a handler that needs it.
    ///
    /// # Errors
    /// [`StoreError::Loading`] until it is.
    pub fn history(&self) -> Result<&StoreReader, StoreError> {
        match self.store.read().loading {
            Some(loading) => Err(StoreError::Loading(loading)),
            None => Ok(&self.reader),
        }
    }
}
