//! The text form of a column, as Java prints its values.

use crate::model::{Fault, java};
use crate::table::{CatalogTable, DataType};
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};

/// Whether a column has a text form here.
///
/// # Errors
/// Nested values and bytes have none.
pub(super) fn check(input: &CatalogTable, option: &str, column: usize) -> Result<(), String> {
    let column = &input.columns[column];
    match column.data_type {
        DataType::Array(_)
        | DataType::Map(_, _)
        | DataType::Row(_)
        | DataType::Bytes
        | DataType::Vector(_, _) => Err(format!(
            "{option}: column \"{}\" is {}; text, numbers, dates are allowed",
            column.name, column.data_type
        )),
        _ => Ok(()),
    }
}

/// The column as text; text itself is shared, not copied.
pub(super) fn text_column(column: &ArrayRef) -> Result<StringArray, Fault> {
    Ok(match column.data_type() {
        ArrowType::Utf8 => column.as_string::<i32>().clone(),
        ArrowType::Float32 => {
            column.as_primitive::<Float32Type>().iter().map(|value| value.map(java::float_text)).collect()
        }
        ArrowType::Float64 => {
            column.as_primitive::<Float64Type>().iter().map(|value| value.map(java::double_text)).collect()
        }
        ArrowType::Null => StringArray::new_null(column.len()),
        _ => cast(column, &ArrowType::Utf8)
            .map_err(|e| Fault::internal("a column has no text form").caused_by(&e))?
            .as_string::<i32>()
            .clone(),
    })
}
