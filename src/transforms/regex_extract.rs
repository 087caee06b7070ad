//! `RegexExtract`: the groups of a regular expression's first match in one column become columns of their own.

use super::java_regex;
use super::row_errors::in_column;
use super::stateless::{
    Columns, Stateless, all_differ, column, put_array, put_columns, replaces, with_columns,
};
use super::text_column::{check, text_column};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options, Tree, convert};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column, DataType};
use arrow::array::{ArrayRef, StringBuilder};
use fancy_regex::Regex;
use std::sync::Arc;

const SOURCE: OptionDef = OptionDef::new("source_field", Kind::Text, "the column to search").required();
const PATTERN: OptionDef =
    OptionDef::new("regex_pattern", Kind::Text, "a regular expression with a group for each output")
        .required();
const OUTPUTS: OptionDef = OptionDef::new(
    "output_fields",
    Kind::List,
    "names of the columns that the groups become, all different; one that exists is replaced, by a text",
)
.required();
const DEFAULTS: OptionDef = OptionDef::new(
    "default_values",
    Kind::List,
    "values of the outputs where the pattern doesn't match or the column is null; null without it",
);

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "RegexExtract"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[SOURCE, PATTERN, OUTPUTS, DEFAULTS]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (source, pattern, outputs) =
            (options.text(&SOURCE), options.text(&PATTERN), options.texts(&OUTPUTS));
        let pattern = java_regex::compile(&pattern?).map_err(|e| options.error(PATTERN.key, e)).ok();
        let (pattern, outputs) = (pattern?, outputs?);
        let groups = pattern.captures_len().saturating_sub(1);
        if groups == 0 {
            let message = "has no group; put what becomes a column in parentheses, as in (\\d+)-(\\d+)";
            options.error(PATTERN.key, message);
        }
        if outputs.is_empty() {
            options.error(OUTPUTS.key, "names no column; each group of the pattern needs one");
        }
        if groups == 0 || outputs.is_empty() {
            return None;
        }
        if outputs.len() != groups {
            let (columns, groups) = (counted(outputs.len(), "column"), counted(groups, "group"));
            options.error(
                OUTPUTS.key,
                format!("names {columns}, the pattern has {groups}; each needs one of the other"),
            );
            return None;
        }
        all_differ(options, &OUTPUTS, &outputs).then_some(())?;
        let defaults = match options.list(&DEFAULTS) {
            Some(list) if !list.is_empty() => {
                list.iter().map(|value| (*value != Tree::Null).then(|| convert::to_text(value))).collect()
            }
            _ => vec![None; outputs.len()],
        };
        if defaults.len() != outputs.len() {
            let values = counted(defaults.len(), "value");
            let message = format!("has {values} for {}", counted(outputs.len(), "output column"));
            options.error(DEFAULTS.key, message);
            return None;
        }
        Some(Arc::new(Stateless(RegexExtract { source: source?, pattern, outputs, defaults })))
    }
}

/// `1 group`, `2 groups`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[derive(Clone)]
struct RegexExtract {
    source: String,
    pattern: Regex,
    outputs: Vec<String>,
    /// One for each output.
    defaults: Vec<Option<String>>,
}

/// The column to search, and where each group goes.
struct Step {
    from: usize,
    to: Vec<usize>,
}

impl Columns for RegexExtract {
    type Step = Step;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Step), Vec<String>> {
        let from = column(input, SOURCE.key, &self.source).map_err(|e| vec![e])?;
        check(input, SOURCE.key, from).map_err(|e| vec![e])?;
        let new = self.outputs.iter().map(|name| Column::new(name, DataType::String));
        let (output, to) = put_columns(input, new);
        Ok((output, Step { from, to }))
    }

    fn oddities(&self, input: &CatalogTable) -> Vec<String> {
        let replaced = |name: &String| replaces(input, OUTPUTS.key, name, &DataType::String);
        self.outputs.iter().filter_map(replaced).collect()
    }

    fn apply(&self, step: &Step, output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        let texts = text_column(batch.rows.column(step.from))?;
        let mut groups: Vec<StringBuilder> = step.to.iter().map(|_| StringBuilder::new()).collect();
        for text in &texts {
            let found = text.map(|text| java_regex::captures(text, &self.pattern)).transpose();
            let found = found.map_err(in_column(&self.source))?.flatten();
            for (index, (builder, default)) in groups.iter_mut().zip(&self.defaults).enumerate() {
                match &found {
                    Some(found) => builder.append_option(found.get(index + 1).map(|group| group.as_str())),
                    None => builder.append_option(default.as_deref()),
                }
            }
        }
        let mut columns: Vec<ArrayRef> = batch.rows.columns().to_vec();
        for (at, mut builder) in step.to.iter().zip(groups) {
            put_array(&mut columns, *at, Arc::new(builder.finish()));
        }
        with_columns(&batch, output, columns).map(Some)
    }
}
