//! Rules for single tables of one transform: the options that every transform takes beside its own.
//!
//! `table_transform` lists rules for tables named exactly; the options at the top are the rule of all other tables that
//! `table_match_regex` matches; what no rule names passes unchanged. A rule is the transform made anew from its own
//! options, so that a transform knows nothing of this.

use super::{Out, RunContext, State, Transform, TransformDef, TransformFactory, decode, encode};
use crate::model::{Fault, Problems, nearest, quoted};
use crate::options::{Kind, OptionDef, Options, Tree};
use crate::table::{Batch, CatalogTable, TablePath};
use async_trait::async_trait;
use fancy_regex::Regex;
use std::collections::HashMap;
use std::sync::Arc;

const MATCH: OptionDef = OptionDef::new(
    "table_match_regex",
    Kind::Text,
    "regular expression of the table paths (db.schema.table) that are transformed; others pass unchanged",
)
.default(".*");
const RULES: OptionDef = OptionDef::new(
    "table_transform",
    Kind::List,
    "rules for single tables: table_path and the options that it has instead of those at the top",
)
.of(&[TABLE_PATH]);
const MODE: OptionDef = OptionDef::new(
    "rule_match_mode",
    Kind::Choice(&["FIRST_MATCH", "ALL_MATCH"]),
    "what several rules for one table do: the first is used, or all in turn; without it they are refused",
);
const TABLE_PATH: OptionDef = OptionDef::new("table_path", Kind::Text, "the table's path").required();

/// What every transform takes to tell its tables apart.
pub const PER_TABLE: [OptionDef; 3] = [MATCH, RULES, MODE];

/// Version of the state's bytes.
const VERSION: u8 = 1;

/// Makes a transform with its rules for single tables.
///
/// Answers `None` after noting every problem.
#[must_use]
pub fn build_per_table(
    factory: &dyn TransformFactory,
    options: &Options<'_>,
) -> Option<Arc<dyn TransformDef>> {
    if !PER_TABLE.iter().any(|option| options.has(option)) {
        return factory.build(options);
    }
    let before = options.problems().error_count();
    let pattern = options.text(&MATCH).and_then(|text| {
        // a path is matched whole
        let whole = Regex::new(&format!(r"\A(?:{text})\z"));
        let wrong = |e| options.error(MATCH.key, format!("{} is no regular expression: {e}", quoted(&text)));
        Regex::new(&text).and(whole).map_err(wrong).ok()
    });
    let mode = options.choice(&MODE);
    let named = read_rules(factory, options, mode);
    let top = top_rule(factory, options);
    if options.problems().error_count() > before {
        return None;
    }
    let (top, named) = (top?, named?);
    let given = options.text(&MATCH).filter(|_| options.has(&MATCH));
    Some(Arc::new(PerTable { pattern: pattern?, given, top, named }))
}

/// The rule of the options at the top. Where single tables have rules and nothing stands at the top, there is none if
/// the transform wants options.
fn top_rule(factory: &dyn TransformFactory, options: &Options<'_>) -> Option<Option<Arc<dyn TransformDef>>> {
    let given = options.has(&MATCH) || factory.options().iter().any(|option| options.has(option));
    if given || !options.has(&RULES) {
        return factory.build(options).map(Some);
    }
    let unheard = Problems::default();
    Some(factory.build(&Options::new(options.map(), options.path(), &unheard)))
}

fn read_rules(
    factory: &dyn TransformFactory,
    options: &Options<'_>,
    mode: Option<&'static str>,
) -> Option<Vec<Rule>> {
    let mut rules: Vec<Rule> = Vec::new();
    for (index, item) in options.list(&RULES).unwrap_or_default().iter().enumerate() {
        let key = format!("{}[{index}]", RULES.key);
        let Tree::Map(map) = item else {
            options.error(&key, format!("{} is no rule; allowed: an object with table_path", item.kind()));
            continue;
        };
        let rule = Options::new(map, options.path_of(&key), options.problems());
        rule.warn_unknown(&[&[TABLE_PATH], factory.options()]);
        let (path, def) = (rule.text(&TABLE_PATH), factory.build(&rule));
        let (Some(path), Some(def)) = (path, def) else {
            continue;
        };
        match (rules.iter().any(|earlier| earlier.path == path), mode) {
            (true, None) => rule.error(
                TABLE_PATH.key,
                format!("table \"{path}\" has a rule already; set {} to FIRST_MATCH or ALL_MATCH", MODE.key),
            ),
            (true, Some("FIRST_MATCH")) => {}
            _ => rules.push(Rule { path, def, key }),
        }
    }
    Some(rules)
}

/// A rule for a table named exactly.
struct Rule {
    path: String,
    def: Arc<dyn TransformDef>,
    /// Where it stands: `table_transform[1]`.
    key: String,
}

