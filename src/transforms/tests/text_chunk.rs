//! `TextChunk`.

use super::{batch, run_on, table_of, wrong};
use crate::table::{ConstraintKey, ConstraintKind, DataType};
use arrow::array::StringArray;
use std::sync::Arc;

#[test]
fn one_row_becomes_several() {
    for (options, wanted) in [
        (
            r#"{"text_field": "name", "chunk_size": 4}"#,
            vec![
                "+I 1|Joy Ding|1.0|Joy |0",
                "+I 1|Joy Ding|1.0|Ding|1",
                "-U 2|a b c|10000000000.0|a b |0",
                "-U 2|a b c|10000000000.0|c|1",
            ],
        ),
        (
            r#"{"text_field": "name", "chunk_size": 4, "skip_empty_text": false}"#,
            vec![
                "+I 1|Joy Ding|1.0|Joy |0",
                "+I 1|Joy Ding|1.0|Ding|1",
                "-U 2|a b c|10000000000.0|a b |0",
                "-U 2|a b c|10000000000.0|c|1",
                "+U 3|-|-|-|0",
                "-D 4||0.5|-|0",
            ],
        ),
        (
            r#"{"text_field": "name", "chunk_size": 4, "overlap_size": 2, "output_field": "name", "chunk_index_field": "n"}"#,
            vec![
                "+I 1|Joy |1.0|0",
                "+I 1|Ding|1.0|1",
                "-U 2|a b |10000000000.0|0",
                "-U 2|b c|10000000000.0|1",
            ],
        ),
        (
            r#"{"text_field": "name", "chunk_size": 5, "separators": [], "output_field": "score", "chunk_index_field": "name"}"#,
            vec!["+I 1|0|Joy D", "+I 1|1|ing", "-U 2|0|a b c"],
        ),
        (
            r#"{"text_field": "name", "chunk_size": 5, "separators": ["y", ""]}"#,
            vec!["+I 1|Joy Ding|1.0|Joy|0", "+I 1|Joy Ding|1.0| Ding|1", "-U 2|a b c|10000000000.0|a b c|0"],
        ),
        (
            r#"{"text_field": "name"}"#,
            vec!["+I 1|Joy Ding|1.0|Joy Ding|0", "-U 2|a b c|10000000000.0|a b c|0"],
        ),
    ] {
        let ran = run_on("TextChunk", options, vec![batch()]).unwrap();
        let rows: Vec<&str> = ran.rows.iter().map(|row| row.strip_prefix("db.t ").unwrap()).collect();
        assert_eq!(rows, wanted, "{options}");
        let skipped = if options.contains("false") { 0 } else { 2 };
        assert_eq!((ran.dropped, ran.added), (skipped, wanted.len() as u64 + skipped - 4), "{options}");
    }
}

#[test]
fn the_number_joins_the_keys() {
    let mut input = batch();
    let mut table = (*input.table).clone();
    let key =
        |name: &str, kind| ConstraintKey { name: name.into(), kind, columns: vec![("score".into(), true)] };
    table.constraint_keys = vec![key("u", ConstraintKind::Unique), key("i", ConstraintKind::Index)];
    input.table = Arc::new(table);
    let ran = run_on("TextChunk", r#"{"text_field": "name", "chunk_index_field": "n"}"#, vec![input.clone()])
        .unwrap();
    let table = &ran.tables[0];
    assert_eq!(table.primary_key.as_ref().unwrap().columns, ["id", "n"]);
    assert_eq!((table.constraint_keys[0].columns.len(), table.constraint_keys[1].columns.len()), (2, 1));
    for (options, part) in [
        ("{}", "t.text_field: is required"),
        (r#"{"text_field": "nam"}"#, "did you mean \"name\"?"),
        (r#"{"text_field": "name", "chunk_size": 0}"#, "t.chunk_size: 0 is not allowed; allowed: 1 or more"),
        (
            r#"{"text_field": "name", "chunk_size": 5, "overlap_size": 5}"#,
            "t.overlap_size: 5 is not allowed; allowed: 0 … 4",
        ),
        (r#"{"text_field": "name", "overlap_size": -1}"#, "-1 is not allowed"),
        (
            r#"{"text_field": "name", "output_field": "x", "chunk_index_field": "x"}"#,
            "\"x\" is the output_field already",
        ),
        (
            r#"{"text_field": "name", "output_field": "id"}"#,
            "output_field: \"id\" is a key column of table db.t",
        ),
        (
            r#"{"text_field": "name", "chunk_index_field": "score"}"#,
            "chunk_index_field: \"score\" is a key column",
        ),
    ] {
        let problems = wrong("TextChunk", options, vec![input.clone()]);
        assert!(problems.contains(part), "{options}: {problems}");
    }
}

#[test]
fn long_texts_come_in_several_batches_and_not_without_end() {
    let text = "x".repeat(100_000);
    let input =
        || table_of("t", vec![("s", DataType::String, Arc::new(StringArray::from(vec![text.as_str()])))]);
    let ran =
        run_on("TextChunk", r#"{"text_field": "s", "output_field": "s", "chunk_size": 10}"#, vec![input()])
            .unwrap();
    assert_eq!(ran.rows.len(), 10_000, "more than one batch holds");
    assert_eq!(ran.rows[9_999], "t +I xxxxxxxxxx|9999");
    let fault = wrong("TextChunk", r#"{"text_field": "s", "chunk_size": 1}"#, vec![input()]);
    assert!(fault.contains("a text of 100000 bytes would stand beside each of its 100000 pieces"), "{fault}");
    assert!(fault.contains("set output_field = \"s\""), "{fault}");
}
