//! Kernels of columns: a literal argument is computed once, a column at once.

use super::arguments::{NumberArgument, value};
use crate::transforms::sql::function::Values;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, UInt32Array};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{ArrowPrimitiveType, DataType as ArrowType};
use arrow::util::display::FormatOptions;
use datafusion_expr::ColumnarValue;

/// Computes one argument's column; a literal is computed once, and the result repeated.
///
/// # Errors
/// Those of the computation.
pub(super) fn per_value(
    values: &Values<'_>,
    index: usize,
    compute: impl Fn(&ArrayRef) -> Result<ArrayRef, String>,
) -> Result<ArrayRef, String> {
    match value(values, index)? {
        ColumnarValue::Array(array) => compute(array),
        ColumnarValue::Scalar(scalar) => {
            let one = compute(&scalar.to_array().map_err(|e| e.to_string())?)?;
            repeat(&one, values.rows)
        }
    }
}

/// The first value of a column, for so many rows.
///
/// # Errors
/// A type that Arrow can't take from.
pub(super) fn repeat(one: &ArrayRef, rows: usize) -> Result<ArrayRef, String> {
    if one.len() == rows {
        return Ok(one.clone());
    }
    take(one, &UInt32Array::from_value(0, rows), None).map_err(|e| e.to_string())
}

/// One argument as a column of the batch's length.
///
/// # Errors
/// A literal that Arrow can't repeat.
pub(super) fn column(values: &Values<'_>, index: usize) -> Result<ArrayRef, String> {
    value(values, index)?.to_array(values.rows).map_err(|e| e.to_string())
}

/// One argument's numbers, once its column was converted to `T`.
///
/// # Errors
/// Those of the conversion; a conversion to another type.
pub(super) fn numbers<T: ArrowPrimitiveType>(
    values: &Values<'_>,
    index: usize,
    convert: impl Fn(&ArrayRef) -> Result<ArrayRef, String>,
) -> Result<NumberArgument<T>, String> {
    Ok(match value(values, index)? {
        ColumnarValue::Array(array) => NumberArgument::Array(typed::<T>(&convert(array)?)?.clone()),
        ColumnarValue::Scalar(scalar) => {
            let one = convert(&scalar.to_array().map_err(|e| e.to_string())?)?;
            NumberArgument::Scalar(typed::<T>(&one)?.iter().next().flatten())
        }
    })
}

/// A column as what it is.
///
/// # Errors
/// A column of another type.
pub(super) fn typed<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<T>, String> {
    array
        .as_primitive_opt::<T>()
        .ok_or_else(|| format!("a column of {} where one of {} is due", array.data_type(), T::DATA_TYPE))
}

/// Computes two numbers of each row; null if one is.
///
/// # Errors
/// Those of the computation.
pub(super) fn both<A: ArrowPrimitiveType, B: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    rows: usize,
    left: &NumberArgument<A>,
    right: &NumberArgument<B>,
    compute: impl Fn(A::Native, B::Native) -> Result<O::Native, String>,
) -> Result<PrimitiveArray<O>, String> {
    match (left, right) {
        (NumberArgument::Scalar(None), _) | (_, NumberArgument::Scalar(None)) => {
            Ok(PrimitiveArray::new_null(rows))
        }
        (NumberArgument::Array(left), NumberArgument::Scalar(Some(right))) => {
            left.try_unary(|left| compute(left, *right))
        }
        (NumberArgument::Scalar(Some(left)), NumberArgument::Array(right)) => {
            right.try_unary(|right| compute(*left, right))
        }
        _ => (0..rows)
            .map(|row| left.get(row).zip(right.get(row)).map(|(l, r)| compute(l, r)).transpose())
            .collect(),
    }
}

/// A column of another type; a value that doesn't fit is an error.
///
/// # Errors
/// A value that doesn't fit.
pub(super) fn converted(array: &ArrayRef, wanted: &ArrowType) -> Result<ArrayRef, String> {
    if array.data_type() == wanted {
        return Ok(array.clone());
    }
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    cast_with_options(array, wanted, &options)
        .map_err(|e| format!("a value of {} can't be made {wanted}: {e}", array.data_type()))
}
