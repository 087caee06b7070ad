//! `FieldRename` and `TableRename`: new names for columns and tables by one rule ([`rule`]).

mod field;
mod rule;
mod table;

pub(super) use field::Factory as FieldRename;
pub(super) use table::Factory as TableRename;
