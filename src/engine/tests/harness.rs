//! Plans made by hand, an engine with small limits, and a scheduler reduced to what a test needs: it stores
//! checkpoints, and can die at any event.

use super::memory::{Memory, Target};
use super::script::{ScriptSource, Shared};
use crate::engine::{Engine, EngineSettings};
use crate::exec::{Launcher, Outcome, RunCommand, RunEvent, RunHandle, RunMessage, RunRequest};
use crate::model::{AttemptId, Checkpoint, DagInfo, Epoch, Fault, JobId, MetricsSnapshot};
use crate::plan::{JobSettings, Output, Plan, ReadLimit, SinkNode, SourceNode, TransformNode};
use crate::plugin::{JobMode, TransformDef};
use crate::runtime::{JobLog, JobPool};
use crate::table::CatalogTable;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Longer than anything may take.
pub const LONG: Duration = Duration::from_secs(30);

/// An engine with its threads.
pub struct Bench {
    pub runtime: tokio::runtime::Runtime,
    pub engine: Engine,
    pub pool: JobPool,
}

/// Settings that make tests quick.
pub fn settings() -> EngineSettings {
    EngineSettings {
        stop_deadline: Duration::from_millis(500),
        commit_deadline: Duration::from_millis(200),
        commit_pause: Duration::from_millis(1),
        ..EngineSettings::default()
    }
}

pub fn bench(settings: EngineSettings, poll_limit: Duration) -> Bench {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let pool = JobPool::new(2, poll_limit, runtime.handle().clone()).unwrap();
    let engine = runtime.block_on(async { Engine::new(pool.clone(), settings) });
    Bench { runtime, engine, pool }
}

pub fn plain_bench() -> Bench {
    bench(settings(), LONG)
}

/// Waits for `future`, not for ever.
pub async fn bounded<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.unwrap_or_else(|_| panic!("no end of: {what}"))
}

/// Waits until something holds, not for ever.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    while !holds() {
        assert!(start.elapsed() < LONG, "never: {what}");
        ticks.tick().await;
    }
}

pub fn job(mode: JobMode, interval: Option<Duration>) -> JobSettings {
    JobSettings {
        name: None,
        mode,
        checkpoint_interval: interval,
        checkpoint_timeout: None,
        retry_times: 0,
        retry_interval: Duration::ZERO,
        read_limit: ReadLimit::default(),
        tag_filter: Vec::new(),
        env: Vec::new(),
    }
}

/// A plan that is filled piece by piece.
pub fn plan(settings: JobSettings) -> Plan {
    let (sources, transforms, sinks) = (Vec::new(), Vec::new(), Vec::new());
    Plan { settings, sources, transforms, sinks, dag: DagInfo::default(), slots: 1 }
}

pub trait Pieces {
    fn source(&mut self, script: &Arc<ScriptSource>, parallelism: usize, outputs: &[Output]);
    fn transform(&mut self, def: Arc<dyn TransformDef>, tables: &[Arc<CatalogTable>], outputs: &[Output]);
    fn sink(&mut self, target: &Arc<Target>, parallelism: usize, tables: &[Arc<CatalogTable>]);
}

impl Pieces for Plan {
    fn source(&mut self, script: &Arc<ScriptSource>, parallelism: usize, outputs: &[Output]) {
        self.sources.push(SourceNode {
            name: format!("Source[{}]-Script", self.sources.len()),
            def: Arc::new(Shared(Arc::clone(script))),
            parallelism,
            tables: vec![Arc::clone(&script.table)],
            outputs: outputs.to_vec(),
        });
    }

    fn transform(&mut self, def: Arc<dyn TransformDef>, tables: &[Arc<CatalogTable>], outputs: &[Output]) {
        self.transforms.push(TransformNode {
            name: format!("Transform[{}]-Keep", self.transforms.len()),
            def,
            tables: tables.iter().map(|table| (Arc::clone(table), vec![Arc::clone(table)])).collect(),
            outputs: outputs.to_vec(),
        });
    }

    fn sink(&mut self, target: &Arc<Target>, parallelism: usize, tables: &[Arc<CatalogTable>]) {
        self.sinks.push(SinkNode {
            name: format!("Sink[{}]-Memory", self.sinks.len()),
            def: Arc::new(Memory(Arc::clone(target))),
            parallelism,
            tables: tables.to_vec(),
            count_as: None,
        });
    }
}

/// One source, one sink.
pub fn simple(
    settings: JobSettings,
    source: &Arc<ScriptSource>,
    readers: usize,
    target: &Arc<Target>,
) -> Plan {
    let mut plan = plan(settings);
    plan.source(source, readers, &[Output::Sink(0)]);
    plan.sink(target, readers, &[Arc::clone(&source.table)]);
    plan
}

/// A running attempt, seen by the scheduler.
pub struct Running {
    pub handle: Option<RunHandle>,
    pub events: mpsc::UnboundedReceiver<RunMessage>,
    pub plan: Arc<Plan>,
}

