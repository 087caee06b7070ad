//! Every function of SQL on a real server: `tests/data/sql-jobs/NAME.conf` writes what `NAME.jsonl` says, with a usual
//! row, a row of nulls and rows of limits; the expressions of `refused.jsonl` are refused with these words.

use crate::server::{Server, checkout};
use seikan::transforms::{SqlFunction, sql_functions};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    checkout().join("tests/data/sql-jobs")
}

/// The functions' names in a text: its words in capital letters.
fn words(text: &str) -> HashSet<String> {
    let text = text.replace(" AT TIME ZONE ", " AT_TIME_ZONE ");
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

/// All lines of the files in a directory.
fn written(dir: &Path) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Columns of a row that are not as they should be.
fn wrong(given: &Value, wanted: &Value) -> Vec<String> {
    let names: HashSet<&String> =
        [given, wanted].iter().flat_map(|row| row.as_object().unwrap().keys()).collect();
    let differs = |name: &&String| given[name.as_str()] != wanted[name.as_str()];
    let mut wrong: Vec<String> = (names.into_iter().filter(differs))
        .map(|name| format!("{name}: {} instead of {}", given[name.as_str()], wanted[name.as_str()]))
        .collect();
    wrong.sort();
    wrong
}

#[test]
fn jobs_of_every_function() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let mut jobs: Vec<PathBuf> = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    jobs.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
    jobs.sort();
    let (mut used, mut failures) = (HashSet::new(), Vec::new());
    for job in &jobs {
        let name = job.file_stem().unwrap().to_str().unwrap();
        let out = dir.path().join(name);
        let text = fs::read_to_string(job).unwrap();
        used.extend(words(&text));
        let answer =
            server.post("/submit-job?format=hocon", text.replace("{OUT}", out.to_str().unwrap())).json();
        let Some(id) = answer["jobId"].as_u64() else {
            failures.push(format!("{name}: {}", answer["message"]));
            continue;
        };
        let ended = server.ended(&id.to_string());
        if ended["jobStatus"] != "FINISHED" {
            failures.push(format!("{name}: {}", ended["errorMsg"]));
            continue;
        }
        let (given, wanted) =
            (written(&out), fs::read_to_string(job.with_extension("jsonl")).unwrap_or_default());
        let (given, wanted) = (lines(&given), lines(&wanted));
        if given.len() != wanted.len() || given.is_empty() {
            failures.push(format!("{name}: {} rows instead of {}", given.len(), wanted.len()));
        }
        for (row, (given, wanted)) in given.iter().zip(&wanted).enumerate() {
            let wrong = wrong(given, wanted);
            failures.extend(wrong.iter().map(|wrong| format!("{name}, row {}: {wrong}", row + 1)));
        }
    }
    let unused: Vec<&str> =
        sql_functions().flat_map(|function| function.names).copied().filter(|n| !used.contains(*n)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(unused.is_empty(), "no job has {unused:?}");
}

/// A job with a column of each kind.
fn job(expr: &str) -> Value {
    let fields = json!({
        "s": "string", "i": "int", "d": "double", "b": "boolean", "bin": "bytes", "dt": "date", "tm": "time",
        "ts": "timestamp", "arr": "array<string>", "mp": "map<string, int>", "v": "float_vector"
    });
    json!({
        "source": [{"plugin_name": "FakeSource", "plugin_output": "t", "schema": {"fields": fields}}],
        "transform": [{
            "plugin_name": "Sql", "plugin_input": "t", "plugin_output": "u", "query": format!("SELECT {expr} AS x FROM t")
        }],
        "sink": [{"plugin_name": "Console", "plugin_input": "u"}]
    })
}

#[test]
fn calls_that_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (mut refused, mut failures) = (HashSet::new(), Vec::new());
    for line in lines(&fs::read_to_string(data().join("refused.jsonl")).unwrap()) {
        let expr = line["expr"].as_str().unwrap();
        refused.extend(words(expr));
        let answer = server.post("/submit-job", job(expr).to_string());
        let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        let parts = line["parts"].as_array().unwrap();
        let has_all = parts.iter().all(|part| message.contains(part.as_str().unwrap()));
        if answer.status != 400 || !has_all || parts.is_empty() {
            failures.push(format!("{expr}: {} {message}", answer.status));
        }
    }
    let is_refused = |function: &SqlFunction| function.names.iter().any(|name| refused.contains(*name));
    let never: Vec<&str> = sql_functions().filter(|f| !is_refused(f)).map(|f| f.names[0]).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(never.is_empty(), "no call of {never:?} is refused");
}
