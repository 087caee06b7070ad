//! `RowKindExtractor`: appends a column that tells each row's kind, and makes every row an insert.

use super::stateless::{Columns, Stateless, with_columns};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column, DataType, RowKind};
use arrow::array::{ArrayRef, StringArray};
use std::sync::Arc;

const NAME: OptionDef =
    OptionDef::new("custom_field_name", Kind::Text, "name of the new column").default("row_kind");
const TYPE: OptionDef =
    OptionDef::new("transform_type", Kind::Choice(&["SHORT", "FULL"]), "`+I -U +U -D`, or the full names")
        .default("SHORT");

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "RowKindExtractor"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[NAME, TYPE]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (name, kind) = (options.text(&NAME), options.choice(&TYPE));
        Some(Arc::new(Stateless(RowKindExtractor { name: name?, full: kind? == "FULL" })))
    }
}

#[derive(Clone)]
struct RowKindExtractor {
    name: String,
    full: bool,
}

impl RowKindExtractor {
    fn text(&self, kind: RowKind) -> &'static str {
        if self.full { kind.name() } else { kind.short() }
    }
}

impl Columns for RowKindExtractor {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, ()), Vec<String>> {
        if input.index_of(&self.name).is_some() {
            return Err(vec![format!(
                "{}: table {} has a column \"{}\" already",
                NAME.key, input.path, self.name
            )]);
        }
        let mut columns = input.columns.clone();
        columns.push(Column { nullable: false, ..Column::new(&self.name, DataType::String) });
        Ok((input.with_columns(columns), ()))
    }

    fn apply(&self, _step: &(), output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        let told: StringArray = match &batch.kinds {
            None => std::iter::repeat_n(Some(self.text(RowKind::Insert)), batch.len()).collect(),
            Some(kinds) => {
                kinds.values().iter().map(|number| Some(self.text(RowKind::of_number(*number)))).collect()
            }
        };
        let mut columns: Vec<ArrayRef> = batch.rows.columns().to_vec();
        columns.push(Arc::new(told));
        with_columns(&batch, output, columns).map(|batch| Some(Batch { kinds: None, ..batch }))
    }
}
