//! Every kind of expression, and who binds it.

use super::binder::{Binder, Effect};
use super::literal::literal;
use crate::table::DataType;
use crate::transforms::sql::expression::{Typed, shown};
use crate::transforms::sql::kernel::{arithmetic, text};
use sqlparser::ast::{BinaryOperator, CastKind, Expr, UnaryOperator};

impl Binder<'_> {
    /// Binds an expression.
    ///
    /// # Errors
    /// What is wrong, with the part of the query that it is about.
    pub(in crate::transforms::sql) fn bind(&mut self, expr: &Expr) -> Result<Typed, String> {
        self.nested(|binder| binder.bind_here(expr))
    }

    fn bind_here(&mut self, expr: &Expr) -> Result<Typed, String> {
        match expr {
            Expr::Identifier(name) => self.column(&name.value),
            Expr::CompoundIdentifier(path) => self.path(path),
            Expr::Value(value) => literal(&value.value, false),
            Expr::Nested(inner) => self.bind(inner),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: operand } => self.negative(expr, operand),
            Expr::UnaryOp { op: UnaryOperator::Plus, expr: operand } => self.bind(operand),
            Expr::BinaryOp { op: BinaryOperator::StringConcat, .. } => self.concatenation(expr),
            Expr::BinaryOp { left, op, right } if arithmetic::Op::of(op).is_some() => {
                self.arithmetic(expr, left, op, right)
            }
            Expr::Cast { kind, expr: value, data_type, array: false, format: None } => {
                let is_try = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                self.cast(expr, value, &data_type.to_string(), is_try)
            }
            Expr::Convert {
                is_try, expr: value, data_type: Some(data_type), charset: None, styles, ..
            } if styles.is_empty() => self.cast(expr, value, &data_type.to_string(), *is_try),
            Expr::TypedString(typed) => {
                let value = literal(&typed.value.value, false)?;
                self.cast_value(&shown(&expr.to_string()), value, &typed.data_type.to_string(), false)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
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
            | Expr::ILike { .. } => self.condition_kind(expr, false),
            _ => self.call_kind(expr),
        }
    }

    /// `-x`; a literal keeps its type.
    fn negative(&mut self, whole: &Expr, operand: &Expr) -> Result<Typed, String> {
        if let Expr::Value(value) = operand {
            return literal(&value.value, true);
        }
        let operand = self.bind(operand)?;
        let text = shown(&whole.to_string());
        match operand.data_type.clone() {
            DataType::Null => Ok(operand),
            data_type if super::types::is_number(&data_type) => {
                self.apply(text, vec![operand], data_type, arithmetic::negative(), Effect::MayFail)
            }
            other => Err(format!("{text}: the minus needs a number, not {other}")),
        }
    }

    /// `a || b || c`: the texts side by side; null if one is null.
    fn concatenation(&mut self, whole: &Expr) -> Result<Typed, String> {
        let (mut parts, mut rest) = (Vec::new(), whole);
        while let Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } = rest {
            parts.push(self.bind(right)?);
            rest = left;
        }
        parts.push(self.bind(rest)?);
        parts.reverse();
        let types: Vec<DataType> = parts.iter().map(|part| part.data_type.clone()).collect();
        let text = shown(&whole.to_string());
        self.apply(text, parts, DataType::String, text::concatenation(types), Effect::Total)
    }
}
