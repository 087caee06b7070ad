//! Arguments that are read as booleans.

use super::call::value;
use crate::transforms::sql::function::Values;
use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::DataType as ArrowType;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;

/// An argument that is read as boolean.
#[derive(Clone, Copy, Debug)]
pub(in crate::transforms::sql::functions) struct Boolean {
    pub(super) index: usize,
}

/// The booleans of an argument.
#[derive(Clone, Debug)]
pub(in crate::transforms::sql::functions) enum BooleanArgument {
    /// One for all rows.
    Scalar(Option<bool>),
    /// One for each row.
    Array(BooleanArray),
}

impl Boolean {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A value of another type than the call was bound for.
    pub(in crate::transforms::sql::functions) fn of(
        self,
        values: &Values<'_>,
    ) -> Result<BooleanArgument, String> {
        Ok(match value(values, self.index)? {
            ColumnarValue::Scalar(ScalarValue::Boolean(value)) => BooleanArgument::Scalar(*value),
            ColumnarValue::Scalar(scalar) if scalar.is_null() => BooleanArgument::Scalar(None),
            ColumnarValue::Array(array) if *array.data_type() == ArrowType::Null => {
                BooleanArgument::Scalar(None)
            }
            ColumnarValue::Array(array) => match array.as_boolean_opt() {
                Some(values) => BooleanArgument::Array(values.clone()),
                None => return Err(format!("{} is no boolean", array.data_type())),
            },
            ColumnarValue::Scalar(scalar) => return Err(format!("{scalar} is no boolean")),
        })
    }
}

impl BooleanArgument {
    /// The boolean of a row.
    #[inline]
    pub(in crate::transforms::sql::functions) fn get(&self, row: usize) -> Option<bool> {
        match self {
            BooleanArgument::Scalar(value) => *value,
            BooleanArgument::Array(values) => values.is_valid(row).then(|| values.value(row)),
        }
    }
}
