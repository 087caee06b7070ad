//! A scheduler over the real store, and a launcher whose attempts the test plays.

use super::plugins::registry;
use super::records;
use crate::exec::{
    Launcher, LiveMetrics, Outcome, RunCommand, RunEvent, RunEvents, RunHandle, RunMessage, RunRequest,
};
use crate::model::{
    Accounting, AttemptId, Checkpoint, Epoch, JobId, JobRecord, JobState, JobTexts, MetricsSnapshot, Origin,
    Prepared, TextFormat,
};
use crate::options::{Map, Tree};
use crate::plan::{self, Compiled};
use crate::runtime::{LogLimits, Task};
use crate::scheduler::{
    JobLogs, LiveJob, Retention, SchedulerHandle, SchedulerSettings, Submission, Submitted, start,
};
use crate::spec::{Block, JobSpec};
use crate::store::{Store, StoreOptions, StoreReader};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

/// The most that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A job's text: one source, one sink.
const TEXT: &str =
    r#"{"env":{"job.mode":"BATCH"},"source":[{"plugin_name":"From"}],"sink":[{"plugin_name":"To"}]}"#;

/// Small segments, as everywhere in tests.
pub fn store_options() -> StoreOptions {
    StoreOptions {
        segment_bytes: 64 << 10,
        trust_path: true,
        index_cache_bytes: 1 << 20,
        ..StoreOptions::default()
    }
}

/// Settings: dynamic slots.
pub fn settings(dir: &Path) -> SchedulerSettings {
    SchedulerSettings {
        slots: None,
        reject_when_full: false,
        max_running_jobs: 1000,
        logs: JobLogs::Directory(dir.join("logs")),
        log_limits: LogLimits::default(),
        plan_defaults: plan::Defaults {
            shade: crate::spec::Shade::default(),
            checkpoint_interval: Duration::from_secs(10),
            checkpoint_timeout: Duration::from_secs(60),
        },
        resume: false,
        retention: Retention::default(),
        tags: Vec::new(),
    }
}

/// A job to submit, without retries.
pub async fn submission(id: Option<i64>) -> Submission {
    let block = |key: &str, plugin: &str| Block {
        plugin: plugin.into(),
        options: Map::new(),
        path: format!("{key}[0].{plugin}"),
    };
    let spec = JobSpec {
        env: [("job.mode".to_owned(), Tree::text("BATCH"))].into_iter().collect(),
        sources: vec![block("source", "From")],
        transforms: Vec::new(),
        sinks: vec![block("sink", "To")],
    };
    let defaults = settings(Path::new("")).plan_defaults;
    let compiled = plan::prepare(&spec, &registry(), &defaults).await.unwrap();
    let Compiled { mut plan, warnings, catalogues } = compiled;
    plan.settings.retry_times = 0;
    let texts =
        JobTexts { submitted: TEXT.into(), format: TextFormat::Json, resolved: TEXT.into(), catalogues };
    Submission {
        id: id.map(JobId),
        name: "a job".into(),
        from_savepoint: false,
        origin: Origin::Rest,
        key: None,
        texts,
        plan,
        warnings,
    }
}

/// One started attempt, played by the test.
pub struct Attempt {
    pub job: JobId,
    pub id: AttemptId,
    pub restore: Option<Box<Checkpoint>>,
    pub committed: Epoch,
    pub untouched: bool,
    pub commands: mpsc::UnboundedReceiver<RunCommand>,
    pub metrics: Arc<LiveMetrics>,
    events: RunEvents,
}

impl Attempt {
    /// Something happens in it.
    pub fn event(&self, event: RunEvent) {
        self.events.send(RunMessage { job: self.job, attempt: self.id, event }).unwrap();
    }

    /// It ends.
    pub fn end(&self, outcome: Outcome) {
        self.event(RunEvent::Ended { outcome, metrics: Box::new(MetricsSnapshot::default()) });
    }

    /// It ends well.
    pub fn finish(&self) {
        self.end(Outcome::Finished(Accounting::default()));
    }

    /// It makes a checkpoint; whether that was decided.
    pub async fn checkpoint(&self, epoch: u64, is_savepoint: bool) -> bool {
        let (stored, decided) = oneshot::channel();
        let prepared = Prepared { sink: 0, epoch: Epoch(epoch), rows: 1, data: vec![1] };
        let checkpoint = Checkpoint {
            attempt: self.id,
            is_savepoint,
            prepared: vec![prepared],
            ..records::checkpoint(epoch)
        };
        self.event(RunEvent::Checkpoint { checkpoint: Box::new(checkpoint), stored });
        matches!(patient(decided).await, Ok(Ok(())))
    }

    /// What it is told next; `None` once it was dropped.
    pub async fn command(&mut self) -> Option<RunCommand> {
        patient(self.commands.recv()).await
    }
}

/// Hands every attempt to the test.
struct Stage(mpsc::UnboundedSender<Attempt>);

