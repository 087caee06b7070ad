//! Comparisons: true or false, never null. Doubles compare as numbers: -0.0 is 0.0, NaN is unequal to everything.

use super::arithmetic::Side;
use super::{array, problem};
use crate::transforms::sql::function::{Kernel, Values};
use arrow::array::{Array, ArrowPrimitiveType, AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp;
use arrow::compute::{is_not_null, is_null as null_mask, not as opposite_of, prep_null_mask_filter};
use arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};
use sqlparser::ast::BinaryOperator;
use std::sync::Arc;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transforms::sql) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Op {
    /// The comparison of an operator.
    pub(in crate::transforms::sql) fn of(op: &BinaryOperator) -> Option<Self> {
        match op {
            BinaryOperator::Eq => Some(Op::Equal),
            BinaryOperator::NotEq => Some(Op::NotEqual),
            BinaryOperator::Lt => Some(Op::Less),
            BinaryOperator::LtEq => Some(Op::LessOrEqual),
            BinaryOperator::Gt => Some(Op::Greater),
            BinaryOperator::GtEq => Some(Op::GreaterOrEqual),
            _ => None,
        }
    }

    /// What NOT makes of it.
    pub(in crate::transforms::sql) fn opposite(self) -> Self {
        match self {
            Op::Equal => Op::NotEqual,
            Op::NotEqual => Op::Equal,
            Op::Less => Op::GreaterOrEqual,
            Op::LessOrEqual => Op::Greater,
            Op::Greater => Op::LessOrEqual,
            Op::GreaterOrEqual => Op::Less,
        }
    }

    /// Whether it asks for an order.
    pub(in crate::transforms::sql) fn is_order(self) -> bool {
        !matches!(self, Op::Equal | Op::NotEqual)
    }

    fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Op::Equal => left == right,
            Op::NotEqual => left != right,
            Op::Less => left < right,
            Op::LessOrEqual => left <= right,
            Op::Greater => left > right,
            Op::GreaterOrEqual => left >= right,
        }
    }
}

/// The comparison of two arguments of one type.
pub(in crate::transforms::sql) fn kernel(op: Op) -> Kernel {
    Arc::new(move |values| {
        let (left, right) = (Side::of(values, 0)?, Side::of(values, 1)?);
        let result = match left.array().data_type() {
            ArrowType::Float32 => floats::<Float32Type>(op, &left, &right, values),
            ArrowType::Float64 => floats::<Float64Type>(op, &left, &right, values),
            _ => others(op, &left, &right)?,
        };
        Ok(Arc::new(result))
    })
}

fn others(op: Op, left: &Side, right: &Side) -> Result<BooleanArray, String> {
    let (left, right) = (left.datum(), right.datum());
    let (left, right) = (left.as_ref(), right.as_ref());
    let result = match op {
        Op::Equal => cmp::eq(left, right),
        // null and a value are distinct, null and null are not
        Op::NotEqual => cmp::distinct(left, right),
        Op::Less => cmp::lt(left, right),
        Op::LessOrEqual => cmp::lt_eq(left, right),
        Op::Greater => cmp::gt(left, right),
        Op::GreaterOrEqual => cmp::gt_eq(left, right),
    };
    result.map(without_nulls).map_err(problem)
}

fn floats<T: ArrowPrimitiveType>(op: Op, left: &Side, right: &Side, values: &Values<'_>) -> BooleanArray {
    let (a, b) = (left.array().as_primitive::<T>(), right.array().as_primitive::<T>());
    let (x, y) = (a.values(), b.values());
    let bits = if a.null_count() + b.null_count() == 0 {
        BooleanBuffer::collect_bool(values.rows, |row| op.holds(x[left.at(row)], y[right.at(row)]))
    } else {
        BooleanBuffer::collect_bool(values.rows, |row| {
            let (i, j) = (left.at(row), right.at(row));
            match (a.is_null(i), b.is_null(j)) {
                (false, false) => op.holds(x[i], y[j]),
                (is_null, other) => op == Op::NotEqual && is_null != other,
            }
        })
    };
    BooleanArray::new(bits, None)
}

fn without_nulls(array: BooleanArray) -> BooleanArray {
    if array.null_count() > 0 { prep_null_mask_filter(&array) } else { array }
}

/// A condition whose nulls become false.
pub(in crate::transforms::sql) fn null_is_false() -> Kernel {
    Arc::new(|values| Ok(Arc::new(without_nulls(array(values, 0)?.as_boolean().clone()))))
}

/// The opposite; null stays null.
pub(in crate::transforms::sql) fn not() -> Kernel {
    Arc::new(|values| Ok(Arc::new(opposite_of(array(values, 0)?.as_boolean()).map_err(problem)?)))
}

/// `IS NULL`, `IS NOT NULL`.
pub(in crate::transforms::sql) fn is_null(negated: bool) -> Kernel {
    Arc::new(move |values| {
        let subject = array(values, 0)?;
        let mask = if negated { is_not_null(&subject) } else { null_mask(&subject) };
        Ok(Arc::new(mask.map_err(problem)?))
    })
}

/// `IS [NOT] TRUE`, `IS [NOT] FALSE`.
pub(in crate::transforms::sql) fn is_truth(wanted: bool, negated: bool) -> Kernel {
    Arc::new(move |values| {
        let subject = array(values, 0)?;
        let subject = subject.as_boolean();
        let same = if wanted { subject.clone() } else { opposite_of(subject).map_err(problem)? };
        let same = without_nulls(same);
        Ok(Arc::new(if negated { opposite_of(&same).map_err(problem)? } else { same }))
    })
}
