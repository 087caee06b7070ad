//! The transform: its options, and what it does per table.

use super::parse::{Parsed, parse};
use super::program::{Program, compile};
use crate::model::{Fault, Problem};
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{Out, TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable};
use crate::transforms::stateless::{Stateless, Tables};
use std::sync::Arc;

const QUERY: OptionDef =
    OptionDef::new("query", Kind::Text, "SELECT … FROM table [LATERAL VIEW …] [WHERE …]").required();
const ENGINE: OptionDef = OptionDef::new("engine", Kind::Choice(&["ZETA", "INTERNAL"]), "whose SQL it is")
    .default("ZETA")
    .without_effect("both are the same here");

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "Sql"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[QUERY, ENGINE]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (query, engine) = (options.text(&QUERY), options.choice(&ENGINE));
        let query = parse(&query?).map_err(|e| options.error(QUERY.key, e)).ok()?;
        engine?;
        for clause in &query.ignored {
            let warning = Problem::new(options.path_of(QUERY.key), format!("{clause} has no effect"));
            options.problems().warning(warning);
        }
        Some(Arc::new(Stateless(Sql { query: Arc::new(query) })))
    }
}

#[derive(Clone)]
struct Sql {
    query: Arc<Parsed>,
}

impl Tables for Sql {
    type Step = Program;

    /// The engine takes the rows that come, whatever FROM says; `dual` says nothing.
    fn oddities(&self, ids: &[&str], tables: &[&CatalogTable]) -> Vec<String> {
        let named = &self.query.table;
        let is = |name: &str| name.eq_ignore_ascii_case(named);
        let known = tables.iter().any(|table| is(&table.path.table) || is(&table.path.to_string()));
        if ids.is_empty() || is("dual") || known || ids.iter().any(|id| is(id)) {
            return Vec::new();
        }
        let rows = ids.join("\", \"");
        vec![format!("{}: FROM {named} has no effect; the rows are those of \"{rows}\"", QUERY.key)]
    }

    fn plan(&self, input: &CatalogTable) -> Result<(Vec<CatalogTable>, Program), Vec<String>> {
        let compiled = compile(&self.query, input).map_err(|problems| -> Vec<String> {
            problems.into_iter().map(|problem| format!("{}: {problem}", QUERY.key)).collect()
        });
        compiled.map(|(output, program)| (vec![output], program))
    }

    fn apply(
        &self,
        program: &Program,
        outputs: &[Arc<CatalogTable>],
        batch: Batch,
        out: &mut Out,
    ) -> Result<(), Fault> {
        outputs.iter().try_for_each(|output| program.run(output, batch.clone(), out))
    }
}
