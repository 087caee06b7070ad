//! Conditions: AND, OR, NOT, and what they are made of. NOT is pushed down to what it negates.

use super::binder::{Binder, Effect};
use super::compare::combine;
use crate::table::DataType;
use crate::transforms::sql::expression::{Typed, shown};
use crate::transforms::sql::kernel::compare::{self, Op};
use crate::transforms::sql::kernel::like;
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value, ValueWithSpan};

impl Binder<'_> {
    /// Binds a condition, or its opposite.
    ///
    /// # Errors
    /// What is wrong; also that it is no condition.
    pub(in crate::transforms::sql) fn condition(
        &mut self,
        expr: &Expr,
        negated: bool,
    ) -> Result<Typed, String> {
        self.nested(|binder| binder.condition_here(expr, negated))
    }

    fn condition_here(&mut self, expr: &Expr, negated: bool) -> Result<Typed, String> {
        match expr {
            Expr::Nested(inner) => self.condition(inner, negated),
            Expr::UnaryOp { op: UnaryOperator::Not, .. }
            | Expr::BinaryOp { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::InList { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. } => self.condition_kind(expr, negated),
            other => {
                let value = self.bind(other)?;
                let text = shown(&other.to_string());
                if !matches!(value.data_type, DataType::Boolean | DataType::Null) {
                    return Err(format!("{text} is {}, not a condition", value.data_type));
                }
                let value = self.widen(value, &DataType::Boolean)?;
                if !negated {
                    return Ok(value);
                }
                self.apply(
                    format!("NOT {text}"),
                    vec![value],
                    DataType::Boolean,
                    compare::not(),
                    Effect::Total,
                )
            }
        }
    }

    /// The kinds of expressions that are conditions by themselves.
    pub(super) fn condition_kind(&mut self, expr: &Expr, negated: bool) -> Result<Typed, String> {
        let text = || shown(&expr.to_string());
        match expr {
            Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => self.condition(inner, !negated),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                self.chain(expr, op, negated)
            }
            Expr::BinaryOp { left, op, right } => {
                let op = Op::of(op).ok_or_else(|| format!("the operator {op} in {} is not known", text()))?;
                let op = if negated { op.opposite() } else { op };
                let (left, right) = (self.bind(left)?, self.bind(right)?);
                self.compare_values(&text(), left, op, right)
            }
            Expr::IsNull(inner) => self.null_test(&text(), inner, negated),
            Expr::IsNotNull(inner) => self.null_test(&text(), inner, !negated),
            Expr::IsTrue(inner) => self.truth_test(&text(), inner, true, negated),
            Expr::IsNotTrue(inner) => self.truth_test(&text(), inner, true, !negated),
            Expr::IsFalse(inner) => self.truth_test(&text(), inner, false, negated),
            Expr::IsNotFalse(inner) => self.truth_test(&text(), inner, false, !negated),
            Expr::InList { expr: subject, list, negated: is_not } => {
                let subject = self.bind(subject)?;
                let values = list.iter().map(|value| self.bind(value)).collect::<Result<_, _>>()?;
                self.is_in(&text(), subject, values, negated != *is_not)
            }
            Expr::Between { expr: subject, negated: is_not, low, high } => {
                let (subject, low, high) = (self.bind(subject)?, self.bind(low)?, self.bind(high)?);
                self.between(&text(), subject, low, high, negated != *is_not)
            }
            Expr::Like { negated: is_not, any: false, expr: subject, pattern, escape_char } => {
                self.like(&text(), subject, pattern, escape_char.as_ref(), (negated != *is_not, false))
            }
            Expr::ILike { negated: is_not, any: false, expr: subject, pattern, escape_char } => {
                self.like(&text(), subject, pattern, escape_char.as_ref(), (negated != *is_not, true))
            }
            _ => Err(format!("{} is not known", text())),
        }
    }

    /// `a AND b AND c`; a chain is as deep a tree, so it is walked, not recursed into.
    fn chain(&mut self, whole: &Expr, op: &BinaryOperator, negated: bool) -> Result<Typed, String> {
        let (mut parts, mut rest) = (Vec::new(), whole);
        while let Expr::BinaryOp { left, op: found, right } = rest {
            if found != op {
                break;
            }
            parts.push(right.as_ref());
            rest = left;
        }
        parts.push(rest);
        let first = parts.pop().map(|first| self.condition(first, negated)).transpose()?;
        let others = self.guarded(|binder| {
            parts.iter().rev().map(|part| binder.condition(part, negated)).collect::<Result<Vec<_>, _>>()
        })?;
        let is_and = (*op == BinaryOperator::And) != negated;
        Ok(combine(is_and, first.into_iter().chain(others).collect()))
    }

    fn null_test(&mut self, text: &str, inner: &Expr, negated: bool) -> Result<Typed, String> {
        let subject = self.bind(inner)?;
        self.is_null(text, subject, negated)
    }

    /// `inner IS TRUE` and its kind: null is neither.
    fn truth_test(&mut self, text: &str, inner: &Expr, wanted: bool, negated: bool) -> Result<Typed, String> {
        let subject = self.condition(inner, false)?;
        self.apply(text, vec![subject], DataType::Boolean, compare::is_truth(wanted, negated), Effect::Total)
    }

    fn like(
        &mut self,
        text: &str,
        subject: &Expr,
        pattern: &Expr,
        escape: Option<&ValueWithSpan>,
        (negated, ignore_case): (bool, bool),
    ) -> Result<Typed, String> {
        let escape = match escape.map(|escape| &escape.value) {
            None => like::DEFAULT_ESCAPE,
            Some(Value::SingleQuotedString(escape)) if escape.chars().count() == 1 => {
                escape.chars().next().unwrap_or(like::DEFAULT_ESCAPE)
            }
            Some(other) => return Err(format!("{text}: ESCAPE {other} is not one character")),
        };
        let (subject, pattern) = (self.bind(subject)?, self.bind(pattern)?);
        let subject = self.convert(text, subject, &DataType::String, false)?;
        if !matches!(pattern.data_type, DataType::String | DataType::Null) {
            return Err(format!("{text}: the pattern is {}, not a text", pattern.data_type));
        }
        let pattern = self.widen(pattern, &DataType::String)?;
        let literal = pattern.literal_text().map(str::to_owned);
        let kernel = like::kernel(literal.as_deref(), escape, negated, ignore_case);
        self.apply(text, vec![subject, pattern], DataType::Boolean, kernel, Effect::Total)
    }
}
