//! Chooses rows of a batch: kinds, table and origin stay with them.

use crate::model::Fault;
use crate::table::Batch;
use arrow::array::{ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::compute::{filter, filter_record_batch, take};
use arrow::datatypes::Int8Type;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

/// The rows that are marked; `None` if there is none. A batch whose rows are all marked is not copied.
pub(super) fn marked(batch: Batch, keep: &BooleanArray) -> Result<Option<Batch>, Fault> {
    let count = keep.true_count();
    if count == batch.len() {
        return Ok(Some(batch));
    }
    if count == 0 {
        return Ok(None);
    }
    let rows = filter_record_batch(&batch.rows, keep).map_err(failed)?;
    let kinds = batch.kinds.as_ref().map(|kinds| filter(kinds, keep)).transpose().map_err(failed)?;
    let kinds = kinds.map(|kinds| kinds.as_primitive::<Int8Type>().clone());
    Ok(Some(Batch { rows, kinds, ..batch }))
}

/// The rows at these places, in their order, a place as often as it is listed.
pub(super) fn at(batch: &Batch, places: &UInt32Array) -> Result<Batch, Fault> {
    let columns = batch.rows.columns().iter().map(|column| take(column, places, None));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, ArrowError>>().map_err(failed)?;
    let options = RecordBatchOptions::new().with_row_count(Some(places.len()));
    let rows = RecordBatch::try_new_with_options(batch.rows.schema(), columns, &options).map_err(failed)?;
    let kinds = batch.kinds.as_ref().map(|kinds| take(kinds, places, None)).transpose().map_err(failed)?;
    let kinds = kinds.map(|kinds| kinds.as_primitive::<Int8Type>().clone());
    Ok(Batch { table: batch.table.clone(), kinds, rows, origin: batch.origin.clone() })
}

fn failed(error: ArrowError) -> Fault {
    Fault::internal("rows can't be chosen").caused_by(&error)
}
