//! A running server: everything that `serve` and `run` start and stop.

use super::listen::{Ways, listen, url, urls};
use super::sample::sample;
use super::start_report::{tell, while_loading, while_starting};
use super::{JobText, prune, registry, shade};
use crate::api::{ApiContext, ApiSettings, Declared, HttpServer, Monitor, Trials};
use crate::config::{self, Config, ConfigError};
use crate::engine::{Engine, EngineSettings};
use crate::model::{JobId, JobRecord, JobState, JobTexts, MetricsSnapshot, Origin, Problem};
use crate::options::Tree;
use crate::plan;
use crate::plugin::Registry;
use crate::runtime::{self, JobLog, JobPool, LogLimits, Logging, Task};
use crate::scheduler::{self, JobLogs, SchedulerHandle, SchedulerSettings, Submission};
use crate::spec;
use crate::store::{Progress, SpaceOptions, Store, StoreError, StoreGauge, StoreOptions, StoreReader};
use futures::FutureExt;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Time that open requests get at a stop.
const HTTP_DEADLINE: Duration = Duration::from_secs(2);

/// Time that polls of jobs under way get at a stop, when the jobs have been told to end.
const POOL_DEADLINE: Duration = Duration::from_secs(2);

/// How often the store is asked whether it has failed.
const FAILURE_CHECK: Duration = Duration::from_millis(500);

/// Bytes that are kept for the ends of running jobs when the disk is full.
const RESERVE_BYTES: u64 = 8 << 20;

/// What to start.
pub struct ServerOptions {
    config: Config,
    resume: bool,
    /// One job only: no HTTP, its log on standard output, a data directory that is removed at the end.
    one_job: bool,
    logging: Logging,
}

impl ServerOptions {
    /// A server as configured; `resume` lets a copied data directory run the jobs of its original.
    #[must_use]
    pub fn for_config(config: Config, resume: bool, logging: Logging) -> Self {
        Self { config, resume, one_job: false, logging }
    }

    /// One job in this process.
    ///
    /// # Errors
    /// None, as long as the embedded defaults are right.
    pub fn for_one_job() -> Result<Self, ConfigError> {
        let mut config = Config::defaults()?;
        let name = format!("seikan-run-{}-{:x}", std::process::id(), rand::random::<u32>());
        config.store.data_dir = std::env::temp_dir().join(name);
        config.shade_key_file = config::shade_key_file_of_environment();
        Ok(Self { config, resume: false, one_job: true, logging: Logging::detached() })
    }
}

/// A job as it stands.
pub enum Running {
    /// Not ended.
    Live {
        /// State.
        state: JobState,
        /// Counts now.
        counts: MetricsSnapshot,
    },
    /// Ended.
    Ended(Box<JobRecord>),
    /// Not known until the history is loaded.
    Loading,
}

/// A running server.
pub struct Server {
    scheduler: SchedulerHandle,
    reader: StoreReader,
    registry: Arc<Registry>,
    plan_defaults: plan::Defaults,
    http: Option<HttpServer>,
    /// Reads tokens and certificates again.
    reload: Option<Task<()>>,
    core: tokio::sync::Mutex<Task<()>>,
    store: StoreGauge,
    stop_deadline: Duration,
    greeting: String,
    temporary: Option<PathBuf>,
    /// Tells how far the history is loaded.
    _report: Task<()>,
    pool: JobPool,
    /// Timers and blocking work of jobs; shut down without waiting, when nothing in the pool polls any more.
    jobs: Option<tokio::runtime::Runtime>,
}

