//! `FieldRename`: new names for columns; keys follow.

use super::rule::{RULE, Rule};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column};
use crate::transforms::object_list::read_list;
use crate::transforms::stateless::{Columns, Stateless, all, column, with_columns};
use std::collections::HashMap;
use std::sync::Arc;

const SPECIFIC: OptionDef = OptionDef::new(
    "specific",
    Kind::List,
    "names for single columns, to which no other rule applies: field_name, target_name",
)
.of(&[FIELD_NAME, TARGET_NAME]);
const FIELD_NAME: OptionDef = OptionDef::new("field_name", Kind::Text, "the column").required();
const TARGET_NAME: OptionDef = OptionDef::new("target_name", Kind::Text, "its new name").required();

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "FieldRename"
    }

    fn options(&self) -> &'static [OptionDef] {
        const OPTIONS: [OptionDef; 5] = [RULE[0], RULE[1], RULE[2], RULE[3], SPECIFIC];
        &OPTIONS
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let before = options.problems().error_count();
        let rule = Rule::read(options);
        let specific = read_list(options, &SPECIFIC, |item| {
            item.warn_unknown(&[SPECIFIC.of]);
            let (field, target) = (item.text(&FIELD_NAME), item.text(&TARGET_NAME));
            Some((field?, target?))
        });
        if options.problems().error_count() > before {
            return None;
        }
        Some(Arc::new(Stateless(FieldRename { rule: rule?, specific })))
    }
}

#[derive(Clone)]
struct FieldRename {
    rule: Rule,
    /// Column, new name.
    specific: Vec<(String, String)>,
}

impl Columns for FieldRename {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, ()), Vec<String>> {
        let option = |index: usize| format!("{}[{index}].{}", SPECIFIC.key, FIELD_NAME.key);
        let named = self.specific.iter().enumerate();
        all(named.map(|(index, (field, _))| column(input, &option(index), field)))?;
        let new_name = |old: &String| match self.specific.iter().find(|(field, _)| field == old) {
            Some((_, target)) => Ok(target.clone()),
            None => self.rule.apply(old),
        };
        let names = all(input.columns.iter().map(|column| new_name(&column.name)))?;
        let mut old_of: HashMap<&str, &str> = HashMap::new();
        for (column, name) in input.columns.iter().zip(&names) {
            if let Some(other) = old_of.insert(name, &column.name) {
                return Err(vec![format!(
                    "the columns \"{other}\" and \"{}\" of table {} would both be called \"{name}\"",
                    column.name, input.path
                )]);
            }
        }
        let new_of: HashMap<&str, &String> =
            input.columns.iter().map(|c| c.name.as_str()).zip(&names).collect();
        let renamed = |name: &mut String| {
            if let Some(new) = new_of.get(name.as_str()) {
                *name = (*new).clone();
            }
        };
        let mut output = input.clone();
        output.columns = input
            .columns
            .iter()
            .zip(&names)
            .map(|(column, name)| Column { name: name.clone(), ..column.clone() })
            .collect();
        output.primary_key.iter_mut().for_each(|key| key.columns.iter_mut().for_each(renamed));
        for key in &mut output.constraint_keys {
            key.columns.iter_mut().for_each(|(name, _)| renamed(name));
        }
        Ok((output, ()))
    }

    fn apply(&self, _step: &(), output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        with_columns(&batch, output, batch.rows.columns().to_vec()).map(Some)
    }
}
