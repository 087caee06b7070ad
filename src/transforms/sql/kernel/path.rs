//! Steps into rows and maps.

use super::{array, problem};
use crate::transforms::sql::function::Kernel;
use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, make_array, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::DataType as ArrowType;
use std::sync::Arc;

/// A step.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql) enum Step {
    /// A row's field.
    Field(usize),
    /// A map's value.
    Key(String),
}

/// What lies behind the steps; null where a row or a map is null, or has no such key.
pub(in crate::transforms::sql) fn kernel(steps: Vec<Step>, result: ArrowType) -> Kernel {
    Arc::new(move |values| {
        let mut at = array(values, 0)?;
        for step in &steps {
            at = match step {
                Step::Field(index) => field(&at, *index)?,
                Step::Key(key) => value(&at, key)?,
            };
        }
        // an array that is null by its type alone, as a scalar may give it
        if at.data_type().is_null() && !result.is_null() {
            Ok(new_null_array(&result, at.len()))
        } else {
            Ok(at)
        }
    })
}

fn field(rows: &ArrayRef, index: usize) -> Result<ArrayRef, String> {
    let rows = rows.as_struct_opt().ok_or("a value is no row")?;
    let field = rows.columns().get(index).ok_or("a row has fewer fields")?;
    if rows.null_count() == 0 || field.data_type().is_null() {
        return Ok(Arc::clone(field));
    }
    let nulls = NullBuffer::union(rows.nulls(), field.nulls());
    let data = field.to_data().into_builder().nulls(nulls).build().map_err(problem)?;
    Ok(make_array(data))
}

fn value(maps: &ArrayRef, key: &str) -> Result<ArrayRef, String> {
    let maps = maps.as_map_opt().ok_or("a value is no map")?;
    let keys = maps.keys().as_string_opt::<i32>().ok_or("a map's keys are no texts")?;
    let offsets = maps.value_offsets();
    let places: UInt32Array = (0..maps.len())
        .map(|row| {
            let mut entries = offsets[row] as u32..offsets[row + 1] as u32;
            if maps.is_null(row) { None } else { entries.rfind(|at| keys.value(*at as usize) == key) }
        })
        .collect();
    take(maps.values(), &places, None).map_err(problem)
}
