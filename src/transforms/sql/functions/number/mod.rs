//! Functions of numbers. A text that holds a number counts as a DOUBLE.

mod abs;
mod decimals;
mod doubles;
mod modulo;
mod random;
mod real;
mod rounding;
mod trim_scale;

pub(super) use abs::FUNCTIONS as ABS;
pub(super) use modulo::FUNCTIONS as MODULO;
pub(super) use random::FUNCTIONS as RANDOM;
pub(super) use real::FUNCTIONS as REAL;
pub(super) use rounding::FUNCTIONS as ROUNDING;
pub(super) use trim_scale::FUNCTIONS as TRIM_SCALE;

use super::arguments::{self, Double, NumberArgument};
use super::columns;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call};
use arrow::array::{Array, ArrayRef, Float64Array};
use std::sync::Arc;

/// The type of a number argument: text counts as DOUBLE.
fn number_type(call: &Call<'_>, index: usize) -> Result<DataType, String> {
    call.double(index)?;
    Ok(match call.type_of(index) {
        DataType::String => DataType::Double,
        other => other.clone(),
    })
}

/// A call with one number, which is computed as a column of its type.
fn of_number(
    call: &Call<'_>,
    result: DataType,
    compute: impl Fn(&ArrayRef) -> Result<ArrayRef, String> + Send + Sync + 'static,
) -> Result<Bound, String> {
    if call.is_null(0) {
        return Ok(arguments::always_null(result));
    }
    if *call.type_of(0) != DataType::String {
        return Ok(Bound::new(result, move |values| columns::per_value(values, 0, &compute)));
    }
    let text: Double = call.double(0)?;
    Ok(Bound::new(result, move |values| {
        let read: ArrayRef = match text.of(values)? {
            NumberArgument::Array(numbers) => Arc::new(numbers),
            NumberArgument::Scalar(number) => Arc::new(Float64Array::from(vec![number])),
        };
        let computed = compute(&read)?;
        if computed.len() == values.rows { Ok(computed) } else { columns::repeat(&computed, values.rows) }
    }))
}
