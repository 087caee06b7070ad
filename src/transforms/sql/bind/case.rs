//! CASE: searched and simple. The result has the widest type of the branches.

use super::binder::Binder;
use super::types::{is_float, widest};
use crate::table::DataType;
use crate::transforms::sql::expression::Typed;
use crate::transforms::sql::kernel::compare::Op;
use datafusion_common::ScalarValue;
use datafusion_physical_expr::expressions::case;
use sqlparser::ast::{CaseWhen, Expr};

impl Binder<'_> {
    pub(super) fn case(
        &mut self,
        operand: Option<&Expr>,
        branches: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Typed, String> {
        let operand = operand.map(|operand| self.bind(operand)).transpose()?;
        self.guarded(|binder| {
            let (base, whens) = match operand {
                Some(operand) => binder.simple_whens(operand, branches)?,
                None => {
                    let conditions = branches.iter().map(|branch| binder.condition(&branch.condition, false));
                    (None, conditions.collect::<Result<Vec<_>, _>>()?)
                }
            };
            let results = branches.iter().map(|branch| &branch.result).chain(otherwise);
            let mut results =
                results.map(|result| binder.bind(result)).collect::<Result<Vec<Typed>, String>>()?;
            let data_type = common_type(&results)?;
            results = results.into_iter().map(|r| binder.widen(r, &data_type)).collect::<Result<_, _>>()?;
            let otherwise = otherwise.and_then(|_| results.pop());
            let may_fail =
                base.iter().chain(&whens).chain(&results).chain(&otherwise).any(|part| part.may_fail);
            let secret = results.iter().chain(&otherwise).find_map(|part| part.secret.clone());
            let pairs = whens.into_iter().zip(results).map(|(when, then)| (when.expr, then.expr)).collect();
            // all branches null: CASE itself has no type of its own then
            if data_type == DataType::Null {
                return Ok(Typed::literal(ScalarValue::Null, DataType::Null));
            }
            let expr = case(base.map(|base| base.expr), pairs, otherwise.map(|part| part.expr))
                .map_err(|e| e.to_string())?;
            Ok(Typed { expr, data_type, literal: None, may_fail, secret })
        })
    }

    /// `CASE x WHEN a`: the values in the type of `x`, so that they are looked up; else as conditions `x = a`.
    fn simple_whens(
        &mut self,
        operand: Typed,
        branches: &[CaseWhen],
    ) -> Result<(Option<Typed>, Vec<Typed>), String> {
        let values =
            branches.iter().map(|branch| self.bind(&branch.condition)).collect::<Result<Vec<_>, _>>()?;
        let is_same = values.iter().all(|value| value.data_type == operand.data_type);
        if is_same && !is_float(&operand.data_type) {
            return Ok((Some(operand), values));
        }
        let conditions =
            values.into_iter().map(|value| self.compare_values("CASE", operand.clone(), Op::Equal, value));
        Ok((None, conditions.collect::<Result<_, _>>()?))
    }
}

fn common_type(results: &[Typed]) -> Result<DataType, String> {
    results.iter().try_fold(DataType::Null, |so_far, result| {
        widest(&so_far, &result.data_type).ok_or_else(|| {
            format!("the branches of CASE are {so_far} and {}; CAST one of them", result.data_type)
        })
    })
}
