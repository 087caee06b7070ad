//! What transforms without state share: a step per table, prepared once, applied per batch.
//!
//! A transform that makes one table of each is a [`Columns`]; one that routes, drops or multiplies is a [`Tables`],
//! which every `Columns` is too. [`Stateless`] makes either the port's `TransformDef`, and says which row a fault is of:
//! what keeps nothing can be tried again on fewer rows.

use super::row_errors::{Met, first_wrong};
use crate::model::{Fault, nearest};
use crate::options::{OptionDef, Options};
use crate::plugin::{Out, RunContext, State, Transform, TransformDef};
use crate::table::{Batch, CatalogTable, Column, DataType, TablePath};
use arrow::array::ArrayRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

/// A transform that keeps nothing between batches, and makes one table of each. It may drop rows, not add any.
pub(super) trait Columns: Clone + Send + Sync + 'static {
    /// What is worked out once per table.
    type Step: Send + Sync + 'static;

    /// The table that comes out, and how to get there.
    ///
    /// # Errors
    /// Messages that name the option and what is wrong.
    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Self::Step), Vec<String>>;

    /// What is odd about a table, as [`TransformDef::oddities`].
    fn oddities(&self, _input: &CatalogTable) -> Vec<String> {
        Vec::new()
    }

    /// Whether an error must not show the values of a column, whatever it is called.
    fn hides(&self, _column: &str) -> bool {
        false
    }

    /// Transforms one batch of a table; `output` is the table that `plan` gave.
    ///
    /// # Errors
    /// A value that can't be transformed.
    fn apply(
        &self,
        step: &Self::Step,
        output: &Arc<CatalogTable>,
        batch: Batch,
    ) -> Result<Option<Batch>, Fault>;
}

/// A transform that keeps nothing between batches.
pub(super) trait Tables: Clone + Send + Sync + 'static {
    /// What is worked out once per table.
    type Step: Send + Sync + 'static;

    /// See [`TransformDef::oddities`].
    fn oddities(&self, _ids: &[&str], _tables: &[&CatalogTable]) -> Vec<String> {
        Vec::new()
    }

    /// The tables that come out, none if the table is dropped, and how to get there.
    ///
    /// # Errors
    /// Messages that name the option and what is wrong.
    fn plan(&self, input: &CatalogTable) -> Result<(Vec<CatalogTable>, Self::Step), Vec<String>>;

    /// Whether an error must not show the values of a column, whatever it is called.
    fn hides(&self, _column: &str) -> bool {
        false
    }

    /// Transforms one batch of a table that is not dropped; `outputs` are the tables that `plan` gave.
    ///
    /// # Errors
    /// A value that can't be transformed.
    fn apply(
        &self,
        step: &Self::Step,
        outputs: &[Arc<CatalogTable>],
        batch: Batch,
        out: &mut Out,
    ) -> Result<(), Fault>;
}

impl<T: Columns> Tables for T {
    type Step = T::Step;

    fn plan(&self, input: &CatalogTable) -> Result<(Vec<CatalogTable>, Self::Step), Vec<String>> {
        Columns::plan(self, input).map(|(output, step)| (vec![output], step))
    }

    fn oddities(&self, _ids: &[&str], tables: &[&CatalogTable]) -> Vec<String> {
        tables.iter().flat_map(|table| Columns::oddities(self, table)).collect()
    }

    fn hides(&self, column: &str) -> bool {
        Columns::hides(self, column)
    }

    fn apply(
        &self,
        step: &Self::Step,
        outputs: &[Arc<CatalogTable>],
        batch: Batch,
        out: &mut Out,
    ) -> Result<(), Fault> {
        let [output] = outputs else {
            return Err(Fault::internal("a transform of columns makes one table"));
        };
        let rows = batch.len();
        let given = Columns::apply(self, step, output, batch)?;
        out.drop_rows(rows.saturating_sub(given.as_ref().map_or(0, Batch::len)));
        given.into_iter().for_each(|batch| out.push(batch));
        Ok(())
    }
}

/// Makes a [`TransformDef`] of a [`Tables`].
pub(super) struct Stateless<T>(pub(super) T);

impl<T: Tables> TransformDef for Stateless<T> {
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
        self.0.plan(input).map(|(outputs, _)| outputs)
    }

    fn oddities(&self, ids: &[&str], tables: &[&CatalogTable]) -> Vec<String> {
        self.0.oddities(ids, tables)
    }

    fn start(
        &self,
        context: &RunContext,
        inputs: &[CatalogTable],
        _state: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        let prepare = |input: &CatalogTable| {
            let (outputs, step) =
                self.0.plan(input).map_err(|problems| Fault::internal(problems.join("; ")))?;
            let outputs = outputs.into_iter().map(Arc::new).collect();
            Ok((input.path.clone(), Planned { outputs, step, met: Met::new(context) }))
        };
        let tables = inputs.iter().map(prepare).collect::<Result<_, Fault>>()?;
        Ok(Box::new(Running { transform: self.0.clone(), tables }))
    }
}

