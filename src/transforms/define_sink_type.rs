//! `DefineSinkType`: the type that a column has in a table which a sink creates.

use super::object_list::read_list;
use super::stateless::{Columns, Stateless, all, column};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable};
use std::sync::Arc;

const COLUMNS: OptionDef =
    OptionDef::new("columns", Kind::List, "the columns, each with its type in the target's own words")
        .required()
        .of(&[COLUMN, TYPE]);
const COLUMN: OptionDef = OptionDef::new("column", Kind::Text, "the column").required();
const TYPE: OptionDef =
    OptionDef::new("type", Kind::Text, "its type in the target: nvarchar2(10)").required();

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "DefineSinkType"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[COLUMNS]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let before = options.problems().error_count();
        let types = read_list(options, &COLUMNS, |item| {
            item.warn_unknown(&[COLUMNS.of]);
            let (column, data_type) = (item.text(&COLUMN), item.text(&TYPE));
            if data_type.as_ref().is_some_and(|text| text.trim().is_empty()) {
                item.error(TYPE.key, "is empty");
            }
            Some((column?, data_type?))
        });
        (options.problems().error_count() == before)
            .then(|| Arc::new(Stateless(DefineSinkType { types })) as Arc<dyn TransformDef>)
    }
}

/// Column, type.
#[derive(Clone)]
struct DefineSinkType {
    types: Vec<(String, String)>,
}

impl Columns for DefineSinkType {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, ()), Vec<String>> {
        let named = self.types.iter().enumerate();
        let places =
            all(named.map(|(index, (name, _))| column(input, &format!("columns[{index}].column"), name)))?;
        let mut output = input.clone();
        for (place, (_, sink_type)) in places.into_iter().zip(&self.types) {
            output.columns[place].sink_type = Some(sink_type.clone());
        }
        Ok((output, ()))
    }

    fn apply(&self, _step: &(), output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        Ok(Some(Batch { table: Arc::clone(output), ..batch }))
    }
}
