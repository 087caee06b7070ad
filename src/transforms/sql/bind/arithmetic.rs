//! `+ - * / %`: INT unless an operand is BIGINT; DECIMAL(max precision, max scale) if one is a decimal, exactly and
//! rounded half up; DOUBLE if one is FLOAT or DOUBLE. A value that is too large fails.

use super::binder::{Binder, Effect};
use super::types::{is_number, is_whole};
use crate::table::DataType;
use crate::transforms::sql::expression::{Typed, shown};
use crate::transforms::sql::kernel::{arithmetic, decimal};
use sqlparser::ast::{BinaryOperator, Expr};

impl Binder<'_> {
    pub(super) fn arithmetic(
        &mut self,
        whole: &Expr,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Typed, String> {
        let (left, right) = (self.bind(left)?, self.bind(right)?);
        let text = shown(&whole.to_string());
        let op = arithmetic::Op::of(op).ok_or_else(|| format!("{text} is not arithmetic"))?;
        let result = result_type(&left.data_type, &right.data_type).ok_or_else(|| {
            format!(
                "{text}: {} and {} are not both numbers; CAST what is text",
                left.data_type, right.data_type
            )
        })?;
        if let DataType::Decimal(..) = result {
            let kernel = decimal::arithmetic(op, &result);
            return self.apply(text, vec![left, right], result, kernel, Effect::MayFail);
        }
        let operands = vec![self.widen(left, &result)?, self.widen(right, &result)?];
        let effect = if result == DataType::Double { Effect::Total } else { Effect::MayFail };
        self.apply(text, operands, result, arithmetic::kernel(op), effect)
    }
}

fn result_type(left: &DataType, right: &DataType) -> Option<DataType> {
    let known = |data_type: &DataType| is_number(data_type) || *data_type == DataType::Null;
    if !known(left) || !known(right) {
        return None;
    }
    let whole = |data_type: &DataType| is_whole(data_type) || *data_type == DataType::Null;
    Some(match (left, right) {
        (DataType::Decimal(p, s), DataType::Decimal(q, t)) => DataType::Decimal(*p.max(q), *s.max(t)),
        (DataType::Decimal(p, s), _) | (_, DataType::Decimal(p, s)) => DataType::Decimal(*p, *s),
        (DataType::BigInt, other) | (other, DataType::BigInt) if whole(other) => DataType::BigInt,
        _ if whole(left) && whole(right) => DataType::Int,
        _ => DataType::Double,
    })
}
