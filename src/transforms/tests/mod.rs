//! Transforms through their factories, as jobs use them.

mod columns;
mod data_validator;
mod fields;
mod json_path;
mod per_table;
mod text_chunk;

use super::register;
use crate::model::{AttemptId, JobId, Problems};
use crate::options::{Options, Tree};
use crate::plugin::{JobMode, Out, Registry, RunContext, TransformDef, build_per_table};
use crate::runtime::JobLog;
use crate::table::{Batch, CatalogTable, Column, DataType, PrimaryKey, RowKind, TablePath};
use arrow::array::{ArrayRef, Float64Array, Int8Array, Int32Array, StringArray};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

/// Builds a transform; or the texts of its problems.
pub(super) fn build(name: &str, options: &str) -> Result<Arc<dyn TransformDef>, Vec<String>> {
    let mut registry = Registry::default();
    register(&mut registry);
    let tree: Tree = serde_json::from_str(options).unwrap();
    let problems = Problems::default();
    let options = Options::new(tree.as_map().unwrap(), "t", &problems);
    let built = build_per_table(registry.transform(name).unwrap(), &options);
    built.ok_or_else(|| problems.into_parts().0.iter().map(ToString::to_string).collect())
}

/// A batch of inserts of table `path`, its columns nullable.
pub(super) fn table_of(path: &str, columns: Vec<(&str, DataType, ArrayRef)>) -> Batch {
    let (columns, arrays): (Vec<Column>, Vec<ArrayRef>) =
        columns.into_iter().map(|(name, data_type, array)| (Column::new(name, data_type), array)).unzip();
    let table = CatalogTable::new("Test", TablePath::parse(path, false).unwrap(), columns);
    let rows = RecordBatch::try_new(table.arrow_schema(), arrays).unwrap();
    Batch::inserts(Arc::new(table), rows)
}

/// `id int, name string, score double`, key id; a change of each kind.
pub(super) fn batch() -> Batch {
    let mut batch = table_of(
        "db.t",
        vec![
            ("id", DataType::Int, Arc::new(Int32Array::from(vec![1, 2, 3, 4]))),
            (
                "name",
                DataType::String,
                Arc::new(StringArray::from(vec![Some("Joy Ding"), Some("a b c"), None, Some("")])),
            ),
            (
                "score",
                DataType::Double,
                Arc::new(Float64Array::from(vec![Some(1.0), Some(1e10), None, Some(0.5)])),
            ),
        ],
    );
    let mut table = (*batch.table).clone();
    table.primary_key = Some(PrimaryKey { name: "pk".into(), columns: vec!["id".into()] });
    batch.table = Arc::new(table);
    Batch { kinds: Some(Int8Array::from(RowKind::ALL.map(|k| k as i8).to_vec())), ..batch }
}

/// What a transform made: its tables, and each row as `path|kind values`.
pub(super) struct Ran {
    pub tables: Vec<CatalogTable>,
    pub rows: Vec<String>,
    pub dropped: u64,
    pub added: u64,
}

/// Runs a transform over batches of different tables; the counts must be balanced.
pub(super) fn run_on(name: &str, options: &str, inputs: Vec<Batch>) -> Result<Ran, Vec<String>> {
    let def = build(name, options)?;
    let given: Vec<CatalogTable> = inputs.iter().map(|batch| (*batch.table).clone()).collect();
    let mut tables: Vec<CatalogTable> = Vec::new();
    for table in &given {
        tables.extend(def.schema(table)?);
    }
    let context = RunContext {
        job: JobId(1),
        attempt: AttemptId { timeline: 1, number: 1 },
        mode: JobMode::Batch,
        parallelism: 1,
        is_restore: false,
        log: Arc::new(JobLog::nowhere()),
        working_dir: ".".into(),
    };
    let mut transform = def.start(&context, &given, None).map_err(|f| vec![f.to_string()])?;
    let (mut out, rows_in) = (Out::default(), inputs.iter().map(|batch| batch.len() as u64).sum::<u64>());
    for input in inputs {
        futures::executor::block_on(transform.apply(input, &mut out)).map_err(|f| vec![f.to_string()])?;
    }
    let (dropped, added) = (out.dropped(), out.added());
    let mut rows = Vec::new();
    for batch in out.take() {
        assert!(tables.contains(&batch.table), "batches are of a table that was promised");
        assert_eq!(batch.rows.schema(), batch.table.arrow_schema());
        rows.extend(shown(&batch));
    }
    assert_eq!(rows_in + added, rows.len() as u64 + dropped, "every row is accounted for");
    Ok(Ran { tables, rows, dropped, added })
}

fn shown(batch: &Batch) -> Vec<String> {
    let format = FormatOptions::default().with_null("-");
    let columns: Vec<ArrayFormatter<'_>> =
        batch.rows.columns().iter().map(|c| ArrayFormatter::try_new(c, &format).unwrap()).collect();
    let row = |row: usize| {
        let values: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
        format!("{} {} {}", batch.table.path, batch.kind(row).short(), values.join("|"))
    };
    (0..batch.len()).map(row).collect()
}

/// The texts of what is wrong, joined; empty if nothing is.
pub(super) fn wrong(name: &str, options: &str, inputs: Vec<Batch>) -> String {
    run_on(name, options, inputs).err().unwrap_or_default().join("\n")
}
