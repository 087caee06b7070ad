//! Builds and runs connectors in tests, straight through the ports.

use crate::model::{AttemptId, Epoch, Fault, JobId, Problem, Problems};
use crate::options::{Map, Options, Tree};
use crate::plugin::{
    Assignment, JobMode, Position, Read, Reader, Registry, RunContext, SinkDef, SinkInput, SourceDef,
    SourceRun, Split, Writer,
};
use crate::runtime::JobLog;
use crate::table::{Batch, CatalogTable};
use futures::executor::block_on;
use std::sync::Arc;

/// Options from JSON.
pub(super) fn options(json: &str) -> Map {
    match serde_json::from_str(json) {
        Ok(Tree::Map(map)) => map,
        other => panic!("{other:?} is no object"),
    }
}

/// Something built, or the errors; the warnings in both cases.
pub(super) struct Built<T: ?Sized> {
    pub def: Option<Arc<T>>,
    pub errors: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

impl<T: ?Sized> Built<T> {
    /// What was built.
    pub(super) fn ok(self) -> Arc<T> {
        self.def.unwrap_or_else(|| panic!("{:?}", self.errors))
    }

    /// The one error.
    pub(super) fn error(self) -> String {
        assert!(self.def.is_none() && self.errors.len() == 1, "{:?}", self.errors);
        self.errors[0].to_string()
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    super::register(&mut registry);
    registry
}

/// Builds a FakeSource.
pub(super) fn fake(json: &str) -> Built<dyn SourceDef> {
    let (options, problems, registry) = (options(json), Problems::default(), registry());
    let factory = registry.source("FakeSource").unwrap();
    let def = factory.build(&Options::new(&options, "source[0].FakeSource", &problems), None);
    let (errors, warnings) = problems.into_parts();
    Built { def, errors, warnings }
}

/// Builds a sink for these tables.
pub(super) fn sink(name: &str, json: &str, tables: &[Arc<CatalogTable>]) -> Built<dyn SinkDef> {
    let (options, problems, registry) = (options(json), Problems::default(), registry());
    let factory = registry.sink(name).unwrap();
    let options = Options::new(&options, format!("sink[0].{name}"), &problems);
    let def = factory.build(&options, &SinkInput { tables });
    let (errors, warnings) = problems.into_parts();
    Built { def, errors, warnings }
}

/// An attempt.
pub(super) fn context(mode: JobMode, parallelism: usize, log: JobLog) -> RunContext {
    RunContext {
        job: JobId(1),
        attempt: AttemptId { timeline: 1, number: 1 },
        mode,
        parallelism,
        is_restore: false,
        log: Arc::new(log),
        working_dir: ".".into(),
    }
}

/// A batch attempt without a log.
pub(super) fn batch_context(parallelism: usize) -> RunContext {
    context(JobMode::Batch, parallelism, JobLog::nowhere())
}

/// The tables of a source.
pub(super) fn tables(def: &Arc<dyn SourceDef>) -> Vec<Arc<CatalogTable>> {
    block_on(def.discover()).unwrap().into_iter().map(Arc::new).collect()
}

/// A source started.
pub(super) fn start(def: &Arc<dyn SourceDef>, parallelism: usize) -> Result<Box<dyn SourceRun>, Fault> {
    block_on(def.start(&batch_context(parallelism), &tables(def)))
}

/// All splits of a source.
pub(super) fn splits(run: &dyn SourceRun) -> Vec<Split> {
    let mut enumerator = block_on(run.enumerator(None)).unwrap();
    let mut splits = Vec::new();
    while let Assignment::Splits(more) = block_on(enumerator.next()).unwrap() {
        assert!(!more.is_empty());
        splits.extend(more);
    }
    splits
}

/// A reader with an open split.
pub(super) fn open(run: &dyn SourceRun, split: &Split, position: Option<&Position>) -> Box<dyn Reader> {
    let mut reader = block_on(run.reader(0)).unwrap();
    block_on(reader.open(split, position)).unwrap();
    reader
}

/// The rest of the open split.
pub(super) fn rest(reader: &mut dyn Reader) -> Vec<Batch> {
    let mut batches = Vec::new();
    while let Read::Batch(batch) = block_on(reader.next()).unwrap() {
        batches.push(batch);
    }
    batches
}

/// All rows of a source, read by one reader.
pub(super) fn rows(json: &str) -> Vec<Batch> {
    let def = fake(json).ok();
    let run = start(&def, 1).unwrap();
    splits(run.as_ref()).iter().flat_map(|split| rest(open(run.as_ref(), split, None).as_mut())).collect()
}

/// Writes all batches.
pub(super) fn write_all(writer: &mut dyn Writer, batches: &[Batch]) -> Result<(), Fault> {
    batches.iter().try_for_each(|batch| block_on(writer.write(batch.clone())))
}

/// The first writer of a sink.
pub(super) fn writer(def: &Arc<dyn SinkDef>, context: &RunContext) -> Result<Box<dyn Writer>, Fault> {
    let run = block_on(def.start(context))?;
    block_on(run.writer(0, Epoch(1), None))
}
