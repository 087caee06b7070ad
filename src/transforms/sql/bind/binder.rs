//! What binding knows: the columns, and which of them were used.

use crate::table::{Column, DataType};
use crate::transforms::sql::expression::{Apply, Typed, message};
use crate::transforms::sql::function::Kernel;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::PhysicalExpr;
use std::sync::Arc;

/// How deep expressions may be nested.
const MAX_DEPTH: usize = 100;

/// Binds expressions over some columns. The trees see a batch of the used columns only, in the order of
/// [`Binder::used`].
#[derive(Debug)]
pub(in crate::transforms::sql) struct Binder<'a> {
    pub(super) columns: &'a [Column],
    /// Of each column, what in it must not be shown.
    pub(super) secrets: &'a [Option<Arc<str>>],
    pub(super) used: Vec<usize>,
    depth: usize,
    /// Within how many parts that may never be computed (a branch of CASE, the right side of AND) we are.
    guards: usize,
}

impl<'a> Binder<'a> {
    /// A binder over these columns; `secrets`: see [`secrets`].
    pub(in crate::transforms::sql) fn new(columns: &'a [Column], secrets: &'a [Option<Arc<str>>]) -> Self {
        Self { columns, secrets, used: Vec::new(), depth: 0, guards: 0 }
    }

    /// Indices of the columns that the trees see.
    pub(in crate::transforms::sql) fn used(self) -> Vec<usize> {
        self.used
    }

    /// The Arrow schema that the trees see so far.
    pub(super) fn schema(&self) -> Schema {
        let field = |index: &usize| {
            let column = &self.columns[*index];
            Field::new(&column.name, column.data_type.to_arrow(), true)
        };
        Schema::new(self.used.iter().map(field).collect::<Vec<_>>())
    }

    /// One level down.
    ///
    /// # Errors
    /// Too deep.
    pub(super) fn nested<T>(
        &mut self,
        bind: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("expressions are nested more than {MAX_DEPTH} deep"));
        }
        self.depth += 1;
        let bound = bind(self);
        self.depth -= 1;
        bound
    }

    /// Binds what may never be computed: a literal in it that can't be computed is no error yet.
    pub(super) fn guarded<T>(
        &mut self,
        bind: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.guards += 1;
        let bound = bind(self);
        self.guards -= 1;
        bound
    }

    /// A kernel over arguments. Over literals it is computed at once.
    pub(super) fn apply(
        &self,
        text: impl Into<String>,
        arguments: Vec<Typed>,
        data_type: DataType,
        kernel: Kernel,
        effect: Effect,
    ) -> Result<Typed, String> {
        let is_constant = effect != Effect::Volatile
            && !arguments.is_empty()
            && arguments.iter().all(|a| a.literal.is_some());
        let may_fail = effect != Effect::Total || arguments.iter().any(|a| a.may_fail);
        let secret = arguments.iter().find_map(|argument| argument.secret.clone());
        let apply = Apply {
            secret: secret.clone(),
            text: text.into().into(),
            arguments: arguments.into_iter().map(|a| a.expr).collect(),
            kernel,
            result: data_type.to_arrow(),
            is_volatile: effect == Effect::Volatile,
        };
        if is_constant {
            match constant(&apply) {
                Ok(value) => return Ok(Typed::literal(value, data_type)),
                Err(problem) if self.guards == 0 => return Err(problem),
                Err(_) => {}
            }
        }
        Ok(Typed { expr: Arc::new(apply), data_type, literal: None, may_fail, secret })
    }
}

/// Of each column, the name of what in it must not be shown: its own, or that of a field.
pub(in crate::transforms::sql) fn secrets(columns: &[Column]) -> Vec<Option<Arc<str>>> {
    columns.iter().map(|column| column.secret().map(Arc::from)).collect()
}

/// What is known of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It gives a value for every input.
    Total,
    /// Some values make it fail.
    MayFail,
    /// It gives another value for each row.
    Volatile,
}

/// The value of an expression without columns.
fn constant(apply: &Apply) -> Result<ScalarValue, String> {
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options);
    let row = row.map_err(|e| e.to_string())?;
    match apply.evaluate(&row).map_err(|e| message(&e))? {
        ColumnarValue::Scalar(value) => Ok(value),
        ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0).map_err(|e| message(&e)),
    }
}
