//! Rows given in the job (`rows = [ … ]`): read once, built into batches once, shared by all splits.

use super::generate::now;
use super::options::{ROW_FIELDS, ROW_KIND, ROWS};
use super::wrong::Wrong;
use crate::format::json::ColumnBuilder;
use crate::model::{said_of, shown};
use crate::options::{Map, Options, Tree};
use crate::table::{Batch, CatalogTable, DataType, Field, RowKind};
use arrow::array::{Array, ArrayRef, AsArray, Int8Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{interleave, take};
use std::sync::Arc;

/// Values of rows that are named when they can't be read; further ones are counted.
const MOST_NAMED: usize = 100;

/// One row as the job gives it.
#[derive(Clone, Debug)]
pub(super) struct FixedRow {
    /// Its place in the list.
    number: usize,
    kind: RowKind,
    /// A list by position, an object by name.
    fields: Tree,
}

impl FixedRow {
    /// Reads `{ kind = …, fields = … }`, the row of that number; `None` after noting every problem.
    pub(super) fn read(number: usize, row: &Tree, table: &Options<'_>) -> Option<Self> {
        let key = format!("{}[{number}]", ROWS.key);
        let Tree::Map(row) = row else {
            let given = row.kind();
            table.error(&key, format!("{given} is no row; a row is {{ kind = …, fields = … }}"));
            return None;
        };
        let row = Options::new(row, table.path_of(&key), table.problems());
        let kind = row.text(&ROW_KIND).and_then(|text| {
            let kind = RowKind::of_name(&text);
            if kind.is_none() {
                let allowed = RowKind::ALL.map(RowKind::name).join(", ");
                row.error(ROW_KIND.key, format!("{} is no row kind; allowed: {allowed}", shown(&text)));
            }
            kind
        });
        let fields = match row.raw(&ROW_FIELDS) {
            Some(fields @ (Tree::List(_) | Tree::Map(_))) => Some(fields.clone()),
            // A text may hold the JSON of either.
            Some(other) => match other.as_text().and_then(|text| serde_json::from_str(text).ok()) {
                Some(fields @ (Tree::List(_) | Tree::Map(_))) => Some(fields),
                _ => {
                    // Nothing of the text is shown: it may be a whole row.
                    let message =
                        "must be a list or an object, also as JSON in a text; the text given is neither";
                    row.error(ROW_FIELDS.key, message);
                    None
                }
            },
            None => {
                row.error(ROW_FIELDS.key, format!("is required ({})", ROW_FIELDS.about));
                None
            }
        };
        Some(Self { number, kind: kind?, fields: fields? })
    }
}

/// The rows as batches of at most `batch_rows` rows.
///
/// # Errors
/// Every value that can't be used.
pub(super) fn build(
    rows: &[FixedRow],
    table: &Arc<CatalogTable>,
    batch_rows: usize,
) -> Result<Vec<Batch>, Vec<Wrong>> {
    if let Some(column) = table.columns.iter().find(|c| has_vector(&c.data_type)) {
        let message = format!("column {} is a vector; vectors can't be given in rows", column.name);
        return Err(vec![Wrong::new(ROWS.key, message)]);
    }
    // Each batch has buffers of its own: slices of one large batch would each count as large as all of it.
    let batches = rows.chunks(batch_rows).map(|rows| build_one(rows, table)).collect::<Result<_, _>>();
    batches.map_err(|message| wrong_values(rows, table, message))
}

/// Every value that its column doesn't take; where each of them is fine, what was said of all.
fn wrong_values(rows: &[FixedRow], table: &CatalogTable, of_all: String) -> Vec<Wrong> {
    let (mut wrong, mut further) = (Vec::new(), 0_usize);
    for row in rows {
        let cells: Vec<(String, usize, &Tree)> = match &row.fields {
            Tree::List(values) => {
                let cells = values.iter().take(table.columns.len()).enumerate();
                cells.map(|(at, value)| (format!("[{at}]"), at, value)).collect()
            }
            Tree::Map(values) => {
                let cells = values.iter();
                cells
                    .filter_map(|(name, value)| Some((format!(".{name}"), table.index_of(name)?, value)))
                    .collect()
            }
            _ => Vec::new(),
        };
        for (key, at, value) in cells {
            let column = &table.columns[at];
            if value.as_text().is_some_and(|text| means_now(&column.data_type, text, true)) {
                continue;
            }
            let Err(message) = ColumnBuilder::new(&column.data_type).push(value) else {
                continue;
            };
            if wrong.len() == MOST_NAMED {
                further += 1;
                continue;
            }
            let key = format!("{}[{}].{}{key}", ROWS.key, row.number, ROW_FIELDS.key);
            wrong.push(Wrong::new(
                key,
                format!("column \"{}\": {}", column.name, said_of(&column.name, message)),
            ));
        }
    }
    if further > 0 {
        wrong.push(Wrong::new(ROWS.key, format!("{further} further values can't be used")));
    }
    if wrong.is_empty() { vec![Wrong::new(ROWS.key, of_all)] } else { wrong }
}

fn build_one(rows: &[FixedRow], table: &Arc<CatalogTable>) -> Result<Batch, String> {
    Ok(Batch { table: table.clone(), kinds: kinds(rows), rows: columns(rows, table)?, origin: None })
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

fn kinds(rows: &[FixedRow]) -> Option<Int8Array> {
    let all_inserts = rows.iter().all(|row| row.kind == RowKind::Insert);
    (!all_inserts).then(|| rows.iter().map(|row| Some(row.kind as i8)).collect())
}

fn columns(rows: &[FixedRow], table: &CatalogTable) -> Result<RecordBatch, String> {
    let fields: Vec<Field> = table
        .columns
        .iter()
        .map(|c| Field { name: c.name.clone(), data_type: c.data_type.clone() })
        .collect();
    // Cells that mean "now" are left null here and filled in afterwards.
    let mut current: Vec<Vec<usize>> = vec![Vec::new(); fields.len()];
    let mut builder = ColumnBuilder::new(&DataType::Row(fields));
    for (number, row) in rows.iter().enumerate() {
        match without_current(&row.fields, table, &mut |column| current[column].push(number)) {
            Some(fields) => builder.push(&fields)?,
            None => builder.push(&row.fields)?,
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
