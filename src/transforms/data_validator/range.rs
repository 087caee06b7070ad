//! The rule RANGE: bounds are values of the column's own type; a bound that is none (a fraction for whole numbers, a
//! number out of the type's range) is compared as a wide decimal, so that nothing is rounded.

use crate::format::json::ColumnBuilder;
use crate::model::Fault;
use crate::options::Tree;
use crate::table::DataType;
use arrow::array::{Array, ArrayRef, BooleanArray, Datum, Scalar};
use arrow::compute::cast;
use arrow::compute::kernels::cmp;
use arrow::error::ArrowError;

/// Digits of the decimals that bounds are compared as.
const WIDE: u8 = 76;

/// The bounds as the job spells them.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub min: Option<String>,
    pub max: Option<String>,
    pub min_inclusive: bool,
    pub max_inclusive: bool,
}

/// Bounds for a column of one type.
pub(super) struct Bounds {
    min: Option<Bound>,
    max: Option<Bound>,
}

struct Bound {
    text: String,
    /// One value.
    value: Scalar<ArrayRef>,
    inclusive: bool,
    /// What the column is cast to before.
    cast: Option<DataType>,
}

impl Bounds {
    /// Bounds for a column.
    ///
    /// # Errors
    /// A type without order, or a bound that is no value of it.
    pub(super) fn new(range: &Range, data_type: &DataType) -> Result<Self, String> {
        let bound = |key: &str, text: &Option<String>, inclusive| {
            text.as_ref()
                .map(|text| Bound::new(text, inclusive, data_type).map_err(|e| format!("{key}: {e}")))
        };
        Ok(Self {
            min: bound("min_value", &range.min, range.min_inclusive).transpose()?,
            max: bound("max_value", &range.max, range.max_inclusive).transpose()?,
        })
    }

    /// Per row, which bounds it breaks; a null breaks none. Each comes with what is wrong with the value.
    pub(super) fn broken(&self, column: &ArrayRef) -> Result<Vec<(BooleanArray, String)>, Fault> {
        let mut broken = Vec::new();
        for (bound, is_min) in [(&self.min, true), (&self.max, false)] {
            let Some(bound) = bound else {
                continue;
            };
            let rows = bound
                .broken(column, is_min)
                .map_err(|e| Fault::internal("a column can't be compared with its bounds").caused_by(&e))?;
            let message = match (is_min, bound.inclusive) {
                (true, true) => format!("is below the minimum {}", bound.text),
                (true, false) => format!("is not above {}", bound.text),
                (false, true) => format!("is above the maximum {}", bound.text),
                (false, false) => format!("is not below {}", bound.text),
            };
            broken.push((rows, message));
        }
        Ok(broken)
    }
}

impl Bound {
    fn new(text: &str, inclusive: bool, data_type: &DataType) -> Result<Self, String> {
        let bound = |value, cast| Self { text: text.to_owned(), value: Scalar::new(value), inclusive, cast };
        match data_type {
            DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
                if let (true, Ok(value)) = (is_whole(text), one(text, data_type)) {
                    return Ok(bound(value, None));
                }
                let wide = DataType::Decimal(WIDE, fraction(text)?);
                Ok(bound(one(text, &wide)?, Some(wide)))
            }
            DataType::Decimal(_, scale) => {
                let wide = DataType::Decimal(WIDE, fraction(text)?.max(*scale));
                Ok(bound(one(text, &wide)?, Some(wide)))
            }
            DataType::Float
            | DataType::Double
            | DataType::String
            | DataType::Date
            | DataType::Time
            | DataType::Timestamp
            | DataType::TimestampTz => Ok(bound(one(text, data_type)?, None)),
            DataType::Null
            | DataType::Boolean
            | DataType::Bytes
            | DataType::Array(_)
            | DataType::Map(_, _)
            | DataType::Row(_)
            | DataType::Vector(_, _) => {
                Err(format!("a column of {data_type} has no range; numbers, texts, dates and times have"))
            }
        }
    }

    fn broken(&self, column: &ArrayRef, is_min: bool) -> Result<BooleanArray, ArrowError> {
        let wide = self.cast.as_ref().map(|to| cast(column, &to.to_arrow())).transpose()?;
        let column: &dyn Array = wide.as_ref().unwrap_or(column).as_ref();
        let (column, bound): (&dyn Datum, &dyn Datum) = (&column, &self.value);
        match (is_min, self.inclusive) {
            (true, true) => cmp::lt(column, bound),
            (true, false) => cmp::lt_eq(column, bound),
            (false, true) => cmp::gt(column, bound),
            (false, false) => cmp::gt_eq(column, bound),
        }
    }
}

/// A column of one value.
fn one(text: &str, data_type: &DataType) -> Result<ArrayRef, String> {
    let mut builder = ColumnBuilder::new(data_type);
    builder.push(&Tree::text(text.trim()))?;
    Ok(builder.finish())
}

fn is_whole(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Digits behind the point.
fn fraction(text: &str) -> Result<i8, String> {
    let number = text.trim().trim_start_matches(['-', '+']);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_plain = [whole, fraction].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !is_plain || whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > 60 {
        return Err(format!("{text:?} is no plain number (up to 60 digits, no exponent)"));
    }
    i8::try_from(fraction.len()).map_err(|_| format!("{text:?} has too many digits"))
}
