//! Gives every expression its type and makes the tree that computes it.
//!
//! The types follow the job language: whole numbers are INT or BIGINT, a number with a point is DOUBLE, arithmetic keeps
//! to INT, BIGINT, DECIMAL, DOUBLE. A comparison with null is false and never null, but `!=` of null and a value is
//! true; NOT is pushed down to the comparisons, so that `NOT (a > 1)` is `a <= 1`. Boolean values that are null follow
//! the logic of three values.

mod arithmetic;
mod binder;
mod call;
mod case;
mod cast;
mod column;
mod compare;
mod condition;
mod expression;
mod literal;
mod types;

pub(super) use binder::{Binder, secrets};
