//! The transform: its options, its tables, and where rows go.

use super::check::{Checked, Errors};
use super::route;
use super::rules::{FIELD_RULE, FieldRule, Rule, read_rules};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{Out, TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, DataType, TablePath};
use crate::transforms::row_errors::ROW_ERRORS;
use crate::transforms::rows::marked;
use crate::transforms::stateless::{Stateless, Tables, all, column};
use arrow::array::BooleanArray;
use std::sync::Arc;

const HANDLE: OptionDef = OptionDef {
    kind: Kind::Choice(&["FAIL", "SKIP", "ROUTE_TO_TABLE"]),
    about: "what a row that breaks a rule does: it fails the job, is dropped, or goes to the error table",
    ..ROW_ERRORS
};
const ERROR_TABLE: OptionDef = OptionDef::new(
    "row_error_handle_way.error_table",
    Kind::Text,
    "the error table: a name beside the checked table, or a whole path",
);
const RULES: OptionDef = OptionDef::new(
    "field_rules",
    Kind::List,
    "the rules: field_name and rule_type with its options, or field_name and a list `rules` of them",
)
.required()
.of(FIELD_RULE);

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "DataValidator"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[HANDLE, ERROR_TABLE, RULES]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let before = options.problems().error_count();
        let way = options.choice(&HANDLE);
        let error_table = options.text(&ERROR_TABLE).filter(|name| !name.trim().is_empty());
        let rules = read_rules(options, &RULES);
        let broken = match (way, error_table) {
            (Some("SKIP"), _) => Broken::Drop,
            (Some("ROUTE_TO_TABLE"), Some(name)) if TablePath::parse(&name, false).is_some() => {
                Broken::Route(name)
            }
            (Some("ROUTE_TO_TABLE"), Some(name)) => {
                let parts = "table, database.table, database.schema.table";
                options.error(ERROR_TABLE.key, format!("\"{name}\" is no table path; allowed: {parts}"));
                return None;
            }
            (Some("ROUTE_TO_TABLE"), None) => {
                options.error(ERROR_TABLE.key, "is required with ROUTE_TO_TABLE");
                return None;
            }
            _ => Broken::Fail,
        };
        (options.problems().error_count() == before)
            .then(|| Arc::new(Stateless(DataValidator { rules, broken })) as Arc<dyn TransformDef>)
    }
}

/// What a row does that breaks a rule.
#[derive(Clone)]
enum Broken {
    Fail,
    Drop,
    /// To the table of this name.
    Route(String),
}

#[derive(Clone)]
struct DataValidator {
    rules: Vec<FieldRule>,
    broken: Broken,
}

impl Tables for DataValidator {
    /// The rules made for the table's columns.
    type Step = Vec<Checked>;

    fn plan(&self, input: &CatalogTable) -> Result<(Vec<CatalogTable>, Vec<Checked>), Vec<String>> {
        let checked = |rule: &FieldRule| {
            let place = column(input, &format!("{}.field_name", rule.key), &rule.field)?;
            Checked::new(rule, place, &input.columns[place])
        };
        let step = all(self.rules.iter().map(checked))?;
        let mut outputs = vec![input.clone()];
        if let Broken::Route(name) = &self.broken {
            let table = route::error_table(input, name);
            if table.path == input.path {
                return Err(vec![format!("{}: \"{name}\" is the checked table itself", ERROR_TABLE.key)]);
            }
            route::check(input).map_err(|e| vec![format!("{}: {e}", HANDLE.key)])?;
            outputs.push(table);
        }
        Ok((outputs, step))
    }

    fn oddities(&self, _ids: &[&str], tables: &[&CatalogTable]) -> Vec<String> {
        let of_other = |input: &CatalogTable, rule: &FieldRule| {
            let data_type = &input.columns[input.index_of(&rule.field)?].data_type;
            let is_text = matches!(data_type, DataType::String | DataType::Bytes);
            let has_elements = matches!(data_type, DataType::Array(_) | DataType::Map(_, _));
            (matches!(rule.rule, Rule::Length(_)) && !is_text && !has_elements).then(|| {
                format!(
                    "{}: LENGTH counts the characters of the values' text, as column \"{}\" is {data_type}; for \
                     its values there is RANGE",
                    rule.key, rule.field
                )
            })
        };
        let of_table = |table: &&CatalogTable| {
            let odd: Vec<String> = self.rules.iter().filter_map(|rule| of_other(table, rule)).collect();
            odd
        };
        tables.iter().flat_map(of_table).collect()
    }

    fn apply(
        &self,
        step: &Vec<Checked>,
        outputs: &[Arc<CatalogTable>],
        batch: Batch,
        out: &mut Out,
    ) -> Result<(), Fault> {
        let mut errors = Errors::default();
        for checked in step {
            checked.run(&batch, &mut errors)?;
        }
        if errors.rows.is_empty() {
            out.push(batch);
            return Ok(());
        }
        match (&self.broken, outputs) {
            (Broken::Route(_), [_, error_table]) => {
                out.push(route::error_rows(&batch, &errors, error_table)?);
            }
            (Broken::Drop, _) => out.drop_rows(errors.rows.len()),
            _ => return Err(errors.fault()),
        }
        let mut keep = vec![true; batch.len()];
        errors.rows.keys().for_each(|row| keep[*row] = false);
        marked(batch, &BooleanArray::from(keep))?.into_iter().for_each(|batch| out.push(batch));
        Ok(())
    }
}
