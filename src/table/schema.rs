//! Reads the schema block of a job.

use super::catalog::{CatalogTable, Column, ConstraintKey, ConstraintKind, PrimaryKey, TablePath};
use super::types::DataType;
use crate::model::Problem;
use crate::options::{Kind, OptionDef, Options, Tree};

const TABLE: OptionDef =
    OptionDef::new("table", Kind::Text, "table, database.table or database.schema.table");
const SCHEMA_FIRST: OptionDef =
    OptionDef::new("schema_first", Kind::Bool, "whether a name of two parts is schema.table")
        .default("false");
const COMMENT: OptionDef = OptionDef::new("comment", Kind::Text, "comment");
const FIELDS: OptionDef = OptionDef::new("fields", Kind::Object, "name = type of every column");
const COLUMNS: OptionDef =
    OptionDef::new("columns", Kind::List, "the columns with all their properties").of(COLUMN);
const PRIMARY_KEY: OptionDef =
    OptionDef::new("primaryKey", Kind::Object, "name and columnNames").of(&[NAME, KEY_COLUMNS]);
const CONSTRAINT_KEYS: OptionDef =
    OptionDef::new("constraintKeys", Kind::List, "the other keys").of(CONSTRAINT);
/// What a `schema` takes.
pub const OPTIONS: &[OptionDef] =
    &[TABLE, SCHEMA_FIRST, COMMENT, FIELDS, COLUMNS, PRIMARY_KEY, CONSTRAINT_KEYS];

const NAME: OptionDef = OptionDef::new("name", Kind::Text, "its name").required();
const TYPE: OptionDef = OptionDef::new("type", Kind::Text, "its type");
const NULLABLE: OptionDef =
    OptionDef::new("nullable", Kind::Bool, "whether nulls are allowed").default("true");
const LENGTH: OptionDef = OptionDef::new("columnLength", Kind::Long, "its length");
const SCALE: OptionDef = OptionDef::new("columnScale", Kind::Int, "its scale, or a vector's dimension");
const DEFAULT: OptionDef = OptionDef::new("defaultValue", Kind::Text, "its default");
const COLUMN: &[OptionDef] = &[NAME, TYPE, NULLABLE, LENGTH, SCALE, DEFAULT, COMMENT];

const KEY_COLUMNS: OptionDef = OptionDef::new("columnNames", Kind::List, "the key's columns").required();
const CONSTRAINT_NAME: OptionDef = OptionDef::new("constraintName", Kind::Text, "its name").required();
const CONSTRAINT_TYPE: OptionDef = OptionDef::new(
    "constraintType",
    Kind::Choice(&["INDEX_KEY", "UNIQUE_KEY", "FOREIGN_KEY", "VECTOR_INDEX_KEY"]),
    "what kind of key it is",
)
.required();
const CONSTRAINT_COLUMNS: OptionDef =
    OptionDef::new("constraintColumns", Kind::List, "the key's columns").of(&[COLUMN_NAME, SORT_TYPE]);
const CONSTRAINT: &[OptionDef] = &[CONSTRAINT_NAME, CONSTRAINT_TYPE, CONSTRAINT_COLUMNS];
const COLUMN_NAME: OptionDef = OptionDef::new("columnName", Kind::Text, "name of a column").required();
const SORT_TYPE: OptionDef =
    OptionDef::new("sortType", Kind::Choice(&["ASC", "DESC"]), "its order").default("ASC");

/// Reads the `schema` of a source block: `fields` or `columns`, `primaryKey`, `constraintKeys`, `table`,
/// `schema_first`, `comment`. `output` is the block's output id, the table's name when the schema gives none
/// (it is split at dots by the same rule); without both it is `default.default.default`.
///
/// Answers `None` after noting every problem.
#[must_use]
pub fn read(schema: &Options<'_>, catalog: &str, output: Option<&str>) -> Option<CatalogTable> {
    let before = schema.problems().error_count();
    schema.warn_unknown(&[OPTIONS]);
    let path = read_path(schema, output);
    let columns = read_columns(schema);
    let primary_key = schema.object(&PRIMARY_KEY).and_then(|map| {
        let key = Options::new(&map, schema.path_of(PRIMARY_KEY.key), schema.problems());
        key.warn_unknown(&[PRIMARY_KEY.of]);
        let (name, columns) = (key.text(&NAME), key.texts(&KEY_COLUMNS));
        Some(PrimaryKey { name: name?, columns: columns? })
    });
    let constraint_keys = read_constraint_keys(schema);
    let comment = schema.text(&COMMENT);
    if schema.problems().error_count() > before {
        return None;
    }
    let mut table = CatalogTable::new(catalog, path?, columns);
    (table.primary_key, table.constraint_keys, table.comment) = (primary_key, constraint_keys, comment);
    Some(table)
}

