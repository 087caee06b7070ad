//! Transforms that choose and change columns.

use super::{batch, build, run_on};
use crate::table::{CatalogTable, DataType};

/// Runs a transform over [`batch`]: one text a row, and the table.
fn run(name: &str, options: &str) -> Result<(Vec<String>, CatalogTable), Vec<String>> {
    let mut ran = run_on(name, options, vec![batch()])?;
    let rows = ran.rows.iter().map(|row| row.strip_prefix("db.t ").unwrap().to_owned()).collect();
    Ok((rows, ran.tables.remove(0)))
}

fn names(table: &CatalogTable) -> Vec<&str> {
    table.columns.iter().map(|c| c.name.as_str()).collect()
}

#[test]
fn copy_appends_and_takes_places() {
    let (rows, table) = run("copy", r#"{"fields": {"name2": "name", "score": "id"}}"#).unwrap();
    assert_eq!(names(&table), ["id", "name", "score", "name2"]);
    assert_eq!(rows[0], "+I 1|Joy Ding|1|Joy Ding");
    let (rows, _) = run("Copy", r#"{"src_field": "id", "dest_field": "id2"}"#).unwrap();
    assert_eq!(rows[1], "-U 2|a b c|10000000000.0|2");
}

#[test]
fn field_mapper_and_filter_choose_columns_and_keys_follow() {
    let (rows, table) = run("FieldMapper", r#"{"field_mapper": {"score": "s", "id": "id"}}"#).unwrap();
    assert_eq!((names(&table), rows[0].as_str()), (vec!["s", "id"], "+I 1.0|1"));
    assert!(table.primary_key.is_some());
    let (_, table) = run("FieldMapper", r#"{"field_mapper": {"id": "number"}}"#).unwrap();
    assert!(table.primary_key.is_none(), "a renamed column is no key any more");
    for (options, wanted) in [
        (r#"{"include_fields": ["score", "id"]}"#, vec!["score", "id"]),
        (r#"{"fields": ["name"]}"#, vec!["name"]),
        (r#"{"exclude_fields": ["name"]}"#, vec!["id", "score"]),
    ] {
        assert_eq!(names(&run("Filter", options).unwrap().1), wanted);
    }
}

#[test]
fn row_kinds_are_filtered_and_told() {
    let kinds = |options: &str| -> Vec<String> {
        run("FilterRowKind", options).unwrap().0.iter().map(|row| row[..2].to_owned()).collect()
    };
    assert_eq!(kinds(r#"{"exclude_kinds": ["DELETE"]}"#), ["+I", "-U", "+U"]);
    assert_eq!(kinds(r#"{"include_kinds": ["INSERT", "DELETE"]}"#), ["+I", "-D"]);
    let (rows, table) = run("RowKindExtractor", "{}").unwrap();
    assert_eq!(names(&table)[3], "row_kind");
    assert_eq!(rows[3], "+I 4||0.5|-D");
    let (rows, _) =
        run("RowKindExtractor", r#"{"custom_field_name": "k", "transform_type": "full"}"#).unwrap();
    assert_eq!(rows[2], "+I 3|-|-|UPDATE_AFTER");
}

#[test]
fn replace_works_on_the_text_of_a_column() {
    let name = |options: &str| -> Vec<String> {
        let (rows, _) = run("Replace", options).unwrap();
        rows.iter().map(|row| row.split('|').nth(1).unwrap().to_owned()).collect()
    };
    let plain = r#"{"replace_field": "name", "pattern": " ", "replacement": "$1"}"#;
    assert_eq!(name(plain), ["Joy$1Ding", "a$1b$1c", "-", ""]);
    let regex = r#"{"replace_field": "name", "pattern": "([a-z]) ", "replacement": "$1_", "is_regex": true}"#;
    assert_eq!(name(regex), ["Joy_Ding", "a_b_c", "-", ""]);
    let first = r#"{"replace_field": "name", "pattern": " ", "replacement": "_", "is_regex": true, "replace_first": true}"#;
    assert_eq!(name(first), ["Joy_Ding", "a_b c", "-", ""]);
    let (rows, table) =
        run("Replace", r#"{"replace_field": "score", "pattern": "E", "replacement": "e"}"#).unwrap();
    assert_eq!(rows[1], "-U 2|a b c|1.0e10");
    assert_eq!(table.columns[2].data_type, DataType::String);
}

#[test]
fn split_gives_nulls_for_missing_parts() {
    let options = r#"{"separator": " ", "split_field": "name", "output_fields": ["first", "rest"]}"#;
    let (rows, table) = run("Split", options).unwrap();
    assert_eq!(names(&table), ["id", "name", "score", "first", "rest"]);
    assert!(rows[0].ends_with("|Joy|Ding") && rows[1].ends_with("|a|b c"));
    assert!(rows[2].ends_with("|-|-") && rows[3].ends_with("||-"), "{rows:?}");
}

#[test]
fn what_is_wrong_names_option_and_column() {
    for (name, options, part) in [
        (
            "Copy",
            "{}",
            "t.fields: is required; allowed: fields { new = column, … }, or src_field and dest_field",
        ),
        ("Copy", r#"{"src_field": "id"}"#, "t.dest_field: is required; allowed: fields"),
        ("Copy", r#"{"dest_field": "x"}"#, "t.src_field: is required; allowed: fields"),
        ("Copy", r#"{"fields": {}, "src_field": "id", "dest_field": "x"}"#, "t.fields: lists no copy"),
        ("Copy", r#"{"fields": {"x": "nam"}}"#, "did you mean \"name\"?"),
        ("FieldMapper", "{}", "t.field_mapper: is required"),
        ("FieldMapper", r#"{"field_mapper": {"nope": "x"}}"#, "no column \"nope\""),
        ("FieldMapper", r#"{"field_mapper": {"id": "x", "name": "x"}}"#, "new name of two columns"),
        ("Filter", "{}", "one is required"),
        ("Filter", r#"{"fields": ["id"], "exclude_fields": ["id"]}"#, "not both"),
        ("Filter", r#"{"exclude_fields": ["id", "name", "score"]}"#, "would remain"),
        ("FilterRowKind", r#"{"include_kinds": ["INSRT"]}"#, "did you mean \"INSERT\"?"),
        ("RowKindExtractor", r#"{"custom_field_name": "id"}"#, "\"id\" already"),
        ("RowKindExtractor", r#"{"transform_type": "LONG"}"#, "SHORT, FULL"),
        ("Replace", r#"{"pattern": "a"}"#, "t.replace_field: is required"),
        (
            "Replace",
            r#"{"replace_field": "id", "pattern": "(", "replacement": "", "is_regex": true}"#,
            "t.pattern",
        ),
        ("Sql", "{}", "t.query: is required"),
        ("Sql", r#"{"query": "select id from t", "engine": "CALCITE"}"#, "ZETA, INTERNAL"),
        ("Sql", r#"{"query": "select id from t order by id"}"#, "t.query: ORDER BY is not allowed"),
        ("Sql", r#"{"query": "select nam from t"}"#, "query: can't find field [nam]; did you mean \"name\"?"),
        ("Split", r#"{"separator": "[", "split_field": "id", "output_fields": ["x"]}"#, "t.separator"),
        ("Split", r#"{"separator": " ", "split_field": "id", "output_fields": []}"#, "names no column"),
        (
            "Split",
            r#"{"separator": " ", "split_field": "name", "output_fields": ["a", "b", "a"]}"#,
            "t.output_fields[2]: names the column \"a\" twice",
        ),
    ] {
        let problems = run(name, options).err().unwrap_or_default().join("\n");
        assert!(problems.contains(part), "{name} {options}: {problems:?}");
    }
}

#[test]
fn a_key_is_lost_with_the_values_of_its_column() {
    let split = |output: &str| {
        let options =
            format!(r#"{{"separator": " ", "split_field": "name", "output_fields": ["{output}"]}}"#);
        run("Split", &options).unwrap().1.primary_key.is_some()
    };
    assert!(split("score") && split("x"));
    assert!(!split("id"));
}

#[test]
fn new_columns_under_names_that_exist_are_noted() {
    let lost = |option: &str, name: &str, from: &str, to: &str| {
        format!(
            "{option}: \"{name}\" takes the place of the column \"{name}\" ({from}) of table db.t, as {to}; its"
        )
    };
    for (name, options, wanted) in [
        (
            "Split",
            r#"{"separator": " ", "split_field": "name", "output_fields": ["name", "x", "score"]}"#,
            vec![
                lost("output_fields", "name", "STRING", "STRING"),
                lost("output_fields", "score", "DOUBLE", "STRING"),
            ],
        ),
        (
            "RegexExtract",
            r#"{"source_field": "name", "regex_pattern": "(.)", "output_fields": ["score"]}"#,
            vec![lost("output_fields", "score", "DOUBLE", "STRING")],
        ),
        (
            "TextChunk",
            r#"{"text_field": "name", "output_field": "name", "chunk_index_field": "score"}"#,
            vec![lost("chunk_index_field", "score", "DOUBLE", "INT")],
        ),
        ("TextChunk", r#"{"text_field": "name"}"#, vec![]),
        (
            "Split",
            r#"{"separator": " ", "split_field": "name", "output_fields": ["x"], "table_transform":
                [{"table_path": "db.t", "separator": " ", "split_field": "name", "output_fields": ["score"]}]}"#,
            vec![lost("table_transform[0].output_fields", "score", "DOUBLE", "STRING")],
        ),
    ] {
        let notes = build(name, options).unwrap().oddities(&["in"], &[&batch().table]);
        assert_eq!(notes.len(), wanted.len(), "{name} {options}: {notes:?}");
        for (note, wanted) in notes.iter().zip(&wanted) {
            assert!(note.starts_with(wanted), "{note}");
        }
    }
}
