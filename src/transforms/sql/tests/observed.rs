//! Every expression that was observed on the Java engine: the same type, the same value.
//!
//! Where we want otherwise, `sql-differences.jsonl` says what and why; a line's `sane` is what it should have been.

use super::{run, table};
use serde_json::Value;

const OBSERVED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sql-observed.jsonl"));
const DIFFERENCES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sql-differences.jsonl"));

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Our types by the names of Parquet's.
fn is_type(found: &str, wanted: &str) -> bool {
    match wanted {
        "int32" => found == "INT",
        "int64" => found == "BIGINT",
        "string" => found == "STRING",
        "double" => found == "DOUBLE",
        "bool" => found == "BOOLEAN",
        "date32[day]" => found == "DATE",
        "timestamp[ms, tz=UTC]" => found == "TIMESTAMP",
        "list<array: int32 not null>" => found == "ARRAY<INT>",
        other => found == other || found == other.replace("decimal128", "Decimal"),
    }
}

fn is_value(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        // what a text file holds
        (Value::Number(a), Value::String(b)) => a.to_string() == *b,
        _ => found == wanted,
    }
}

#[test]
fn expressions_are_what_they_are_on_the_engine() {
    let observed = lines(OBSERVED);
    let differences = lines(DIFFERENCES);
    let columns: Vec<(String, String, String)> = observed[0]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let data_type = text(&column[1]).trim_matches('"').to_owned();
            (text(&column[0]), data_type, format!("[{}]", text(&column[2])))
        })
        .collect();
    let columns: Vec<(&str, &str, &str)> =
        columns.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    let row = table(&columns);
    let mut failures = Vec::new();
    for line in &observed[1..] {
        let expr = line["expr"].as_str().unwrap();
        let wanted = differences.iter().find(|difference| difference["n"] == line["n"]);
        assert!(
            wanted.is_none_or(|wanted| wanted["reason"].is_string()),
            "{expr}: a difference needs a reason"
        );
        let wanted = wanted.map_or(line, |difference| &difference["wanted"]);
        let found = run(&format!("select {expr} as e from fake"), &row).map(|(table, rows)| {
            let json: Value = serde_json::from_str(&rows[0]).unwrap();
            (table.columns[0].data_type.to_string(), json["e"].clone())
        });
        let is_right = match &found {
            Err(_) => wanted.get("error").is_some() || wanted["sane"] == "any",
            Ok(_) if wanted.get("error").is_some() => false,
            Ok((data_type, value)) => {
                let sane = wanted.get("sane").unwrap_or(&wanted["value"]);
                wanted["type"].as_str().is_none_or(|wanted| is_type(data_type, wanted))
                    && (is_value(value, sane) || sane == "any")
            }
        };
        if !is_right {
            failures.push(format!("{} {expr}: {found:?} instead of {wanted}", line["n"]));
        }
    }
    assert!(failures.is_empty(), "{} of {}\n{}", failures.len(), observed.len(), failures.join("\n"));
}
