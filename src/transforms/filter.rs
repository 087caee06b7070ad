//! `Filter`: keeps the listed columns in the order listed, or all but the listed ones.

use super::stateless::{Columns, Stateless, all, column, with_columns};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable};
use std::sync::Arc;

const INCLUDE: OptionDef =
    OptionDef::new("include_fields", Kind::List, "columns to keep, in this order").fallbacks(&["fields"]);
const EXCLUDE: OptionDef = OptionDef::new("exclude_fields", Kind::List, "columns to drop");

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "Filter"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[INCLUDE, EXCLUDE]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let filter = match (options.texts(&INCLUDE), options.texts(&EXCLUDE)) {
            (Some(fields), None) => Filter { fields, include: true },
            (None, Some(fields)) => Filter { fields, include: false },
            _ => {
                let given = options.has(&INCLUDE) && options.has(&EXCLUDE);
                let both = if given { "not both" } else { "one is required" };
                options.error("", format!("wants either include_fields or exclude_fields: {both}"));
                return None;
            }
        };
        Some(Arc::new(Stateless(filter)))
    }
}

#[derive(Clone)]
struct Filter {
    fields: Vec<String>,
    include: bool,
}

impl Columns for Filter {
    type Step = Vec<usize>;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Vec<usize>), Vec<String>> {
        let option = if self.include { INCLUDE.key } else { EXCLUDE.key };
        let named = all(self.fields.iter().map(|name| column(input, option, name)))?;
        let step: Vec<usize> = match self.include {
            true => named,
            false => (0..input.columns.len()).filter(|index| !named.contains(index)).collect(),
        };
        if step.is_empty() {
            return Err(vec![format!("{option}: no column of table {} would remain", input.path)]);
        }
        let columns = step.iter().map(|index| input.columns[*index].clone()).collect();
        Ok((input.with_columns(columns), step))
    }

    fn apply(
        &self,
        step: &Vec<usize>,
        output: &Arc<CatalogTable>,
        batch: Batch,
    ) -> Result<Option<Batch>, Fault> {
        let columns = step.iter().map(|index| Arc::clone(batch.rows.column(*index))).collect();
        with_columns(&batch, output, columns).map(Some)
    }
}
