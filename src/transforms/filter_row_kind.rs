//! `FilterRowKind`: keeps rows of some kinds.

use super::rows::marked;
use super::stateless::{Columns, Stateless};
use crate::model::{Fault, nearest};
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, RowKind};
use arrow::array::BooleanArray;
use std::sync::Arc;

const INCLUDE: OptionDef = OptionDef::new("include_kinds", Kind::List, "row kinds to keep");
const EXCLUDE: OptionDef = OptionDef::new("exclude_kinds", Kind::List, "row kinds to drop");

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "FilterRowKind"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[INCLUDE, EXCLUDE]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (option, names) = match (options.texts(&INCLUDE), options.texts(&EXCLUDE)) {
            (Some(names), None) => (&INCLUDE, names),
            (None, Some(names)) => (&EXCLUDE, names),
            _ => {
                let given = options.has(&INCLUDE) && options.has(&EXCLUDE);
                let both = if given { "not both" } else { "one is required" };
                options.error("", format!("wants either include_kinds or exclude_kinds: {both}"));
                return None;
            }
        };
        let mut listed = [false; 4];
        let before = options.problems().error_count();
        for name in &names {
            match RowKind::of_name(&name.to_uppercase()) {
                Some(kind) => listed[kind as usize] = true,
                None => {
                    let known = RowKind::ALL.map(RowKind::name);
                    let near =
                        nearest(name, known).map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default();
                    options.error(
                        option.key,
                        format!("\"{name}\" is no row kind; allowed: {}{near}", known.join(", ")),
                    );
                }
            }
        }
        if options.problems().error_count() > before {
            return None;
        }
        let include = option.key == INCLUDE.key;
        Some(Arc::new(Stateless(FilterRowKind { keep: listed.map(|listed| listed == include) })))
    }
}

/// By number of the kind, whether it is kept.
#[derive(Clone)]
struct FilterRowKind {
    keep: [bool; 4],
}

impl Columns for FilterRowKind {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, ()), Vec<String>> {
        Ok((input.clone(), ()))
    }

    fn apply(&self, _step: &(), _output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        let Some(kinds) = &batch.kinds else {
            return Ok(self.keep[RowKind::Insert as usize].then_some(batch));
        };
        let kept: BooleanArray = kinds
            .values()
            .iter()
            .map(|number| Some(self.keep[RowKind::of_number(*number) as usize]))
            .collect();
        marked(batch, &kept)
    }
}