struct Planned<S> {
    outputs: Vec<Arc<CatalogTable>>,
    step: S,
    met: Met,
}

struct Running<T: Tables> {
    transform: T,
    tables: HashMap<TablePath, Planned<T::Step>>,
}

#[async_trait]
impl<T: Tables> Transform for Running<T> {
    async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault> {
        let Some(table) = self.tables.get_mut(&batch.table.path) else {
            return Err(Fault::internal(format!("table {} was not planned for", batch.table.path)));
        };
        if table.outputs.is_empty() {
            out.drop_rows(batch.len());
            return Ok(());
        }
        let run = |batch: Batch, out: &mut Out| self.transform.apply(&table.step, &table.outputs, batch, out);
        if let Err(fault) = run(batch.clone(), out) {
            let (row, fault) = first_wrong(&batch, fault, |part| run(part, &mut Out::default()));
            return Err(match row {
                Some(row) => table.met.fault(&batch, row, |column| self.transform.hides(column), fault),
                None => fault,
            });
        }
        table.met.add(&batch);
        Ok(())
    }
}

/// The same rows with other columns.
pub(super) fn with_columns(
    batch: &Batch,
    output: &Arc<CatalogTable>,
    columns: Vec<ArrayRef>,
) -> Result<Batch, Fault> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.len()));
    let rows = RecordBatch::try_new_with_options(output.arrow_schema(), columns, &options)
        .map_err(|e| Fault::internal("columns don't fit their schema").caused_by(&e))?;
    Ok(Batch { table: Arc::clone(output), kinds: batch.kinds.clone(), rows, origin: batch.origin.clone() })
}

/// Index of a column that an option names.
///
/// # Errors
/// There is none of exactly that name; names the nearest and the ones that exist.
pub(super) fn column(input: &CatalogTable, option: &str, name: &str) -> Result<usize, String> {
    input.index_of(name).ok_or_else(|| {
        let names: Vec<&str> = input.columns.iter().map(|c| c.name.as_str()).collect();
        let near = nearest(name, names.iter().copied());
        let hint = near.map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default();
        format!("{option}: table {} has no column \"{name}\"; it has {}{hint}", input.path, names.join(", "))
    })
}

/// The table with new columns: each takes the place of the one of its name, else it is appended. A key with a column
/// whose place is taken is lost. Answers their places.
pub(super) fn put_columns(
    input: &CatalogTable,
    new: impl Iterator<Item = Column>,
) -> (CatalogTable, Vec<usize>) {
    let mut columns = input.columns.clone();
    let mut places = Vec::new();
    for column in new {
        match columns.iter().position(|c| c.name == column.name) {
            Some(place) => {
                columns[place] = column;
                places.push(place);
            }
            None => {
                places.push(columns.len());
                columns.push(column);
            }
        }
    }
    let is_kept = |name: &String| input.index_of(name).is_none_or(|place| !places.contains(&place));
    let mut output = input.with_columns(columns);
    output.primary_key = output.primary_key.filter(|key| key.columns.iter().all(is_kept));
    output.constraint_keys.retain(|key| key.columns.iter().all(|(name, _)| is_kept(name)));
    (output, places)
}

/// Says of a new column whose name the table has already that the old one's values are lost.
pub(super) fn replaces(input: &CatalogTable, option: &str, name: &str, to: &DataType) -> Option<String> {
    let old = &input.columns[input.index_of(name)?];
    Some(format!(
        "{option}: \"{name}\" takes the place of the column \"{name}\" ({}) of table {}, as {to}; its values are \
         lost, choose another name to keep them",
        old.data_type, input.path
    ))
}

/// Notes a name that an option gives twice; whether there is none.
pub(super) fn all_differ(options: &Options<'_>, option: &OptionDef, names: &[String]) -> bool {
    let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
    if let Some((index, name)) = twice {
        options.error(&format!("{}[{index}]", option.key), format!("names the column \"{name}\" twice"));
    }
    twice.is_none()
}

/// Puts an array in its place, in the order that [`put_columns`] gave.
pub(super) fn put_array(columns: &mut Vec<ArrayRef>, place: usize, array: ArrayRef) {
    match columns.get_mut(place) {
        Some(column) => *column = array,
        None => columns.push(array),
    }
}

/// Collects results, or every problem.
pub(super) fn all<T>(results: impl Iterator<Item = Result<T, String>>) -> Result<Vec<T>, Vec<String>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => good.push(value),
            Err(problem) => bad.push(problem),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}
