//! Runs rules over the columns of a batch.

use super::email;
use super::range::Bounds;
use super::rules::{FieldRule, Length, Rule};
use crate::model::{Fault, shown_of};
use crate::table::{Batch, Column, DataType};
use crate::transforms::java_regex;
use crate::transforms::row_errors::in_column;
use crate::transforms::text_column::{has_text, text_column};
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use fancy_regex::Regex;
use std::collections::BTreeMap;

/// What is wrong with the rows of a batch.
#[derive(Default)]
pub(super) struct Errors {
    /// Row, and for each broken rule the column and what is wrong.
    pub rows: BTreeMap<usize, Vec<(String, String)>>,
}

impl Errors {
    /// The failure of the first row.
    pub(super) fn fault(&self) -> Fault {
        let Some(errors) = self.rows.values().next() else {
            return Fault::internal("no row is wrong");
        };
        let errors: Vec<String> =
            errors.iter().map(|(column, message)| format!("column \"{column}\": {message}")).collect();
        Fault::user(format!("not valid: {}", errors.join("; ")))
    }
}

/// A rule made for one column.
pub(super) struct Checked {
    place: usize,
    name: String,
    test: Test,
    message: Option<String>,
}

enum Test {
    NotNull,
    Range(Bounds),
    Length(Length),
    Regex(String, Regex),
    Email,
}

impl Checked {
    /// The rule for its column.
    ///
    /// # Errors
    /// A column whose type the rule can't check.
    pub(super) fn new(rule: &FieldRule, place: usize, column: &Column) -> Result<Self, String> {
        let texts_only = |test: Test| match has_text(&column.data_type) {
            true => Ok(test),
            false => Err(format!(
                "{}: column \"{}\" is {}; texts, numbers and dates can be checked so",
                rule.key, column.name, column.data_type
            )),
        };
        let test = match &rule.rule {
            Rule::NotNull => Ok(Test::NotNull),
            Rule::Range(range) => Bounds::new(range, &column.data_type)
                .map(Test::Range)
                .map_err(|e| format!("{}.{}", rule.key, e)),
            Rule::Length(length) => match column.data_type {
                DataType::Bytes | DataType::Array(_) | DataType::Map(_, _) => Ok(Test::Length(*length)),
                _ => texts_only(Test::Length(*length)),
            },
            Rule::Regex(pattern, regex) => texts_only(Test::Regex(pattern.clone(), regex.clone())),
            Rule::Email => texts_only(Test::Email),
        };
        Ok(Self { place, name: column.name.clone(), test: test?, message: rule.message.clone() })
    }

    /// Adds what is wrong with the batch's rows.
    pub(super) fn run(&self, batch: &Batch, errors: &mut Errors) -> Result<(), Fault> {
        let column = batch.rows.column(self.place);
        let value = |text: &str| shown_of(&self.name, text);
        let mut note = |row: usize, message: String| {
            let message = self.message.clone().unwrap_or(message);
            errors.rows.entry(row).or_default().push((self.name.clone(), message));
        };
        match &self.test {
            Test::NotNull => {
                let nulls = column.logical_nulls();
                let nulls = nulls.iter().flat_map(|nulls| (0..nulls.len()).filter(|row| nulls.is_null(*row)));
                nulls.for_each(|row| note(row, "is null".into()));
            }
            Test::Range(bounds) => {
                for (broken, message) in bounds.broken(column)? {
                    let rows = broken.iter().enumerate().filter(|(_, broken)| *broken == Some(true));
                    let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
                    if rows.is_empty() {
                        continue;
                    }
                    let texts = text_column(column)?;
                    rows.iter().for_each(|row| note(*row, format!("{} {message}", value(texts.value(*row)))));
                }
            }
            Test::Length(allowed) => {
                for (row, length) in lengths(column)?.into_iter().enumerate() {
                    if let Some(message) = length.and_then(|length| allowed.wrong(length)) {
                        note(row, message);
                    }
                }
            }
            Test::Regex(pattern, regex) => {
                for (row, text) in present(&text_column(column)?) {
                    if !java_regex::is_match(text, regex).map_err(in_column(&self.name))? {
                        note(row, format!("{} does not match \"{pattern}\"", value(text)));
                    }
                }
            }
            Test::Email => {
                for (row, text) in present(&text_column(column)?) {
                    if let Some(message) = email::wrong(text) {
                        note(row, format!("{} {message}", value(text)));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Length {
    fn wrong(self, length: usize) -> Option<String> {
        let exact = self.exact.filter(|exact| *exact != length);
        let min = self.min.filter(|min| length < *min);
        let max = self.max.filter(|max| length > *max);
        exact
            .map(|exact| format!("has length {length}, not {exact}"))
            .or_else(|| min.map(|min| format!("has length {length}, less than {min}")))
            .or_else(|| max.map(|max| format!("has length {length}, more than {max}")))
    }
}

/// Values that are not null, with their rows.
fn present(texts: &StringArray) -> impl Iterator<Item = (usize, &str)> {
    texts.iter().enumerate().filter_map(|(row, text)| text.map(|text| (row, text)))
}

/// Characters, bytes or elements of each value.
fn lengths(column: &ArrayRef) -> Result<Vec<Option<usize>>, Fault> {
    let valid = |row: usize, length: usize| column.is_valid(row).then_some(length);
    let rows = 0..column.len();
    if let Some(bytes) = column.as_binary_opt::<i32>() {
        return Ok(rows.map(|row| valid(row, bytes.value(row).len())).collect());
    }
    if let Some(list) = column.as_list_opt::<i32>() {
        return Ok(rows.map(|row| valid(row, list.value_length(row) as usize)).collect());
    }
    if let Some(map) = column.as_map_opt() {
        return Ok(rows.map(|row| valid(row, map.value_length(row) as usize)).collect());
    }
    Ok(text_column(column)?.iter().map(|text| text.map(|text| text.encode_utf16().count())).collect())
}
