//! `Sql`: a query over each batch, compiled once per table.
//!
//! The route of a query: `parse` reads the text (with `dialect`) and refuses what is no query of one table → `bind`
//! gives every expression its type, by the rules of the job language and not those of a database, and makes a tree of
//! physical expressions → `program` is what is left per batch: WHERE, LATERAL VIEW (`explode`), the items.
//! `kernel` computes what the rules say, on columns; `functions` are the functions, each behind `function`.
//!
//! Invariants: a row that WHERE drops is never computed further; a branch of CASE and the right side of AND and OR
//! are computed only for the rows that reach them; literals are computed once; nothing recurses deeper than a limit.

mod bind;
mod dialect;
mod explode;
mod expression;
mod function;
mod functions;
mod kernel;
mod parse;
mod program;
#[cfg(test)]
mod tests;
mod transform;

pub use function::SqlFunction;
pub use functions::sql_functions;
pub(super) use transform::Factory;
