//! Functions of dates, times of day and timestamps.
//!
//! A text counts as a timestamp, a date as its midnight. A TIMESTAMP_TZ is seen in UTC, as it is carried.

mod add;
mod diff;
mod extract;
mod format;
mod now;
mod parse;
mod parts;
mod pattern;
mod trunc;
mod unit;
mod view;
mod zone;
mod zoned;

pub(super) use add::FUNCTIONS as ADD;
pub(super) use diff::FUNCTIONS as DIFF;
pub(super) use extract::FUNCTIONS as EXTRACT;
pub(super) use format::FUNCTIONS as FORMAT;
pub(super) use now::FUNCTIONS as NOW;
pub(super) use parse::FUNCTIONS as PARSE;
pub(super) use parts::FUNCTIONS as PARTS;
pub(super) use trunc::FUNCTIONS as TRUNC;
pub(super) use zoned::FUNCTIONS as ZONED;

use super::{arguments, columns};
