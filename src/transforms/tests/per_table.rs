//! Rules for single tables, and transforms that change, join and drop tables.

use super::{build, run_on, table_of, wrong};
use crate::plugin::Registry;
use crate::table::{Batch, DataType, TablePath};
use crate::transforms::register;
use arrow::array::Int32Array;
use std::sync::Arc;

/// One row `a = 1` of table `path`.
fn one(path: &str) -> Batch {
    table_of(path, vec![("a", DataType::Int, Arc::new(Int32Array::from(vec![1])))])
}

/// The tables that come out of `t.ab`, `t.abc`, `u.x`, with their columns.
fn tables(name: &str, options: &str) -> Vec<String> {
    let inputs = ["t.ab", "t.abc", "u.x"].map(one).into();
    let ran = run_on(name, options, inputs).unwrap();
    let columns = |table: &crate::table::CatalogTable| -> String {
        table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")
    };
    let mut tables: Vec<String> =
        ran.tables.iter().map(|table| format!("{} {}", table.path, columns(table))).collect();
    tables.dedup();
    tables
}

#[test]
fn rules_for_single_tables() {
    for (options, wanted) in [
        (r#"{"fields": {"b": "a"}}"#, ["t.ab a,b", "t.abc a,b", "u.x a,b"]),
        (r#"{"fields": {"b": "a"}, "table_match_regex": "t\\..*"}"#, ["t.ab a,b", "t.abc a,b", "u.x a"]),
        (r#"{"fields": {"b": "a"}, "table_match_regex": "t\\.ab"}"#, ["t.ab a,b", "t.abc a", "u.x a"]),
        (
            r#"{"fields": {"b": "a"}, "table_match_regex": "t.*",
                "table_transform": [{"table_path": "u.x", "fields": {"c": "a"}}]}"#,
            ["t.ab a,b", "t.abc a,b", "u.x a,c"],
        ),
        (
            r#"{"fields": {"b": "a"}, "table_transform": [{"table_path": "t.ab", "fields": {"c": "a"}}]}"#,
            ["t.ab a,c", "t.abc a,b", "u.x a,b"],
        ),
        (
            r#"{"table_transform": [{"table_path": "t.ab", "fields": {"c": "a"}}]}"#,
            ["t.ab a,c", "t.abc a", "u.x a"],
        ),
        (
            r#"{"rule_match_mode": "FIRST_MATCH", "table_transform": [
                {"table_path": "u.x", "fields": {"c": "a"}}, {"table_path": "u.x", "fields": {"d": "c"}}]}"#,
            ["t.ab a", "t.abc a", "u.x a,c"],
        ),
        (
            r#"{"rule_match_mode": "all_match", "table_transform": [
                {"table_path": "u.x", "fields": {"c": "a"}}, {"table_path": "u.x", "fields": {"d": "c"}}]}"#,
            ["t.ab a", "t.abc a", "u.x a,c,d"],
        ),
    ] {
        assert_eq!(tables("Copy", options), wanted, "{options}");
    }
    // defaults of a transform without required options go for tables that have no rule
    let options = r#"{"table_transform": [{"table_path": "u.x", "custom_field_name": "k"}]}"#;
    assert_eq!(tables("RowKindExtractor", options), ["t.ab a,row_kind", "t.abc a,row_kind", "u.x a,k"]);
}

#[test]
fn rows_take_the_rules_of_their_table() {
    let options = r#"{"rule_match_mode": "ALL_MATCH", "exclude_kinds": ["INSERT"], "table_match_regex": "t.*",
        "table_transform": [{"table_path": "u.x", "include_kinds": ["INSERT"]}, {"table_path": "u.x", "exclude_kinds": ["INSERT"]},
            {"table_path": "u.x", "include_kinds": ["INSERT"]}, {"table_path": "t.ab", "include_kinds": ["INSERT"]}]}"#;
    let ran = run_on("FilterRowKind", options, ["t.ab", "t.abc", "u.x", "v.y"].map(one).into()).unwrap();
    assert_eq!((ran.rows, ran.dropped), (vec!["t.ab +I 1".into(), "v.y +I 1".into()], 2));
}

