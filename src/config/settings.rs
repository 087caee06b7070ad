//! The typed values.

use super::access::{self, AccessConfig, LimitsConfig, TlsConfig};
use super::{ConfigError, Flags, ip_of};
use figment::Figment;
use figment::value::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Minutes that ended jobs are kept; `None`: for ever.
    pub history_job_expire_minutes: Option<u64>,
    /// Slots.
    pub slots: SlotConfig,
    /// Checkpoints.
    pub checkpoint: CheckpointConfig,
    /// HTTP.
    pub http: HttpConfig,
    /// The engine.
    pub engine: EngineConfig,
    /// The store.
    pub store: StoreConfig,
    /// Logs.
    pub logs: LogConfig,
    /// The file of the key for secrets in jobs.
    pub shade_key_file: Option<PathBuf>,
    /// Tags of this node, until others are stored.
    pub tags: Vec<(String, String)>,
}

/// Slots.
#[derive(Clone, Debug)]
pub struct SlotConfig {
    /// Number of slots; `None`: dynamic.
    pub fixed: Option<u32>,
    /// Whether a job is refused (else waits) when all are taken.
    pub reject_when_full: bool,
}

/// Checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointConfig {
    /// Interval of streaming jobs that set none.
    pub interval: Duration,
    /// Time that a checkpoint may take.
    pub timeout: Duration,
    /// Which checkpoints of ended jobs are kept.
    pub kept: KeptConfig,
}

/// What is kept of ended jobs, besides their records; `None`: all.
#[derive(Clone, Debug)]
pub struct KeptConfig {
    /// For so many minutes.
    pub expire_minutes: Option<u64>,
    /// Of so many jobs.
    pub max_jobs: Option<u64>,
    /// So many bytes.
    pub max_bytes: Option<u64>,
}

/// HTTP.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Whether to serve at all.
    pub enabled: bool,
    /// Address.
    pub listen: SocketAddr,
    /// `/seatunnel`, or empty.
    pub context_path: String,
    /// Whether other machines may come without authentication.
    pub allow_anonymous: bool,
    /// Whether job ids in answers are strings.
    pub ids_as_strings: bool,
    /// Largest body.
    pub max_body_bytes: u64,
    /// Environment variables that jobs sent over REST may read.
    pub env_allow: Vec<String>,
    /// What `/overview` calls the version.
    pub project_version: String,
    /// Who may come in.
    pub access: AccessConfig,
    /// HTTPS, if that is served.
    pub tls: Option<TlsConfig>,
    /// What one client may take.
    pub limits: LimitsConfig,
}

impl HttpConfig {
    /// Whether anything is served.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.enabled || self.tls.is_some()
    }

    /// Whether everybody who is served has shown who they are.
    fn asks_who(&self) -> bool {
        let certificates = self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        self.access.is_on() || (!self.enabled && certificates)
    }
}

/// The engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Jobs that run at once.
    pub max_running_jobs: u32,
    /// Bytes in one pipe.
    pub pipe_bytes: usize,
    /// Bytes in all pipes.
    pub pipes_budget_bytes: usize,
    /// Time that one call of a plug-in may take.
    pub plugin_call_timeout: Duration,
    /// Time that a stopped job's tasks get.
    pub stop_deadline: Duration,
    /// Time that all jobs get to suspend.
    pub shutdown_deadline: Duration,
    /// Threads for blocking work.
    pub blocking_threads: usize,
}

/// The store.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Data directory.
    pub data_dir: PathBuf,
    /// Bytes of one journal segment.
    pub segment_bytes: u64,
    /// Memory for the index.
    pub index_cache_bytes: u64,
    /// Trust a directory without birth times.
    pub trust_path: bool,
    /// How many ended jobs are kept; `None`: all.
    pub max_ended_jobs: Option<u64>,
    /// How many bytes of ended jobs are kept; `None`: all.
    pub max_ended_bytes: Option<u64>,
    /// How long what was superseded stays on the disk.
    pub grace: Duration,
    /// New jobs are taken only while the file system of the data directory has so many bytes free; 0: always.
    pub low_water_bytes: u64,
    /// Where `POST /backups` puts backups; `None`: it makes none.
    pub backup_dir: Option<PathBuf>,
}

/// Logs.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Bytes of one log file of a job.
    pub job_log_bytes: u64,
    /// Bytes of one log file of the server.
    pub server_log_bytes: u64,
    /// Whether the server's lines are JSON objects.
    pub json: bool,
    /// Which logs of ended jobs are kept.
    pub kept: KeptConfig,
}

