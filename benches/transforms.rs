//! How fast transforms are: batches of four columns that are there already, one transform, no engine around it.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a bench may stop where it stands")]

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::executor::block_on;
use seikan::model::{AttemptId, JobId, Problems};
use seikan::options::{Map, Options, Tree};
use seikan::plugin::{JobMode, Out, Registry, RunContext, Transform};
use seikan::runtime::JobLog;
use seikan::table::{Batch, CatalogTable, Column, DataType, TablePath};
use seikan::transforms::register;
use std::hint::black_box;
use std::sync::Arc;

const ROWS: usize = 8192;

fn batch() -> Batch {
    let columns = vec![
        Column::new("id", DataType::BigInt),
        Column::new("name", DataType::String),
        Column::new("age", DataType::Int),
        Column::new("score", DataType::Double),
    ];
    let table = CatalogTable::new("Bench", TablePath::default_path(), columns);
    let rows = 0..ROWS as i32;
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(rows.clone().map(i64::from).collect::<Int64Array>()),
        Arc::new(rows.clone().map(|row| Some(format!("name{:x}", row * 7919))).collect::<StringArray>()),
        Arc::new(rows.clone().map(|row| row % 90).collect::<Int32Array>()),
        Arc::new(rows.map(|row| f64::from(row) / 7.0).collect::<Float64Array>()),
    ];
    let rows = RecordBatch::try_new(table.arrow_schema(), arrays).unwrap();
    Batch::inserts(Arc::new(table), rows)
}

fn sql(query: &str, input: &CatalogTable) -> Box<dyn Transform> {
    let mut registry = Registry::default();
    register(&mut registry);
    let problems = Problems::default();
    let options = Map::from_iter([("query".to_owned(), Tree::text(query))]);
    let def = registry.transform("Sql").unwrap().build(&Options::new(&options, "t", &problems)).unwrap();
    let context = RunContext {
        job: JobId(1),
        attempt: AttemptId { timeline: 1, number: 1 },
        mode: JobMode::Batch,
        parallelism: 1,
        is_restore: false,
        log: Arc::new(JobLog::nowhere()),
        working_dir: ".".into(),
    };
    def.start(&context, std::slice::from_ref(input), None).unwrap()
}

fn transforms(criterion: &mut Criterion) {
    let batch = batch();
    let mut group = criterion.benchmark_group("sql");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (what, query) in [
        ("columns", "select name, id from t"),
        (
            "upper, arithmetic, filter",
            "select upper(name) as name, id * 2 as twice, score + age as sum, age from t where age >= 18",
        ),
        ("case, concatenation", "select case when age < 18 then 'child' else name || '!' end as who from t"),
        ("like, in", "select id from t where name like 'na%7%' and age not in (1, 2, 3)"),
        (
            "casts",
            "select cast(id as string) as a, cast(score as decimal(20, 2)) as b, cast(age as double) as c from t",
        ),
    ] {
        let mut transform = sql(query, &batch.table);
        group.bench_function(what, |b| {
            b.iter(|| {
                let mut out = Out::default();
                block_on(transform.apply(batch.clone(), &mut out)).unwrap();
                black_box(out)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, transforms);
criterion_main!(benches);
