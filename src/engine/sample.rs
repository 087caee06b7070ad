//! A trial of a job: the first rows of each source's tables through the real transforms into memory.
//!
//! The plan is run like any other, with its sources cut short and its sinks replaced: no sink is opened, no save mode
//! runs, nothing is stored. It ends by itself, or is stopped at its deadline.

use super::launch::Engine;
use crate::exec::{Launcher, Outcome, RunCommand, RunEvent, RunMessage, RunRequest};
use crate::model::{AttemptId, Epoch, Fault, JobId};
use crate::plan::{JobSettings, Plan, SinkNode, SourceNode, TransformNode};
use crate::plugin::{
    Assignment, Committer, Enumerator, Guarantee, JobMode, Position, Read, Reader, RunContext, SinkDef,
    SinkRun, SourceDef, SourceRun, Split, Staged, State, Writer,
};
use crate::runtime::JobLog;
use crate::table::{Batch, CatalogTable};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct SampleLimits {
    /// Rows of each table of a source.
    pub rows: usize,
    /// Rows that are kept of each sink: a transform may make many of one.
    pub kept: usize,
    /// How long it may take.
    pub deadline: Duration,
    /// How long a source may have nothing to read before it counts as done.
    pub patience: Duration,
}

/// What came out.
#[derive(Debug)]
pub struct Sampled {
    /// By sink of the plan: its rows.
    pub sinks: Vec<Vec<Batch>>,
    /// Whether the deadline came before the end.
    pub cut_off: bool,
}

impl Engine {
    /// Tries a plan.
    ///
    /// # Errors
    /// What failed, at its vertex.
    pub async fn sample(&self, plan: &Plan, limits: SampleLimits) -> Result<Sampled, Fault> {
        let targets: Vec<Arc<Collected>> =
            plan.sinks.iter().map(|_| Arc::new(Collected::new(limits.kept))).collect();
        let (events, mut told) = mpsc::unbounded_channel::<RunMessage>();
        let handle = self.launch(RunRequest {
            job: JobId(0),
            attempt: AttemptId { timeline: 0, number: 1 },
            plan: Arc::new(trial(plan, &targets, limits)),
            restore: None,
            committed: Epoch::default(),
            untouched: true,
            log: Arc::new(JobLog::nowhere()),
            events,
        });
        let end = sleep_until((Instant::now() + limits.deadline).into());
        tokio::pin!(end);
        let mut cut_off = false;
        let outcome = loop {
            let message = tokio::select! {
                message = told.recv() => message,
                () = &mut end, if !cut_off => {
                    cut_off = true;
                    // One that has just ended hears nothing.
                    let _sent = handle.commands.send(RunCommand::Stop);
                    continue;
                }
            };
            match message.map(|message| message.event) {
                Some(RunEvent::Checkpoint { stored, .. }) => {
                    let _answered = stored.send(Ok(()));
                }
                Some(RunEvent::Ended { outcome, .. }) => break outcome,
                Some(_) => {}
                None => return Err(Fault::internal("the trial ended without a word")),
            }
        };
        match outcome {
            Outcome::Failed(fault) => Err(fault),
            Outcome::Finished(_) | Outcome::SavepointDone | Outcome::Stopped | Outcome::Suspended { .. } => {
                Ok(Sampled { sinks: targets.iter().map(|target| target.take()).collect(), cut_off })
            }
        }
    }
}

/// The plan with its sources cut short and its sinks replaced.
fn trial(plan: &Plan, targets: &[Arc<Collected>], limits: SampleLimits) -> Plan {
    let source = |node: &SourceNode| SourceNode {
        name: node.name.clone(),
        def: Arc::new(Cut {
            inner: Arc::clone(&node.def),
            mode: plan.settings.mode,
            left: Arc::new(Left::new(&node.tables, limits)),
        }),
        parallelism: 1,
        tables: node.tables.clone(),
        outputs: node.outputs.clone(),
    };
    let transform = |node: &TransformNode| TransformNode {
        name: node.name.clone(),
        def: Arc::clone(&node.def),
        tables: node.tables.clone(),
        outputs: node.outputs.clone(),
    };
    let sink = |(node, target): (&SinkNode, &Arc<Collected>)| SinkNode {
        name: node.name.clone(),
        def: Arc::new(Memory(Arc::clone(target))),
        parallelism: 1,
        tables: node.tables.clone(),
        count_as: node.count_as.clone(),
    };
    Plan {
        settings: JobSettings {
            mode: JobMode::Batch,
            checkpoint_interval: None,
            retry_times: 0,
            ..plan.settings.clone()
        },
        sources: plan.sources.iter().map(source).collect(),
        transforms: plan.transforms.iter().map(transform).collect(),
        sinks: plan.sinks.iter().zip(targets).map(sink).collect(),
        dag: plan.dag.clone(),
        slots: 1,
    }
}

/// What may still be read of a source.
struct Left {
    /// Rows by table.
    rows: Mutex<HashMap<String, usize>>,
    /// When a source that has nothing to read is taken for done.
    until: Instant,
}

