//! A clock that is set back: to the server it is the same as a history from the future.

use crate::server::{Options, Server, program};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const DAY: i64 = 24 * 3600 * 1000;

fn small() -> Value {
    json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MAX_ROW", "rule_value": 5}]}}]
    })
}

fn backup(arguments: &[&Path]) {
    let mut command = Command::new(program());
    let output = command.arg("backup").args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Moves every time and every generated id in an exported line a day ahead.
fn move_ahead(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member.as_i64()) {
                    ("created" | "started" | "ended" | "at", Some(time)) => *member = json!(time + DAY),
                    // 12 bits of an id count the ids of one millisecond.
                    ("id" | "idFloor", Some(id)) if id > 1 << 40 => *member = json!(id + (DAY << 12)),
                    _ => move_ahead(member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(move_ahead),
        _ => {}
    }
}

/// Sets the time of the last change of every file, and directory, a day ahead.
fn touch_ahead(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            touch_ahead(&entry.path());
        }
        let ahead = SystemTime::now() + Duration::from_millis(DAY as u64);
        File::open(entry.path()).unwrap().set_modified(ahead).unwrap();
    }
}

#[test]
fn after_the_clock_was_set_back_ids_rise_and_nothing_is_lost() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let server = Server::start(&at("today"));
    let ids: Vec<String> = (0..3).map(|_| server.submit(&small())).collect();
    ids.iter().for_each(|id| assert_eq!(server.ended(id)["jobStatus"], "FINISHED"));
    server.terminate();

    backup(&[Path::new("export"), &at("today"), Path::new("--out"), &at("today.jsonl")]);
    let lines = fs::read_to_string(at("today.jsonl")).unwrap();
    let lines = lines.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        move_ahead(&mut line);
        format!("{line}\n")
    });
    fs::write(at("tomorrow.jsonl"), lines.collect::<String>()).unwrap();
    backup(&[Path::new("import"), &at("tomorrow.jsonl"), &at("tomorrow")]);
    let old: Vec<i64> = ids.iter().map(|id| id.parse::<i64>().unwrap() + (DAY << 12)).collect();

    let mut new: Vec<i64> = Vec::new();
    for start in 0..3 {
        touch_ahead(&at("tomorrow"));
        // What was imported belongs to nobody until it is told.
        let server = Server::start_with(&at("tomorrow"), Options::default().arg("--resume"));
        let health = server.get("/health").ok();
        assert_eq!((&health["ready"], &health["store"]["notes"]), (&json!(true), &json!([])), "{health}");
        let id = server.submit(&small());
        let job = server.ended(&id);
        assert_eq!(job["jobStatus"], "FINISHED");
        assert!(job["finishTime"].as_str() >= job["createTime"].as_str(), "{job}");
        new.push(id.parse().unwrap());
        let ended = server.get("/finished-jobs/FINISHED").ok();
        let listed: Vec<i64> = ended
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["jobId"].as_str().unwrap().parse().unwrap())
            .collect();
        let mut expected = [old.as_slice(), new.as_slice()].concat();
        assert!(expected.is_sorted_by(|a, b| a < b), "start {start}: ids don't rise: {expected:?}");
        expected.sort_unstable();
        let mut found = listed.clone();
        found.sort_unstable();
        assert_eq!(found, expected, "start {start}");
        match start {
            0 => assert_eq!(server.terminate(), Some(0)),
            _ => server.kill(),
        }
    }
}
