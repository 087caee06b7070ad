//! What expressions compute, on columns. Each kernel is made when the query is compiled and applied per batch; it
//! knows its arguments' types, so that binding has brought them to what it expects.

pub(super) mod arithmetic;
pub(super) mod cast;
pub(super) mod compare;
pub(super) mod decimal;
pub(super) mod decimal_value;
pub(super) mod like;
pub(super) mod path;
pub(super) mod text;
pub(super) mod time;

use super::function::Values;
use arrow::array::ArrayRef;
use arrow::error::ArrowError;

/// An argument as an array of the batch's rows.
fn array(values: &Values<'_>, index: usize) -> Result<ArrayRef, String> {
    let argument = values.arguments.get(index).ok_or("an argument is missing")?;
    argument.to_array(values.rows).map_err(|e| e.to_string())
}

/// An Arrow error in our words.
fn problem(error: ArrowError) -> String {
    match error {
        ArrowError::DivideByZero => "division by zero".into(),
        ArrowError::ArithmeticOverflow(what) => {
            format!("the result is too large ({})", what.trim_start_matches("Overflow happened on: "))
        }
        ArrowError::CastError(what)
        | ArrowError::ComputeError(what)
        | ArrowError::InvalidArgumentError(what) => {
            let mut what = what;
            if let Some(first) = what.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            what
        }
        other => other.to_string(),
    }
}
