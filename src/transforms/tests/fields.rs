//! `FieldRename`, `RegexExtract`, `Metadata`, `DefineSinkType`, `FieldEncrypt`.

use super::{batch, run_on, table_of, wrong};
use crate::table::{Batch, CatalogTable, ConstraintKey, ConstraintKind, DataType, FileOrigin};
use arrow::array::StringArray;
use std::sync::Arc;

fn names(table: &CatalogTable) -> String {
    table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")
}

/// The values of each row, without its table.
fn values(name: &str, options: &str, input: Batch) -> Vec<String> {
    let ran = run_on(name, options, vec![input]).unwrap();
    ran.rows.iter().map(|row| row.splitn(3, ' ').nth(2).unwrap().to_owned()).collect()
}

fn texts(values: &[Option<&str>]) -> Batch {
    table_of("db.t", vec![("s", DataType::String, Arc::new(StringArray::from(values.to_vec())))])
}

#[test]
fn fields_are_renamed_and_keys_follow() {
    for (options, wanted) in [
        ("{}", "id,name,score"),
        (r#"{"convert_case": "UPPER"}"#, "ID,NAME,SCORE"),
        (r#"{"prefix": "p_", "suffix": "_s", "convert_case": "LOWER"}"#, "p_id_s,p_name_s,p_score_s"),
        // what is put in keeps its letters; `$1` is no group here; the last rule that matches counts
        (
            r#"{"convert_case": "UPPER", "replacements_with_regex": [{"replace_from": "e", "replace_to": "x$1"}]}"#,
            "ID,NAMx$1,SCORx$1",
        ),
        (
            r#"{"replacements_with_regex": [{"replace_from": "name", "replace_to": "n"}, {"replace_from": "[am]", "replace_to": "_"}]}"#,
            "id,n__e,score",
        ),
        (
            r#"{"replacements_with_regex": [{"replace_from": "i.", "replace_to": "n", "is_regex": false},
                {"replace_from": "name", "replace_to": "n", "is_regex": false}]}"#,
            "id,n,score",
        ),
        (
            r#"{"prefix": "p_", "specific": [{"field_name": "id", "target_name": "Number"}]}"#,
            "Number,p_name,p_score",
        ),
    ] {
        let mut input = batch();
        let mut table = (*input.table).clone();
        let columns = vec![("id".to_owned(), true), ("score".to_owned(), false)];
        table.constraint_keys =
            vec![ConstraintKey { name: "u".into(), kind: ConstraintKind::Unique, columns }];
        input.table = Arc::new(table);
        let ran = run_on("FieldRename", options, vec![input]).unwrap();
        let table = &ran.tables[0];
        assert_eq!(names(table), wanted, "{options}");
        assert_eq!(table.primary_key.as_ref().unwrap().columns, [table.columns[0].name.clone()]);
        assert_eq!(table.constraint_keys[0].columns[1].0, table.columns[2].name);
        assert_eq!(ran.rows[0], "db.t +I 1|Joy Ding|1.0");
    }
    for (options, part) in [
        (
            r#"{"specific": [{"field_name": "nam", "target_name": "x"}]}"#,
            "specific[0].field_name: table db.t has no column \"nam\"; it has id, name, score; did you mean \"name\"?",
        ),
        (r#"{"specific": [{"field_name": "id"}]}"#, "t.specific[0].target_name: is required"),
        (
            r#"{"specific": [{"field_name": "id", "target_name": "name"}]}"#,
            "the columns \"id\" and \"name\" of table db.t would both be called \"name\"",
        ),
        (
            r#"{"replacements_with_regex": [{"replace_from": "(?=(a+)+\\1b)", "replace_to": "x", "is_regex": "maybe"}]}"#,
            "replacements_with_regex[0].is_regex: \"maybe\" is not a boolean",
        ),
    ] {
        let problems = wrong("FieldRename", options, vec![batch()]);
        assert!(problems.contains(part), "{options}: {problems}");
    }
}

#[test]
fn groups_become_columns() {
    let mails = || texts(&[Some("joy@a.org"), Some("x"), None, Some("b@c")]);
    let options = r#"{"source_field": "s", "regex_pattern": "(\\w)@(\\w+)(\\.org)?", "output_fields": ["l", "d", "s"]}"#;
    assert_eq!(values("RegexExtract", options, mails()), [".org|y|a", "-|-|-", "-|-|-", "-|b|c"]);
    let options = r#"{"source_field": "s", "regex_pattern": "(.*)@(.*)", "output_fields": ["l", "d"],
        "default_values": ["none", null]}"#;
    let rows = values("RegexExtract", options, mails());
    assert_eq!(rows, ["joy@a.org|joy|a.org", "x|none|-", "-|none|-", "b@c|b|c"]);
    for (options, part) in [
        (r#"{"regex_pattern": "(a)", "output_fields": ["x"]}"#, "t.source_field: is required"),
        (r#"{"source_field": "s", "regex_pattern": "(a", "output_fields": ["x"]}"#, "at position"),
        (
            r#"{"source_field": "s", "regex_pattern": "(a)(b)", "output_fields": ["x"]}"#,
            "t.output_fields: names 1 column, the pattern has 2 groups",
        ),
        (
            r#"{"source_field": "s", "regex_pattern": "a", "output_fields": ["x"]}"#,
            "t.regex_pattern: has no group",
        ),
        (
            r#"{"source_field": "s", "regex_pattern": "(a)", "output_fields": []}"#,
            "t.output_fields: names no column",
        ),
        (
            r#"{"source_field": "s", "regex_pattern": "(\\d\\s\"", "output_fields": ["x"]}"#,
            r#"t.regex_pattern: "(\d\s"" is no regular expression: "#,
        ),
        (
            r#"{"source_field": "s", "regex_pattern": "(a)(b)", "output_fields": ["x", "x"]}"#,
            "names the column \"x\" twice",
        ),
        (
            r#"{"source_field": "s", "regex_pattern": "(a)", "output_fields": ["x"], "default_values": [1, 2]}"#,
            "t.default_values: has 2 values for 1 output column",
        ),
        (r#"{"source_field": "S", "regex_pattern": "(a)", "output_fields": ["x"]}"#, "did you mean \"s\"?"),
        (
            r#"{"source_field": "s", "regex_pattern": "(?:(a+)+)\\1b", "output_fields": ["x"]}"#,
            "row 1 of table db.t (s = \"aaaaaa",
        ),
    ] {
        let problems = wrong("RegexExtract", options, vec![texts(&[Some("a".repeat(60).as_str())])]);
        assert!(problems.contains(part), "{options}: {problems}");
    }
}

#[test]
fn metadata_become_columns() {
    let all = r#"{"metadata_fields": {"Database": "db", "Table": "t", "RowKind": "k", "EventTime": "e", "Delay": "d",
        "Partition": "p", "SourceTimestamp": "st", "BinlogFile": "bf", "BinlogPos": "bp", "BinlogRow": "br", "Gtid": "g",
        "FilePath": "fp", "FileCreateTime": "fc", "FileUpdateTime": "fu", "FileSize": "fs", "FileType": "ft"}}"#;
    let rows = values("Metadata", all, batch());
    assert_eq!(rows[1], "2|a b c|10000000000.0|db|t|-U|-|-|-|-|-|-|-|-|-|-|-|-|-");
    let origin = |path: &str, created| {
        Some(Arc::new(FileOrigin { path: path.into(), size: 12, created, modified: Some(7) }))
    };
    for (path, created, wanted) in
        [("/a/b.c/d.txt", Some(5), "/a/b.c/d.txt|5|7|12|txt"), ("/a/b.c/d", None, "/a/b.c/d|7|7|12|")]
    {
        let rows = values("Metadata", all, Batch { kinds: None, origin: origin(path, created), ..batch() });
        assert_eq!(rows[0], format!("1|Joy Ding|1.0|db|t|+I|-|-|-|-|-|-|-|-|{wanted}"));
    }
    assert_eq!(values("Metadata", "{}", batch())[0], "1|Joy Ding|1.0");
    for (options, part) in [
        (
            r#"{"metadata_fields": {"table": "t"}}"#,
            "t.metadata_fields.table: is no metadata; allowed: Database",
        ),
        (r#"{"metadata_fields": {"table": "t"}}"#, "did you mean \"Table\"?"),
        (
            r#"{"metadata_fields": {"Table": "name"}}"#,
            "metadata_fields.Table: table db.t has a column \"name\" already",
        ),
        (r#"{"metadata_fields": {"Table": "x", "Database": "x"}}"#, "\"x\" is the name of two columns"),
        (r#"{"metadata_fields": {"Table": ""}}"#, "names no column"),
    ] {
        let problems = wrong("Metadata", options, vec![batch()]);
        assert!(problems.contains(part), "{options}: {problems}");
    }
}

#[test]
fn sink_types_are_told_and_nothing_else_changes() {
    let options = r#"{"columns": [{"column": "name", "type": "nvarchar2(10)"}]}"#;
    let ran = run_on("DefineSinkType", options, vec![batch()]).unwrap();
    let types: Vec<Option<&str>> = ran.tables[0].columns.iter().map(|c| c.sink_type.as_deref()).collect();
    assert_eq!(types, [None, Some("nvarchar2(10)"), None]);
    assert_eq!(ran.rows[0], "db.t +I 1|Joy Ding|1.0");
    let stored = serde_json::to_string(&ran.tables[0]).unwrap();
    assert_eq!(serde_json::from_str::<CatalogTable>(&stored).unwrap(), ran.tables[0]);
    assert!(
        !serde_json::to_string(&*batch().table).unwrap().contains("sink_type"),
        "tables of before stay as they were"
    );
    for (options, part) in [
        ("{}", "t.columns: is required"),
        (r#"{"columns": [{"column": "name"}]}"#, "t.columns[0].type: is required"),
        (r#"{"columns": [{"column": "name", "type": " "}]}"#, "t.columns[0].type: is empty"),
        (
            r#"{"columns": [{"column": "nme", "type": "x"}]}"#,
            "columns[0].column: table db.t has no column \"nme\"",
        ),
    ] {
        let problems = wrong("DefineSinkType", options, vec![batch()]);
        assert!(problems.contains(part), "{options}: {problems}");
    }
}

/// 16, 24 and 32 zero bytes.
const KEYS: [&str; 3] = [
    "AAAAAAAAAAAAAAAAAAAAAA==",
    "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
];

#[test]
fn fields_are_encrypted_and_back() {
    let plain = [Some("secret"), None, Some(" "), Some("über 16 Zeichen, also zwei Blöcke"), Some("secret")];
    for key in KEYS {
        let encrypt = format!(r#"{{"fields": ["s"], "key": "{key}"}}"#);
        let hidden = values("FieldEncrypt", &encrypt, texts(&plain));
        assert!(hidden[0] != "secret" && hidden[0] != hidden[4], "each has its own vector: {hidden:?}");
        assert_eq!((hidden[1].as_str(), hidden[2].as_str()), ("-", " "));
        let decrypt =
            format!(r#"{{"fields": ["s"], "key": "{key}", "mode": "decrypt", "algorithm": "aes_cbc"}}"#);
        let given: Vec<Option<&str>> =
            hidden.iter().map(|v| Some(v.as_str()).filter(|v| *v != "-")).collect();
        let shown: Vec<String> = plain.iter().map(|v| v.unwrap_or("-").to_owned()).collect();
        assert_eq!(values("FieldEncrypt", &decrypt, texts(&given)), shown);
    }
    // made with another implementation: 16 zero bytes as key and as vector, "hello"
    let decrypt = format!(r#"{{"fields": ["s"], "key": "{}", "mode": "DECRYPT"}}"#, KEYS[0]);
    let known = "AAAAAAAAAAAAAAAAAAAAAJg07VGMvI++mvPG7LdeuMA=";
    assert_eq!(values("FieldEncrypt", &decrypt, texts(&[Some(known)])), ["hello"]);
}

#[test]
fn encryption_that_fails_tells_no_secret() {
    let key = KEYS[0];
    for (options, value, part) in [
        (r#"{"fields": ["s"]}"#.to_owned(), "x", "t.key: is required"),
        (r#"{"fields": ["s"], "key": "AAAA"}"#.into(), "x", "t.key: has 3 bytes; allowed: 16, 24 or 32"),
        (r#"{"fields": ["s"], "key": "hunter2!"}"#.into(), "x", "t.key: is not base64"),
        (format!(r#"{{"fields": [], "key": "{key}"}}"#), "x", "t.fields: names no column"),
        (format!(r#"{{"fields": ["q"], "key": "{key}"}}"#), "x", "no column \"q\""),
        (format!(r#"{{"fields": ["s"], "key": "{key}", "algorithm": "DES"}}"#), "x", "allowed: AES_CBC"),
        (format!(r#"{{"fields": ["s"], "key": "{key}", "mode": "x"}}"#), "x", "allowed: ENCRYPT, DECRYPT"),
        (format!(r#"{{"fields": ["s"], "key": "{key}", "max_field_length": 0}}"#), "x", "allowed: 1 or more"),
        (
            format!(r#"{{"fields": ["s"], "key": "{key}", "max_field_length": 3}}"#),
            "hunter2!",
            "row 1 of table db.t: column \"s\": the value has 8 characters; max_field_length allows 3",
        ),
        (
            format!(r#"{{"fields": ["s"], "key": "{key}", "mode": "DECRYPT"}}"#),
            "aHVudGVyMg==",
            "has 7 bytes, fewer than the initial",
        ),
        (format!(r#"{{"fields": ["s"], "key": "{key}", "mode": "DECRYPT"}}"#), "hunter 2", "is not base64"),
        (
            format!(r#"{{"fields": ["s"], "key": "{}", "mode": "DECRYPT"}}"#, KEYS[2]),
            "AAAAAAAAAAAAAAAAAAAAAJg07VGMvI++mvPG7LdeuMA=",
            "another key",
        ),
    ] {
        let problems = wrong("FieldEncrypt", &options, vec![texts(&[Some(value)])]);
        assert!(problems.contains(part), "{options}: {problems}");
        assert!(
            !problems.contains("hunter") && !problems.contains("aHVu") && !problems.contains(key),
            "{problems}"
        );
    }
    let ints = wrong("FieldEncrypt", &format!(r#"{{"fields": ["id"], "key": "{key}"}}"#), vec![batch()]);
    assert!(ints.contains("fields: column \"id\" is INT; only STRING is allowed"), "{ints}");
    let skip =
        format!(r#"{{"fields": ["s"], "key": "{key}", "mode": "DECRYPT", "row_error_handle_way": "SKIP"}}"#);
    let ran = run_on("FieldEncrypt", &skip, vec![texts(&[Some("x"), None])]).unwrap();
    assert_eq!((ran.rows.as_slice(), ran.dropped), (["db.t +I -".to_owned()].as_slice(), 1));
}