/// What a store would know of the job.
#[derive(Default)]
pub struct Stored {
    pub attempts: u32,
    pub checkpoint: Option<Checkpoint>,
    pub committed: Epoch,
    pub checkpoints: u32,
    pub may_repeat: bool,
    /// Whether earlier attempts gave no writer rows.
    pub untouched: bool,
    pub savepoint_failures: Vec<String>,
    /// Whether checkpoints are refused.
    pub is_full: bool,
    /// The last one that was.
    pub refused: Epoch,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct End {
    pub outcome: Outcome,
    pub metrics: MetricsSnapshot,
}

impl End {
    pub fn fault(&self) -> &Fault {
        match &self.outcome {
            Outcome::Failed(fault) => fault,
            other => panic!("not failed: {other:?}"),
        }
    }
}

pub fn launch(bench: &Bench, plan: &Arc<Plan>, stored: &mut Stored) -> Running {
    stored.attempts += 1;
    launch_logged(bench, plan, stored, JobLog::nowhere())
}

pub fn launch_logged(bench: &Bench, plan: &Arc<Plan>, stored: &Stored, log: JobLog) -> Running {
    let (sender, events) = mpsc::unbounded_channel();
    let handle = bench.engine.launch(RunRequest {
        job: JobId(1),
        attempt: AttemptId { timeline: 7, number: stored.attempts.max(1) },
        plan: Arc::clone(plan),
        restore: stored.checkpoint.clone().map(Box::new),
        committed: stored.committed,
        untouched: stored.untouched,
        log: Arc::new(log),
        events: sender,
    });
    Running { handle: Some(handle), events, plan: Arc::clone(plan) }
}

/// Where the scheduler dies: at the event of this number, before a checkpoint is stored or right after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    pub event: usize,
    pub after_store: bool,
}

impl Running {
    pub fn command(&self, command: RunCommand) {
        self.handle.as_ref().unwrap().commands.send(command).unwrap();
    }

    pub async fn next(&mut self) -> RunEvent {
        bounded("the next event", self.events.recv()).await.unwrap().event
    }

    /// Handles one event as a scheduler would; answers the end.
    pub fn take(&mut self, event: RunEvent, stored: &mut Stored) -> Option<End> {
        match event {
            RunEvent::Running => {}
            RunEvent::Checkpoint { checkpoint, stored: answer } => {
                let before = stored.checkpoint.as_ref().map_or(Epoch(0), |before| before.epoch);
                let before = before.max(stored.refused);
                assert_eq!(checkpoint.epoch, before.next(), "epochs rise by one");
                if stored.is_full {
                    stored.refused = checkpoint.epoch;
                    let _heard = answer.send(Err("no space".to_owned()));
                    return None;
                }
                stored.checkpoint = Some(*checkpoint);
                stored.checkpoints += 1;
                // An attempt that has ended meanwhile hears nothing.
                let _heard = answer.send(Ok(()));
            }
            RunEvent::Committed(epoch) => {
                assert!(epoch >= stored.committed);
                stored.committed = epoch;
            }
            RunEvent::SavepointFailed(why) => stored.savepoint_failures.push(why),
            RunEvent::RowsMayRepeat => stored.may_repeat = true,
            RunEvent::Ended { outcome, metrics } => return Some(End { outcome, metrics: *metrics }),
        }
        None
    }

    /// Runs to the end.
    pub async fn finish(mut self, stored: &mut Stored) -> End {
        loop {
            let event = self.next().await;
            if let Some(end) = self.take(event, stored) {
                self.gone().await;
                return end;
            }
        }
    }

    /// Runs until something holds of what is stored.
    pub async fn run_until(&mut self, stored: &mut Stored, holds: impl Fn(&Stored) -> bool) {
        while !holds(stored) {
            let event = self.next().await;
            let end = self.take(event, stored);
            assert!(end.is_none(), "ended early: {end:?}");
        }
    }

    /// Runs until the crash; `None` if it came to its end before. After a crash all its tasks are gone.
    pub async fn crash(mut self, crash: Crash, stored: &mut Stored) -> Option<End> {
        for _ in 0..crash.event {
            let event = self.next().await;
            if let Some(end) = self.take(event, stored) {
                return Some(end);
            }
        }
        let event = self.next().await;
        match event {
            RunEvent::Checkpoint { checkpoint, .. } if crash.after_store => {
                stored.checkpoint = Some(*checkpoint);
            }
            RunEvent::Ended { outcome, metrics } => return Some(End { outcome, metrics: *metrics }),
            _ => {}
        }
        self.handle = None;
        self.gone().await;
        None
    }

    /// Waits until nothing of the attempt is left.
    pub async fn gone(mut self) {
        self.handle = None;
        until("the attempt's tasks are gone", || Arc::strong_count(&self.plan) <= 2).await;
    }
}
