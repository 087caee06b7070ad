//! Reads the `rules` block.

use super::bound::Bound;
use super::catalog::{self, CatalogRule};
use crate::model::{Problem, nearest};
use crate::options::{Kind, OptionDef, Options, Tree, convert};
use crate::table::DataType;
use std::collections::BTreeSet;

pub(super) const RULES: OptionDef =
    OptionDef::new("rules", Kind::Object, "what must hold: row_rules, field_rules, …").required().of(&[
        ROW_RULES,
        FIELD_RULES,
        CATALOG_RULE,
        TABLE_NAMES,
        TABLES,
    ]);

const ROW_RULES: OptionDef =
    OptionDef::new("row_rules", Kind::List, "MIN_ROW and MAX_ROW").of(&[RULE_TYPE, RULE_VALUE]);
const FIELD_RULES: OptionDef = OptionDef::new("field_rules", Kind::List, "type and values of columns").of(&[
    FIELD_NAME,
    FIELD_TYPE,
    FIELD_VALUE,
]);
const CATALOG_RULE: OptionDef =
    OptionDef::new("catalog_table_rule", Kind::Object, "name, keys and columns of the table")
        .of(catalog::OPTIONS);
const TABLE_NAMES: OptionDef = OptionDef::new("table-names", Kind::List, "exactly the tables that must come");
const TABLES: OptionDef = OptionDef::new("tables_configs", Kind::List, "rules per table").of(&[
    TABLE_PATH,
    ROW_RULES,
    FIELD_RULES,
    CATALOG_RULE,
]);
const TABLE_PATH: OptionDef = OptionDef::new("table_path", Kind::Text, "table of these rules").required();
const FIELD_NAME: OptionDef = OptionDef::new("field_name", Kind::Text, "column of the rule").required();
const FIELD_TYPE: OptionDef = OptionDef::new("field_type", Kind::Text, "type that its values must have");
const FIELD_VALUE: OptionDef = OptionDef::new("field_value", Kind::List, "rules about its values")
    .of(&[RULE_TYPE, RULE_VALUE, EQUALS_TO]);
const RULE_TYPE: OptionDef = OptionDef::new(
    "rule_type",
    Kind::Text,
    "NOT_NULL, NULL, MIN, MAX, MIN_LENGTH or MAX_LENGTH; among row_rules MIN_ROW or MAX_ROW",
);
const RULE_VALUE: OptionDef = OptionDef::new("rule_value", Kind::Double, "number of the rule");
const EQUALS_TO: OptionDef = OptionDef::new("equals_to", Kind::Text, "literal that the value must equal");

/// Kind of a rule about a value or a row count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleType {
    /// The value is not null.
    NotNull,
    /// The value is null.
    Null,
    /// Smallest number.
    Min,
    /// Largest number.
    Max,
    /// Shortest text.
    MinLength,
    /// Longest text.
    MaxLength,
    /// Fewest rows.
    MinRow,
    /// Most rows.
    MaxRow,
}

impl RuleType {
    const ALL: [RuleType; 8] = [
        RuleType::NotNull,
        RuleType::Null,
        RuleType::Min,
        RuleType::Max,
        RuleType::MinLength,
        RuleType::MaxLength,
        RuleType::MinRow,
        RuleType::MaxRow,
    ];

    /// Its name in job files.
    pub(super) fn name(self) -> &'static str {
        match self {
            RuleType::NotNull => "NOT_NULL",
            RuleType::Null => "NULL",
            RuleType::Min => "MIN",
            RuleType::Max => "MAX",
            RuleType::MinLength => "MIN_LENGTH",
            RuleType::MaxLength => "MAX_LENGTH",
            RuleType::MinRow => "MIN_ROW",
            RuleType::MaxRow => "MAX_ROW",
        }
    }

    fn needs_value(self) -> bool {
        !matches!(self, RuleType::NotNull | RuleType::Null)
    }
}

