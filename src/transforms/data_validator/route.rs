//! The error table: what it looks like, and the rows that go there.

use super::check::Errors;
use crate::format::json;
use crate::model::Fault;
use crate::table::{Batch, CatalogTable, Column, DataType, TablePath};
use crate::transforms::rows;
use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray, UInt32Array};
use arrow::record_batch::RecordBatch;
use chrono::Local;
use std::sync::Arc;

/// The error table for rows of `input`. A name without a database is beside it.
pub(super) fn error_table(input: &CatalogTable, name: &str) -> CatalogTable {
    let path = TablePath::parse(name, false).filter(|path| path.database.is_some());
    let path = path.unwrap_or_else(|| TablePath {
        database: input.path.database.clone(),
        schema: None,
        table: name.to_owned(),
    });
    let column = |name: &str, data_type, comment: &str| Column {
        nullable: false,
        comment: Some(comment.to_owned()),
        ..Column::new(name, data_type)
    };
    let columns = vec![
        column("source_table_id", DataType::String, "catalogue and path of the checked table"),
        column("source_table_path", DataType::String, "path of the checked table"),
        column("original_data", DataType::String, "the row as JSON"),
        column("validation_errors", DataType::String, "what is wrong with it: a JSON list"),
        column("create_time", DataType::Timestamp, "when this was found"),
    ];
    let mut table = CatalogTable::new(&input.catalog, path, columns);
    table.comment = Some("rows that are not valid".into());
    table
}

/// Whether rows of a table can be written as JSON.
///
/// # Errors
/// The column that can't.
pub(super) fn check(input: &CatalogTable) -> Result<(), String> {
    json::encoder(&input.columns, &json::WriteOptions::default()).map(|_| ())
}

/// One row of the error table for each row that is wrong.
pub(super) fn error_rows(batch: &Batch, errors: &Errors, table: &Arc<CatalogTable>) -> Result<Batch, Fault> {
    let places = UInt32Array::from_iter_values(errors.rows.keys().map(|row| *row as u32));
    let wrong = rows::at(batch, &places)?;
    let unwritable =
        |e: String| Fault::user(format!("rows of table {} can't be JSON: {e}", batch.table.path));
    let mut encoder =
        json::encoder(&batch.table.columns, &json::WriteOptions::default()).map_err(unwritable)?;
    let mut text = Vec::new();
    encoder.begin(&mut text);
    encoder.encode(&wrong.rows, &mut text).map_err(|e| unwritable(e.to_string()))?;
    // a line break within a value is written as an escape
    let text = String::from_utf8(text).map_err(|e| unwritable(e.to_string()))?;
    let count = wrong.len();
    let found: Vec<String> = errors.rows.values().map(|errors| described(errors)).collect();
    let (path, now) = (batch.table.path.to_string(), Local::now().naive_local().and_utc().timestamp_micros());
    let repeated = |text: &str| StringArray::from_iter_values(std::iter::repeat_n(text, count));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(repeated(&format!("{}.{path}", batch.table.catalog))),
        Arc::new(repeated(&path)),
        Arc::new(text.split('\n').map(Some).collect::<StringArray>()),
        Arc::new(StringArray::from_iter_values(found)),
        Arc::new(TimestampMicrosecondArray::from_value(now, count)),
    ];
    let rows = RecordBatch::try_new(table.arrow_schema(), columns)
        .map_err(|e| Fault::internal("an error table's rows don't fit it").caused_by(&e))?;
    Ok(Batch { table: Arc::clone(table), kinds: None, rows, origin: batch.origin.clone() })
}

/// Column and message of each error, as JSON.
fn described(errors: &[(String, String)]) -> String {
    let error = |(column, message): &(String, String)| serde_json::json!({ "field_name": column, "error_message": message });
    serde_json::Value::Array(errors.iter().map(error).collect()).to_string()
}