impl Server {
    /// Starts everything.
    ///
    /// # Errors
    /// One sentence: what could not be opened, bound or started.
    pub async fn start(options: ServerOptions) -> Result<Self, String> {
        let ServerOptions { config, resume, one_job, logging } = options;
        let started = runtime::clock();
        let data_dir = config.store.data_dir.clone();
        let shade = shade(config.shade_key_file.as_deref())?;
        let progress = Progress::default();
        let ways = if one_job { None } else { listen(&config, &progress).await? };
        let url = ways.as_ref().map(|ways| url(&config, &ways.http));
        let starting = runtime::spawn(while_starting(progress.clone(), url));
        let (dir, store_options) = (data_dir.clone(), store_options(&config, one_job));
        let opened = runtime::blocking(move || Store::begin(&dir, &store_options, &progress))
            .await
            .map_err(|e| format!("the store at {} can't be opened: {e}", data_dir.display()))?
            .map_err(|e| e.to_string())?;
        if !one_job {
            log_to_file(&logging, &config);
        }
        let held = opened.recovered.held.clone();
        let (live, reader) = (opened.recovered.live.len(), opened.store.reader());

        let jobs = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(config.engine.blocking_threads)
            .thread_name("job-timer")
            .enable_all()
            .build()
            .map_err(|e| format!("the runtime of jobs can't start: {e}"))?;
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let pool = JobPool::new(threads, config.engine.plugin_call_timeout, jobs.handle().clone())
            .map_err(|e| format!("the pool of jobs can't start: {e}"))?;
        let engine = Arc::new(Engine::new(pool.clone(), engine_settings(&config)?));
        let trials = Arc::clone(&engine);
        let registry = Arc::new(registry());
        let plan_defaults = plan::Defaults {
            checkpoint_interval: config.checkpoint.interval,
            checkpoint_timeout: config.checkpoint.timeout,
            shade,
        };
        let settings = scheduler_settings(&config, &plan_defaults, resume, one_job);
        let store = opened.store.gauge();
        let (scheduler, core) =
            scheduler::start(opened.store, opened.recovered, engine, Arc::clone(&registry), settings);

        let mut server = Self {
            scheduler: scheduler.clone(),
            reader: reader.clone(),
            registry: Arc::clone(&registry),
            plan_defaults: plan_defaults.clone(),
            http: None,
            reload: None,
            core: tokio::sync::Mutex::new(core),
            store: store.clone(),
            stop_deadline: config.engine.shutdown_deadline,
            greeting: String::new(),
            temporary: one_job.then_some(data_dir.clone()),
            _report: runtime::spawn(while_loading(store.clone())),
            pool: pool.clone(),
            jobs: Some(jobs),
        };
        if let Some(Ways { http, reload }) = ways {
            let bound = http.bound().first().map_or(config.http.listen, |(_, address)| *address);
            let context = Arc::new(ApiContext {
                settings: ApiSettings {
                    context_path: config.http.context_path.clone(),
                    ids_as_strings: config.http.ids_as_strings,
                    max_body_bytes: config.http.max_body_bytes,
                    env_allow: config.http.env_allow.clone(),
                    project_version: config.http.project_version.clone(),
                    host: bound.ip().to_string(),
                    port: bound.port(),
                    plan_defaults,
                    reject_when_full: config.slots.reject_when_full,
                    data_dir: config.store.data_dir.clone(),
                    backup_dir: config.store.backup_dir.clone(),
                },
                scheduler,
                store,
                reader,
                registry,
                monitor: Monitor::new().map_err(|e| format!("the system tells nothing about itself: {e}"))?,
                connections: http.connections(),
                backup_runs: Arc::default(),
                logging,
                trials: Trials::new(move |plan| {
                    let engine = Arc::clone(&trials);
                    async move { sample(&engine, &plan).await }.boxed()
                }),
                threads_given_up: Box::new(move || pool.threads_given_up()),
                started,
            });
            http.ready(&context);
            let held = held.as_deref().filter(|_| !resume);
            server.greeting = greeting(&config, &http, live, held, runtime::clock() - started);
            (server.http, server.reload) = (Some(http), reload);
        }
        drop(starting);
        tell(&[sd_notify::NotifyState::Ready]);
        Ok(server)
    }

