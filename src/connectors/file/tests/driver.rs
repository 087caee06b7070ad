//! Runs small jobs over the ports, one reader and one writer per instance, as the engine would without its pipes.

use crate::connectors;
use crate::format::json::ColumnBuilder;
use crate::model::{AttemptId, Epoch, Fault, JobId, Prepared, Problems};
use crate::options::{Map, Options, Tree};
use crate::plugin::{
    Assignment, Committer, JobMode, Read, Reader, Registry, RunContext, SinkDef, SinkInput, SourceDef,
    SourceRun, Split, Staged, Writer,
};
use crate::runtime::JobLog;
use crate::table::{Batch, CatalogTable, DataType, Field, schema};
use arrow::array::AsArray;
use std::sync::Arc;

/// Where a job broke.
#[derive(Debug)]
pub(super) enum Broken {
    /// At submission.
    Refused(String),
    /// While running.
    Failed(String),
}

impl Broken {
    /// Why.
    pub(super) fn message(self) -> String {
        match self {
            Broken::Refused(message) | Broken::Failed(message) => message,
        }
    }
}

fn failed(fault: Fault) -> Broken {
    Broken::Failed(fault.to_string())
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    connectors::register(&mut registry);
    registry
}

pub(super) fn context(attempt: u32, parallelism: usize) -> RunContext {
    RunContext {
        job: JobId(77),
        attempt: AttemptId { timeline: 0xabc, number: attempt },
        mode: JobMode::Batch,
        parallelism,
        is_restore: attempt > 1,
        log: Arc::new(JobLog::nowhere()),
        working_dir: "/".into(),
    }
}

fn refused(problems: Problems) -> Broken {
    let errors: Vec<String> = problems.into_parts().0.iter().map(ToString::to_string).collect();
    Broken::Refused(errors.join("\n"))
}

pub(super) fn source(block: &Map) -> Result<Arc<dyn SourceDef>, Broken> {
    let problems = Problems::default();
    let output = block.get("result_table_name").and_then(Tree::as_text).map(str::to_owned);
    let registry = registry();
    let factory = registry.source("LocalFile").unwrap();
    let built = factory.build(&Options::new(block, "source[0].LocalFile", &problems), output.as_deref());
    built.ok_or_else(|| refused(problems))
}

pub(super) fn sink(block: &Map, tables: &[Arc<CatalogTable>]) -> Result<Arc<dyn SinkDef>, Broken> {
    let problems = Problems::default();
    let registry = registry();
    let factory = registry.sink("LocalFile").unwrap();
    let built = factory.build(&Options::new(block, "sink[0].LocalFile", &problems), &SinkInput { tables });
    built.ok_or_else(|| refused(problems))
}

/// Reads a LocalFile source to its end, with one reader.
pub(super) async fn read(block: &Map) -> Result<(Vec<Arc<CatalogTable>>, Vec<Batch>), Broken> {
    let def = source(block)?;
    let tables = def.discover().await.map_err(|fault| Broken::Refused(fault.to_string()))?;
    let tables: Vec<Arc<CatalogTable>> = tables.into_iter().map(Arc::new).collect();
    let run = def.start(&context(1, 1), &tables).await.map_err(failed)?;
    let mut reader = run.reader(0).await.map_err(failed)?;
    let mut batches = Vec::new();
    for split in splits(run.as_ref()).await.map_err(failed)? {
        reader.open(&split, None).await.map_err(failed)?;
        while let Some(batch) = next(reader.as_mut()).await.map_err(failed)? {
            batches.push(batch);
        }
    }
    assert_eq!(Some(reader.done()), run.total(), "the progress ends at its total");
    Ok((tables, batches))
}

pub(super) async fn splits(run: &dyn SourceRun) -> Result<Vec<Split>, Fault> {
    let mut enumerator = run.enumerator(None).await?;
    let mut splits = Vec::new();
    while let Assignment::Splits(more) = enumerator.next().await? {
        splits.extend(more);
    }
    Ok(splits)
}

