//! Rows given in the job (`rows = [ … ]`): read once, built into batches once, shared by all splits.

use super::generate::now;
use super::options::{ROW_FIELDS, ROW_KIND};
use crate::format::json::ColumnBuilder;
use crate::model::shown;
use crate::options::{Map, Tree, convert};
use crate::table::{Batch, CatalogTable, DataType, Field, RowKind};
use arrow::array::{Array, ArrayRef, AsArray, Int8Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{interleave, take};
use std::sync::Arc;

/// One row as the job gives it.
#[derive(Clone, Debug)]
pub(super) struct FixedRow {
    /// Its kind, not checked yet: a wrong one fails the run, as the job language has it.
    kind: String,
    /// A list by position, an object by name.
    fields: Tree,
}

impl FixedRow {
    /// Reads `{ kind = …, fields = … }`.
    ///
    /// # Errors
    /// The key below the row, and what is wrong with it.
    pub(super) fn read(row: Tree) -> Result<Self, (String, String)> {
        let Tree::Map(mut row) = row else {
            let given = row.kind();
            return Err((String::new(), format!("{given} is no row; a row is {{ kind = …, fields = … }}")));
        };
        let kind = match row.shift_remove(ROW_KIND.key) {
            None | Some(Tree::Null) => {
                return Err((".kind".into(), "is required; allowed: INSERT, UPDATE_BEFORE, …".into()));
            }
            Some(kind) => convert::to_text(&kind),
        };
        let fields = match row.shift_remove(ROW_FIELDS.key) {
            None | Some(Tree::Null) => {
                return Err((
                    ".fields".into(),
                    "is required: a list, or an object of names and values".into(),
                ));
            }
            Some(Tree::Text(text)) => match serde_json::from_str(&text) {
                Ok(fields @ (Tree::List(_) | Tree::Map(_))) => fields,
                // nothing of the text is shown: it may be a whole row
                _ => {
                    let message =
                        "must be a list or an object, also as JSON in a text; the text given is neither";
                    return Err((".fields".into(), message.into()));
                }
            },
            Some(fields) => fields,
        };
        Ok(Self { kind, fields })
    }
}

/// The rows as batches of at most `batch_rows` rows.
///
/// # Errors
/// A kind or value that can't be used, with the number of its row.
pub(super) fn build(
    rows: &[FixedRow],
    table: &Arc<CatalogTable>,
    batch_rows: usize,
) -> Result<Vec<Batch>, String> {
    if let Some(column) = table.columns.iter().find(|c| has_vector(&c.data_type)) {
        return Err(format!("rows: column {} is a vector; vectors can't be given in rows", column.name));
    }
    // Each batch has buffers of its own: slices of one large batch would each count as large as all of it.
    let chunks = rows.chunks(batch_rows).enumerate();
    chunks.map(|(number, rows)| build_one(rows, number * batch_rows, table)).collect()
}

fn build_one(rows: &[FixedRow], first: usize, table: &Arc<CatalogTable>) -> Result<Batch, String> {
    let kinds = kinds(rows, first)?;
    Ok(Batch { table: table.clone(), kinds, rows: columns(rows, first, table)?, origin: None })
}

fn has_vector(data_type: &DataType) -> bool {
    match data_type {
        DataType::Vector(_, _) => true,
        DataType::Array(element) => has_vector(element),
        DataType::Map(_, value) => has_vector(value),
        DataType::Row(fields) => fields.iter().any(|f| has_vector(&f.data_type)),
        _ => false,
    }
}

fn kinds(rows: &[FixedRow], first: usize) -> Result<Option<Int8Array>, String> {
    let mut kinds = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let kind = RowKind::of_name(&row.kind).ok_or_else(|| {
            let allowed = RowKind::ALL.map(RowKind::name).join(", ");
            format!("rows[{}].kind: {} is no row kind; allowed: {allowed}", first + index, shown(&row.kind))
        })?;
        kinds.push(kind as i8);
    }
    let all_inserts = kinds.iter().all(|kind| *kind == RowKind::Insert as i8);
    Ok((!all_inserts).then(|| kinds.into()))
}

