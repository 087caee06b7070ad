//! How fast rows are made, checked and printed: one reader, one writer, no engine between them.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a bench may stop where it stands")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::executor::block_on;
use seikan::connectors::register;
use seikan::model::{AttemptId, Epoch, JobId, Problems};
use seikan::options::{Map, Options, Tree};
use seikan::plugin::{Assignment, JobMode, Read, Reader, Registry, RunContext, SinkInput, SourceDef, Writer};
use seikan::runtime::{JobLog, LogLimits};
use seikan::table::{Batch, CatalogTable};
use std::hint::black_box;
use std::sync::Arc;

const ROWS: u64 = 1_000_000;

fn tree(json: &str) -> Map {
    match serde_json::from_str(json) {
        Ok(Tree::Map(map)) => map,
        other => panic!("{other:?}"),
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    register(&mut registry);
    registry
}

fn context(log: JobLog) -> RunContext {
    RunContext {
        job: JobId(1),
        attempt: AttemptId { timeline: 1, number: 1 },
        mode: JobMode::Batch,
        parallelism: 1,
        is_restore: false,
        log: Arc::new(log),
        working_dir: ".".into(),
    }
}

fn source(rows: u64) -> (Arc<dyn SourceDef>, Vec<Arc<CatalogTable>>) {
    let problems = Problems::default();
    let options = tree(&format!(
        r#"{{"row.num": {rows}, "schema": {{"table": "t",
            "fields": {{"id": "bigint", "name": "string", "age": "int", "score": "double"}}}}}}"#
    ));
    let registry = registry();
    let factory = registry.source("FakeSource").unwrap();
    let def = factory.build(&Options::new(&options, "source[0]", &problems), None).unwrap();
    let tables = block_on(def.discover()).unwrap().into_iter().map(Arc::new).collect();
    (def, tables)
}

fn reader(def: &Arc<dyn SourceDef>, tables: &[Arc<CatalogTable>]) -> Box<dyn Reader> {
    let run = block_on(def.start(&context(JobLog::nowhere()), tables)).unwrap();
    let Assignment::Splits(splits) = block_on(block_on(run.enumerator(None)).unwrap().next()).unwrap() else {
        panic!("no splits");
    };
    let mut reader = block_on(run.reader(0)).unwrap();
    block_on(reader.open(&splits[0], None)).unwrap();
    reader
}

fn writer(name: &str, options: &str, tables: &[Arc<CatalogTable>], log: JobLog) -> Box<dyn Writer> {
    let problems = Problems::default();
    let options = tree(options);
    let registry = registry();
    let factory = registry.sink(name).unwrap();
    let def = factory.build(&Options::new(&options, "sink[0]", &problems), &SinkInput { tables }).unwrap();
    let run = block_on(def.start(&context(log))).unwrap();
    block_on(run.writer(0, Epoch(1), None)).unwrap()
}

fn each_batch(mut reader: Box<dyn Reader>, mut take: impl FnMut(Batch)) {
    while let Read::Batch(batch) = block_on(reader.next()).unwrap() {
        take(batch);
    }
}

fn connectors(criterion: &mut Criterion) {
    let (def, tables) = source(ROWS);
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    group.bench_function("FakeSource", |b| {
        b.iter(|| {
            each_batch(reader(&def, &tables), |batch| {
                black_box(batch);
            })
        });
    });
    let rules = r#"{"rules": {"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 1}], "field_rules": [
        {"field_name": "id", "field_type": "bigint", "field_value": [{"rule_type": "NOT_NULL"}]},
        {"field_name": "name", "field_type": "string", "field_value": [{"rule_type": "NOT_NULL"}]}]}}"#;
    group.bench_function("FakeSource to Assert", |b| {
        b.iter(|| {
            let mut writer = writer("Assert", rules, &tables, JobLog::nowhere());
            each_batch(reader(&def, &tables), |batch| block_on(writer.write(batch)).unwrap());
        });
    });
    let mut batches = Vec::new();
    each_batch(reader(&def, &tables), |batch| batches.push(batch));
    group.bench_function("Assert", |b| {
        b.iter(|| {
            let mut writer = writer("Assert", rules, &tables, JobLog::nowhere());
            batches.iter().for_each(|batch| block_on(writer.write(batch.clone())).unwrap());
        });
    });
    let ranges = r#"{"rules": {"field_rules": [
        {"field_name": "id", "field_value": [{"rule_type": "MIN", "rule_value": 0}]},
        {"field_name": "score", "field_value": [{"rule_type": "MAX", "rule_value": 1e308}]},
        {"field_name": "name", "field_value": [{"rule_type": "MAX_LENGTH", "rule_value": 5}]}]}}"#;
    group.bench_function("Assert of values", |b| {
        b.iter(|| {
            let mut writer = writer("Assert", ranges, &tables, JobLog::nowhere());
            for batch in &batches {
                black_box(block_on(writer.write(batch.clone())).is_ok());
            }
        });
    });
    let dir = tempfile::tempdir().unwrap();
    group.bench_function("Console", |b| {
        b.iter(|| {
            let log = JobLog::to_file(dir.path().join("job.log"), LogLimits::default());
            let mut writer = writer("Console", "{}", &tables, log);
            batches.iter().for_each(|batch| block_on(writer.write(batch.clone())).unwrap());
        });
    });
    group.finish();
    let (def, tables) = source(5);
    criterion.bench_function("five rows, from start to end", |b| {
        b.iter(|| {
            each_batch(reader(&def, &tables), |batch| {
                black_box(batch);
            })
        });
    });
}

criterion_group!(benches, connectors);
criterion_main!(benches);
