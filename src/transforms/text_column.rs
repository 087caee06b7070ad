//! The text form of a column, as Java prints its values.

use crate::model::{Fault, java};
use crate::table::{CatalogTable, DataType};
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};

/// Whether values of a type have a text form here; nested values and bytes have none.
pub(super) fn has_text(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Array(_)
            | DataType::Map(_, _)
            | DataType::Row(_)
            | DataType::Bytes
            | DataType::Vector(_, _)
    )
}

/// Whether a column has a text form here.
///
/// # Errors
/// Nested values and bytes have none.
pub(super) fn check(input: &CatalogTable, option: &str, column: usize) -> Result<(), String> {
    let column = &input.columns[column];
    if has_text(&column.data_type) {
        return Ok(());
    }
    Err(format!(
        "{option}: column \"{}\" is {}; text, numbers, dates are allowed",
        column.name, column.data_type
    ))
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
