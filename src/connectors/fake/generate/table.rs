//! All columns of a table.

use super::Generator;
use crate::connectors::fake::config::Values;
use crate::connectors::fake::wrong::Wrong;
use crate::model::Fault;
use crate::table::{Batch, CatalogTable};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use rand::rngs::SmallRng;
use std::sync::Arc;

/// Rows of a batch, unless they are wide.
pub(in crate::connectors::fake) const BATCH_ROWS: usize = 8192;
/// About how large a batch may get.
const BATCH_BYTES: u64 = 16 << 20;
/// What a single row may take.
const ROW_BYTES: u64 = 256 << 20;

/// Makes batches of one table.
#[derive(Debug)]
pub(in crate::connectors::fake) struct TableGenerator {
    table: Arc<CatalogTable>,
    schema: SchemaRef,
    columns: Vec<Generator>,
    /// Rows of a full batch.
    batch_rows: usize,
}

impl TableGenerator {
    /// Prepares all columns.
    ///
    /// # Errors
    /// Every column whose values could never be made, or rows that are too large.
    pub(in crate::connectors::fake) fn compile(
        table: &Arc<CatalogTable>,
        values: &Values,
    ) -> Result<Self, Vec<Wrong>> {
        let (mut columns, mut wrong) = (Vec::with_capacity(table.columns.len()), Vec::new());
        for (index, column) in table.columns.iter().enumerate() {
            match Generator::compile(index, column, values) {
                Ok(generator) => columns.push(generator),
                Err(other) if wrong.contains(&other) => {}
                Err(other) => wrong.push(other),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let width = columns.iter().fold(1, |sum: u64, column| sum.saturating_add(column.width()));
        if width > ROW_BYTES {
            let message = format!("one row would take {width} bytes; the limit is {ROW_BYTES}");
            return Err(vec![Wrong::new("", message)]);
        }
        let batch_rows = (BATCH_BYTES / width).clamp(1, BATCH_ROWS as u64) as usize;
        Ok(Self { table: table.clone(), schema: table.arrow_schema(), columns, batch_rows })
    }

    /// At most `rows` rows, fewer where a batch would get too large. `first` is the number of the first one among
    /// all rows of the table.
    ///
    /// # Errors
    /// What Arrow refuses: a fault of ours.
    pub(in crate::connectors::fake) fn batch(
        &self,
        rows: u64,
        first: u64,
        rng: &mut SmallRng,
    ) -> Result<Batch, Fault> {
        let rows = usize::try_from(rows).map_or(self.batch_rows, |rows| rows.min(self.batch_rows));
        let refused = |e| Fault::internal("random rows can't be put together").caused_by(&e);
        let columns = self
            .columns
            .iter()
            .map(|column| column.fill(rows, first, rng))
            .collect::<Result<Vec<_>, _>>()
            .map_err(refused)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows =
            RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(refused)?;
        Ok(Batch::inserts(self.table.clone(), rows))
    }
}
