//! Opens an attempt: plug-ins started, pipes laid, tasks ready to run.
//!
//! Sources first, so that a source that can't be read leaves the target as it was.

use super::accounting::Vertex;
use super::attempt::Attempt;
use super::commit::{Committers, make, take_back};
use super::ledger::Ledger;
use super::meter::{TableMeter, Tally};
use super::pace::Pacer;
use super::pipe::{Inbox, Outlet, inbox};
use super::route::{Port, is_keyed};
use super::sink_loop::SinkTask;
use super::source_loop::SourceTask;
use super::state::JobState;
use super::transform_loop::{Chain, reach};
use crate::model::{Epoch, Fault};
use crate::plan::{SourceNode, TransformNode};
use crate::plugin::{JobMode, Reader, SinkRun, Transform};
use crate::table::CatalogTable;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A task that is ready to run, and where its vertex stands.
pub(super) struct Ready<T> {
    pub task: T,
    pub at: Arc<AtomicUsize>,
}

/// An attempt that is ready to run.
pub(super) struct Opened {
    pub committers: Committers,
    /// By source.
    pub ledgers: Vec<Arc<Ledger>>,
    /// By sink.
    pub sinks: Vec<Arc<dyn SinkRun>>,
    pub readers: Vec<Ready<SourceTask>>,
    pub writers: Vec<Ready<SinkTask>>,
}

/// What an attempt goes on from.
#[derive(Default)]
pub(super) struct Restored {
    pub epoch: Epoch,
    pub state: JobState,
}

/// A source whose readers are open.
struct OpenSource {
    ledger: Arc<Ledger>,
    readers: Vec<Box<dyn Reader>>,
    /// Transforms and sinks that it reaches.
    reach: (Vec<usize>, Vec<usize>),
    /// By instance: the ways to the sinks that it reaches.
    ports: Vec<Vec<(usize, Port)>>,
}

/// See the module. Runs on the pool; `at` names the vertex whose code runs.
pub(super) async fn open(
    attempt: Arc<Attempt>,
    committers: Option<Committers>,
    mut restored: Restored,
    at: Arc<AtomicUsize>,
) -> Result<Opened, Fault> {
    let mut committers = match committers {
        Some(committers) => committers,
        None => make(&attempt, &at).await?,
    };
    if attempt.id.number > 1 || attempt.is_restore {
        take_back(&attempt, &mut committers, &[], &at).await?;
    }
    let mut sources = Vec::with_capacity(attempt.plan.sources.len());
    let mut total = Some(0);
    for index in 0..attempt.plan.sources.len() {
        at.store(Vertex::Source(index).number(&attempt.plan), Ordering::Relaxed);
        let (source, has) = open_source(&attempt, index, &mut restored.state)
            .await
            .map_err(|fault| fault.at(&attempt.plan.sources[index].name))?;
        sources.push(source);
        total = total.zip(has).map(|(sum, has)| sum + has);
    }
    attempt.metrics.progress.1.store(total.unwrap_or(0), Ordering::Relaxed);
    let (mut sinks, mut writers) = (Vec::new(), Vec::new());
    for index in 0..attempt.plan.sinks.len() {
        let inboxes = lay_pipes(&attempt, index, &mut sources);
        at.store(Vertex::Sink(index).number(&attempt.plan), Ordering::Relaxed);
        let commits = committers.get(index).is_some_and(Option::is_some);
        let (run, tasks) = open_sink(&attempt, index, inboxes, commits, &mut restored)
            .await
            .map_err(|fault| fault.at(&attempt.plan.sinks[index].name))?;
        sinks.push(run);
        writers.extend(tasks);
    }
    let ledgers = sources.iter().map(|source| Arc::clone(&source.ledger)).collect();
    let mut readers = Vec::new();
    for (index, source) in sources.into_iter().enumerate() {
        readers.extend(start_chains(&attempt, index, source, &mut restored)?);
    }
    for name in restored.state.unused() {
        attempt
            .log
            .warn(&format!("the checkpoint's state of {name} fits nothing in this job and is not used"));
    }
    Ok(Opened { committers, ledgers, sinks, readers, writers })
}

async fn open_source(
    attempt: &Attempt,
    index: usize,
    state: &mut JobState,
) -> Result<(OpenSource, Option<u64>), Fault> {
    let node: &SourceNode = &attempt.plan.sources[index];
    let run = node.def.start(&attempt.context(node.parallelism), &node.tables).await?;
    let restored = state.take_source(&node.name);
    let enumerator = run.enumerator(restored.as_ref().map(|state| state.enumerator.clone())).await?;
    let ledger = Ledger::new(&node.name, enumerator, node.parallelism, restored)?;
    let mut readers = Vec::with_capacity(node.parallelism);
    for instance in 0..node.parallelism {
        readers.push(run.reader(instance).await?);
    }
    let ports = std::iter::repeat_with(Vec::new).take(node.parallelism).collect();
    let reach = reach(&attempt.plan, index);
    Ok((OpenSource { ledger: Arc::new(ledger), readers, reach, ports }, run.total()))
}

