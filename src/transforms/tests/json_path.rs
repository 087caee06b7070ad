//! `JsonPath`.

use super::{run_on, table_of, wrong};
use crate::format::json::ColumnBuilder;
use crate::options::Tree;
use crate::table::{Batch, Column, DataType, Field};
use arrow::array::StringArray;
use std::sync::Arc;

fn texts(values: &[Option<&str>]) -> Batch {
    table_of("db.t", vec![("j", DataType::String, Arc::new(StringArray::from(values.to_vec())))])
}

/// What a path finds in a text, as a column of a type.
fn found(text: &str, path: &str, data_type: &str) -> Result<String, String> {
    let path = serde_json::to_string(path).unwrap();
    let options = format!(
        r#"{{"columns": [{{"src_field": "j", "path": {path}, "dest_field": "x", "dest_type": "{data_type}"}}]}}"#
    );
    let ran = run_on("JsonPath", &options, vec![texts(&[Some(text)])]).map_err(|e| e.join("\n"))?;
    let row = ran.rows.into_iter().next().unwrap_or_default();
    Ok(row.strip_prefix(&format!("db.t +I {text}|")).unwrap().to_owned())
}

#[test]
fn values_of_all_types() {
    let store = r#"{"b": [{"t": "A", "p": 8.95, "n": null}, {"t": "B", "p": 12, "ok": true}], "d": "2024-02-30", "s": "16:12:43.459",
        "ts": "2024-01-02T03:04:05", "y": "aGk=", "big": 123456789012345678901, "f": 1.10, "m": {"k": "7"}, "q": "7"}"#;
    let store = store.replace('\n', "");
    for (path, data_type, wanted) in [
        ("$.b[0].t", "string", "A"),
        ("$.b[-1].p", "int", "12"),
        ("$.b[0].p", "double", "8.95"),
        ("$.b[0].p", "decimal(4,2)", "8.95"),
        ("$.b[0].n", "int", "-"),
        ("$.b[1].ok", "boolean", "true"),
        ("$.d", "date", "2024-02-29"),
        ("$.s", "time", "16:12:43.459"),
        ("$.ts", "timestamp", "2024-01-02T03:04:05"),
        ("$.y", "bytes", "6869"),
        ("$.big", "string", "123456789012345678901"),
        ("$.f", "string", "1.1"),
        ("$.q", "tinyint", "7"),
        ("$.m", "map<string, int>", "{k: 7}"),
        ("$['m']['k']", "bigint", "7"),
        ("m.k", "float", "7.0"),
        ("$.b", "string", r#"[{"t":"A","p":8.95,"n":null},{"t":"B","p":12,"ok":true}]"#),
        // any number of places: a list
        ("$.b[*].t", "array<string>", "[A, B]"),
        ("$..t", "string", r#"["A","B"]"#),
        ("$.b[?(@.p < 10)].t", "array<string>", "[A]"),
        ("$.b[?(@.p > 100)].t", "string", "[]"),
        ("$.b[0:1].p", "array<double>", "[8.95]"),
        ("$.nothing.*", "array<int>", "[]"),
    ] {
        assert_eq!(found(&store, path, data_type).as_deref(), Ok(wanted), "{path} {data_type}");
    }
    let nearly = "{data:{s: a b,'d':'2023-10-29',t:\"16:12:43.459\"}}";
    assert_eq!(found(nearly, "$.data.s", "string").as_deref(), Ok("a b"));
    assert_eq!(found(nearly, "$.data.d", "date").as_deref(), Ok("2023-10-29"));
}

#[test]
fn bytes_lists_maps_and_rows_are_seen_as_json() {
    let row = DataType::Row(vec![
        Field { name: "n".into(), data_type: DataType::Int },
        Field {
            name: "r".into(),
            data_type: DataType::Row(vec![Field { name: "s".into(), data_type: DataType::String }]),
        },
    ]);
    let list = DataType::Array(Box::new(DataType::Int));
    let map = DataType::Map(Box::new(DataType::String), Box::new(DataType::Date));
    for (data_type, value, path, wanted) in [
        (row.clone(), r#"{"n": 5, "r": {"s": "x"}}"#, "$[0]", "5"),
        (row.clone(), r#"{"n": 5, "r": {"s": "x"}}"#, "$[1][0]", "x"),
        (row, r#"{"n": 5}"#, "$", "[5,null]"),
        (list, "[1, 2, 3]", "$[2]", "3"),
        (map, r#"{"k": "2024-01-02"}"#, "$.k", "2024-01-02"),
        (DataType::Bytes, r#""eyJhIjogMX0=""#, "$.a", "1"),
    ] {
        let mut builder = ColumnBuilder::new(&data_type);
        builder.push(&serde_json::from_str::<Tree>(value).unwrap()).unwrap();
        builder.push_null();
        let input = table_of("db.t", vec![("j", data_type.clone(), builder.finish())]);
        let options =
            format!(r#"{{"columns": [{{"src_field": "j", "path": "{path}", "dest_field": "j"}}]}}"#);
        let ran = run_on("JsonPath", &options, vec![input]).unwrap();
        assert_eq!(ran.rows, [format!("db.t +I {wanted}"), "db.t +I -".into()], "{data_type} {path}");
        assert_eq!(
            ran.tables[0].columns,
            [Column::new("j", DataType::String)],
            "it takes the place of its source"
        );
    }
}

#[test]
fn rows_that_fail_follow_the_nearest_policy() {
    let input = || texts(&[Some(r#"{"a": 1, "b": "x"}"#), Some(r#"{"b": 2}"#), Some("{"), None]);
    let run = |row: &str, column: &str| {
        let options = format!(
            r#"{{{row} "columns": [{{"src_field": "j", "path": "$.a", "dest_field": "a", "dest_type": "int"{column}}}]}}"#
        );
        run_on("JsonPath", &options, vec![input()])
            .map(|ran| {
                ran.rows.iter().map(|row| row.rsplit('|').next().unwrap().to_owned()).collect::<Vec<_>>()
            })
            .map_err(|e| e.join("\n"))
    };
    let (skip, fail) = (r#""row_error_handle_way": "SKIP","#, r#""row_error_handle_way": "FAIL","#);
    for (row, column, wanted) in [
        (skip, "", vec!["1", "-"]),
        (fail, r#", "column_error_handle_way": "SKIP""#, vec!["1", "-", "-", "-"]),
        ("", r#", "column_error_handle_way": "SKIP_ROW""#, vec!["1", "-"]),
        (skip, r#", "column_error_handle_way": "SKIP""#, vec!["1", "-", "-", "-"]),
    ] {
        assert_eq!(run(row, column).unwrap(), wanted, "{row} {column}");
    }
    for (row, column) in [("", ""), (fail, ""), (skip, r#", "column_error_handle_way": "FAIL""#)] {
        let fault = run(row, column).unwrap_err();
        let part = "row 2 of table db.t: column \"a\": path $.a of \"j\": the path leads nowhere";
        assert!(fault.contains(part), "{fault}");
    }
    // a value that is none of the type
    let options = r#"{"columns": [{"src_field": "j", "path": "$.b", "dest_field": "b", "dest_type": "array<int>"},
        {"src_field": "j", "path": "$.b", "dest_field": "c", "dest_type": "int", "column_error_handle_way": "SKIP"}]}"#;
    let ran =
        run_on("JsonPath", options, vec![texts(&[Some(r#"{"b": [1, "2"]}"#), Some(r#"{"b": 3}"#)])]).unwrap();
    assert!(ran.rows[0].ends_with("|[1, 2]|-") && ran.rows[1].ends_with("|[]|3"), "{:?}", ran.rows);
    let long = format!(r#"{{"b": ["{}"]}}"#, "x".repeat(500));
    let fault = wrong("JsonPath", options, vec![texts(&[Some(long.as_str())])]);
    assert!(
        fault.contains("row 1 of table db.t: column \"b\": path $.b of \"j\": \"xxx") && fault.len() < 250,
        "{fault}"
    );
}

#[test]
fn lists_of_paths_stand_side_by_side() {
    let options = r#"{"columns": [{"src_field": "j", "path": ["$.a", "$.b"], "dest_field": ["x", "y"],
        "dest_type": ["int", "decimal(4,2)"]}]}"#;
    let ran = run_on("JsonPath", options, vec![texts(&[Some(r#"{"a": 1, "b": "2.5"}"#)])]).unwrap();
    assert!(ran.rows[0].ends_with("|1|2.50"), "{:?}", ran.rows);
    for (column, part) in [
        (r#""path": "$.a", "dest_field": "x""#, "t.columns[0].src_field: is required"),
        (r#""src_field": "j", "dest_field": "x""#, "t.columns[0].path: is required"),
        (r#""src_field": "j", "path": "$.a""#, "t.columns[0].dest_field: is required"),
        (
            r#""src_field": "j", "path": ["$.a"], "dest_field": ["x", "y"]"#,
            "1 paths, 2 dest_fields and 2 dest_types",
        ),
        (r#""src_field": "j", "path": "$.a[", "dest_field": "x""#, "is no JSON path"),
        (r#""src_field": "j", "path": "$.a[", "dest_field": "x""#, "at position"),
        (
            r#""src_field": "j", "path": "$.a", "dest_field": "x", "dest_type": "itn""#,
            "t.columns[0].dest_type: ",
        ),
        (
            r#""src_field": "j", "path": "$", "dest_field": "x", "dest_type": "float_vector""#,
            "can't be read from JSON",
        ),
        (r#""src_field": "J", "path": "$.a", "dest_field": "x""#, "did you mean \"j\"?"),
        (
            r#""src_field": "j", "path": "$.a", "dest_field": "x", "column_error_handle_way": "SKIPROW""#,
            "did you mean \"SKIP_ROW\"?",
        ),
        (
            r#""src_field": "j", "path": ["$", "$"], "dest_field": ["x", "x"]"#,
            "\"x\" is the dest_field of two",
        ),
    ] {
        let problems = wrong("JsonPath", &format!(r#"{{"columns": [{{{column}}}]}}"#), vec![texts(&[])]);
        assert!(problems.contains(part), "{column}: {problems}");
    }
    for (options, part) in [
        ("{}", "t.columns: is required"),
        (r#"{"columns": []}"#, "lists no column"),
        (r#"{"columns": [], "row_error_handle_way": "SKIP_ROW"}"#, "allowed: FAIL, SKIP"),
    ] {
        assert!(wrong("JsonPath", options, vec![]).contains(part), "{options}");
    }
    let ints = super::batch();
    let problems = wrong(
        "JsonPath",
        r#"{"columns": [{"src_field": "id", "path": "$", "dest_field": "x"}]}"#,
        vec![ints],
    );
    assert!(
        problems.contains("columns: src_field \"id\" is INT; allowed: STRING, BYTES, ARRAY, MAP, ROW"),
        "{problems}"
    );
}
