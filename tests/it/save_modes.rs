//! `schema_save_mode` and `data_save_mode` of a file sink, whose directory is the table: every pair of them, on a target
//! that is missing and on one that holds data.

use crate::server::Server;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const SCHEMA_MODES: [&str; 4] =
    ["RECREATE_SCHEMA", "CREATE_SCHEMA_WHEN_NOT_EXIST", "ERROR_WHEN_SCHEMA_NOT_EXIST", "IGNORE"];
const DATA_MODES: [&str; 3] = ["APPEND_DATA", "DROP_DATA", "ERROR_WHEN_DATA_EXISTS"];

fn job(path: &Path, sources: Value, modes: (&str, &str)) -> Value {
    json!({
        "env": {"job.retry.times": 0},
        "source": sources,
        "sink": [{"plugin_name": "LocalFile", "path": path, "file_format_type": "text",
                  "schema_save_mode": modes.0, "data_save_mode": modes.1}],
    })
}

fn rows(table: &str) -> Value {
    json!([{"plugin_name": "FakeSource", "row.num": 2, "schema": {"table": table, "fields": {"a": "int"}}}])
}

fn old_file(target: &Path) -> PathBuf {
    let file = target.join("old.txt");
    fs::create_dir_all(target).unwrap();
    fs::write(&file, "1\n").unwrap();
    file
}

fn new_files(target: &Path) -> usize {
    let entries = fs::read_dir(target).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    entries.filter(|name| name != "old.txt" && name != ".seikan").count()
}

#[test]
fn every_pair_of_modes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let mut running = Vec::new();
    for schema in SCHEMA_MODES {
        for data in DATA_MODES {
            for filled in [false, true] {
                let target = dir.path().join(format!("{schema}-{data}-{filled}"));
                let old = filled.then(|| old_file(&target));
                let id = server.submit(&job(&target, rows("t"), (schema, data)));
                running.push((schema, data, target, old, id));
            }
        }
    }
    for (schema, data, target, old, id) in running {
        let filled = old.is_some();
        let case = format!("{schema}, {data}, {}", if filled { "filled" } else { "missing" });
        let job = server.ended(&id);
        let why = match (schema, data, &old) {
            ("ERROR_WHEN_SCHEMA_NOT_EXIST", _, None) => Some("ERROR_WHEN_SCHEMA_NOT_EXIST"),
            ("RECREATE_SCHEMA", ..) => None,
            (_, "ERROR_WHEN_DATA_EXISTS", Some(_)) => Some("ERROR_WHEN_DATA_EXISTS"),
            _ => None,
        };
        match why {
            Some(why) => {
                assert_eq!(job["jobStatus"], "FAILED", "{case}");
                assert!(job["errorMsg"].as_str().unwrap().contains(why), "{case}: {}", job["errorMsg"]);
                assert!(old.is_none_or(|old| old.exists()) && new_files(&target) == 0, "{case}");
            }
            None => {
                assert_eq!(job["jobStatus"], "FINISHED", "{case}: {}", job["errorMsg"]);
                let kept = schema != "RECREATE_SCHEMA" && data == "APPEND_DATA";
                assert_eq!(old.is_some_and(|old| old.exists()), filled && kept, "{case}");
                assert_eq!(new_files(&target), 1, "{case}");
            }
        }
    }
}

#[test]
fn each_table_has_its_own_target() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let table = |name: &str| json!({"row.num": 2, "schema": {"table": name, "fields": {"a": "int"}}});
    let sources = json!([{"plugin_name": "FakeSource", "tables_configs": [table("one"), table("two")]}]);
    let path = dir.path().join("${table_name}");
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let old = old_file(&two);
    let refused = server.submit(&job(&path, sources.clone(), ("IGNORE", "ERROR_WHEN_DATA_EXISTS")));
    let refused = server.ended(&refused);
    assert_eq!(refused["jobStatus"], "FAILED");
    assert!(refused["errorMsg"].as_str().unwrap().contains("two"), "{}", refused["errorMsg"]);
    assert!(old.exists() && new_files(&one) == 0, "nothing is written for any table");
    let done = server.submit(&job(&path, sources, ("IGNORE", "DROP_DATA")));
    assert_eq!(server.ended(&done)["jobStatus"], "FINISHED");
    assert_eq!((new_files(&one), new_files(&two), old.exists()), (1, 1, false));
}

#[test]
fn other_modes_are_refused_at_submission() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let path = dir.path().join("t");
    for (schema, data, wanted) in [
        (
            "IGNORE",
            "CUSTOM_PROCESSING",
            "sink[0].LocalFile.data_save_mode: \"CUSTOM_PROCESSING\" is not allowed here; allowed: DROP_DATA, APPEND_DATA, ERROR_WHEN_DATA_EXISTS",
        ),
        ("RECREATE", "DROP_DATA", "sink[0].LocalFile.schema_save_mode: \"RECREATE\" is not allowed here"),
    ] {
        let message = server.post("/submit-job", job(&path, rows("t"), (schema, data)).to_string()).fail(400);
        assert!(message.contains(wanted), "{message}");
    }
    let id = server.submit(&job(&path, rows("t"), ("recreate_schema", "Drop_Data")));
    assert_eq!(server.ended(&id)["jobStatus"], "FINISHED", "in any letter case");
}
