//! What a job left, in the shape of its line's `output`.

use super::case::{Case, Seen};
use super::{parquet_rows, stats};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::{Captures, Regex};
use serde_json::{Map, Value, json};
use std::fs;

/// What is there, as the line's `look` asks.
pub fn found(case: &Case<'_>, seen: &Seen) -> Value {
    let files = written(case, seen);
    match look(case) {
        "status" => Value::Null,
        "files" => {
            files.iter().map(|(name, bytes)| json!([name, content(case, name, bytes)])).collect::<Value>()
        }
        "lines" => {
            let mut lines: Vec<String> = files
                .iter()
                .flat_map(|(_, bytes)| text(bytes).lines().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            lines.sort();
            json!(lines)
        }
        "stats" => {
            let rows: String = files.iter().map(|(_, bytes)| text(bytes) + "\n").collect();
            stats::read(&rows)
        }
        "count" => counts(&seen.job["metrics"]),
        "console" => {
            let ours = |m: &&String| m.starts_with("output rowType") || m.starts_with("subtaskIndex");
            let mut messages: Vec<&String> = seen.messages.iter().filter(ours).collect();
            messages.sort();
            json!(messages)
        }
        "parquet" => parquet_rows::read(&case.path("out")),
        _ if files.is_empty() => Value::Null,
        _ => {
            let all: Vec<&[u8]> = files.iter().map(|(_, bytes)| bytes.as_slice()).collect();
            content(case, "", &all.join(&b'\n'))
        }
    }
}

/// The line's `output` in the same shape, where we show less than it does.
pub fn wanted(case: &Case<'_>, output: &Value) -> Value {
    match look(case) {
        "status" => Value::Null,
        "files" => match output["files"].as_array() {
            Some(files) => {
                let ours = |file: &&Value| {
                    !file[1].is_null() && !file[0].as_str().is_some_and(|n| n.ends_with(".crc"))
                };
                files.iter().filter(ours).cloned().collect()
            }
            None => output.clone(),
        },
        "console" => {
            let mut messages = output.as_array().cloned().unwrap_or_default();
            messages.sort_by_key(|m| m.as_str().map(str::to_owned));
            json!(messages)
        }
        _ => output.clone(),
    }
}

/// Times and timestamps have six digits of a second, the engine's nine.
pub fn in_microseconds(output: &Value) -> Value {
    let finer = Regex::new("(:[0-9]{2}[.][0-9]{6})[0-9]{3}").expect("a regex");
    match output {
        Value::String(text) => finer.replace_all(text, "$1").into_owned().into(),
        Value::Array(list) => list.iter().map(in_microseconds).collect(),
        other => other.clone(),
    }
}

/// Whether `found` is what `wanted` says.
pub fn same(case: &Case<'_>, wanted: &Value, found: &Value) -> Result<(), String> {
    let same = match look(case) {
        "stats" => {
            // dates and times of now are other ones now
            let topic = case.line["topic"].as_str().unwrap_or_default().to_lowercase();
            let now = topic.starts_with("current_") && !topic.ends_with("of string");
            stats::ranges(&case.line["range"], found)?;
            return stats::same(wanted, found, now);
        }
        "parquet" => parquet_rows::same(wanted, found),
        _ => wanted == found,
    };
    if same { Ok(()) } else { Err(format!("\n  wanted {wanted}\n  found  {found}")) }
}

/// What was left in the staging folders.
pub fn leftovers(case: &Case<'_>) -> Vec<String> {
    let staged = walkdir::WalkDir::new(case.path("tmp")).min_depth(1).into_iter();
    let hidden = walkdir::WalkDir::new(case.path("out")).into_iter();
    let paths =
        |walk: walkdir::IntoIter| walk.filter_map(Result::ok).map(|entry| entry.path().display().to_string());
    paths(staged).chain(paths(hidden).filter(|path| path.contains(".seikan"))).collect()
}

fn look<'a>(case: &Case<'a>) -> &'a str {
    case.line["look"].as_str().unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn content(case: &Case<'_>, name: &str, bytes: &[u8]) -> Value {
    if name.ends_with(".parquet") {
        return json!({ "bytes": true });
    }
    let output = &case.line["output"];
    match std::str::from_utf8(bytes) {
        Ok(text) if output.get("base64").is_none() => text.into(),
        Err(_) if output.is_string() => text(bytes).into(),
        _ => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

/// The files below `{OUT}` by masked name.
fn written(case: &Case<'_>, seen: &Seen) -> Vec<(String, Vec<u8>)> {
    let out = case.path("out");
    let mut files: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(&out)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(&out).expect("below").to_string_lossy().into_owned();
            (masked(case, seen, &name), fs::read(entry.path()).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

fn masked(case: &Case<'_>, seen: &Seen, name: &str) -> String {
    let regex = |text: &str| Regex::new(text).expect("a regex");
    let transaction = regex(&format!("T_{}_[0-9a-f]{{10}}_", seen.id));
    let name = transaction.replace_all(name, "T_{jobId}_{hex10}_");
    let uuid = regex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    let name = uuid.replace_all(&name, "{uuid}");
    if case.line.get("mask").is_none() {
        return name.into_owned();
    }
    let now = regex("(_1_|a_)([0-9][0-9.T-]{7,})(_[0-9]+[.])");
    let digits = regex("[0-9]");
    let nines =
        |found: &Captures<'_>| format!("{}{}{}", &found[1], digits.replace_all(&found[2], "9"), &found[3]);
    now.replace_all(&name, nines).into_owned()
}

/// The counts of a job as numbers.
fn counts(metrics: &Value) -> Value {
    let number = |value: &Value| {
        value.as_str().and_then(|text| text.parse::<i64>().ok()).map_or(Value::Null, Value::from)
    };
    let mut counts = Map::new();
    for key in ["SourceReceivedCount", "SinkWriteCount"] {
        counts.insert(key.into(), number(&metrics[key]));
    }
    for key in ["TableSourceReceivedCount", "TableSinkWriteCount"] {
        let tables = metrics[key].as_object().into_iter().flatten();
        counts.insert(key.into(), tables.map(|(table, count)| (table.clone(), number(count))).collect());
    }
    counts.into()
}