/// Lays the pipes to one sink: an inbox per writer, a port per instance of a source that reaches it.
fn lay_pipes(attempt: &Attempt, sink: usize, sources: &mut [OpenSource]) -> Vec<Inbox> {
    let node = &attempt.plan.sinks[sink];
    let mut inputs = vec![0; node.parallelism];
    // Per instance that reaches the sink: the writers that it feeds.
    let feeds = |source: &OpenSource, instance: usize| {
        let home = instance % node.parallelism;
        if is_keyed(source.readers.len(), node) { 0..node.parallelism } else { home..home + 1 }
    };
    let reaches = |source: &OpenSource| source.reach.1.contains(&sink);
    for source in sources.iter().filter(|source| reaches(source)) {
        for instance in 0..source.readers.len() {
            feeds(source, instance).for_each(|writer| inputs[writer] += 1);
        }
    }
    let pipes = inputs.into_iter().map(|count| inbox(count, attempt.settings.pipe_bytes, &attempt.budget));
    let (inboxes, mut outlets): (Vec<_>, Vec<_>) =
        pipes.map(|(inbox, outlets)| (inbox, outlets.into_iter())).unzip();
    for source in sources.iter_mut().filter(|source| reaches(source)) {
        for instance in 0..source.readers.len() {
            let writers = feeds(source, instance);
            let home = if writers.len() > 1 { instance % node.parallelism } else { 0 };
            let own: Vec<Outlet> = writers.filter_map(|writer| outlets[writer].next()).collect();
            source.ports[instance].push((sink, Port::new(own, home)));
        }
    }
    inboxes
}

async fn open_sink(
    attempt: &Arc<Attempt>,
    index: usize,
    inboxes: Vec<Inbox>,
    commits: bool,
    restored: &mut Restored,
) -> Result<(Arc<dyn SinkRun>, Vec<Ready<SinkTask>>), Fault> {
    let node = &attempt.plan.sinks[index];
    let context = attempt.context(node.parallelism);
    if !attempt.is_restore {
        node.def.prepare_target(&context).await?;
    }
    let run: Arc<dyn SinkRun> = Arc::from(node.def.start(&context).await?);
    let mut tasks = Vec::with_capacity(node.parallelism);
    for (instance, inbox) in inboxes.into_iter().enumerate() {
        let state = restored.state.take_writer(&node.name, instance);
        let writer = run.writer(instance, restored.epoch.next(), state).await?;
        let meter = TableMeter::new(node.count_as.as_deref(), &attempt.metrics.written, &attempt.log);
        let task = SinkTask {
            attempt: Arc::clone(attempt),
            sink: index,
            instance,
            writer,
            inbox,
            meter,
            commits,
            restored: restored.epoch,
            tally: Tally::default(),
        };
        tasks.push(Ready { task, at: attempt.at(Vertex::Sink(index)) });
    }
    Ok((run, tasks))
}

/// Starts the transforms of each instance of a source, and joins everything to tasks.
fn start_chains(
    attempt: &Arc<Attempt>,
    index: usize,
    source: OpenSource,
    restored: &mut Restored,
) -> Result<Vec<Ready<SourceTask>>, Fault> {
    let plan = &attempt.plan;
    let node = &plan.sources[index];
    let inputs = |node: &TransformNode| -> Vec<CatalogTable> {
        node.tables.iter().map(|(table, _)| CatalogTable::clone(table)).collect()
    };
    let context = attempt.context(node.parallelism);
    let mut tasks = Vec::with_capacity(node.parallelism);
    for (instance, (reader, ports)) in source.readers.into_iter().zip(source.ports).enumerate() {
        let mut transforms: Vec<(usize, Box<dyn Transform>)> = Vec::with_capacity(source.reach.0.len());
        for transform in &source.reach.0 {
            let own = &plan.transforms[*transform];
            let state = restored.state.take_transform(&own.name, &node.name, instance);
            let started = own.def.start(&context, &inputs(own), state);
            transforms.push((*transform, started.map_err(|fault| fault.at(&own.name))?));
        }
        let at = attempt.at(Vertex::Source(index));
        let chain = Chain::new(plan, &attempt.layout, index, transforms, ports, Arc::clone(&at));
        let task = SourceTask {
            attempt: Arc::clone(attempt),
            source: index,
            instance,
            ends: plan.settings.mode == JobMode::Batch && node.def.is_bounded(),
            reader,
            ledger: Arc::clone(&source.ledger),
            chain,
            pacer: Pacer::new(plan.settings.read_limit, Instant::now()),
            meter: TableMeter::new(None, &attempt.metrics.read, &attempt.log),
            restored: restored.epoch,
        };
        tasks.push(Ready { task, at });
    }
    Ok(tasks)
}