fn read_path(schema: &Options<'_>, output: Option<&str>) -> Option<TablePath> {
    let schema_first = schema.bool(&SCHEMA_FIRST).unwrap_or(false);
    let given = schema.text(&TABLE).filter(|text| !text.is_empty());
    let Some(text) = given.as_deref().or(output.filter(|id| !id.is_empty())) else {
        return Some(TablePath::default_path());
    };
    let path = TablePath::parse(text, schema_first);
    if path.is_none() {
        let whose = if given.is_some() { "" } else { " (the output id, as the schema names no table)" };
        schema.error(
            TABLE.key,
            format!(
                "\"{text}\"{whose} has more than three parts; allowed: table, database.table, database.schema.table"
            ),
        );
    }
    path
}

fn read_columns(schema: &Options<'_>) -> Vec<Column> {
    let columns = match (schema.has(&FIELDS), schema.has(&COLUMNS)) {
        (true, true) => {
            schema.error(COLUMNS.key, "can't stand beside \"fields\"; give one of the two");
            return Vec::new();
        }
        (true, false) => read_fields(schema),
        (false, _) => read_long_form(schema),
    };
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|other| other.name == column.name) {
            let key = if schema.has(&FIELDS) { FIELDS.key } else { COLUMNS.key };
            schema.error(key, format!("the column \"{}\" is there twice", column.name));
        }
    }
    columns
}

fn read_fields(schema: &Options<'_>) -> Vec<Column> {
    let Some(map) = schema.object(&FIELDS) else {
        return Vec::new();
    };
    let path = schema.path_of(FIELDS.key);
    let mut columns = Vec::with_capacity(map.len());
    for (key, value) in &map {
        let note = |message: String| schema.problems().error(Problem::new(format!("{path}.{key}"), message));
        match (checked_name(key), DataType::from_tree(value)) {
            (Ok(name), Ok(data_type)) => columns.push(Column::new(name, data_type)),
            (Err(message), _) | (_, Err(message)) => note(message),
        }
    }
    columns
}

fn checked_name(name: &str) -> Result<&str, String> {
    match name.trim() {
        "" => Err("a column needs a name".into()),
        name if name.contains(',') => Err("a column's name can't have a comma".into()),
        name => Ok(name),
    }
}

fn read_long_form(schema: &Options<'_>) -> Vec<Column> {
    let list = schema.list(&COLUMNS).unwrap_or_default();
    let columns = list.iter().enumerate().filter_map(|(index, item)| {
        let path = format!("{}[{index}]", schema.path_of(COLUMNS.key));
        let Tree::Map(map) = item else {
            let message = format!("{} is not a column; allowed: an object with name and type", item.kind());
            schema.problems().error(Problem::new(path, message));
            return None;
        };
        let column = Options::new(map, path, schema.problems());
        column.warn_unknown(&[COLUMN]);
        let name = column.text(&NAME).and_then(|name| {
            checked_name(&name).map(str::to_owned).map_err(|e| column.error(NAME.key, e)).ok()
        });
        let data_type = read_type(&column);
        let (nullable, length, scale) = (column.bool(&NULLABLE), column.long(&LENGTH), column.int(&SCALE));
        Some(Column {
            name: name?,
            data_type: with_dimension(data_type?, scale),
            nullable: nullable?,
            length,
            scale,
            default: column.raw(&DEFAULT).cloned(),
            comment: column.text(&COMMENT),
            sink_type: None,
        })
    });
    columns.collect()
}

fn read_type(column: &Options<'_>) -> Option<DataType> {
    match column.raw(&TYPE) {
        Some(value) => DataType::from_tree(value).map_err(|e| column.error(TYPE.key, e)).ok(),
        None => {
            column.error(TYPE.key, format!("is required ({})", TYPE.about));
            None
        }
    }
}

fn with_dimension(data_type: DataType, scale: Option<i32>) -> DataType {
    match data_type {
        DataType::Vector(kind, 0) => {
            DataType::Vector(kind, scale.and_then(|s| u32::try_from(s).ok()).unwrap_or(0))
        }
        other => other,
    }
}

fn read_constraint_keys(schema: &Options<'_>) -> Vec<ConstraintKey> {
    let list = schema.list(&CONSTRAINT_KEYS).unwrap_or_default();
    let keys = list.iter().enumerate().filter_map(|(index, item)| {
        let path = format!("{}[{index}]", schema.path_of(CONSTRAINT_KEYS.key));
        let key = block(schema, item, path)?;
        key.warn_unknown(&[CONSTRAINT]);
        let name = key.text(&CONSTRAINT_NAME);
        let kind = key.choice(&CONSTRAINT_TYPE).map(|kind| match kind {
            "UNIQUE_KEY" => ConstraintKind::Unique,
            "FOREIGN_KEY" => ConstraintKind::Foreign,
            "VECTOR_INDEX_KEY" => ConstraintKind::VectorIndex,
            _ => ConstraintKind::Index,
        });
        let columns = key.list(&CONSTRAINT_COLUMNS).unwrap_or_default();
        let columns = columns.iter().enumerate().filter_map(|(index, item)| {
            let path = format!("{}[{index}]", key.path_of(CONSTRAINT_COLUMNS.key));
            let column = block(schema, item, path)?;
            column.warn_unknown(&[CONSTRAINT_COLUMNS.of]);
            let (name, sort) = (column.text(&COLUMN_NAME), column.choice(&SORT_TYPE));
            Some((name?, sort? == "ASC"))
        });
        let columns = columns.collect();
        Some(ConstraintKey { name: name?, kind: kind?, columns })
    });
    keys.collect()
}

