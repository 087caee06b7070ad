//! `Copy`: appends copies of columns, in the order listed; a copy under a name that exists takes its place.

use super::stateless::{Columns, Stateless, all, column, with_columns};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options, convert};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column};
use std::sync::Arc;

const FIELDS: OptionDef = OptionDef::new("fields", Kind::Object, "new name = column to copy, for each copy");
const SRC_FIELD: OptionDef =
    OptionDef::new("src_field", Kind::Text, "the column to copy (older form, one copy)");
const DEST_FIELD: OptionDef = OptionDef::new("dest_field", Kind::Text, "the new name (older form, one copy)");

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "Copy"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[FIELDS, SRC_FIELD, DEST_FIELD]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let copies: Vec<(String, String)> = match options.object(&FIELDS) {
            Some(fields) => fields.iter().map(|(new, from)| (new.clone(), convert::to_text(from))).collect(),
            None if options.has(&FIELDS) => return None,
            None => match (options.text(&SRC_FIELD), options.text(&DEST_FIELD)) {
                (Some(from), Some(new)) => vec![(new, from)],
                (from, new) => {
                    let lacking = match (from, new) {
                        (Some(_), None) => DEST_FIELD.key,
                        (None, Some(_)) => SRC_FIELD.key,
                        _ => FIELDS.key,
                    };
                    options.error(
                        lacking,
                        "is required; allowed: fields { new = column, … }, or src_field and dest_field",
                    );
                    return None;
                }
            },
        };
        if copies.is_empty() {
            options.error(FIELDS.key, "lists no copy; write new name = column");
            return None;
        }
        Some(Arc::new(Stateless(Copy { copies })))
    }
}

/// New name, column to copy.
#[derive(Clone)]
struct Copy {
    copies: Vec<(String, String)>,
}

impl Columns for Copy {
    /// For each column that comes out, the one it is taken from.
    type Step = Vec<usize>;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Vec<usize>), Vec<String>> {
        let sources =
            all(self.copies.iter().map(|(new, from)| column(input, &format!("fields.{new}"), from)))?;
        let mut columns = input.columns.clone();
        let mut step: Vec<usize> = (0..columns.len()).collect();
        for ((new, _), from) in self.copies.iter().zip(sources) {
            let copy = Column { name: new.clone(), ..input.columns[from].clone() };
            match columns.iter().position(|c| c.name == *new) {
                Some(at) => (columns[at], step[at]) = (copy, from),
                None => {
                    columns.push(copy);
                    step.push(from);
                }
            }
        }
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