/// The next batch of the open split.
pub(super) async fn next(reader: &mut dyn Reader) -> Result<Option<Batch>, Fault> {
    loop {
        match reader.next().await? {
            Read::Batch(batch) => return Ok(Some(batch)),
            Read::Idle(_) => {}
            Read::SplitDone => return Ok(None),
        }
    }
}

/// What a FakeSource with `rows` gives, per table: the tables, and the rows of each reader.
pub(super) fn fake(block: &Map) -> Result<(Vec<Arc<CatalogTable>>, Vec<Batch>), Broken> {
    let problems = Problems::default();
    let entries = match block.get("tables_configs").and_then(Tree::as_list) {
        Some(entries) => entries.iter().filter_map(Tree::as_map).cloned().collect(),
        None => vec![block.clone()],
    };
    let (mut tables, mut batches) = (Vec::new(), Vec::new());
    for entry in &entries {
        let schema = entry.get("schema").and_then(Tree::as_map).unwrap();
        let output = entry.get("result_table_name").and_then(Tree::as_text);
        let table = schema::read(&Options::new(schema, "schema", &problems), "FakeSource", output);
        let table = Arc::new(table.ok_or(Broken::Refused(String::new()))?);
        let fields =
            table.columns.iter().map(|c| Field { name: c.name.clone(), data_type: c.data_type.clone() });
        let mut rows = ColumnBuilder::new(&DataType::Row(fields.collect()));
        let given = entry.get("rows").and_then(Tree::as_list).unwrap_or_default();
        for row in given {
            let fields = row.as_map().and_then(|row| row.get("fields")).unwrap();
            rows.push(fields).map_err(Broken::Failed)?;
        }
        if !given.is_empty() {
            let rows = rows.finish().as_struct().into();
            batches.push(Batch::inserts(Arc::clone(&table), rows));
        }
        tables.push(table);
    }
    Ok((tables, batches))
}

/// Writes batches through every writer of a sink and commits them as epoch 1.
pub(super) async fn write(
    block: &Map,
    tables: &[Arc<CatalogTable>],
    batches: &[Batch],
    writers: usize,
) -> Result<(), Broken> {
    let def = sink(block, tables)?;
    let context = context(1, writers);
    def.prepare_target(&context).await.map_err(failed)?;
    let mut committer = def.committer(&context).await.map_err(failed)?.unwrap();
    let run = def.start(&context).await.map_err(failed)?;
    let mut staged = Vec::new();
    for instance in 0..writers {
        let written = async {
            let mut writer = run.writer(instance, Epoch(1), None).await?;
            for batch in batches {
                writer.write(batch.clone()).await?;
            }
            writer.prepare(Epoch(1)).await
        };
        match written.await {
            Ok(more) => staged.extend(more),
            Err(fault) => {
                committer.take_back(context.attempt, &[]).await.map_err(failed)?;
                return Err(failed(fault));
            }
        }
    }
    let rows: u64 = staged.iter().map(|s| s.rows).sum();
    let given: usize = batches.iter().map(Batch::len).sum();
    assert_eq!(rows, (given * writers) as u64, "every row is accounted for");
    committer.commit(&prepared(Epoch(1), staged)).await.map_err(failed)
}

pub(super) fn prepared(epoch: Epoch, staged: Vec<Staged>) -> Vec<Prepared> {
    staged.into_iter().map(|Staged { rows, data }| Prepared { sink: 0, epoch, rows, data }).collect()
}

/// Writer and committer of one attempt.
pub(super) async fn attempt(
    def: &dyn SinkDef,
    number: u32,
    next: Epoch,
    state: Option<Vec<u8>>,
) -> (Box<dyn Writer>, Box<dyn Committer>) {
    let context = context(number, 1);
    let committer = def.committer(&context).await.unwrap().unwrap();
    let run = def.start(&context).await.unwrap();
    (run.writer(0, next, state).await.unwrap(), committer)
}
