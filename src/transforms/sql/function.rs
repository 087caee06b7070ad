//! What a SQL function is: its names, how a call is checked, and how it is computed on columns.
//!
//! A call is bound once, when the query is compiled: the function sees the types of its arguments and the values of
//! those that are literals, says which type comes out, and gives a kernel, which has compiled what can be compiled
//! (a pattern, a format). The kernel is then applied per batch.

use crate::table::DataType;
use arrow::array::ArrayRef;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use std::sync::Arc;

/// A function of SQL. Its group's `FUNCTIONS` lists it; nothing else needs to know it.
pub(super) struct Function {
    /// Its names, the usual one first; matched in any letter case.
    pub names: &'static [&'static str],
    /// How it is called: `LPAD(text, length[, pad])`.
    pub usage: &'static str,
    /// One sentence for the user.
    pub about: &'static str,
    /// Checks a call.
    ///
    /// # Errors
    /// What is wrong with the arguments, in one sentence that names what was given and what is allowed.
    pub bind: fn(&Call<'_>) -> Result<Bound, String>,
}

/// What users are told of a function.
#[derive(Clone, Copy, Debug)]
pub struct SqlFunction {
    /// What its group is about.
    pub group: &'static str,
    /// Its names, the usual one first.
    pub names: &'static [&'static str],
    /// How it is called.
    pub usage: &'static str,
    /// What it gives, in one sentence.
    pub about: &'static str,
}

/// One argument of a call, as it is known when the query is compiled.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// Its type.
    pub data_type: DataType,
    /// Its value, if it is a literal (a null one too).
    pub literal: Option<ScalarValue>,
}

/// A call that is being bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// The name as it was written.
    pub name: &'a str,
    /// The arguments.
    pub arguments: &'a [Argument],
}

/// What a call gives, and how.
pub(super) struct Bound {
    /// Type of the result; the kernel's arrays have its Arrow type.
    pub result: DataType,
    /// Computes it.
    pub kernel: Kernel,
    /// Whether each row is computed anew, though all arguments are literals (`UUID()`, `RAND()`).
    pub is_volatile: bool,
}

/// Computes a call for a batch.
///
/// # Errors
/// A value that can't be used: names it, cut, and why.
pub(super) type Kernel = Arc<dyn Fn(&Values<'_>) -> Result<ArrayRef, String> + Send + Sync>;

/// The arguments of a call for one batch. A literal is a scalar, not repeated for each row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    /// One per argument.
    pub arguments: &'a [ColumnarValue],
    /// Rows of the batch: the length of what the kernel gives.
    pub rows: usize,
}

impl Bound {
    /// A call whose result depends on its arguments alone.
    pub(super) fn new(
        result: DataType,
        kernel: impl Fn(&Values<'_>) -> Result<ArrayRef, String> + Send + Sync + 'static,
    ) -> Self {
        Self { result, kernel: Arc::new(kernel), is_volatile: false }
    }
}