#[test]
fn rules_that_no_table_takes() {
    let batches = ["t.ab", "u.x"].map(one);
    let tables: Vec<_> = batches.iter().map(|batch| batch.table.as_ref()).collect();
    for (options, wanted) in [
        (r#"{"query": "select a from F"}"#, vec![]),
        (r#"{"query": "select a from dual"}"#, vec![]),
        (r#"{"query": "select a from x"}"#, vec![]),
        (r#"{"query": "select a from g"}"#, vec!["query: FROM g has no effect; the rows are those of \"f\""]),
        (
            r#"{"query": "select a from f", "table_match_regex": "t", "table_transform": [
                {"table_path": "u.y", "query": "select a from f"}, {"table_path": "u.x", "query": "select a from g"}]}"#,
            vec![
                "table_transform[0].table_path: no table \"u.y\" comes here; tables here: t.ab, u.x; did you mean \"u.x\"?",
                "table_match_regex: \"t\" matches no table; tables here: t.ab, u.x",
                "table_transform[1].query: FROM g has no effect; the rows are those of \"f\"",
            ],
        ),
        (r#"{"query": "select a from f", "table_match_regex": "t\\..*"}"#, vec![]),
    ] {
        assert_eq!(build("Sql", options).unwrap().oddities(&["f"], &tables), wanted, "{options}");
        assert!(build("Copy", r#"{"fields": {"b": "a"}}"#).unwrap().oddities(&["f"], &tables).is_empty());
    }
}

#[test]
fn rules_that_cannot_be_used() {
    for (options, part) in [
        (
            r#"{"fields": {"b": "a"}, "table_match_regex": "(\\d"}"#,
            r#"t.table_match_regex: "(\d" is no regular"#,
        ),
        (r#"{"fields": {"b": "a"}, "rule_match_mode": "LAST"}"#, "allowed: FIRST_MATCH, ALL_MATCH"),
        (r#"{"table_transform": [{"fields": {"b": "a"}}]}"#, "t.table_transform[0].table_path: is required"),
        (r#"{"table_transform": ["t.ab"]}"#, "t.table_transform[0]: a text is no rule"),
        (r#"{"table_transform": [{"table_path": "t.ab"}]}"#, "t.table_transform[0].fields: is required"),
        (
            r#"{"table_transform": [{"table_path": "x", "fields": {"b": "a"}}, {"table_path": "x", "fields": {"b": "a"}}]}"#,
            "t.table_transform[1].table_path: table \"x\" has a rule already; set rule_match_mode",
        ),
        (
            r#"{"table_transform": [{"table_path": "t.ab", "fields": {"b": "A"}}]}"#,
            "table_transform[0].fields.b: table t.ab has no column \"A\"; it has a; did you mean",
        ),
        (r#"{"table_match_regex": "t.*"}"#, "t.fields: is required"),
    ] {
        let problems = wrong("Copy", options, vec![one("t.ab")]);
        assert!(problems.contains(part), "{options}: {problems}");
    }
}

#[test]
fn tables_are_renamed_joined_and_dropped() {
    for (name, options, wanted) in [
        (
            "TableRename",
            r#"{"convert_case": "UPPER", "prefix": " p_ "}"#,
            vec!["T.p_AB a", "T.p_ABC a", "U.p_X a"],
        ),
        (
            "TableRename",
            r#"{"suffix": "_s", "replacements_with_regex": [{"replace_from": "b", "replace_to": "Z"}]}"#,
            vec!["t.aZ_s a", "t.aZc_s a", "u.x_s a"],
        ),
        ("TableMerge", r#"{"table": "all"}"#, vec!["all a"]),
        ("TableMerge", r#"{"database": "d", "schema": "s", "table": "all"}"#, vec!["d.s.all a"]),
        ("TableMerge", r#"{"table": "all", "table_match_regex": "t.*"}"#, vec!["all a", "u.x a"]),
        ("TableFilter", r#"{"table_pattern": "ab"}"#, vec!["t.ab a"]),
        ("TableFilter", r#"{"table_pattern": "a.*", "pattern_mode": "EXCLUDE"}"#, vec!["u.x a"]),
        ("TableFilter", r#"{"database_pattern": "t", "table_pattern": ".*c"}"#, vec!["t.abc a"]),
        ("TableFilter", r#"{"schema_pattern": "s"}"#, vec![]),
        ("TableFilter", r#"{}"#, vec!["t.ab a", "t.abc a", "u.x a"]),
    ] {
        assert_eq!(tables(name, options), wanted, "{name} {options}");
    }
    let ran = run_on("TableFilter", r#"{"table_pattern": "ab"}"#, ["t.ab", "t.abc"].map(one).into()).unwrap();
    assert_eq!((ran.rows, ran.dropped), (vec!["t.ab +I 1".to_owned()], 1));
    let ran = run_on("TableMerge", r#"{"table": "all"}"#, ["t.ab", "t.abc"].map(one).into()).unwrap();
    assert_eq!(ran.rows, ["all +I 1", "all +I 1"]);
    let schema = build("TableFilter", r#"{"schema_pattern": "s"}"#).unwrap();
    let mut table = (*one("t.ab").table).clone();
    table.path = TablePath::parse("d.s.t", false).unwrap();
    assert_eq!(schema.schema(&table).unwrap().len(), 1);
}

#[test]
fn what_is_wrong_with_tables() {
    for (name, options, part) in [
        ("TableMerge", "{}", "t.table: is required"),
        ("TableMerge", r#"{"table": ""}"#, "t.table: is empty"),
        ("TableFilter", r#"{"table_pattern": "a)"}"#, "t.table_pattern: \"a)\" is no regular expression"),
        ("TableFilter", r#"{"pattern_mode": "INCLUD"}"#, "did you mean \"INCLUDE\"?"),
        ("TableRename", r#"{"convert_case": "upper_"}"#, "allowed: UPPER, LOWER"),
        (
            "TableRename",
            r#"{"replacements_with_regex": [5]}"#,
            "replacements_with_regex[0]: an integer is not",
        ),
        (
            "TableRename",
            r#"{"replacements_with_regex": [{"replace_from": "["}]}"#,
            "t.replacements_with_regex[0].replace_to: is required",
        ),
        (
            "TableRename",
            r#"{"replacements_with_regex": [{"replace_from": "a["  , "replace_to": ""}]}"#,
            "replacements_with_regex[0].replace_from: \"a[\" is no regular expression",
        ),
        (
            "TableRename",
            r#"{"replacements_with_regex": [{"replace_from": "", "replace_to": ""}]}"#,
            "replace_from: is empty",
        ),
    ] {
        let problems = wrong(name, options, vec![one("t.ab")]);
        assert!(problems.contains(part), "{name} {options}: {problems}");
    }
    let mut registry = Registry::default();
    register(&mut registry);
    let unknown = registry.transform("Nope").err().unwrap();
    assert!(unknown.contains("Copy") && !unknown.contains("DynamicCompile"), "{unknown}");
    let java = wrong("DynamicCompile", r#"{"compile_language": "GROOVY", "source_code": "x"}"#, vec![]);
    for part in ["t: runs GROOVY code", "Sql", "RegexExtract", "JsonPath"] {
        assert!(java.contains(part), "{java}");
    }
}
