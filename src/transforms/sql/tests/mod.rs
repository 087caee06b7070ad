//! Queries over one table, through what the transform does with them.

mod casts;
mod observed;
mod page;
mod queries;
mod rules;

use super::parse::parse;
use super::program::compile;
use crate::format::{ColumnBuilder, json};
use crate::options::Tree;
use crate::plugin::Out;
use crate::table::{Batch, CatalogTable, Column, DataType, RowKind, TablePath};
use arrow::array::{ArrayRef, Int8Array};
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// A table of columns `(name, type, values as JSON)`.
fn table(columns: &[(&str, &str, &str)]) -> Batch {
    let (mut declared, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for (name, data_type, values) in columns {
        let data_type = serde_json::from_str(data_type).unwrap_or_else(|_| Tree::text(*data_type));
        let data_type = DataType::from_tree(&data_type).unwrap();
        let mut builder = ColumnBuilder::new(&data_type);
        let values: Tree = serde_json::from_str(values).unwrap();
        for value in values.as_list().unwrap() {
            builder.push(value).unwrap();
        }
        arrays.push(builder.finish());
        declared.push(Column::new(*name, data_type));
    }
    let table = CatalogTable::new("Test", TablePath::parse("db.t", false).unwrap(), declared);
    let rows = RecordBatch::try_new(table.arrow_schema(), arrays).unwrap();
    Batch::inserts(Arc::new(table), rows)
}

/// Runs a query: the table that comes out, and each row as the json sink writes it, its kind in front if there are
/// any. Several problems are joined.
fn run(query: &str, input: &Batch) -> Result<(CatalogTable, Vec<String>), String> {
    let (output, program) = compile(&parse(query)?, &input.table).map_err(|problems| problems.join("; "))?;
    let output = Arc::new(output);
    let mut out = Out::default();
    program.run(&output, input.clone(), &mut out).map_err(|fault| fault.to_string())?;
    let given = out.batches().first().map_or(0, Batch::len) as u64;
    assert_eq!(input.len() as u64 + out.added(), given + out.dropped(), "each row is accounted for");
    let Some(batch) = out.take().pop() else { return Ok(((*output).clone(), Vec::new())) };
    assert_eq!(batch.rows.schema(), output.arrow_schema());
    let mut text = Vec::new();
    let mut encoder = json::encoder(&output.columns, &json::WriteOptions::default())?;
    encoder.encode(&batch.rows, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().enumerate().map(|(row, line)| match &batch.kinds {
        Some(_) => format!("{} {line}", batch.kind(row).short()),
        None => line.to_owned(),
    });
    Ok(((*output).clone(), lines.collect()))
}

/// One expression over one table: its type, and its values as JSON, blank between them.
fn value(expr: &str, input: &Batch) -> Result<(DataType, String), String> {
    let (table, rows) = run(&format!("select {expr} as e from t"), input)?;
    let values = rows.iter().map(|row| row["{\"e\":".len()..row.len() - 1].to_owned());
    Ok((table.columns[0].data_type.clone(), values.collect::<Vec<_>>().join(" ")))
}

/// Checks a table of `(expression, type, values)`; `!` as a type: the text is a part of the error.
fn check(cases: &[(&str, &str, &str)], input: &Batch) {
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|(expr, data_type, wanted)| {
            let found = value(expr, input);
            match &found {
                Ok((found, values)) if found.to_string() == *data_type && values == wanted => None,
                Err(e) if *data_type == "!" && e.contains(wanted) => None,
                _ => Some(format!("{expr}: {found:?} instead of {data_type} {wanted}")),
            }
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// All four row kinds, in order.
fn all_kinds() -> Int8Array {
    Int8Array::from(RowKind::ALL.map(|kind| kind as i8).to_vec())
}
