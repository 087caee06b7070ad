//! Typed views of a call's arguments.
//!
//! While a call is bound, [`Call`] checks how many arguments there are and of which types, and gives a handle for each
//! ([`Text`], [`Integer`], [`Double`], [`Boolean`]). The kernel applies the handle to the values of a batch and reads
//! the view row by row: a literal stays one value, a column of the wanted type is shared, any other is converted once
//! per batch. Null is `None` in every view.

mod boolean;
mod call;
mod number;
mod text;

pub(super) use call::{always_null, value};
pub(super) use number::{Double, Integer, IntegerArgument, NumberArgument};
pub(super) use text::{Text, TextArgument, texts_of};