struct PerTable {
    pattern: Regex,
    /// The text of `pattern`, if the user gave one.
    given: Option<String>,
    top: Option<Arc<dyn TransformDef>>,
    named: Vec<Rule>,
}

impl PerTable {
    /// Numbers of the rules that a table goes through: those of `named`, then the one at the top.
    fn rules_of(&self, path: &TablePath) -> Result<Vec<usize>, String> {
        let text = path.to_string();
        let named: Vec<usize> =
            (0..self.named.len()).filter(|index| self.named[*index].path == text).collect();
        if !named.is_empty() {
            return Ok(named);
        }
        let matches = self.pattern.is_match(&text).map_err(|e| {
            format!("{}: the regular expression was given up on table \"{text}\": {e}", MATCH.key)
        })?;
        Ok(if matches && self.top.is_some() { vec![self.named.len()] } else { Vec::new() })
    }

    fn def(&self, rule: usize) -> Option<&Arc<dyn TransformDef>> {
        self.named.get(rule).map(|rule| &rule.def).or(self.top.as_ref())
    }

    /// What one rule makes of tables; its messages name the rule.
    fn made(&self, rule: usize, tables: &[CatalogTable]) -> Result<Vec<CatalogTable>, Vec<String>> {
        let Some(def) = self.def(rule) else {
            return Ok(tables.to_vec());
        };
        let mut made = Vec::new();
        for table in tables {
            made.extend(def.schema(table).map_err(|messages| self.of_rule(rule, messages))?);
        }
        Ok(made)
    }

    /// For each rule the tables that come to it, as the rules before it leave them.
    fn taken(&self, tables: &[&CatalogTable]) -> Vec<Vec<CatalogTable>> {
        let mut taken = vec![Vec::new(); self.named.len() + 1];
        for table in tables {
            let mut made = vec![CatalogTable::clone(table)];
            for rule in self.rules_of(&table.path).unwrap_or_default() {
                taken[rule].extend(made.iter().cloned());
                made = self.made(rule, &made).unwrap_or_default();
            }
        }
        taken
    }

    /// Messages of a rule, with its place.
    fn of_rule(&self, rule: usize, messages: Vec<String>) -> Vec<String> {
        let Some(named) = self.named.get(rule) else {
            return messages;
        };
        let placed = |message: String| match has_option(&message) {
            true => format!("{}.{message}", named.key),
            false => format!("{}: {message}", named.key),
        };
        messages.into_iter().map(placed).collect()
    }
}

/// Whether a message begins with its option: `fields.a: …`.
fn has_option(message: &str) -> bool {
    message.split_once(": ").is_some_and(|(option, _)| !option.contains(char::is_whitespace))
}

impl TransformDef for PerTable {
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
        let rules = self.rules_of(&input.path).map_err(|message| vec![message])?;
        rules.into_iter().try_fold(vec![input.clone()], |tables, rule| self.made(rule, &tables))
    }

    /// Rules that no table takes, and what is odd for those that do.
    fn oddities(&self, ids: &[&str], tables: &[&CatalogTable]) -> Vec<String> {
        let paths: Vec<String> = tables.iter().map(|table| table.path.to_string()).collect();
        let here = format!("tables here: {}", paths.join(", "));
        let mut odd = Vec::new();
        for rule in self.named.iter().filter(|rule| !paths.contains(&rule.path)) {
            let near = nearest(&rule.path, paths.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            let message = format!("no table \"{}\" comes here; {here}{hint}", rule.path);
            odd.push(format!("{}.{}: {message}", rule.key, TABLE_PATH.key));
        }
        if let Some(given) = &self.given
            && !paths.iter().any(|path| self.pattern.is_match(path).unwrap_or(true))
        {
            odd.push(format!("{}: \"{given}\" matches no table; {here}", MATCH.key));
        }
        for (rule, taken) in self.taken(tables).iter().enumerate() {
            let taken: Vec<&CatalogTable> = taken.iter().collect();
            if let (Some(def), false) = (self.def(rule), taken.is_empty()) {
                odd.extend(self.of_rule(rule, def.oddities(ids, &taken)));
            }
        }
        odd
    }

    fn asks_service(&self) -> bool {
        (0..=self.named.len()).filter_map(|rule| self.def(rule)).any(|def| def.asks_service())
    }

    fn start(
        &self,
        context: &RunContext,
        inputs: &[CatalogTable],
        state: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        let mut seen: Vec<Vec<CatalogTable>> = vec![Vec::new(); self.named.len() + 1];
        let mut routes = HashMap::new();
        for input in inputs {
            let route = self.rules_of(&input.path).map_err(Fault::user)?;
            let mut tables = vec![input.clone()];
            for rule in &route {
                seen[*rule].extend(tables.iter().cloned());
                tables =
                    self.made(*rule, &tables).map_err(|messages| Fault::internal(messages.join("; ")))?;
            }
            routes.insert(input.path.clone(), route);
        }
        let states: Vec<Option<State>> =
            state.map_or_else(|| Ok(Vec::new()), |state| decode(VERSION, &state))?;
        let mut states = states.into_iter();
        let mut rules = Vec::with_capacity(seen.len());
        for (rule, tables) in seen.iter().enumerate() {
            let state = states.next().flatten();
            let def = self.def(rule).filter(|_| !tables.is_empty());
            rules.push(def.map(|def| def.start(context, tables, state)).transpose()?);
        }
        Ok(Box::new(Running { rules, routes }))
    }
}

