//! Which types go together, and conversions that lose nothing.

use super::binder::{Binder, Effect};
use crate::table::DataType;
use crate::transforms::sql::expression::Typed;
use crate::transforms::sql::kernel::cast;

/// Whether it is TINYINT, SMALLINT, INT or BIGINT.
pub(super) fn is_whole(data_type: &DataType) -> bool {
    matches!(data_type, DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt)
}

/// Whether it is FLOAT or DOUBLE.
pub(super) fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float | DataType::Double)
}

/// Whether it is a number.
pub(super) fn is_number(data_type: &DataType) -> bool {
    is_whole(data_type) || is_float(data_type) || matches!(data_type, DataType::Decimal(..))
}

/// The decimal that holds every value of a whole number or decimal: digits before the point, and behind it.
fn digits(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::TinyInt => Some((3, 0)),
        DataType::SmallInt => Some((5, 0)),
        DataType::Int => Some((10, 0)),
        DataType::BigInt => Some((19, 0)),
        DataType::Decimal(precision, scale) => Some((precision.saturating_sub_signed(*scale), *scale)),
        _ => None,
    }
}

/// The type that holds the values of both; `None` when there is none.
pub(super) fn widest(a: &DataType, b: &DataType) -> Option<DataType> {
    if a == b {
        return Some(a.clone());
    }
    match (a, b) {
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        (DataType::Date, DataType::Timestamp) | (DataType::Timestamp, DataType::Date) => {
            Some(DataType::Timestamp)
        }
        _ if is_whole(a) && is_whole(b) => Some(if digits(a)? < digits(b)? { b.clone() } else { a.clone() }),
        _ if is_number(a) && is_number(b) => match (digits(a), digits(b)) {
            (Some((whole_a, scale_a)), Some((whole_b, scale_b))) => {
                let (whole, scale) = (whole_a.max(whole_b), scale_a.max(scale_b));
                Some(DataType::Decimal(whole.saturating_add_signed(scale).min(76), scale))
            }
            _ => Some(DataType::Double),
        },
        _ => None,
    }
}

impl Binder<'_> {
    /// The same values in a type that [`widest`] gave, or the null of it.
    pub(super) fn widen(&self, value: Typed, to: &DataType) -> Result<Typed, String> {
        if value.data_type == *to {
            return Ok(value);
        }
        let kernel = cast::widening(&value.data_type, to);
        let text = format!("{} as {to}", value.expr);
        self.apply(text, vec![value], to.clone(), kernel, Effect::Total)
    }
}