fn columns(rows: &[FixedRow], first: usize, table: &CatalogTable) -> Result<RecordBatch, String> {
    let fields: Vec<Field> = table
        .columns
        .iter()
        .map(|c| Field { name: c.name.clone(), data_type: c.data_type.clone() })
        .collect();
    // Cells that mean "now" are left null here and filled in afterwards.
    let mut current: Vec<Vec<usize>> = vec![Vec::new(); fields.len()];
    let mut builder = ColumnBuilder::new(&DataType::Row(fields));
    for (number, row) in rows.iter().enumerate() {
        let mut push = |fields: &Tree| {
            builder.push(fields).map_err(|message| format!("rows[{}].fields: {message}", first + number))
        };
        match without_current(&row.fields, table, &mut |column| current[column].push(number)) {
            Some(fields) => push(&fields)?,
            None => push(&row.fields)?,
        }
    }
    let all = builder.finish();
    let mut columns: Vec<ArrayRef> = all.as_struct().columns().to_vec();
    for (index, rows) in current.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        columns[index] = put(&columns[index], rows, &now(&table.columns[index].data_type))?;
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(table.arrow_schema(), columns, &options).map_err(|e| e.to_string())
}

/// The fields with a null in place of each top-level cell that means "now"; `None` when there is none.
fn without_current(fields: &Tree, table: &CatalogTable, found: &mut impl FnMut(usize)) -> Option<Tree> {
    let is_current = |column: usize, value: &Tree| {
        let data_type = table.columns.get(column).map(|c| &c.data_type);
        data_type.zip(value.as_text()).is_some_and(|(data_type, text)| means_now(data_type, text, true))
    };
    match fields {
        Tree::List(values) => {
            let hits: Vec<usize> = (0..values.len()).filter(|at| is_current(*at, &values[*at])).collect();
            let mut values = (!hits.is_empty()).then(|| values.clone())?;
            for at in hits {
                values[at] = Tree::Null;
                found(at);
            }
            Some(Tree::List(values))
        }
        Tree::Map(values) => {
            let column = |name: &String| table.index_of(name);
            let hits: Vec<(&String, usize)> = values
                .iter()
                .filter_map(|(name, value)| Some((name, column(name).filter(|at| is_current(*at, value))?)))
                .collect();
            let mut copy: Map = (!hits.is_empty()).then(|| values.clone())?;
            for (name, at) in hits {
                copy.insert(name.clone(), Tree::Null);
                found(at);
            }
            Some(Tree::Map(copy))
        }
        _ => None,
    }
}

/// Whether this text stands for the current date or time in a column of that type. As a value of a row,
/// `CURRENT_TIME` must be spelled exactly so.
pub(super) fn means_now(data_type: &DataType, text: &str, in_row: bool) -> bool {
    match data_type {
        DataType::Date => text.eq_ignore_ascii_case("CURRENT_DATE"),
        DataType::Timestamp | DataType::TimestampTz => text.eq_ignore_ascii_case("CURRENT_TIMESTAMP"),
        DataType::Time if in_row => text == "CURRENT_TIME",
        DataType::Time => text.eq_ignore_ascii_case("CURRENT_TIME"),
        _ => false,
    }
}

/// `column` with `value` (one element) at `rows`, which rise.
fn put(column: &ArrayRef, rows: &[usize], value: &ArrayRef) -> Result<ArrayRef, String> {
    let mut rows = rows.iter().peekable();
    let sources: Vec<(usize, usize)> = (0..column.len())
        .map(|row| match rows.next_if_eq(&&row) {
            Some(_) => (1, 0),
            None => (0, row),
        })
        .collect();
    interleave(&[column.as_ref(), value.as_ref()], &sources).map_err(|e| e.to_string())
}

/// `value` (one element) repeated.
pub(super) fn repeat(value: &ArrayRef, times: usize) -> Result<ArrayRef, arrow::error::ArrowError> {
    take(value.as_ref(), &UInt32Array::from_value(0, times), None)
}
