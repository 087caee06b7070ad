//! `TableMerge`: gives several tables one path; they must have the same columns and key, which the planner checks.

use super::stateless::{Columns, Stateless};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, TablePath};
use std::sync::Arc;

const DATABASE: OptionDef = OptionDef::new("database", Kind::Text, "database of the one table");
const SCHEMA: OptionDef = OptionDef::new("schema", Kind::Text, "schema of the one table");
const TABLE: OptionDef = OptionDef::new("table", Kind::Text, "name of the one table").required();

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "TableMerge"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[DATABASE, SCHEMA, TABLE]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let part = |option: &OptionDef| options.text(option).filter(|text| !text.is_empty());
        let table = options.text(&TABLE)?;
        if table.is_empty() {
            options.error(TABLE.key, "is empty");
            return None;
        }
        let path = TablePath { database: part(&DATABASE), schema: part(&SCHEMA), table };
        Some(Arc::new(Stateless(TableMerge { path })))
    }
}

#[derive(Clone)]
struct TableMerge {
    path: TablePath,
}

impl Columns for TableMerge {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, ()), Vec<String>> {
        Ok((CatalogTable { path: self.path.clone(), ..input.clone() }, ()))
    }

    fn apply(&self, _step: &(), output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        Ok(Some(Batch { table: Arc::clone(output), ..batch }))
    }
}
