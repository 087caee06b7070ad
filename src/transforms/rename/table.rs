//! `TableRename`: new names for tables; database and schema follow in their letter case.

use super::rule::{RULE, Rule};
use crate::model::Fault;
use crate::options::{OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, TablePath};
use crate::transforms::stateless::{Columns, Stateless};
use std::sync::Arc;

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "TableRename"
    }

    fn options(&self) -> &'static [OptionDef] {
        &RULE
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        Some(Arc::new(Stateless(TableRename { rule: Rule::read(options)? })))
    }
}

#[derive(Clone)]
struct TableRename {
    rule: Rule,
}

impl Columns for TableRename {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, ()), Vec<String>> {
        let convert = |part: &Option<String>| part.as_ref().map(|part| self.rule.convert(part));
        let path = TablePath {
            database: convert(&input.path.database),
            schema: convert(&input.path.schema),
            table: self.rule.apply(&input.path.table).map_err(|message| vec![message])?,
        };
        Ok((CatalogTable { path, ..input.clone() }, ()))
    }

    fn apply(&self, _step: &(), output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        Ok(Some(Batch { table: Arc::clone(output), ..batch }))
    }
}