/// A rule about a row count. Other kinds than `MIN_ROW` and `MAX_ROW` always pass here.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowRule {
    /// Kind.
    pub kind: RuleType,
    /// Its number.
    pub bound: Bound,
}

/// The type that a column's values must have.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Not given: whatever the column has.
    Any,
    /// Given, but as something that is no type: no value has it.
    Impossible(String),
    /// This one.
    Type(DataType),
}

/// Rules about one column.
#[derive(Clone, Debug)]
pub(super) struct FieldRule {
    /// The column.
    pub name: String,
    /// Its type.
    pub wanted: Wanted,
    /// Rules about its values.
    pub values: Vec<ValueRule>,
}

/// A rule about a value: a kind, a literal, both or none.
#[derive(Clone, Debug)]
pub(super) struct ValueRule {
    /// Kind.
    pub kind: Option<RuleType>,
    /// The kind's number.
    pub bound: Option<Bound>,
    /// Literal.
    pub equals_to: Option<Tree>,
}

/// Everything that is demanded of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct TableRules {
    /// Path of these rules in the job.
    pub path: String,
    /// Row counts.
    pub rows: Vec<RowRule>,
    /// Columns.
    pub fields: Vec<FieldRule>,
    /// The table itself.
    pub catalog: Option<CatalogRule>,
    /// Whether there was any rule, an empty list included.
    given: bool,
}

/// Which tables the rules are for.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// The same rules for each table by itself.
    Each(TableRules),
    /// Rules for these tables; others pass.
    Named(Vec<(String, TableRules)>),
}

/// All rules of a sink.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Rules about tables.
    pub scope: Scope,
    /// Exactly the tables that must have rows.
    pub table_names: Option<BTreeSet<String>>,
}

impl Rules {
    /// The rules of one table.
    pub(super) fn of(&self, table: &str) -> Option<&TableRules> {
        match &self.scope {
            Scope::Each(rules) => Some(rules),
            Scope::Named(tables) => tables.iter().find(|(name, _)| name == table).map(|(_, rules)| rules),
        }
    }
}

/// Reads the rules; `None` after noting every problem.
pub(super) fn read(options: &Options<'_>) -> Option<Rules> {
    let before = options.problems().error_count();
    let map = options.object(&RULES)?;
    let rules = Options::new(&map, options.path_of(RULES.key), options.problems());
    rules.warn_unknown(&[RULES.of]);
    let scope = if rules.has(&TABLES) {
        let mut named = Vec::new();
        each_object(&rules, &TABLES, |entry| {
            entry.warn_unknown(&[TABLES.of]);
            let name = entry.text(&TABLE_PATH);
            let table = read_table(entry);
            named.extend(name.map(|name| (name, table)));
        });
        Scope::Named(named)
    } else {
        Scope::Each(read_table(&rules))
    };
    let names = strict_list(&rules, &TABLE_NAMES)
        .map(|names| names.iter().map(convert::to_text).collect::<BTreeSet<_>>())
        .filter(|names| !names.is_empty());
    (options.problems().error_count() == before).then_some(())?;
    let given = match &scope {
        Scope::Each(table) => table.given,
        Scope::Named(tables) => tables.iter().any(|(_, table)| table.given),
    };
    if !given && names.is_none() {
        options.error(
            RULES.key,
            "holds no rule; give row_rules, field_rules, catalog_table_rule or table-names",
        );
        return None;
    }
    Some(Rules { scope, table_names: names })
}