impl Config {
    /// The defaults, without file and environment.
    ///
    /// # Errors
    /// None, as long as the embedded file is right (a test reads it).
    pub fn defaults() -> Result<Self, ConfigError> {
        super::load_with(None, std::iter::empty(), &Flags::default()).map(|loaded| loaded.config)
    }

    /// Whether the address, if one is served, may be served as configured.
    ///
    /// # Errors
    /// An address that other machines reach, without authentication and without `http.allow-anonymous: true`.
    pub fn check_exposure(&self) -> Result<(), ConfigError> {
        let (http, address) = (&self.http, self.http.listen);
        if !http.serves() || address.ip().is_loopback() || http.asks_who() || http.allow_anonymous {
            return Ok(());
        }
        Err(ConfigError(format!(
            "{address} can be reached by other machines, and there is no authentication: set \
             seatunnel.engine.http.tokens-file or http.enable-basic-auth, listen on a loopback address, or set \
             http.allow-anonymous: true"
        )))
    }
}

/// Reads every value.
pub(super) fn read(figment: &Figment) -> Result<Config, ConfigError> {
    let values = Values(figment);
    let host = values.text("http.host")?;
    let allowed = "an IP address such as 127.0.0.1 or 0.0.0.0, or a name of this machine such as localhost";
    let ip = ip_of(host.trim()).ok_or_else(|| values.wrong("http.host", allowed))?;
    Ok(Config {
        history_job_expire_minutes: values.limit("history-job-expire-minutes", 1)?,
        slots: SlotConfig {
            fixed: match values.bool("slot-service.dynamic-slot")? {
                true => None,
                false => Some(values.number("slot-service.slot-num", 1, u64::from(u32::MAX))? as u32),
            },
            reject_when_full: values.choice("job-schedule-strategy", &["WAIT", "REJECT"])? == "REJECT",
        },
        checkpoint: CheckpointConfig {
            interval: values.millis("checkpoint.interval", 10)?,
            timeout: values.millis("checkpoint.timeout", 10)?,
            kept: KeptConfig {
                expire_minutes: values.limit("checkpoint.expire-minutes", 1)?,
                max_jobs: values.limit("checkpoint.max-jobs", 0)?,
                max_bytes: values.limit("checkpoint.max-bytes", 0)?,
            },
        },
        http: HttpConfig {
            enabled: values.bool("http.enable-http")?,
            listen: SocketAddr::new(ip, values.number("http.port", 0, 65_535)? as u16),
            context_path: context_path(&values.text("http.context-path")?),
            allow_anonymous: values.bool("http.allow-anonymous")?,
            ids_as_strings: values.choice("http.job-id-format", &["number", "string"])? == "string",
            max_body_bytes: values.number("http.max-body-bytes", 1, u64::MAX)?,
            env_allow: values.texts("http.env-allow")?,
            project_version: values.text("http.project-version")?,
            access: access::access(&values)?,
            tls: access::tls(&values, ip)?,
            limits: access::limits(&values)?,
        },
        engine: EngineConfig {
            max_running_jobs: values.number("max-running-jobs", 1, u64::from(u32::MAX))? as u32,
            pipe_bytes: values.number("pipe-bytes", 1, u64::MAX)? as usize,
            pipes_budget_bytes: values.number("pipes-budget-bytes", 1, u64::MAX)? as usize,
            plugin_call_timeout: values.millis("plugin-call-timeout", 1)?,
            stop_deadline: values.millis("stop-deadline", 1)?,
            shutdown_deadline: values.millis("shutdown-deadline", 1)?,
            blocking_threads: values.number("blocking-threads", 1, 4096)? as usize,
        },
        store: StoreConfig {
            data_dir: values.text("store.data-dir")?.into(),
            segment_bytes: values.number("store.segment-bytes", 4096, u64::MAX)?,
            index_cache_bytes: values.number("store.index-cache-bytes", 1 << 20, u64::MAX)?,
            trust_path: values.bool("store.trust-path")?,
            max_ended_jobs: values.limit("store.max-ended-jobs", 0)?,
            max_ended_bytes: values.limit("store.max-ended-bytes", 0)?,
            grace: values.millis("store.grace", 0)?,
            low_water_bytes: values.number("store.low-water-bytes", 0, u64::MAX)?,
            backup_dir: values.path("store.backup-dir")?,
        },
        logs: LogConfig {
            job_log_bytes: values.number("logs.job-log-bytes", 1024, u64::MAX)?,
            server_log_bytes: values.number("logs.server-log-bytes", 1024, u64::MAX)?,
            json: values.choice("logs.format", &["human", "json"])? == "json",
            kept: KeptConfig {
                expire_minutes: values.limit("logs.expire-minutes", 1)?,
                max_jobs: values.limit("logs.max-jobs", 0)?,
                max_bytes: values.limit("logs.max-bytes", 0)?,
            },
        },
        shade_key_file: values.path("shade-key-file")?,
        tags: values.tags()?,
    })
}

