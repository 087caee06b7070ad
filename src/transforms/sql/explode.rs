//! LATERAL VIEW EXPLODE: a row for each element of an array.

use super::expression::{Typed, message};
use crate::table::DataType;
use arrow::array::{Array, ArrayRef, AsArray, Int8Array, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use std::sync::Arc;

/// One view, bound.
#[derive(Debug)]
pub(super) struct Explode {
    /// The array; sees the columns `reads`.
    pub array: Typed,
    /// Indices of the columns that `array` sees.
    pub reads: Vec<usize>,
    /// Where the elements go: a column that is there, or one behind the last.
    pub target: usize,
    /// Whether a row without elements stays, with null.
    pub outer: bool,
    /// The columns that come out.
    pub schema: SchemaRef,
}

/// Type of the elements.
pub(super) fn element_type(array: &Typed) -> Option<DataType> {
    match &array.data_type {
        DataType::Array(element) => Some((**element).clone()),
        _ => None,
    }
}

impl Explode {
    /// The rows multiplied, and their kinds.
    ///
    /// # Errors
    /// A value from which the array can't be computed.
    pub(super) fn apply(
        &self,
        rows: &RecordBatch,
        kinds: Option<&Int8Array>,
    ) -> Result<(RecordBatch, Option<Int8Array>), String> {
        let seen = rows.project(&self.reads).map_err(|e| e.to_string())?;
        let lists = self.array.expr.evaluate(&seen).map_err(|e| message(&e))?;
        let lists = lists.into_array(rows.num_rows()).map_err(|e| message(&e))?;
        let lists = lists.as_list_opt::<i32>().ok_or("EXPLODE needs an array")?;
        let (mut parents, mut elements) = (Vec::new(), Vec::new());
        let offsets = lists.value_offsets();
        for row in 0..lists.len() {
            let range = if lists.is_null(row) { 0..0 } else { offsets[row] as u32..offsets[row + 1] as u32 };
            if range.is_empty() && self.outer {
                parents.push(row as u32);
                elements.push(None);
            }
            parents.extend(range.clone().map(|_| row as u32));
            elements.extend(range.map(Some));
        }
        let (parents, elements) = (UInt32Array::from(parents), UInt32Array::from(elements));
        self.spread(rows, kinds, lists.values(), &parents, &elements).map_err(|e| e.to_string())
    }

    fn spread(
        &self,
        rows: &RecordBatch,
        kinds: Option<&Int8Array>,
        values: &ArrayRef,
        parents: &UInt32Array,
        elements: &UInt32Array,
    ) -> Result<(RecordBatch, Option<Int8Array>), ArrowError> {
        let elements = take(values, elements, None)?;
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for (index, column) in rows.columns().iter().enumerate() {
            columns.push(if index == self.target {
                Arc::clone(&elements)
            } else {
                take(column, parents, None)?
            });
        }
        if self.target == rows.num_columns() {
            columns.push(elements);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(parents.len()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let kinds = kinds.map(|kinds| take(kinds, parents, None)).transpose()?;
        Ok((rows, kinds.map(|kinds| kinds.as_primitive().clone())))
    }
}
