//! What binding makes of an expression, and the two nodes of the tree that are our own.
//!
//! [`Typed`] is an expression with all that is known about it before a row is seen. [`Apply`] computes a kernel on
//! its arguments, [`Logic`] is AND and OR; the others (columns, literals, CASE, IN) are DataFusion's.

use super::function::{Kernel, Values};
use crate::model::unfit;
use crate::table::DataType;
use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::{and_kleene, not, or_kleene, prep_null_mask_filter};
use arrow::datatypes::{DataType as ArrowType, Schema};
use arrow::record_batch::RecordBatch;
use datafusion_common::{DataFusionError, Result, ScalarValue, exec_datafusion_err, internal_datafusion_err};
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Literal;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Longest text of an expression in a message.
const SHOWN: usize = 80;

/// A bound expression.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// Computes it; its arrays have the Arrow type of `data_type`.
    pub expr: Arc<dyn PhysicalExpr>,
    /// Its type.
    pub data_type: DataType,
    /// Its value, if it is a literal or was computed of literals.
    pub literal: Option<ScalarValue>,
    /// Whether a value can make it fail: then it must not see rows that a condition keeps away.
    pub may_fail: bool,
    /// The column (or the field in it) of which no value may be shown, if its value is made of one.
    pub secret: Option<Arc<str>>,
}

impl Typed {
    /// A literal.
    pub(super) fn literal(value: ScalarValue, data_type: DataType) -> Self {
        let expr = Arc::new(Literal::new(value.clone()));
        Self { expr, data_type, literal: Some(value), may_fail: false, secret: None }
    }

    /// A condition. It tells nothing of the values that it is about.
    pub(super) fn truth(expr: Arc<dyn PhysicalExpr>, may_fail: bool) -> Self {
        Self { expr, data_type: DataType::Boolean, literal: None, may_fail, secret: None }
    }

    /// Whether it is a literal that is not null.
    pub(super) fn is_value(&self) -> bool {
        self.literal.as_ref().is_some_and(|value| !value.is_null())
    }

    /// The text, if it is a literal text.
    pub(super) fn literal_text(&self) -> Option<&str> {
        match &self.literal {
            Some(ScalarValue::Utf8(Some(text))) => Some(text),
            _ => None,
        }
    }
}

/// A part of the query as messages show it: in one line, cut.
pub(super) fn shown(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(SHOWN) {
        line.truncate(at);
        line.push('…');
    }
    line
}

/// A kernel and the expressions that it is applied to.
pub(super) struct Apply {
    /// The expression as the query has it, for messages.
    pub text: Arc<str>,
    /// The arguments.
    pub arguments: Vec<Arc<dyn PhysicalExpr>>,
    /// Computes it.
    pub kernel: Kernel,
    /// Arrow type of the result.
    pub result: ArrowType,
    /// Whether each row is computed anew, though all arguments are scalars.
    pub is_volatile: bool,
    /// The column of which an error must not show a value.
    pub secret: Option<Arc<str>>,
}

impl PhysicalExpr for Apply {
    fn data_type(&self, _schema: &Schema) -> Result<ArrowType> {
        Ok(self.result.clone())
    }

    fn nullable(&self, _schema: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let arguments =
            self.arguments.iter().map(|a| a.evaluate(batch)).collect::<Result<Vec<ColumnarValue>>>()?;
        let once = !self.is_volatile && arguments.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if once { 1 } else { batch.num_rows() };
        let array =
            (self.kernel)(&Values { arguments: &arguments, rows }).map_err(|e| match &self.secret {
                Some(column) => exec_datafusion_err!("{}: {}, of column \"{column}\"", self.text, unfit()),
                None => exec_datafusion_err!("{}: {e}", self.text),
            })?;
        if array.len() != rows || *array.data_type() != self.result {
            return Err(internal_datafusion_err!(
                "{} gives {} values of {} instead of {rows} of {}",
                self.text,
                array.len(),
                array.data_type(),
                self.result
            ));
        }
        if once {
            return ScalarValue::try_from_array(&array, 0).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(array))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.arguments.iter().collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        arguments: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Self {
            text: Arc::clone(&self.text),
            arguments,
            kernel: Arc::clone(&self.kernel),
            result: self.result.clone(),
            is_volatile: self.is_volatile,
            secret: self.secret.clone(),
        }))
    }

    fn is_volatile_node(&self) -> bool {
        self.is_volatile
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Apply {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.kernel, &other.kernel) && self.arguments == other.arguments
    }
}

impl Eq for Apply {}

impl Hash for Apply {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
        self.arguments.hash(state);
    }
}

impl fmt::Display for Apply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Apply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Apply").field("text", &self.text).field("arguments", &self.arguments).finish()
    }
}

/// AND or OR over any number of conditions, by the logic of three values. A condition that may fail is computed only
/// for the rows that those before it left open.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Logic {
    /// AND, else OR.
    pub is_and: bool,
    /// The conditions, and whether each may fail.
    pub parts: Vec<(Arc<dyn PhysicalExpr>, bool)>,
}

impl Logic {
    /// The rows that `so_far` leaves open.
    fn open(&self, so_far: &BooleanArray) -> Result<BooleanArray> {
        let decided = if self.is_and { not(so_far)? } else { so_far.clone() };
        let decided = if decided.null_count() > 0 { prep_null_mask_filter(&decided) } else { decided };
        Ok(not(&decided)?)
    }
}

impl PhysicalExpr for Logic {
    fn data_type(&self, _schema: &Schema) -> Result<ArrowType> {
        Ok(ArrowType::Boolean)
    }

    fn nullable(&self, _schema: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let mut so_far: Option<BooleanArray> = None;
        for (part, may_fail) in &self.parts {
            let open = match &so_far {
                Some(so_far) if *may_fail => Some(self.open(so_far)?),
                _ => None,
            };
            let value = match &open {
                Some(open) if !open.has_true() => break,
                Some(open) => part.evaluate_selection(batch, open)?,
                None => part.evaluate(batch)?,
            };
            let value = value.into_array(batch.num_rows())?;
            let value =
                value.as_boolean_opt().ok_or_else(|| internal_datafusion_err!("{part} is no condition"))?;
            so_far = Some(match &so_far {
                None => value.clone(),
                Some(so_far) if self.is_and => and_kleene(so_far, value)?,
                Some(so_far) => or_kleene(so_far, value)?,
            });
        }
        match so_far {
            Some(result) => Ok(ColumnarValue::Array(Arc::new(result))),
            None => Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(self.is_and)))),
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.parts.iter().map(|(part, _)| part).collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let parts = children.into_iter().zip(&self.parts).map(|(child, (_, may_fail))| (child, *may_fail));
        Ok(Arc::new(Self { is_and: self.is_and, parts: parts.collect() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Logic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (part, _)) in self.parts.iter().enumerate() {
            let word = if self.is_and { " AND " } else { " OR " };
            write!(f, "{}{part}", if index > 0 { word } else { "" })?;
        }
        Ok(())
    }
}

/// What went wrong, without the words that layers put around it.
pub(super) fn message(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::Execution(message) => message.clone(),
        root => root.to_string(),
    }
}
