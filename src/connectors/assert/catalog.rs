//! Rules about a table itself: its name, keys and columns. Checked when the sink is built.

use super::rules::{each_object, strict_list};
use crate::model::{MASK, is_secret};
use crate::options::{Kind, OptionDef, Options, convert};
use crate::table::{CatalogTable, Column, ConstraintKey, ConstraintKind, DataType, PrimaryKey};

const IDENTIFIER: OptionDef =
    OptionDef::new("table_identifier_rule", Kind::Object, "catalogue and table").of(&[CATALOG_NAME, TABLE]);
const CATALOG_NAME: OptionDef =
    OptionDef::new("catalog_name", Kind::Text, "name of the catalogue").required();
const TABLE: OptionDef = OptionDef::new("table", Kind::Text, "path of the table").required();
const PRIMARY_KEY: OptionDef =
    OptionDef::new("primary_key_rule", Kind::Object, "the primary key").of(&[PRIMARY_NAME, PRIMARY_COLUMNS]);
const PRIMARY_NAME: OptionDef = OptionDef::new("primary_key_name", Kind::Text, "name of the key").required();
const PRIMARY_COLUMNS: OptionDef = OptionDef::new("primary_key_columns", Kind::List, "columns of the key");
const CONSTRAINTS: OptionDef = OptionDef::new("constraint_key_rule", Kind::List, "all other keys, in order")
    .of(&[KEY_NAME, KEY_TYPE, KEY_COLUMNS]);
const KEY_NAME: OptionDef = OptionDef::new("constraint_key_name", Kind::Text, "name of the key").required();
const KEY_TYPE: OptionDef = OptionDef::new(
    "constraint_key_type",
    Kind::Choice(&["INDEX_KEY", "UNIQUE_KEY", "FOREIGN_KEY", "VECTOR_INDEX_KEY"]),
    "type of the key",
)
.required();
const KEY_COLUMNS: OptionDef =
    OptionDef::new("constraint_key_columns", Kind::List, "columns of the key").of(&[KEY_COLUMN, KEY_SORT]);
const KEY_COLUMN: OptionDef =
    OptionDef::new("constraint_key_column_name", Kind::Text, "column of the key").required();
const KEY_SORT: OptionDef =
    OptionDef::new("constraint_key_sort_type", Kind::Choice(&["ASC", "DESC"]), "its order").default("ASC");
const COLUMNS: OptionDef = OptionDef::new("column_rule", Kind::List, "all columns, in order")
    .of(&[NAME, TYPE, LENGTH, NULLABLE, DEFAULT, COMMENT]);
const NAME: OptionDef = OptionDef::new("name", Kind::Text, "name of the column").required();
const TYPE: OptionDef = OptionDef::new("type", Kind::Text, "type of the column").required();
const LENGTH: OptionDef = OptionDef::new("column_length", Kind::Long, "its length").default("0");
const NULLABLE: OptionDef = OptionDef::new("nullable", Kind::Bool, "whether it may be null").default("true");
const DEFAULT: OptionDef = OptionDef::new("default_value", Kind::Text, "its default");
const COMMENT: OptionDef = OptionDef::new("comment", Kind::Text, "its comment");
/// What a rule about a table takes.
pub(super) const OPTIONS: &[OptionDef] = &[IDENTIFIER, PRIMARY_KEY, CONSTRAINTS, COLUMNS];

/// What a table must be; what is `None` may be anything.
#[derive(Clone, Debug)]
pub(super) struct CatalogRule {
    identifier: Option<(String, String)>,
    primary_key: Option<PrimaryKey>,
    constraints: Option<Vec<ConstraintKey>>,
    columns: Option<Vec<Column>>,
}

/// Reads the block; `None` after noting every problem.
pub(super) fn read(options: &Options<'_>) -> Option<CatalogRule> {
    let before = options.problems().error_count();
    options.warn_unknown(&[OPTIONS]);
    let identifier =
        block(options, &IDENTIFIER, |rule| Some((rule.text(&CATALOG_NAME)?, rule.text(&TABLE)?)));
    let primary_key = block(options, &PRIMARY_KEY, |rule| {
        let name = rule.text(&PRIMARY_NAME);
        let columns =
            strict_list(rule, &PRIMARY_COLUMNS).map(|list| list.iter().map(convert::to_text).collect());
        if !rule.has(&PRIMARY_COLUMNS) {
            rule.error(PRIMARY_COLUMNS.key, "is required (columns of the key)");
        }
        Some(PrimaryKey { name: name?, columns: columns? })
    });
    let constraints = options.has(&CONSTRAINTS).then(|| {
        let mut keys = Vec::new();
        each_object(options, &CONSTRAINTS, |rule| keys.extend(read_key(rule)));
        keys
    });
    let columns = strict_list(options, &COLUMNS).map(|_| {
        let mut columns = Vec::new();
        each_object(options, &COLUMNS, |rule| columns.extend(read_column(rule)));
        columns
    });
    (options.problems().error_count() == before).then_some(CatalogRule {
        identifier,
        primary_key,
        constraints,
        columns,
    })
}

