//! Both transforms against a real HTTP server that also misbehaves.

mod embedding;
mod faults;
mod llm;
mod options;
mod service;

use crate::model::{AttemptId, Fault, JobId, Problems};
use crate::options::{Options, Tree};
use crate::plugin::{JobMode, Out, Registry, RunContext, Transform, TransformDef};
use crate::runtime::JobLog;
use crate::table::{Batch, CatalogTable, Column, DataType, TablePath};
use arrow::array::{ArrayRef, Int32Array, StringArray};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Value, json};
use service::Service;
use std::sync::Arc;

/// The options of `first` and `more`; those of `more` win, nulls count as not given.
fn with(mut first: Value, more: &Value) -> Value {
    let (Some(map), Some(more)) = (first.as_object_mut(), more.as_object()) else { panic!("objects") };
    map.extend(more.clone());
    first
}

fn llm(service: &Service, more: Value) -> Value {
    let url = format!("{}/v1/chat/completions", service.url);
    let first = json!({"model_provider": "OPENAI", "model": "m-1", "api_key": "sk-hidden", "api_path": url,
        "prompt": "Say it.", "model_retry_backoff_ms": 1});
    with(first, &more)
}

fn embedding(service: &Service, more: Value) -> Value {
    let url = format!("{}/v1/embeddings", service.url);
    let first = json!({"model_provider": "OPENAI", "model": "e-1", "api_key": "sk-hidden", "api_path": url,
        "vectorization_fields": {"v": "name"}, "model_retry_backoff_ms": 1});
    with(first, &more)
}

/// Builds a transform; or the texts of its problems.
fn build(name: &str, options: &Value) -> Result<Arc<dyn TransformDef>, Vec<String>> {
    let mut registry = Registry::default();
    crate::transforms::register(&mut registry);
    let tree: Tree = serde_json::from_value(options.clone()).unwrap();
    let problems = Problems::default();
    let options = Options::new(tree.as_map().unwrap(), "t", &problems);
    let factory = registry.transform(name).unwrap();
    options.warn_unknown(&[factory.options()]);
    let built = factory.build(&options);
    let (errors, warnings) = problems.into_parts();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(built.is_none(), !errors.is_empty(), "{errors:?}");
    built.ok_or_else(|| errors.iter().map(ToString::to_string).collect())
}

/// `id int, name string`, ids from 1.
fn people(names: &[Option<&str>]) -> Batch {
    let columns = vec![Column::new("id", DataType::Int), Column::new("name", DataType::String)];
    let table = CatalogTable::new("Test", TablePath::parse("db.people", false).unwrap(), columns);
    let ids = Int32Array::from_iter_values(1..=names.len() as i32);
    let arrays: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(StringArray::from(names.to_vec()))];
    let rows = RecordBatch::try_new(table.arrow_schema(), arrays).unwrap();
    Batch::inserts(Arc::new(table), rows)
}

/// So many people, `p1` and on.
fn crowd(size: usize) -> Batch {
    let names: Vec<String> = (1..=size).map(|number| format!("p{number}")).collect();
    people(&names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>())
}

fn start(def: &Arc<dyn TransformDef>, input: &Batch) -> Result<Box<dyn Transform>, Fault> {
    let context = RunContext {
        job: JobId(1),
        attempt: AttemptId { timeline: 1, number: 1 },
        mode: JobMode::Batch,
        parallelism: 1,
        is_restore: false,
        log: Arc::new(JobLog::nowhere()),
        working_dir: ".".into(),
    };
    def.start(&context, &[(*input.table).clone()], None)
}

/// Waits for a future as the threads of jobs do: outside of tokio, its runtime entered.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _entered = runtime.enter();
    futures::executor::block_on(future)
}

/// Transforms one batch.
fn apply(name: &str, options: &Value, input: Batch) -> Result<Batch, Fault> {
    let def = build(name, options).unwrap_or_else(|problems| panic!("{problems:?}"));
    let table = def.schema(&input.table).unwrap().pop().unwrap();
    let mut out = Out::default();
    wait(async { start(&def, &input)?.apply(input, &mut out).await })?;
    let batch = out.take().pop().unwrap();
    assert_eq!(*batch.table, table, "the table that was promised");
    assert_eq!(batch.rows.schema(), table.arrow_schema());
    Ok(batch)
}

/// The last column's values as texts, null as `-`.
fn last(batch: &Batch) -> Vec<String> {
    let format = FormatOptions::default().with_null("-");
    let column = batch.rows.columns().last().unwrap();
    let column = ArrayFormatter::try_new(column, &format).unwrap();
    (0..batch.len()).map(|row| column.value(row).to_string()).collect()
}
