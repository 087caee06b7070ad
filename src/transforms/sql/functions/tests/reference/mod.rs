//! Slow plain readings of the functions' definitions, one row at a time. They use nothing of the transform.

mod calendar;
mod digits;

pub(super) use calendar::{add, between, iso_week, trunc};
pub(super) use digits::{remainder, round};