impl Launcher for Stage {
    fn launch(&self, request: RunRequest) -> RunHandle {
        let (commands, taken) = mpsc::unbounded_channel();
        let metrics = Arc::new(LiveMetrics::new(&[], &[], None));
        let attempt = Attempt {
            job: request.job,
            id: request.attempt,
            restore: request.restore,
            committed: request.committed,
            untouched: request.untouched,
            commands: taken,
            metrics: Arc::clone(&metrics),
            events: request.events,
        };
        self.0.send(attempt).unwrap();
        RunHandle { commands, metrics }
    }
}

/// A running scheduler.
pub struct World {
    pub dir: TempDir,
    pub scheduler: SchedulerHandle,
    pub reader: StoreReader,
    attempts: mpsc::UnboundedReceiver<Attempt>,
    task: Task<()>,
}

impl World {
    /// In a new directory.
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// In a new directory, with other settings.
    pub fn with(change: impl FnOnce(&mut SchedulerSettings)) -> Self {
        Self::open(tempfile::tempdir().unwrap(), change)
    }

    /// In an existing directory.
    pub fn open(dir: TempDir, change: impl FnOnce(&mut SchedulerSettings)) -> Self {
        Self::open_as(dir, None, change)
    }

    /// In an existing directory, taken for a copy for that reason.
    pub fn open_as(dir: TempDir, held: Option<&str>, change: impl FnOnce(&mut SchedulerSettings)) -> Self {
        let mut settings = settings(dir.path());
        change(&mut settings);
        std::fs::create_dir_all(dir.path().join("logs")).unwrap();
        let mut opened = Store::open(&dir.path().join("data"), &store_options()).unwrap();
        opened.recovered.held = held.map(str::to_owned).or(opened.recovered.held);
        let reader = opened.store.reader();
        let (stage, attempts) = mpsc::unbounded_channel();
        let (scheduler, task) =
            start(opened.store, opened.recovered, Arc::new(Stage(stage)), Arc::new(registry()), settings);
        Self { dir, scheduler, reader, attempts, task }
    }

    /// Submits a job.
    pub async fn submit(&self) -> JobId {
        self.accept(submission(None).await).await.id
    }

    /// Submits that job.
    pub async fn accept(&self, submission: Submission) -> Submitted {
        patient(self.scheduler.submit(submission)).await.unwrap()
    }

    /// The next attempt that is started.
    pub async fn attempt(&mut self) -> Attempt {
        patient(self.attempts.recv()).await.unwrap()
    }

    /// The next attempt that is started; `None` once no job lives.
    pub async fn attempt_or_end(&mut self) -> Option<Attempt> {
        let overlay = self.scheduler.clone();
        let attempts = &mut self.attempts;
        let look = || match attempts.try_recv() {
            Ok(attempt) => Some(Some(attempt)),
            Err(_) => overlay.overlay().is_empty().then_some(None),
        };
        eventually(look).await.unwrap_or_else(|| panic!("{:?}", overlay.overlay().list()))
    }

    /// Whether an attempt was started that nobody took yet.
    pub fn has_attempt(&mut self) -> bool {
        !self.attempts.is_empty()
    }

    /// A live job.
    pub fn live(&self, id: JobId) -> LiveJob {
        self.scheduler.overlay().get(id).unwrap()
    }

    /// Waits until a live job is in that state.
    pub async fn until(&self, id: JobId, state: JobState) -> Arc<JobRecord> {
        self.until_live(id, |record| record.state == state).await
    }

    /// Waits until a live job is as wanted.
    pub async fn until_live(&self, id: JobId, wanted: impl Fn(&JobRecord) -> bool) -> Arc<JobRecord> {
        let mut last = None;
        let found = eventually(|| {
            last = self.scheduler.overlay().get(id).map(|job| job.record);
            last.clone().filter(|record| wanted(record))
        });
        found.await.unwrap_or_else(|| panic!("job {id} is {last:?}"))
    }

    /// Waits until a job has ended; its record as the store has it.
    pub async fn ended(&self, id: JobId) -> JobRecord {
        let gone = || self.scheduler.overlay().get(id).is_none().then_some(());
        eventually(gone).await.unwrap_or_else(|| panic!("job {id} is {:?}", self.live(id)));
        let record = self.reader.record(id).unwrap().unwrap();
        assert!(record.state.is_end(), "left the overlay as {}", record.state);
        record
    }

    /// Stops in order, within a deadline; answers the directory.
    pub async fn shut_down(self, deadline: Duration) -> TempDir {
        patient(self.scheduler.shutdown(deadline)).await;
        patient(self.task).await.unwrap();
        self.dir
    }

    /// As if the process had been killed: nothing more is decided. Answers the directory.
    pub async fn kill(self) -> TempDir {
        drop(self.scheduler);
        drop(self.task);
        // The store goes with the task; its lock is free once its threads have ended.
        let path = self.dir.path().join("data");
        eventually(|| Store::open(&path, &store_options()).ok()).await.unwrap();
        self.dir
    }
}

/// Waits for something, not for ever.
pub async fn patient<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain"))
}

/// Looks again and again until there is something; `None` when patience ends.
pub async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + PATIENCE;
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    while Instant::now() < until {
        if let Some(found) = look() {
            return Some(found);
        }
        pace.tick().await;
    }
    None
}
