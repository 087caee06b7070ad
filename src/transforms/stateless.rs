//! What transforms without state share: a step per table, prepared once, applied per batch.

use crate::model::{Fault, nearest};
use crate::plugin::{Out, RunContext, State, Transform, TransformDef};
use crate::table::{Batch, CatalogTable, TablePath};
use arrow::array::ArrayRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use std::sync::Arc;

/// A transform that keeps nothing between batches.
pub(super) trait Columns: Clone + Send + Sync + 'static {
    /// What is worked out once per table.
    type Step: Send + Sync + 'static;

    /// The table that comes out, and how to get there.
    ///
    /// # Errors
    /// Messages that name the option and what is wrong.
    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Self::Step), Vec<String>>;

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

/// Makes a [`TransformDef`] of a [`Columns`].
pub(super) struct Stateless<T>(pub(super) T);

impl<T: Columns> TransformDef for Stateless<T> {
    fn schema(&self, input: &CatalogTable) -> Result<Option<CatalogTable>, Vec<String>> {
        self.0.plan(input).map(|(output, _)| Some(output))
    }

    fn start(
        &self,
        _context: &RunContext,
        inputs: &[CatalogTable],
        _state: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        let prepare = |input: &CatalogTable| {
            let (output, step) =
                self.0.plan(input).map_err(|problems| Fault::internal(problems.join("; ")))?;
            Ok((input.path.clone(), Arc::new(output), step))
        };
        let tables = inputs.iter().map(prepare).collect::<Result<_, Fault>>()?;
        Ok(Box::new(Running { transform: self.0.clone(), tables }))
    }
}

struct Running<T: Columns> {
    transform: T,
    tables: Vec<(TablePath, Arc<CatalogTable>, T::Step)>,
}

#[async_trait]
impl<T: Columns> Transform for Running<T> {
    async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault> {
        let found = self.tables.iter().find(|(path, _, _)| *path == batch.table.path);
        let Some((_, output, step)) = found else {
            return Err(Fault::internal(format!("table {} was not planned for", batch.table.path)));
        };
        out.extend(self.transform.apply(step, output, batch)?);
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
