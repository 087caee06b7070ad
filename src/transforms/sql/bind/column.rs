//! Columns, and paths into rows and maps.
//!
//! Of a dotted name the last part is first looked up as a column by itself, whatever stands before it: so `t.name` is
//! `name`. Else the first part is a column, and the others lead through rows; a map's key can only be the last step.

use super::binder::{Binder, Effect};
use crate::model::{is_secret, nearest};
use crate::table::DataType;
use crate::transforms::sql::expression::Typed;
use crate::transforms::sql::kernel::path::{self, Step};
use datafusion_physical_expr::expressions::Column;
use sqlparser::ast::Ident;
use std::sync::Arc;

impl Binder<'_> {
    /// A column by its name, in its letter case.
    pub(super) fn column(&mut self, name: &str) -> Result<Typed, String> {
        match self.columns.iter().position(|column| column.name == name) {
            Some(index) => Ok(self.column_at(index)),
            None => Err(missing(name, name, self.columns.iter().map(|c| c.name.as_str()))),
        }
    }

    /// A column by its place.
    pub(in crate::transforms::sql) fn column_at(&mut self, index: usize) -> Typed {
        let place = self.used.iter().position(|used| *used == index).unwrap_or_else(|| {
            self.used.push(index);
            self.used.len() - 1
        });
        let column = &self.columns[index];
        Typed {
            expr: Arc::new(Column::new(&column.name, place)),
            data_type: column.data_type.clone(),
            literal: None,
            may_fail: false,
            secret: self.secrets.get(index).cloned().flatten(),
        }
    }

    /// The index of the column that an unchanged item is.
    pub(in crate::transforms::sql) fn plain_column(&self, path: &[Ident]) -> Option<usize> {
        let last = path.last()?;
        self.columns.iter().position(|column| column.name == last.value)
    }

    /// A dotted name.
    pub(super) fn path(&mut self, path: &[Ident]) -> Result<Typed, String> {
        if let Some(index) = self.plain_column(path) {
            return Ok(self.column_at(index));
        }
        let shown = path.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let (first, rest) = path.split_first().ok_or("a column needs a name")?;
        let column = self.columns.iter().position(|column| column.name == first.value).ok_or_else(|| {
            missing(&shown, &first.value, self.columns.iter().map(|column| column.name.as_str()))
        })?;
        let root = self.column_at(column);
        let mut data_type = root.data_type.clone();
        let mut steps = Vec::with_capacity(rest.len());
        for (index, part) in rest.iter().enumerate() {
            data_type = match data_type {
                DataType::Row(fields) => {
                    let at = fields.iter().position(|field| field.name == part.value).ok_or_else(|| {
                        missing(&shown, &part.value, fields.iter().map(|field| field.name.as_str()))
                    })?;
                    steps.push(Step::Field(at));
                    fields[at].data_type.clone()
                }
                DataType::Map(key, value) if *key == DataType::String => {
                    if index + 1 < rest.len() {
                        return Err(format!(
                            "can't find field [{shown}]: a map's key ({part}) must be the last part"
                        ));
                    }
                    steps.push(Step::Key(part.value.clone()));
                    *value
                }
                other => {
                    return Err(format!(
                        "can't find field [{shown}]: there is no [{}] in a value of {other}",
                        part.value
                    ));
                }
            };
        }
        let is_secret = path.iter().any(|part| is_secret(&part.value)) || data_type.secret().is_some();
        let secret = is_secret.then(|| shown.as_str().into());
        let kernel = path::kernel(steps, data_type.to_arrow());
        let found = self.apply(shown, vec![root], data_type, kernel, Effect::Total)?;
        // the other fields of a row are no secret by the one that is
        Ok(Typed { secret, ..found })
    }
}

fn missing<'a>(whole: &str, part: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = match nearest(part, known.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    };
    format!("can't find field [{whole}]; {hint}")
}
