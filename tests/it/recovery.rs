//! What a restart must keep: history, running jobs, ids, and one server per directory.

use crate::server::{Options, Server, program};
use crate::wait::until;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Copies `lines` numbered rows from a csv file to text files, slowly, with checkpoints.
pub fn file_job(input: &Path, output: &Path, rows_per_second: u32) -> Value {
    json!({
        "env": {"job.mode": "BATCH", "checkpoint.interval": 50, "read_limit.rows_per_second": rows_per_second},
        "source": [{
            "plugin_name": "LocalFile", "path": input, "file_format_type": "csv",
            "schema": {"fields": {"id": "bigint", "text": "string"}}
        }],
        "sink": [{"plugin_name": "LocalFile", "path": output, "file_format_type": "csv"}]
    })
}

/// Writes a csv file of numbered rows.
pub fn numbered_csv(path: &Path, rows: u32) {
    let text: String = (0..rows).map(|n| format!("{n},text {n}\n")).collect();
    fs::write(path, text).unwrap();
}

/// Every line under a directory, counted. Fails when anything staged is left.
pub fn lines_under(dir: &Path) -> BTreeMap<String, u32> {
    let mut lines = BTreeMap::new();
    for entry in walk(dir) {
        assert!(!entry.to_string_lossy().contains(".seikan"), "staged and left over: {}", entry.display());
        for line in fs::read_to_string(&entry).unwrap().lines() {
            *lines.entry(line.to_owned()).or_default() += 1;
        }
    }
    lines
}

/// Asserts that exactly the numbered rows are there, each once.
pub fn assert_each_once(dir: &Path, rows: u32) {
    let lines = lines_under(dir);
    let doubled: Vec<_> = lines.iter().filter(|(_, count)| **count != 1).take(3).collect();
    let missing: Vec<_> =
        (0..rows).filter(|n| !lines.contains_key(&format!("{n},text {n}"))).take(3).collect();
    assert!(
        doubled.is_empty() && missing.is_empty() && lines.len() == rows as usize,
        "{} lines of {rows}; doubled {doubled:?}, missing {missing:?}",
        lines.len()
    );
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files
}

/// Rows that a job has committed so far.
pub fn committed(job: &Value) -> u64 {
    job["run"]["committedCount"].as_str().and_then(|c| c.parse().ok()).unwrap_or(0)
}

#[test]
fn history_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let job = |rows: u32, fail: bool| {
        json!({
            "env": {"job.retry.times": 0},
            "source": [{"plugin_name": "FakeSource", "row.num": rows, "schema": {"fields": {"a": "int"}}}],
            "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [
                {"rule_type": "MIN_ROW", "rule_value": if fail { rows + 1 } else { rows }}]}}]
        })
    };
    let ids: Vec<String> = (0..20).map(|n| server.submit(&job(n + 1, n % 5 == 0))).collect();
    let before: Vec<Value> = ids.iter().map(|id| server.ended(id)).collect();
    let all = server.get("/finished-jobs").ok();
    let overview = server.get("/overview").ok();
    assert_eq!((&overview["finishedJobs"], &overview["failedJobs"]), (&json!("16"), &json!("4")));
    server.kill();
    let server = Server::start(dir.path());
    for (id, before) in ids.iter().zip(&before) {
        assert_eq!(server.job(id), *before);
    }
    assert_eq!(server.get("/finished-jobs").ok(), all);
    assert_eq!(server.get("/overview").ok()["failedJobs"], "4");
    let next = server.submit(&job(1, false));
    assert!(next.parse::<i64>().unwrap() > ids[19].parse::<i64>().unwrap(), "ids rise over restarts");
    server.ended(&next);
    assert_eq!(server.terminate(), Some(0));
    let server = Server::start(dir.path());
    assert_eq!(server.get("/finished-jobs").ok().as_array().map(Vec::len), Some(21));
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Server::start(dir.path());
    let printed = Server::try_start(dir.path(), Options::default()).err().expect("it must not start");
    assert!(printed.contains(&dir.path().display().to_string()), "{printed}");
}

/// In a copy it is said, see `copies`.
#[test]
fn a_word_to_resume_what_is_not_held_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.post("/resume-jobs", "").ok();
    let input = dir.path().join("logs/in.csv");
    numbered_csv(&input, 10);
    // By its end all that was to be said before has been printed.
    server.ended(&server.submit(&file_job(&input, &dir.path().join("logs/out"), 1_000)));
    assert!(!server.printed().contains("held jobs"), "{}", server.printed());
}

#[test]
fn an_open_address_needs_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(program())
        .args(["serve", "--listen", "0.0.0.0:0", "--data-dir"])
        .arg(dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && text.contains("allow-anonymous"), "{text}");
}

#[test]
fn a_terminated_server_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let (input, output) = (files.path().join("in.csv"), files.path().join("out"));
    let rows = 30_000;
    numbered_csv(&input, rows);
    let server = Server::start(dir.path());
    let id = server.submit(&file_job(&input, &output, 15_000));
    let part = until("20 to 80 % of the rows are committed", || {
        let done = committed(&server.job(&id));
        (done >= u64::from(rows) / 5).then_some(done)
    });
    assert!(part <= u64::from(rows) * 4 / 5, "{part} of {rows}");
    assert_eq!(server.terminate(), Some(0));
    let server = Server::start(dir.path());
    let job = server.ended(&id);
    assert_eq!(job["jobStatus"], "FINISHED", "{job:#}");
    assert_eq!(job["metrics"]["SinkWriteCount"], rows.to_string(), "{job:#}");
    assert_each_once(&output, rows);
    let log = fs::read_to_string(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
    assert!(log.contains("checkpoint"), "{log}");
}