fn read_table(options: &Options<'_>) -> TableRules {
    let mut rules = TableRules { path: options.path().to_owned(), ..TableRules::default() };
    rules.given = [ROW_RULES, FIELD_RULES, CATALOG_RULE].iter().any(|option| options.has(option));
    each_object(options, &ROW_RULES, |rule| {
        rule.warn_unknown(&[ROW_RULES.of]);
        if let (Some(Some(kind)), Some(bound)) = (read_type(rule), read_bound(rule)) {
            rules.rows.extend(bound.map(|bound| RowRule { kind, bound }));
        }
    });
    each_object(options, &FIELD_RULES, |rule| {
        rule.warn_unknown(&[FIELD_RULES.of]);
        let mut values = Vec::new();
        each_object(rule, &FIELD_VALUE, |value| {
            value.warn_unknown(&[FIELD_VALUE.of]);
            if let (Some(kind), Some(bound)) = (read_type(value), read_bound(value)) {
                values.push(ValueRule { kind, bound, equals_to: value.raw(&EQUALS_TO).cloned() });
            }
        });
        if let (Some(name), Some(wanted)) = (rule.text(&FIELD_NAME), read_wanted(rule)) {
            rules.fields.push(FieldRule { name, wanted, values });
        }
    });
    if options.has(&CATALOG_RULE)
        && let Some(map) = options.object(&CATALOG_RULE)
    {
        let block = Options::new(&map, options.path_of(CATALOG_RULE.key), options.problems());
        rules.catalog = catalog::read(&block);
    }
    rules
}

/// The kind of a rule: `Some(None)` when none is given, `None` after noting a problem.
fn read_type(rule: &Options<'_>) -> Option<Option<RuleType>> {
    let Some(text) = rule.text(&RULE_TYPE) else {
        return Some(None);
    };
    let kind = RuleType::ALL.into_iter().find(|kind| kind.name() == text);
    let Some(kind) = kind else {
        let names = RuleType::ALL.map(RuleType::name);
        let mut problem = Problem::new(
            rule.path_of(RULE_TYPE.key),
            format!("{text:?} is no rule type; allowed: {}", names.join(", ")),
        );
        if let Some(near) = nearest(&text, names) {
            problem = problem.hint(format!("did you mean \"{near}\"?"));
        }
        rule.problems().error(problem);
        return None;
    };
    if kind.needs_value() && !rule.has(&RULE_VALUE) {
        rule.error(RULE_VALUE.key, format!("is required for {}", kind.name()));
        return None;
    }
    Some(Some(kind))
}

/// The number of a rule: `Some(None)` when none is given, `None` after noting a problem.
fn read_bound(rule: &Options<'_>) -> Option<Option<Bound>> {
    let Some(value) = rule.raw(&RULE_VALUE) else {
        return Some(None);
    };
    match Bound::read(value) {
        Ok(bound) => Some(Some(bound)),
        Err(message) => {
            rule.error(RULE_VALUE.key, message);
            None
        }
    }
}

/// The type of a field rule; `None` after noting a problem.
fn read_wanted(rule: &Options<'_>) -> Option<Wanted> {
    match rule.raw(&FIELD_TYPE) {
        None => Some(Wanted::Any),
        Some(given @ (Tree::Text(_) | Tree::Map(_))) => match DataType::from_tree(given) {
            Ok(data_type) => Some(Wanted::Type(data_type)),
            Err(message) => {
                rule.error(FIELD_TYPE.key, message);
                None
            }
        },
        Some(other) => {
            let message = format!("{} is no type, so no value will pass", convert::shown(other));
            rule.problems().warning(Problem::new(rule.path_of(FIELD_TYPE.key), &*message));
            Some(Wanted::Impossible(other.to_json()))
        }
    }
}

/// A list that must be written as one.
pub(super) fn strict_list<'t>(options: &Options<'t>, option: &OptionDef) -> Option<&'t [Tree]> {
    let value = options.raw(option)?;
    let list = value.as_list();
    if list.is_none() {
        options.error(option.key, format!("{} is no list", convert::shown(value)));
    }
    list
}

/// Reads each element of a list of objects.
pub(super) fn each_object(options: &Options<'_>, option: &OptionDef, mut read: impl FnMut(&Options<'_>)) {
    for (index, element) in strict_list(options, option).unwrap_or_default().iter().enumerate() {
        let key = format!("{}[{index}]", option.key);
        match element {
            Tree::Map(map) => read(&Options::new(map, options.path_of(&key), options.problems())),
            other => options.error(&key, format!("{} is no object", convert::shown(other))),
        }
    }
}
