//! `FieldMapper`: only the listed columns, in the order listed, under new names.

use super::stateless::{Columns, Stateless, all, column, with_columns};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options, convert};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column};
use std::collections::HashSet;
use std::sync::Arc;

const FIELD_MAPPER: OptionDef =
    OptionDef::new("field_mapper", Kind::Object, "column = new name, for each column to keep").required();

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "FieldMapper"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[FIELD_MAPPER]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let mapper = options.object(&FIELD_MAPPER)?;
        let names: Vec<(String, String)> =
            mapper.iter().map(|(old, new)| (old.clone(), convert::to_text(new))).collect();
        if names.is_empty() {
            options.error(FIELD_MAPPER.key, "lists no column");
            return None;
        }
        let mut seen = HashSet::new();
        if let Some((old, new)) = names.iter().find(|(_, new)| !seen.insert(new)) {
            options.error(
                &format!("{}.{old}", FIELD_MAPPER.key),
                format!("\"{new}\" is the new name of two columns"),
            );
            return None;
        }
        Some(Arc::new(Stateless(FieldMapper { names })))
    }
}

/// Old name, new name.
#[derive(Clone)]
struct FieldMapper {
    names: Vec<(String, String)>,
}

impl Columns for FieldMapper {
    type Step = Vec<usize>;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Vec<usize>), Vec<String>> {
        let step = all(self.names.iter().map(|(old, _)| column(input, "field_mapper", old)))?;
        let renamed = step.iter().zip(&self.names);
        let columns = renamed
            .map(|(index, (_, new))| Column { name: new.clone(), ..input.columns[*index].clone() })
            .collect();
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