    /// The lines that tell a user what was started.
    #[must_use]
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Every route that is served.
    #[must_use]
    pub fn routes(&self) -> &[Declared] {
        self.http.as_ref().map_or(&[], HttpServer::routes)
    }

    /// Submits a job from the command line; a `name` given there goes before the text's own.
    ///
    /// # Errors
    /// Every problem.
    pub async fn submit(
        &self,
        tree: &Tree,
        text: &JobText,
        name: Option<&str>,
    ) -> Result<JobId, Vec<Problem>> {
        let job = spec::job_spec(tree, &self.plan_defaults.shade)?;
        let compiled = plan::prepare(&job, &self.registry, &self.plan_defaults)
            .await
            .map_err(|rejection| rejection.errors)?;
        let resolved = serde_json::to_string(tree).map_err(problem)?;
        let submission = Submission {
            id: None,
            name: job.name_of(name),
            from_savepoint: false,
            origin: Origin::Cli,
            key: None,
            texts: JobTexts {
                submitted: String::from_utf8_lossy(&text.bytes).into_owned(),
                format: text.format,
                resolved,
                catalogues: compiled.catalogues,
            },
            plan: compiled.plan,
            warnings: text.oddities().into_iter().chain(compiled.warnings).collect(),
        };
        self.scheduler.submit(submission).await.map(|done| done.id).map_err(problem)
    }

    /// How a job stands; `None` for an unknown one, or when the store can't be read.
    #[must_use]
    pub fn job(&self, id: JobId) -> Option<Running> {
        if let Some(live) = self.scheduler.overlay().get(id) {
            let counts =
                live.metrics.map_or_else(|| live.record.metrics.clone(), |metrics| metrics.snapshot());
            return Some(Running::Live { state: live.record.state, counts });
        }
        match self.reader.record(id) {
            Err(StoreError::Loading(_)) => Some(Running::Loading),
            found => found.ok().flatten().map(|record| Running::Ended(Box::new(record))),
        }
    }

    /// Waits a moment in which the job may change.
    pub async fn changed(&self, _id: JobId, at_most: Duration) {
        tokio::time::sleep(at_most).await;
    }

    /// Stops a job, and waits until it has ended.
    pub async fn cancel(&self, id: JobId) {
        if let Err(error) = self.scheduler.stop(id, false).await {
            tracing::error!(%error, "the job can't be stopped");
            return;
        }
        while let Some(Running::Live { .. }) = self.job(id) {
            self.changed(id, Duration::from_millis(20)).await;
        }
    }

    /// Waits until the server can't go on (the store has failed); answers why.
    pub async fn failed(&self) -> String {
        let store = async {
            loop {
                if let Some(reason) = self.store.read().failed {
                    return format!("the store can't be written any more: {reason}");
                }
                tokio::time::sleep(FAILURE_CHECK).await;
            }
        };
        let core = async {
            match (&mut *self.core.lock().await).await {
                Ok(()) => "the scheduler ended, because the store can't be written".to_owned(),
                Err(error) => format!("the scheduler {error}"),
            }
        };
        tokio::select! {
            reason = store => reason,
            reason = core => reason,
        }
    }

    /// Stops everything, in order.
    pub async fn stop(mut self) {
        tell(&[sd_notify::NotifyState::Stopping]);
        self.scheduler.shutdown(self.stop_deadline).await;
        if let Some(http) = self.http.take() {
            http.stop(HTTP_DEADLINE).await;
        }
        let pool = self.pool.clone();
        let is_quiet = runtime::blocking(move || pool.close(POOL_DEADLINE)).await.unwrap_or(false);
        self.end_jobs(is_quiet);
        if let Some(dir) = &self.temporary
            && let Err(error) = std::fs::remove_dir_all(dir)
        {
            tracing::debug!(%error, "the temporary data directory stays");
        }
    }

