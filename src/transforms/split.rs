//! `Split`: cuts one column's text into several new columns.

use super::java_regex;
use super::row_errors::in_column;
use super::stateless::{
    Columns, Stateless, all_differ, column, put_array, put_columns, replaces, with_columns,
};
use super::text_column::{check, text_column};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column, DataType};
use arrow::array::{ArrayRef, StringBuilder};
use fancy_regex::Regex;
use std::sync::Arc;

const SEPARATOR: OptionDef =
    OptionDef::new("separator", Kind::Text, "a regular expression to split at").required();
const FIELD: OptionDef = OptionDef::new("split_field", Kind::Text, "the column").required();
const OUTPUT: OptionDef =
    OptionDef::new(
        "output_fields",
        Kind::List,
        "names of the new columns, all different; the last one keeps the rest; one that exists is replaced, by a text",
    )
    .required();

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "Split"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[SEPARATOR, FIELD, OUTPUT]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (separator, field, outputs) =
            (options.text(&SEPARATOR), options.text(&FIELD), options.texts(&OUTPUT));
        let pattern = java_regex::compile(&separator?).map_err(|e| options.error(SEPARATOR.key, e)).ok();
        let outputs = outputs?;
        if outputs.is_empty() {
            options.error(OUTPUT.key, "names no column");
            return None;
        }
        all_differ(options, &OUTPUT, &outputs).then_some(())?;
        Some(Arc::new(Stateless(Split { pattern: pattern?, field: field?, outputs })))
    }
}

#[derive(Clone)]
struct Split {
    pattern: Regex,
    field: String,
    outputs: Vec<String>,
}

/// The column to split, and where each part goes.
struct Step {
    from: usize,
    to: Vec<usize>,
}

impl Columns for Split {
    type Step = Step;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Step), Vec<String>> {
        let from = column(input, FIELD.key, &self.field).map_err(|e| vec![e])?;
        check(input, FIELD.key, from).map_err(|e| vec![e])?;
        let new = self.outputs.iter().map(|name| Column::new(name, DataType::String));
        let (output, to) = put_columns(input, new);
        Ok((output, Step { from, to }))
    }

    fn oddities(&self, input: &CatalogTable) -> Vec<String> {
        let replaced = |name: &String| replaces(input, OUTPUT.key, name, &DataType::String);
        self.outputs.iter().filter_map(replaced).collect()
    }

    fn apply(&self, step: &Step, output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        let texts = text_column(batch.rows.column(step.from))?;
        let mut parts: Vec<StringBuilder> = step.to.iter().map(|_| StringBuilder::new()).collect();
        for text in &texts {
            let found = match text {
                Some(text) => {
                    java_regex::split(text, &self.pattern, parts.len()).map_err(in_column(&self.field))?
                }
                None => Vec::new(),
            };
            for (index, builder) in parts.iter_mut().enumerate() {
                builder.append_option(found.get(index));
            }
        }
        let mut columns: Vec<ArrayRef> = batch.rows.columns().to_vec();
        for (at, mut builder) in step.to.iter().zip(parts) {
            put_array(&mut columns, *at, Arc::new(builder.finish()));
        }
        with_columns(&batch, output, columns).map(Some)
    }
}