struct Running {
    /// By number; `None`: no table goes through it.
    rules: Vec<Option<Box<dyn Transform>>>,
    /// The rules that each table goes through.
    routes: HashMap<TablePath, Vec<usize>>,
}

#[async_trait]
impl Transform for Running {
    async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault> {
        let Some(route) = self.routes.get(&batch.table.path) else {
            return Err(Fault::internal(format!("table {} was not planned for", batch.table.path)));
        };
        let mut batches = vec![batch];
        for rule in route {
            let Some(Some(rule)) = self.rules.get_mut(*rule) else {
                continue;
            };
            let mut next = Out::default();
            for batch in batches {
                rule.apply(batch, &mut next).await?;
            }
            out.drop_rows(next.dropped() as usize);
            out.add_rows(next.added() as usize);
            batches = next.take();
        }
        batches.into_iter().for_each(|batch| out.push(batch));
        Ok(())
    }

    fn snapshot(&self) -> Result<Option<State>, Fault> {
        let states = self.rules.iter().map(|rule| rule.as_ref().map_or(Ok(None), |rule| rule.snapshot()));
        let states: Vec<Option<State>> = states.collect::<Result<_, Fault>>()?;
        if states.iter().all(Option::is_none) { Ok(None) } else { encode(VERSION, &states).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttemptId, JobId};
    use crate::plugin::JobMode;
    use crate::runtime::JobLog;
    use arrow::record_batch::RecordBatch;

    /// Counts its batches; the count is its state.
    struct Counts;

    struct Count(u64);

    impl TransformFactory for Counts {
        fn name(&self) -> &'static str {
            "Counts"
        }

        fn options(&self) -> &'static [OptionDef] {
            &[]
        }

        fn build(&self, _: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
            Some(Arc::new(Counts))
        }
    }

    impl TransformDef for Counts {
        fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
            Ok(vec![input.clone()])
        }

        fn start(
            &self,
            _: &RunContext,
            _: &[CatalogTable],
            state: Option<State>,
        ) -> Result<Box<dyn Transform>, Fault> {
            Ok(Box::new(Count(state.map_or(Ok(0), |state| decode(1, &state))?)))
        }
    }

    #[async_trait]
    impl Transform for Count {
        async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault> {
            self.0 += 1;
            out.push(batch);
            Ok(())
        }

        fn snapshot(&self) -> Result<Option<State>, Fault> {
            encode(1, &self.0).map(Some)
        }
    }

    #[test]
    fn each_rule_keeps_its_own_state() {
        let tree: Tree = serde_json::from_str(
            r#"{"table_match_regex": "a|b", "table_transform": [{"table_path": "nowhere"}, {"table_path": "a"}]}"#,
        )
        .unwrap();
        let problems = Problems::default();
        let options = Options::new(tree.as_map().unwrap(), "t", &problems);
        let def = build_per_table(&Counts, &options).unwrap();
        let table = |path: &str| CatalogTable::new("T", TablePath::parse(path, false).unwrap(), Vec::new());
        let tables = ["a", "b", "c"].map(table);
        let context = RunContext {
            job: JobId(1),
            attempt: AttemptId { timeline: 1, number: 1 },
            mode: JobMode::Batch,
            parallelism: 1,
            is_restore: false,
            log: Arc::new(JobLog::nowhere()),
            working_dir: ".".into(),
        };
        let mut state = None;
        for round in 1..=2_u64 {
            let mut running = def.start(&context, &tables, state).unwrap();
            let mut out = Out::default();
            for table in [&tables[0], &tables[0], &tables[1], &tables[2]] {
                let rows = RecordBatch::new_empty(table.arrow_schema());
                let batch = Batch::inserts(Arc::new(table.clone()), rows);
                futures::executor::block_on(running.apply(batch, &mut out)).unwrap();
            }
            assert_eq!(out.batches().len(), 4);
            state = running.snapshot().unwrap();
            let states: Vec<Option<State>> = decode(VERSION, state.as_ref().unwrap()).unwrap();
            let counts: Vec<Option<u64>> =
                states.iter().map(|state| state.as_ref().map(|state| decode(1, state).unwrap())).collect();
            assert_eq!(
                counts,
                [None, Some(2 * round), Some(round)],
                "none, the rule of a, the one at the top"
            );
        }
    }
}