/// The options of one element of a list, which must be an object.
fn block<'a>(schema: &Options<'a>, item: &'a Tree, path: String) -> Option<Options<'a>> {
    match item {
        Tree::Map(map) => Some(Options::new(map, path, schema.problems())),
        other => {
            schema.problems().error(Problem::new(path, format!("{} is not an object", other.kind())));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Problems;

    fn read_text(json: &str, output: Option<&str>) -> Result<CatalogTable, Vec<String>> {
        let tree: Tree = serde_json::from_str(json).unwrap();
        let problems = Problems::default();
        let schema = Options::new(tree.as_map().unwrap(), "source[0].FakeSource.schema", &problems);
        let table = read(&schema, "FakeSource", output);
        let errors: Vec<String> = problems.into_parts().0.iter().map(ToString::to_string).collect();
        assert_eq!(table.is_none(), !errors.is_empty());
        table.ok_or(errors)
    }

    #[test]
    fn short_form() {
        let table =
            read_text(r#"{"fields": {" a ": "int", "A": "string", "r": {"x": "int"}}}"#, None).unwrap();
        let shown: Vec<String> =
            table.columns.iter().map(|c| format!("{} {}", c.name, c.data_type)).collect();
        assert_eq!(shown, ["a INT", "A STRING", "r ROW<x INT>"]);
        assert_eq!(table.path.to_string(), "default.default.default");
        assert!(table.columns[0].nullable && table.columns[0].length.is_none());
        assert!(read_text("{}", None).unwrap().columns.is_empty());
    }

    #[test]
    fn long_form_with_keys() {
        let table = read_text(
            r#"{"table": "db.t", "comment": "c", "columns": [
                {"name": "a", "type": "int", "nullable": "false", "columnLength": "4", "comment": 5, "defaultValue": 7},
                {"name": "v", "type": "float_vector", "columnScale": 4}],
              "primaryKey": {"name": "pk", "columnNames": ["a"]},
              "constraintKeys": [{"constraintName": "u", "constraintType": "unique_key",
                "constraintColumns": [{"columnName": "a", "sortType": "desc"}, {"columnName": "v"}]}]}"#,
            Some("x.y"),
        )
        .unwrap();
        assert_eq!(table.path.to_string(), "db.t");
        let a = &table.columns[0];
        assert_eq!((a.nullable, a.length, a.comment.as_deref()), (false, Some(4), Some("5")));
        assert_eq!(a.default, Some(Tree::Int(7)));
        assert_eq!(table.columns[1].data_type, DataType::Vector(crate::table::VectorKind::Float, 4));
        assert_eq!(table.primary_key.unwrap().columns, ["a"]);
        let key = &table.constraint_keys[0];
        assert_eq!(key.kind, ConstraintKind::Unique);
        assert_eq!(key.columns, [("a".to_owned(), false), ("v".to_owned(), true)]);
    }

    #[test]
    fn names_of_the_table() {
        let path = |json: &str, output| read_text(json, output).unwrap().path;
        assert_eq!(path(r#"{"table": ""}"#, Some("fake")).to_string(), "fake");
        assert_eq!(path("{}", Some("a.b")).database.as_deref(), Some("a"));
        let schema_first = path(r#"{"table": "s.t", "schema_first": true}"#, None);
        assert_eq!((schema_first.database, schema_first.schema.as_deref()), (None, Some("s")));
    }

    #[test]
    fn every_problem_has_its_path() {
        let errors = read_text(
            r#"{"table": "a.b.c.d", "fields": {"a": "integer", "b,c": "int", "": "int", "l": ["int"], "t": true}, "primaryKey": {"columns": ["a"]}}"#,
            None,
        )
        .unwrap_err();
        let paths: Vec<&str> = errors.iter().map(|e| e.split(": ").next().unwrap()).collect();
        let at = "source[0].FakeSource.schema";
        let wanted = [
            "table",
            "fields.a",
            "fields.b,c",
            "fields.",
            "fields.l",
            "fields.t",
            "primaryKey.name",
            "primaryKey.columnNames",
        ];
        assert_eq!(paths, wanted.map(|w| format!("{at}.{w}")));
        for (json, part) in [
            (r#"{"fields": {}, "columns": []}"#, "fields"),
            (r#"{"columns": [{"type": "int"}]}"#, "columns[0].name: is required"),
            (r#"{"columns": [{"name": "a"}]}"#, "columns[0].type: is required"),
            (r#"{"columns": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#, "twice"),
            (r#"{"columns": [5]}"#, "columns[0]: an integer"),
            (r#"{"fields": {"a": "int", " a": "int"}}"#, "twice"),
            (r#"{"fields": ["a", "int"]}"#, "not an object"),
            (
                r#"{"constraintKeys": [{"constraintName": "u", "constraintType": "X"}]}"#,
                "constraintKeys[0].constraintType",
            ),
        ] {
            let errors = read_text(json, None).unwrap_err();
            assert!(errors[0].contains(part), "{json}: {errors:?}");
        }
    }
}
