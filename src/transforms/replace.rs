//! `Replace`: replaces parts of one column's text; the column becomes text.

use super::java_regex::{self, Replacement};
use super::row_errors::in_column;
use super::stateless::{Columns, Stateless, column, with_columns};
use super::text_column::{check, text_column};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column, DataType};
use arrow::array::{Array, StringBuilder};
use fancy_regex::Regex;
use std::sync::Arc;

const FIELD: OptionDef = OptionDef::new("replace_field", Kind::Text, "the column").required();
const PATTERN: OptionDef = OptionDef::new("pattern", Kind::Text, "what is replaced").required();
const REPLACEMENT: OptionDef =
    OptionDef::new("replacement", Kind::Text, "what stands there instead").required();
const IS_REGEX: OptionDef =
    OptionDef::new("is_regex", Kind::Bool, "whether the pattern is a regular expression").default("false");
const FIRST: OptionDef = OptionDef::new(
    "replace_first",
    Kind::Bool,
    "whether only the first match of a regular expression is replaced",
)
.default("false");

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "Replace"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[FIELD, PATTERN, REPLACEMENT, IS_REGEX, FIRST]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (field, pattern, replacement) =
            (options.text(&FIELD), options.text(&PATTERN), options.text(&REPLACEMENT));
        let (is_regex, first) = (options.bool(&IS_REGEX), options.bool(&FIRST));
        let (field, pattern, replacement) = (field?, pattern?, replacement?);
        let how = if is_regex? {
            let pattern = java_regex::compile(&pattern).map_err(|e| options.error(PATTERN.key, e)).ok()?;
            let replacement = Replacement::parse(&replacement, &pattern)
                .map_err(|e| options.error(REPLACEMENT.key, format!("\"{replacement}\" {e}")))
                .ok()?;
            How::Regex { pattern, replacement, first: first? }
        } else {
            How::Text { pattern, replacement }
        };
        Some(Arc::new(Stateless(Replace { field, how })))
    }
}

#[derive(Clone)]
struct Replace {
    field: String,
    how: How,
}

#[derive(Clone)]
enum How {
    Text { pattern: String, replacement: String },
    Regex { pattern: Regex, replacement: Replacement, first: bool },
}

impl Columns for Replace {
    type Step = usize;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, usize), Vec<String>> {
        let index = column(input, FIELD.key, &self.field).map_err(|e| vec![e])?;
        check(input, FIELD.key, index).map_err(|e| vec![e])?;
        let mut columns = input.columns.clone();
        let nullable = columns[index].nullable;
        columns[index] = Column { nullable, ..Column::new(&self.field, DataType::String) };
        Ok((input.with_columns(columns), index))
    }

    fn apply(&self, step: &usize, output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        let texts = text_column(batch.rows.column(*step))?;
        let mut replaced = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
        let mut scratch = String::new();
        for text in &texts {
            let Some(text) = text else {
                replaced.append_null();
                continue;
            };
            scratch.clear();
            match &self.how {
                How::Text { pattern, replacement } => {
                    replaced.append_value(text.replace(pattern.as_str(), replacement));
                }
                How::Regex { pattern, replacement, first } => {
                    java_regex::replace(text, pattern, replacement, *first, &mut scratch)
                        .map_err(in_column(&self.field))?;
                    replaced.append_value(&scratch);
                }
            }
        }
        let mut columns = batch.rows.columns().to_vec();
        columns[*step] = Arc::new(replaced.finish());
        with_columns(&batch, output, columns).map(Some)
    }
}
