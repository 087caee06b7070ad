//! `TableFilter`: keeps or drops whole tables by the parts of their paths.

use super::java_regex;
use super::stateless::{Stateless, Tables};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{Out, TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable};
use fancy_regex::Regex;
use std::sync::Arc;

const DATABASE: OptionDef =
    OptionDef::new("database_pattern", Kind::Text, "regular expression of whole database names");
const SCHEMA: OptionDef =
    OptionDef::new("schema_pattern", Kind::Text, "regular expression of whole schema names");
const TABLE: OptionDef =
    OptionDef::new("table_pattern", Kind::Text, "regular expression of whole table names");
const MODE: OptionDef = OptionDef::new(
    "pattern_mode",
    Kind::Choice(&["INCLUDE", "EXCLUDE"]),
    "whether the tables that match all patterns are kept or dropped",
)
.default("INCLUDE");

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "TableFilter"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[DATABASE, SCHEMA, TABLE, MODE]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let before = options.problems().error_count();
        let pattern = |option: &OptionDef| {
            let text = options.text(option).filter(|text| !text.is_empty())?;
            java_regex::compile_whole(&text).map_err(|e| options.error(option.key, e)).ok()
        };
        let patterns = [pattern(&DATABASE), pattern(&SCHEMA), pattern(&TABLE)];
        let mode = options.choice(&MODE);
        if options.problems().error_count() > before {
            return None;
        }
        Some(Arc::new(Stateless(TableFilter { patterns, include: mode? == "INCLUDE" })))
    }
}

#[derive(Clone)]
struct TableFilter {
    /// Of database, schema and table.
    patterns: [Option<Regex>; 3],
    include: bool,
}

impl Tables for TableFilter {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(Vec<CatalogTable>, ()), Vec<String>> {
        let path = &input.path;
        let parts = [path.database.as_deref(), path.schema.as_deref(), Some(path.table.as_str())];
        let mut matches = true;
        for ((pattern, part), option) in self.patterns.iter().zip(parts).zip([DATABASE, SCHEMA, TABLE]) {
            if let Some(pattern) = pattern {
                let found = part.map_or(Ok(false), |part| pattern.is_match(part));
                matches &= found.map_err(|e| vec![format!("{}: was given up on {path}: {e}", option.key)])?;
            }
        }
        Ok((if matches == self.include { vec![input.clone()] } else { Vec::new() }, ()))
    }

    fn apply(
        &self,
        _step: &(),
        _outputs: &[Arc<CatalogTable>],
        batch: Batch,
        out: &mut Out,
    ) -> Result<(), Fault> {
        out.push(batch);
        Ok(())
    }
}
