//! Makes plug-ins from options.

use super::{SinkDef, SourceDef, TransformDef};
use crate::options::{OptionDef, Options};
use crate::table::CatalogTable;
use std::sync::Arc;

/// Makes sources of one kind.
pub trait SourceFactory: Send + Sync {
    /// Name in job files; matched in any letter case.
    fn name(&self) -> &'static str;

    /// What it takes, beside the options that every source has.
    fn options(&self) -> &'static [OptionDef];

    /// Makes one; `output` is its output id, if it has one. Notes problems and answers `None` if there are any.
    fn build(&self, options: &Options<'_>, output: Option<&str>) -> Option<Arc<dyn SourceDef>>;
}

/// Makes transforms of one kind.
pub trait TransformFactory: Send + Sync {
    /// Name in job files; matched in any letter case.
    fn name(&self) -> &'static str;

    /// What it takes, beside the options that every transform has.
    fn options(&self) -> &'static [OptionDef];

    /// Why it is always refused, and what to use instead; `None`: it is there to be used.
    fn refused(&self) -> Option<&'static str> {
        None
    }

    /// What its users must know beside its options, in whole sentences.
    fn note(&self) -> Option<&'static str> {
        None
    }

    /// Makes one. Notes problems and answers `None` if there are any.
    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>>;
}

/// What a sink's factory gets.
#[derive(Clone, Debug)]
pub struct SinkInput<'a> {
    /// Upstream tables, in order; empty when they are not known yet (`check` of options alone). Of a union only the
    /// first input's table: its rows and the others' (which have the same columns, but keep their own table in their
    /// batches) are all written as rows of this one. So a sink made for one table takes every batch as its own.
    pub tables: &'a [Arc<CatalogTable>],
}

/// Makes sinks of one kind.
pub trait SinkFactory: Send + Sync {
    /// Name in job files; matched in any letter case.
    fn name(&self) -> &'static str;

    /// What it takes, beside the options that every sink has.
    fn options(&self) -> &'static [OptionDef];

    /// Makes one. Placeholders of tables (`${table_name}`) are filled by the plug-in, per table. Notes problems and
    /// answers `None` if there are any.
    fn build(&self, options: &Options<'_>, input: &SinkInput<'_>) -> Option<Arc<dyn SinkDef>>;
}