    /// Ends the runtime of jobs; with a poll under way it stays until the process ends, because a timer that is polled behind
    /// its runtime's end panics.
    fn end_jobs(&mut self, is_quiet: bool) {
        match self.jobs.take() {
            // A runtime must not be dropped where it may not block.
            Some(jobs) if is_quiet => jobs.shutdown_background(),
            jobs => std::mem::forget(jobs),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Behind `stop` there is none left. Else nobody waits: polls that are under way may go on.
        let is_quiet = self.pool.close(Duration::ZERO);
        self.end_jobs(is_quiet);
    }
}

/// The data directory is ours now: no other server writes there. Without the file the server goes on.
fn log_to_file(logging: &Logging, config: &Config) {
    let limits = LogLimits { bytes: config.logs.server_log_bytes };
    if let Err(error) = logging.to_directory(&config.store.data_dir.join(JobLog::DIRECTORY), limits) {
        tracing::warn!(%error, "the server's log goes to standard error only");
    }
}

pub(super) fn store_options(config: &Config, one_job: bool) -> StoreOptions {
    StoreOptions {
        segment_bytes: config.store.segment_bytes,
        trust_path: config.store.trust_path,
        index_cache_bytes: config.store.index_cache_bytes,
        fold_bytes: Some(config.store.segment_bytes / 2),
        grace: config.store.grace,
        // The data directory of one job is not worth room of its own.
        space: match one_job {
            true => SpaceOptions::default(),
            false => SpaceOptions {
                low_water_bytes: config.store.low_water_bytes,
                reserve_bytes: RESERVE_BYTES,
                ..SpaceOptions::default()
            },
        },
        ..StoreOptions::default()
    }
}

pub(super) fn engine_settings(config: &Config) -> Result<EngineSettings, String> {
    Ok(EngineSettings {
        working_dir: std::env::current_dir()
            .map_err(|e| format!("the working directory can't be read: {e}"))?,
        checkpoint_timeout: config.checkpoint.timeout,
        pipe_bytes: config.engine.pipe_bytes,
        budget_bytes: config.engine.pipes_budget_bytes,
        stop_deadline: config.engine.stop_deadline,
        ..EngineSettings::default()
    })
}

fn scheduler_settings(
    config: &Config,
    plan_defaults: &plan::Defaults,
    resume: bool,
    one_job: bool,
) -> SchedulerSettings {
    SchedulerSettings {
        slots: config.slots.fixed,
        reject_when_full: config.slots.reject_when_full,
        max_running_jobs: config.engine.max_running_jobs,
        logs: if one_job {
            JobLogs::Stdout
        } else {
            JobLogs::Directory(config.store.data_dir.join(JobLog::DIRECTORY))
        },
        log_limits: LogLimits { bytes: config.logs.job_log_bytes },
        plan_defaults: plan_defaults.clone(),
        resume,
        retention: prune::retention(config),
        tags: config.tags.clone(),
    }
}

fn greeting(config: &Config, http: &HttpServer, live: usize, held: Option<&str>, took: i64) -> String {
    let url = url(config, http);
    let mut text = format!(
        "seikan {} is ready after {took} ms: {url}/overview  (data directory: {})",
        env!("CARGO_PKG_VERSION"),
        config.store.data_dir.display(),
    );
    for other in urls(config, http).skip(1) {
        text.push_str(&format!("\nalso at {other}/overview"));
    }
    if let Some(minutes) = config.history_job_expire_minutes {
        text.push_str(&format!("\nhistory of ended jobs is kept for {minutes} minutes, as configured"));
    }
    match held {
        Some(reason) if live == 0 => text.push_str(&format!("\n{reason}; it holds no jobs that could go on")),
        Some(reason) => text.push_str(&format!(
            "\n{reason}; jobs of the original that are held: {live}; run them with \
             `serve --resume` or POST {url}/resume-jobs"
        )),
        None if live > 0 => text.push_str(&format!("\njobs that go on where they were: {live}")),
        None => {}
    }
    text
}

fn problem(error: impl Display) -> Vec<Problem> {
    vec![Problem::new("", error.to_string())]
}
