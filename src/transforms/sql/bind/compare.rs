//! Comparisons, BETWEEN and IN: all sides are brought to one type that holds all their values.
//!
//! A literal text beside a number, a boolean or a date is read as one; a date beside a timestamp is its midnight. Beside FLOAT and DOUBLE, numbers are compared
//! as doubles; everything else exactly.

use super::binder::{Binder, Effect};
use super::literal::number_in;
use super::types::{is_float, is_number, widest};
use crate::format::time_text;
use crate::table::DataType;
use crate::transforms::sql::expression::{Logic, Typed};
use crate::transforms::sql::kernel::compare::{self, Op};
use crate::transforms::sql::kernel::decimal;
use datafusion_common::ScalarValue;
use datafusion_physical_expr::expressions::in_list;
use std::sync::Arc;

impl Binder<'_> {
    /// `left op right`: true or false, never null.
    pub(super) fn compare_values(
        &self,
        text: &str,
        left: Typed,
        op: Op,
        right: Typed,
    ) -> Result<Typed, String> {
        let left = self.read_literal(text, left, &right.data_type)?;
        let right = self.read_literal(text, right, &left.data_type)?;
        let common = common_type(text, &left, std::slice::from_ref(&right))?;
        if left.data_type == DataType::Boolean && op.is_order() {
            return Err(format!("{text}: booleans are equal or not, but have no order"));
        }
        let sides = vec![self.widen(left, &common)?, self.widen(right, &common)?];
        if common == DataType::Null {
            return Ok(truth(false));
        }
        self.apply(text, sides, DataType::Boolean, compare::kernel(op), Effect::Total)
    }

    /// `subject [NOT] BETWEEN low AND high`; false if one is null.
    pub(super) fn between(
        &self,
        text: &str,
        subject: Typed,
        low: Typed,
        high: Typed,
        negated: bool,
    ) -> Result<Typed, String> {
        let (low_op, high_op) =
            if negated { (Op::Less, Op::Greater) } else { (Op::GreaterOrEqual, Op::LessOrEqual) };
        let low = self.compare_values(text, subject.clone(), low_op, low)?;
        let high = self.compare_values(text, subject, high_op, high)?;
        Ok(combine(!negated, vec![low, high]))
    }

    /// `subject [NOT] IN (values)`: a null value is equal to nothing, a null subject is neither in nor not in.
    pub(super) fn is_in(
        &self,
        text: &str,
        subject: Typed,
        values: Vec<Typed>,
        negated: bool,
    ) -> Result<Typed, String> {
        let values = values.into_iter().map(|value| self.read_literal(text, value, &subject.data_type));
        let values: Vec<Typed> = values.collect::<Result<_, _>>()?;
        let common = common_type(text, &subject, &values)?;
        let is_literal = values.iter().all(|value| value.literal.is_some());
        let has_value = values.iter().any(Typed::is_value);
        if is_literal && has_value && !is_float(&common) && subject.literal.is_none() {
            let list = values.into_iter().filter(Typed::is_value).map(|value| self.widen(value, &common));
            let list = list.map(|value| value.map(|value| value.expr)).collect::<Result<Vec<_>, _>>()?;
            let subject = self.widen(subject, &common)?;
            let expr = in_list(subject.expr, list, &negated, &self.schema()).map_err(|e| e.to_string())?;
            let found = Typed::truth(expr, subject.may_fail);
            return self.apply(text, vec![found], DataType::Boolean, compare::null_is_false(), Effect::Total);
        }
        let op = if negated { Op::NotEqual } else { Op::Equal };
        let mut parts = values
            .into_iter()
            .map(|value| self.compare_values(text, subject.clone(), op, value))
            .collect::<Result<Vec<_>, _>>()?;
        if negated {
            parts.insert(0, self.is_null(text, subject, true)?);
        }
        Ok(combine(negated, parts))
    }

    /// `subject IS [NOT] NULL`.
    pub(super) fn is_null(&self, text: &str, subject: Typed, negated: bool) -> Result<Typed, String> {
        self.apply(text, vec![subject], DataType::Boolean, compare::is_null(negated), Effect::Total)
    }

    /// A literal in the form in which it can be compared with that type.
    fn read_literal(&self, text: &str, value: Typed, other: &DataType) -> Result<Typed, String> {
        if let Some(literal) = value.literal_text() {
            return match other {
                _ if is_number(other) => {
                    let number = number_in(literal).map_err(|e| format!("{text}: {e}"))?;
                    self.read_literal(text, number, other)
                }
                DataType::Timestamp | DataType::TimestampTz
                    if time_text::date(literal.as_bytes()).is_ok() =>
                {
                    let date = self.convert(text, value, &DataType::Date, false)?;
                    self.convert(text, date, other, false)
                }
                DataType::Boolean
                | DataType::Date
                | DataType::Time
                | DataType::Timestamp
                | DataType::TimestampTz => self.convert(text, value, other, false),
                _ => Ok(value),
            };
        }
        match (&value.literal, other) {
            (Some(ScalarValue::Float64(Some(number))), DataType::BigInt | DataType::Decimal(..)) => {
                Ok(decimal::literal(*number)
                    .map_or(value, |(literal, data_type)| Typed::literal(literal, data_type)))
            }
            _ => Ok(value),
        }
    }
}

fn common_type(text: &str, subject: &Typed, others: &[Typed]) -> Result<DataType, String> {
    let common = others.iter().try_fold(subject.data_type.clone(), |so_far, other| {
        widest(&so_far, &other.data_type).ok_or_else(|| {
            let is_number =
                [other, subject].into_iter().any(|side| is_number(&side.data_type) && side.is_value());
            let is_text = [&so_far, &other.data_type].contains(&&DataType::String);
            let hint =
                if is_number && is_text { ", or write the number as a text to compare texts" } else { "" };
            format!("{text}: can't compare {so_far} with {}; CAST one of them{hint}", other.data_type)
        })
    })?;
    match common {
        DataType::Array(_) | DataType::Map(..) | DataType::Row(_) | DataType::Vector(..) => {
            Err(format!("{text}: values of {common} can't be compared"))
        }
        other => Ok(other),
    }
}

/// A literal truth.
pub(super) fn truth(value: bool) -> Typed {
    Typed::literal(ScalarValue::Boolean(Some(value)), DataType::Boolean)
}

/// AND or OR of conditions.
pub(super) fn combine(is_and: bool, parts: Vec<Typed>) -> Typed {
    let may_fail = parts.iter().any(|part| part.may_fail);
    let parts = parts.into_iter().map(|part| (part.expr, part.may_fail)).collect();
    Typed::truth(Arc::new(Logic { is_and, parts }), may_fail)
}
