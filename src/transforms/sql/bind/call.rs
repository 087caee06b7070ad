//! Calls of functions, also those that SQL writes in ways of their own: `TRIM(BOTH 'x' FROM s)`,
//! `EXTRACT(YEAR FROM t)`, `CURRENT_DATE` without parentheses, `t AT TIME ZONE 'z'`.

use super::binder::{Binder, Effect};
use super::literal::literal;
use crate::model::nearest;
use crate::table::DataType;
use crate::transforms::sql::expression::{Typed, shown};
use crate::transforms::sql::function::{Argument, Call};
use crate::transforms::sql::functions;
use datafusion_common::ScalarValue;
use sqlparser::ast::{
    CeilFloorKind, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    TrimWhereField,
};

/// Functions over many rows, which users try.
const AGGREGATES: [&str; 5] = ["COUNT", "SUM", "AVG", "MIN", "MAX"];

impl Binder<'_> {
    /// The kinds of expressions that are calls.
    pub(super) fn call_kind(&mut self, expr: &Expr) -> Result<Typed, String> {
        match expr {
            Expr::Function(function) => self.function(expr, function),
            Expr::Trim { trim_where, trim_what, expr: subject, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "LTRIM",
                    Some(TrimWhereField::Trailing) => "RTRIM",
                    Some(TrimWhereField::Both) | None => "TRIM",
                };
                let characters = trim_what.as_deref().into_iter().chain(trim_characters.iter().flatten());
                self.call_of(expr, name, std::iter::once(subject.as_ref()).chain(characters))
            }
            Expr::Position { expr: search, r#in: subject } => {
                self.call_of(expr, "POSITION", [search.as_ref(), subject.as_ref()])
            }
            Expr::Substring { expr: subject, substring_from, substring_for, shorthand, .. } => {
                let name = if *shorthand { "SUBSTR" } else { "SUBSTRING" };
                let from = substring_from.as_deref();
                let (first, length) = (std::iter::once(subject.as_ref()), substring_for.as_deref());
                if from.is_none() && length.is_some() {
                    return Err(format!("{}: FOR needs FROM", shown(&expr.to_string())));
                }
                self.call_of(expr, name, first.chain(from).chain(length))
            }
            Expr::Overlay { expr: subject, overlay_what, overlay_from, overlay_for } => {
                let Some(length) = overlay_for.as_deref() else {
                    return Err(format!("{}: FOR is missing", shown(&expr.to_string())));
                };
                self.call_of(
                    expr,
                    "INSERT",
                    [subject.as_ref(), overlay_from.as_ref(), length, overlay_what.as_ref()],
                )
            }
            Expr::Ceil { expr: subject, field } => self.rounded(expr, "CEIL", subject, field),
            Expr::Floor { expr: subject, field } => self.rounded(expr, "FLOOR", subject, field),
            Expr::Extract { field, expr: subject, .. } => {
                let field = match field {
                    DateTimeField::Custom(name) => name.value.clone(),
                    field => field.to_string(),
                };
                let field = Typed::literal(ScalarValue::Utf8(Some(field)), DataType::String);
                let subject = self.bind(subject)?;
                self.call(expr, "EXTRACT", vec![field, subject])
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                self.call_of(expr, "AT_TIME_ZONE", [timestamp.as_ref(), time_zone.as_ref()])
            }
            Expr::Array(array) => self.call_of(expr, "ARRAY", &array.elem),
            Expr::RLike { negated: false, expr: subject, pattern, .. } => {
                self.call_of(expr, "REGEXP_LIKE", [subject.as_ref(), pattern.as_ref()])
            }
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
                Err(format!("{}: a sub-query is not allowed", shown(&expr.to_string())))
            }
            Expr::CompoundFieldAccess { root, .. } => self.subscript(expr, root),
            Expr::Interval(_) => {
                Err(format!("{} is not allowed; DATEADD adds to dates and times", shown(&expr.to_string())))
            }
            other => Err(format!("{} is not known here", shown(&other.to_string()))),
        }
    }

    /// `m['k']`, `arr[0]`: what there is instead.
    fn subscript(&mut self, whole: &Expr, root: &Expr) -> Result<Typed, String> {
        let name = shown(&root.to_string());
        let instead = match self.bind(root)?.data_type {
            DataType::Map(key, _) if *key == DataType::String => {
                format!(
                    "a map's value is {name}.key, with backticks around other keys than names: {name}.`a b`"
                )
            }
            DataType::Row(_) => format!("a field of a row is {name}.field"),
            DataType::Array(_) => {
                format!("LATERAL VIEW EXPLODE({name}) AS x makes a row of each element, x")
            }
            DataType::String => "SUBSTRING takes a part of a text, GET_JSON_OBJECT a value of JSON".into(),
            other => format!("a value of {other} has no parts to take"),
        };
        Err(format!("{}: [ ] is not known here; {instead}", shown(&whole.to_string())))
    }

    fn rounded(
        &mut self,
        whole: &Expr,
        name: &str,
        subject: &Expr,
        field: &CeilFloorKind,
    ) -> Result<Typed, String> {
        let mut arguments = vec![self.bind(subject)?];
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => {}
            CeilFloorKind::Scale(scale) => arguments.push(literal(&scale.value, false)?),
            CeilFloorKind::DateTimeField(unit) => {
                return Err(format!("{name} … TO {unit} is not known; DATE_TRUNC cuts dates and times"));
            }
        }
        self.call(whole, name, arguments)
    }

    fn function(&mut self, whole: &Expr, function: &Function) -> Result<Typed, String> {
        let name = function.name.to_string();
        let text = || shown(&whole.to_string());
        if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() {
            return Err(format!("{}: OVER, FILTER and WITHIN GROUP are not allowed", text()));
        }
        let list = match &function.args {
            FunctionArguments::None => return self.call(whole, &name, Vec::new()),
            FunctionArguments::Subquery(_) => return Err(format!("{}: a sub-query is not allowed", text())),
            FunctionArguments::List(list) => list,
        };
        if AGGREGATES.iter().any(|aggregate| aggregate.eq_ignore_ascii_case(&name)) {
            return Err(format!(
                "{}: there are no functions over many rows; a query works row by row",
                text()
            ));
        }
        if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return Err(format!("{}: only arguments may stand between the parentheses", text()));
        }
        let arguments = list.args.iter().map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
            other => Err(format!("{other} can't be an argument of {name}")),
        });
        let arguments = arguments.collect::<Result<Vec<_>, String>>()?;
        self.call_of(whole, &name, arguments)
    }

    fn call_of<'e>(
        &mut self,
        whole: &Expr,
        name: &str,
        arguments: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Typed, String> {
        let arguments =
            arguments.into_iter().map(|argument| self.bind(argument)).collect::<Result<_, _>>()?;
        self.call(whole, name, arguments)
    }

    /// A call of the function of that name.
    fn call(&mut self, whole: &Expr, name: &str, arguments: Vec<Typed>) -> Result<Typed, String> {
        let Some(function) = functions::find(name) else {
            let near = nearest(name, functions::all().flat_map(|function| function.names.iter().copied()));
            let near = near.and_then(functions::find);
            let hint = near.map(|near| format!("; did you mean {}? {}", near.usage, near.about));
            let hint = hint.as_deref().map(|hint| hint.trim_end_matches('.'));
            return Err(format!("there is no function {name}{}", hint.unwrap_or_default()));
        };
        let text = shown(&whole.to_string());
        let known: Vec<Argument> = arguments
            .iter()
            .map(|a| Argument { data_type: a.data_type.clone(), literal: a.literal.clone() })
            .collect();
        let bound = (function.bind)(&Call { name, arguments: &known }).map_err(|e| {
            match e.contains(function.usage) {
                true => format!("{text}: {e}"),
                false => format!("{text}: {e} ({})", function.usage),
            }
        })?;
        let effect = if bound.is_volatile { Effect::Volatile } else { Effect::MayFail };
        self.apply(text, arguments, bound.result, bound.kernel, effect)
    }
}