impl Left {
    fn new(tables: &[Arc<CatalogTable>], limits: SampleLimits) -> Self {
        let rows = tables.iter().map(|table| (table.path.to_string(), limits.rows)).collect();
        Self { rows: Mutex::new(rows), until: Instant::now() + limits.patience }
    }

    fn is_none(&self) -> bool {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).values().all(|left| *left == 0)
    }

    /// The part of a batch that may still be read; `None` when its table has given all.
    fn take(&self, batch: Batch) -> Option<Batch> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let left = rows.get_mut(&batch.table.path.to_string())?;
        let taken = batch.len().min(*left);
        *left -= taken;
        (taken > 0).then(|| batch.slice(0, taken))
    }
}

/// A source that ends after a few rows.
struct Cut {
    inner: Arc<dyn SourceDef>,
    mode: JobMode,
    left: Arc<Left>,
}

#[async_trait]
impl SourceDef for Cut {
    async fn discover(&self) -> Result<Vec<CatalogTable>, Fault> {
        self.inner.discover().await
    }

    async fn start(
        &self,
        context: &RunContext,
        tables: &[Arc<CatalogTable>],
    ) -> Result<Box<dyn SourceRun>, Fault> {
        let context = RunContext { mode: self.mode, ..context.clone() };
        let inner = self.inner.start(&context, tables).await?;
        Ok(Box::new(CutRun { inner, left: Arc::clone(&self.left) }))
    }
}

struct CutRun {
    inner: Box<dyn SourceRun>,
    left: Arc<Left>,
}

#[async_trait]
impl SourceRun for CutRun {
    async fn enumerator(&self, state: Option<State>) -> Result<Box<dyn Enumerator>, Fault> {
        let inner = self.inner.enumerator(state).await?;
        Ok(Box::new(CutEnumerator { inner, left: Arc::clone(&self.left) }))
    }

    async fn reader(&self, instance: usize) -> Result<Box<dyn Reader>, Fault> {
        let inner = self.inner.reader(instance).await?;
        Ok(Box::new(CutReader { inner, left: Arc::clone(&self.left) }))
    }
}

struct CutEnumerator {
    inner: Box<dyn Enumerator>,
    left: Arc<Left>,
}

#[async_trait]
impl Enumerator for CutEnumerator {
    async fn next(&mut self) -> Result<Assignment, Fault> {
        if self.left.is_none() {
            return Ok(Assignment::Done);
        }
        Ok(match self.inner.next().await? {
            Assignment::Wait(until) if until > self.left.until => Assignment::Done,
            other => other,
        })
    }

    fn snapshot(&self) -> Result<State, Fault> {
        self.inner.snapshot()
    }
}

struct CutReader {
    inner: Box<dyn Reader>,
    left: Arc<Left>,
}

#[async_trait]
impl Reader for CutReader {
    async fn open(&mut self, split: &Split, position: Option<&Position>) -> Result<(), Fault> {
        self.inner.open(split, position).await
    }

    async fn next(&mut self) -> Result<Read, Fault> {
        if self.left.is_none() {
            return Ok(Read::SplitDone);
        }
        Ok(match self.inner.next().await? {
            Read::Batch(batch) if batch.is_empty() => Read::Batch(batch),
            Read::Batch(batch) => self.left.take(batch).map_or(Read::SplitDone, Read::Batch),
            Read::Idle(until) if until > self.left.until => Read::SplitDone,
            other => other,
        })
    }

    fn position(&self) -> Result<Position, Fault> {
        self.inner.position()
    }
}

/// What a sink was given.
struct Collected {
    kept: usize,
    batches: Mutex<Vec<Batch>>,
}

impl Collected {
    fn new(kept: usize) -> Self {
        Self { kept, batches: Mutex::default() }
    }

    fn add(&self, batch: Batch) {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.kept.saturating_sub(batches.iter().map(Batch::len).sum());
        let taken = batch.len().min(room);
        if taken > 0 {
            batches.push(batch.slice(0, taken));
        }
    }

    fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut *self.batches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A sink that keeps rows in memory.
struct Memory(Arc<Collected>);

#[async_trait]
impl SinkDef for Memory {
    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    async fn start(&self, _context: &RunContext) -> Result<Box<dyn SinkRun>, Fault> {
        Ok(Box::new(MemoryWriter(Arc::clone(&self.0))))
    }

    async fn committer(&self, _context: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault> {
        Ok(None)
    }
}

struct MemoryWriter(Arc<Collected>);

#[async_trait]
impl SinkRun for MemoryWriter {
    async fn writer(
        &self,
        _instance: usize,
        _next: Epoch,
        _state: Option<State>,
    ) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl Writer for MemoryWriter {
    async fn write(&mut self, batch: Batch) -> Result<(), Fault> {
        self.0.add(batch);
        Ok(())
    }

    async fn prepare(&mut self, _epoch: Epoch) -> Result<Vec<Staged>, Fault> {
        Ok(Vec::new())
    }
}