/// Leading slash, no trailing one; `/` alone is none.
fn context_path(text: &str) -> String {
    let inner = text.trim().trim_matches('/');
    if inner.is_empty() { String::new() } else { format!("/{inner}") }
}

/// Reads single values; an error names layer and path.
pub(super) struct Values<'f>(&'f Figment);

impl Values<'_> {
    pub(super) fn find(&self, key: &str) -> Option<Value> {
        self.0.find_value(key).ok()
    }

    pub(super) fn wrong(&self, key: &str, allowed: &str) -> ConfigError {
        let layer =
            self.0.find_metadata(key).map_or("the defaults", |metadata| metadata.name.as_ref()).to_owned();
        let given = self.find(key).map_or_else(|| "nothing".to_owned(), |value| shown(&value));
        ConfigError(format!("{layer}: seatunnel.engine.{key}: {given} can't be used; allowed: {allowed}"))
    }

    pub(super) fn text(&self, key: &str) -> Result<String, ConfigError> {
        let value = self.find(key).ok_or_else(|| self.wrong(key, "a text"))?;
        match (value.as_str(), value.as_dict(), value.as_array()) {
            (Some(text), _, _) => Ok(text.to_owned()),
            (None, None, None) => Ok(shown(&value)),
            _ => Err(self.wrong(key, "a text")),
        }
    }

    pub(super) fn bool(&self, key: &str) -> Result<bool, ConfigError> {
        match self.text(key)?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            _ => Err(self.wrong(key, "true, yes, on, false, no, off")),
        }
    }

    pub(super) fn number(&self, key: &str, least: u64, most: u64) -> Result<u64, ConfigError> {
        let parsed = self.text(key)?.trim().parse().ok().filter(|number| (least..=most).contains(number));
        parsed.ok_or_else(|| {
            let allowed = match most {
                u64::MAX => format!("a number of at least {least}"),
                _ => format!("a number from {least} to {most}"),
            };
            self.wrong(key, &allowed)
        })
    }

    /// A number, if it is set.
    pub(super) fn limit(&self, key: &str, least: u64) -> Result<Option<u64>, ConfigError> {
        self.find(key).map(|_| self.number(key, least, u64::MAX)).transpose()
    }

    /// A path, if it is set.
    pub(super) fn path(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        match self.find(key) {
            None | Some(Value::Empty(..)) => Ok(None),
            Some(_) => Ok(Some(self.text(key)?).filter(|path| !path.is_empty()).map(PathBuf::from)),
        }
    }

    pub(super) fn millis(&self, key: &str, least: u64) -> Result<Duration, ConfigError> {
        self.number(key, least, u64::MAX).map(Duration::from_millis)
    }

    fn choice(&self, key: &str, choices: &[&'static str]) -> Result<&'static str, ConfigError> {
        let text = self.text(key)?;
        let found = choices.iter().copied().find(|choice| choice.eq_ignore_ascii_case(text.trim()));
        found.ok_or_else(|| self.wrong(key, &choices.join(", ")))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let value = self.find(key).ok_or_else(|| self.wrong(key, "a list of texts"))?;
        let list = value.as_array().ok_or_else(|| self.wrong(key, "a list of texts"))?;
        Ok(list.iter().map(shown_bare).collect())
    }

    fn tags(&self) -> Result<Vec<(String, String)>, ConfigError> {
        match self.find("tags") {
            None => Ok(Vec::new()),
            Some(value) => {
                let dict =
                    value.as_dict().ok_or_else(|| self.wrong("tags", "a section of names and texts"))?;
                Ok(dict.iter().map(|(name, value)| (name.clone(), shown_bare(value))).collect())
            }
        }
    }
}

fn shown_bare(value: &Value) -> String {
    value.as_str().map_or_else(|| shown(value), str::to_owned)
}

/// A value as an error shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, c) => format!("{c:?}"),
        Value::Bool(_, value) => value.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(number), _, _) => number.to_string(),
            (None, Some(number), _) => number.to_string(),
            (None, None, number) => number.map_or_else(String::new, |n| n.to_string()),
        },
        Value::Empty(_, _) => "nothing".to_owned(),
        Value::Dict(_, _) => "a section".to_owned(),
        Value::Array(_, _) => "a list".to_owned(),
    }
}