fn block<T>(
    options: &Options<'_>,
    option: &OptionDef,
    read: impl Fn(&Options<'_>) -> Option<T>,
) -> Option<T> {
    if !options.has(option) {
        return None;
    }
    let map = options.object(option)?;
    let block = Options::new(&map, options.path_of(option.key), options.problems());
    block.warn_unknown(&[option.of]);
    read(&block)
}

fn read_key(rule: &Options<'_>) -> Option<ConstraintKey> {
    rule.warn_unknown(&[CONSTRAINTS.of]);
    let kind = rule.choice(&KEY_TYPE).map(|kind| match kind {
        "UNIQUE_KEY" => ConstraintKind::Unique,
        "FOREIGN_KEY" => ConstraintKind::Foreign,
        "VECTOR_INDEX_KEY" => ConstraintKind::VectorIndex,
        _ => ConstraintKind::Index,
    });
    let mut columns = Vec::new();
    each_object(rule, &KEY_COLUMNS, |column| {
        column.warn_unknown(&[KEY_COLUMNS.of]);
        let name = column.text(&KEY_COLUMN);
        let ascending = column.choice(&KEY_SORT) == Some("ASC");
        columns.extend(name.map(|name| (name, ascending)));
    });
    Some(ConstraintKey { name: rule.text(&KEY_NAME)?, kind: kind?, columns })
}

fn read_column(rule: &Options<'_>) -> Option<Column> {
    rule.warn_unknown(&[COLUMNS.of]);
    let data_type = match rule.raw(&TYPE) {
        Some(given) => DataType::from_tree(given).map_err(|message| rule.error(TYPE.key, message)).ok(),
        None => rule.text(&TYPE).and(None),
    };
    let name = rule.text(&NAME);
    let (length, nullable) = (rule.long(&LENGTH), rule.bool(&NULLABLE));
    let mut column = Column::new(name?, data_type?);
    column.length = Some(length?);
    column.nullable = nullable?;
    column.default = rule.raw(&DEFAULT).cloned();
    column.comment = rule.text(&COMMENT);
    Some(column)
}

impl CatalogRule {
    /// What is wrong with `table`, with the key of the rule that says so. A length that is not given is 0; scales are
    /// not compared, because a rule can't name one.
    pub(super) fn problems(&self, table: &CatalogTable) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if let Some((catalog, path)) = &self.identifier
            && (*catalog != table.catalog || *path != table.path.to_string())
        {
            let found = format!("{}.{}", table.catalog, table.path);
            problems.push((IDENTIFIER.key, format!("table {found} is not equal to {catalog}.{path}")));
        }
        match (&self.primary_key, &table.primary_key) {
            (Some(wanted), Some(found)) if wanted != found => problems.push((
                PRIMARY_KEY.key,
                format!("primary key {} is not equal to {}", key_text(found), key_text(wanted)),
            )),
            (Some(wanted), None) => problems
                .push((PRIMARY_KEY.key, format!("there is no primary key, wanted is {}", key_text(wanted)))),
            _ => {}
        }
        if let Some(wanted) = &self.constraints
            && *wanted != table.constraint_keys
        {
            let names =
                |keys: &[ConstraintKey]| keys.iter().map(constraint_text).collect::<Vec<_>>().join(", ");
            let (found, wanted) = (names(&table.constraint_keys), names(wanted));
            problems
                .push((CONSTRAINTS.key, format!("constraint keys [{found}] are not equal to [{wanted}]")));
        }
        if let Some(wanted) = &self.columns
            && !(wanted.len() == table.columns.len()
                && wanted.iter().zip(&table.columns).all(|(wanted, found)| alike(wanted, found)))
        {
            let names = |columns: &[Column]| columns.iter().map(column_text).collect::<Vec<_>>().join(", ");
            let (found, wanted) = (names(&table.columns), names(wanted));
            problems.push((COLUMNS.key, format!("columns [{found}] are not equal to [{wanted}]")));
        }
        problems
    }
}

fn alike(wanted: &Column, found: &Column) -> bool {
    let default = |column: &Column| column.default.as_ref().map(convert::to_text);
    wanted.name == found.name
        && wanted.data_type == found.data_type
        && wanted.nullable == found.nullable
        && wanted.length.unwrap_or(0) == found.length.unwrap_or(0)
        && default(wanted) == default(found)
        && wanted.comment == found.comment
}

fn key_text(key: &PrimaryKey) -> String {
    format!("{} ({})", key.name, key.columns.join(", "))
}

fn constraint_text(key: &ConstraintKey) -> String {
    let column =
        |(name, ascending): &(String, bool)| format!("{name} {}", if *ascending { "ASC" } else { "DESC" });
    let columns: Vec<String> = key.columns.iter().map(column).collect();
    format!("{} {:?} ({})", key.name, key.kind, columns.join(", "))
}

fn column_text(column: &Column) -> String {
    let mut text = format!("{} {} length {}", column.name, column.data_type, column.length.unwrap_or(0));
    if !column.nullable {
        text.push_str(" not null");
    }
    if let Some(default) = &column.default {
        let default = if is_secret(&column.name) { MASK.to_owned() } else { convert::shown(default) };
        text.push_str(&format!(" default {default}"));
    }
    if let Some(comment) = &column.comment {
        text.push_str(&format!(" comment {comment:?}"));
    }
    text
}
