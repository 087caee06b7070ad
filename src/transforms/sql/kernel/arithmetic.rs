//! `+ - * / %` over whole numbers and doubles of one type.

use super::problem;
use crate::transforms::sql::function::{Kernel, Values};
use arrow::array::{Array, ArrayRef, Datum, Scalar};
use arrow::compute::kernels::numeric::{add, div, mul, neg, rem, sub};
use datafusion_expr::ColumnarValue;
use sqlparser::ast::BinaryOperator;
use std::sync::Arc;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transforms::sql) enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Op {
    /// The operation of an operator.
    pub(in crate::transforms::sql) fn of(op: &BinaryOperator) -> Option<Self> {
        match op {
            BinaryOperator::Plus => Some(Op::Add),
            BinaryOperator::Minus => Some(Op::Subtract),
            BinaryOperator::Multiply => Some(Op::Multiply),
            BinaryOperator::Divide => Some(Op::Divide),
            BinaryOperator::Modulo => Some(Op::Remainder),
            _ => None,
        }
    }
}

/// An argument as Arrow's kernels take it.
pub(super) struct Side {
    array: ArrayRef,
    is_scalar: bool,
}

impl Side {
    pub(super) fn of(values: &Values<'_>, index: usize) -> Result<Self, String> {
        match values.arguments.get(index) {
            Some(ColumnarValue::Array(array)) => Ok(Self { array: Arc::clone(array), is_scalar: false }),
            Some(ColumnarValue::Scalar(value)) => {
                let array = value.to_array().map_err(|e| e.to_string())?;
                // one row of only scalars is a column of one
                Ok(Self {
                    array,
                    is_scalar: !values.arguments.iter().all(|a| matches!(a, ColumnarValue::Scalar(_))),
                })
            }
            None => Err("an argument is missing".into()),
        }
    }

    pub(super) fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// The place of a row's value.
    pub(super) fn at(&self, row: usize) -> usize {
        if self.is_scalar { 0 } else { row }
    }

    pub(super) fn datum(&self) -> Box<dyn Datum> {
        if self.is_scalar {
            Box::new(Scalar::new(Arc::clone(&self.array)))
        } else {
            Box::new(Arc::clone(&self.array) as Arc<dyn Array>)
        }
    }
}

/// The operation; a whole number that is too large and a whole division by zero fail.
pub(in crate::transforms::sql) fn kernel(op: Op) -> Kernel {
    Arc::new(move |values| {
        let (left, right) = (Side::of(values, 0)?.datum(), Side::of(values, 1)?.datum());
        let (left, right) = (left.as_ref(), right.as_ref());
        let result = match op {
            Op::Add => add(left, right),
            Op::Subtract => sub(left, right),
            Op::Multiply => mul(left, right),
            Op::Divide => div(left, right),
            Op::Remainder => rem(left, right),
        };
        result.map_err(problem)
    })
}

/// `-x`.
pub(in crate::transforms::sql) fn negative() -> Kernel {
    Arc::new(|values| neg(&super::array(values, 0)?).map_err(problem))
}
