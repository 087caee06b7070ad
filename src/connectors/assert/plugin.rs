//! Assert as a plug-in: factory, definition, attempt.

use super::compile::unknown_field;
use super::counts::Counts;
use super::rules::{self, RuleType, Rules, Scope, TableRules};
use super::writer::AssertWriter;
use crate::model::{Epoch, Fault, Problem};
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{
    Committer, Guarantee, RunContext, SinkDef, SinkFactory, SinkInput, SinkRun, State, Writer,
};
use crate::table::CatalogTable;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

const REPLICA: OptionDef =
    OptionDef::new("multi_table_sink_replica", Kind::Int, "writers of each table and instance")
        .default("1")
        .without_effect("rules are about all rows, whoever takes them");
const ALL: &[OptionDef] = &[rules::RULES, REPLICA];

/// Makes Asserts.
pub struct Factory;

impl SinkFactory for Factory {
    fn name(&self) -> &'static str {
        "Assert"
    }

    fn options(&self) -> &'static [OptionDef] {
        ALL
    }

    fn build(&self, options: &Options<'_>, input: &SinkInput<'_>) -> Option<Arc<dyn SinkDef>> {
        let rules = rules::read(options)?;
        let before = options.problems().error_count();
        for table in input.tables {
            if let Some(rules) = rules.of(&table.path.to_string()) {
                check_table(options, rules, table);
            }
        }
        check_absent(options, &rules, input.tables);
        (options.problems().error_count() == before).then(|| {
            let tables = input.tables.to_vec();
            Arc::new(Assert { rules: Arc::new(rules), tables }) as Arc<dyn SinkDef>
        })
    }
}

/// Notes what a table's own shape already contradicts.
fn check_table(options: &Options<'_>, rules: &TableRules, table: &CatalogTable) {
    let error = |key: &str, message: String| {
        options.problems().error(Problem::new(format!("{}.{key}", rules.path), message));
    };
    for (index, rule) in rules.fields.iter().enumerate() {
        if table.index_of(&rule.name).is_none() {
            error(&format!("field_rules[{index}].field_name"), unknown_field(&rule.name, table));
        }
    }
    for (key, message) in rules.catalog.iter().flat_map(|rule| rule.problems(table)) {
        error(&format!("catalog_table_rule.{key}"), format!("catalog table failed (ASSERT-03): {message}"));
    }
}

/// Notes rules about the shape of tables that there are not.
fn check_absent(options: &Options<'_>, rules: &Rules, tables: &[Arc<CatalogTable>]) {
    let Scope::Named(named) = &rules.scope else { return };
    if tables.is_empty() {
        return;
    }
    let paths: Vec<String> = tables.iter().map(|table| table.path.to_string()).collect();
    for (name, rules) in named {
        if rules.catalog.is_some() && !paths.contains(name) {
            let message = format!("there is no table {name}; tables are: {}", paths.join(", "));
            options.problems().error(Problem::new(format!("{}.table_path", rules.path), message));
        }
    }
}

/// A configured Assert.
struct Assert {
    rules: Arc<Rules>,
    tables: Vec<Arc<CatalogTable>>,
}

#[async_trait]
impl SinkDef for Assert {
    /// Nothing becomes visible, and counts go back with a checkpoint: no row is ever counted twice.
    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    async fn start(&self, _context: &RunContext) -> Result<Box<dyn SinkRun>, Fault> {
        let counts = Arc::new(Counts::default());
        Ok(Box::new(AssertRun { rules: self.rules.clone(), tables: self.tables.clone(), counts }))
    }

    async fn committer(&self, _context: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault> {
        Ok(None)
    }
}

/// An attempt.
struct AssertRun {
    rules: Arc<Rules>,
    tables: Vec<Arc<CatalogTable>>,
    counts: Arc<Counts>,
}

#[async_trait]
impl SinkRun for AssertRun {
    async fn writer(
        &self,
        _instance: usize,
        _next: Epoch,
        state: Option<State>,
    ) -> Result<Box<dyn Writer>, Fault> {
        let writer = AssertWriter::new(self.rules.clone(), self.counts.clone(), &self.tables, state)?;
        Ok(Box::new(writer))
    }

    async fn finish(&self) -> Result<(), Fault> {
        let counts = self.counts.snapshot();
        let mut judged: BTreeSet<String> = self.tables.iter().map(|table| table.path.to_string()).collect();
        judged.extend(counts.keys().cloned());
        if let Scope::Named(named) = &self.rules.scope {
            judged.extend(named.iter().map(|(name, _)| name.clone()));
        }
        for table in &judged {
            let rows = counts.get(table).copied().unwrap_or(0);
            for rule in self.rules.of(table).into_iter().flat_map(|rules| &rules.rows) {
                let passes = match rule.kind {
                    RuleType::MinRow => rows as f64 >= rule.bound.as_f64(),
                    RuleType::MaxRow => rows as f64 <= rule.bound.as_f64(),
                    _ => true,
                };
                if !passes {
                    return Err(Fault::user(format!(
                        "rule validate failed (ASSERT-01): row num :{rows} fail rule: \
                         AssertRule(ruleType={}, ruleValue={}) of table {table}",
                        rule.kind.name(),
                        rule.bound
                    )));
                }
            }
        }
        let seen: BTreeSet<&str> =
            counts.iter().filter(|(_, rows)| **rows > 0).map(|(table, _)| table.as_str()).collect();
        match &self.rules.table_names {
            Some(wanted) if !wanted.iter().map(String::as_str).eq(seen.iter().copied()) => {
                let list = |names: Vec<&str>| names.join(", ");
                Err(Fault::user(format!(
                    "rule validate failed (ASSERT-01): table names: [{}] is not equal to [{}]",
                    list(seen.into_iter().collect()),
                    list(wanted.iter().map(String::as_str).collect())
                )))
            }
            _ => Ok(()),
        }
    }
}
