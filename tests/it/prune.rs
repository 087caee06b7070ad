//! `seikan prune`: what it says beside a running server, what it refuses, what it deletes.

use crate::server::{Options, Server, program};
use crate::wait::until_within;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn small() -> Value {
    json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn endless() -> Value {
    let mut job = small();
    job["env"] = json!({"job.mode": "STREAMING", "checkpoint.interval": 3_600_000});
    job
}

/// Runs `seikan prune` on a directory; what it printed.
fn prune(data: &Path, config: &Path, arguments: &[&str], code: i32) -> String {
    let mut command = Command::new(program());
    command.arg("prune").arg("--data-dir").arg(data).arg("--config").arg(config).args(arguments);
    let output = command.env("TZ", "UTC").stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn says_what_is_over_and_deletes_it_when_the_server_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), dir.path().join("kept.yaml"));
    fs::write(
        &config,
        "engine:\n  store:\n    max-ended-jobs: 3\n  logs:\n    max-jobs: 3\n  checkpoint:\n    max-jobs: 0\n",
    )
    .unwrap();
    let unlimited = dir.path().join("unlimited.yaml");
    fs::write(&unlimited, "engine:\n  port: 0\n").unwrap();
    let server = Server::start(&data);
    let ended: Vec<String> = (0..5)
        .map(|_| {
            let id = server.submit(&small());
            server.ended(&id);
            id
        })
        .collect();
    let saved = server.submit(&endless());
    server.wait_for(&saved, "RUNNING");
    server.stop_job(&saved, true);
    server.wait_for(&saved, "SAVEPOINT_DONE");
    let running = server.submit(&endless());
    server.wait_for(&running, "RUNNING");

    let logs = data.join("logs");
    let before = (names(&data.join("journal")), names(&logs));
    let said = prune(&data, &config, &["--dry-run"], 0);
    assert!(said.contains("6 ended jobs"), "{said}");
    assert!(said.contains("records: would delete 3 ("), "{said}");
    assert!(said.contains("logs: would delete 4 ("), "three are kept, the running job's among them: {said}");
    assert!(said.contains("checkpoints: would delete 1 ("), "{said}");
    assert!(said.contains(", from 20") && said.contains("nothing was changed"), "{said}");
    let said = prune(&data, &unlimited, &["--dry-run"], 0);
    assert_eq!(said.matches("all are kept (no limit is configured)").count(), 3, "{said}");
    let refused = prune(&data, &config, &[], 2);
    assert!(refused.contains("the running server prunes by itself"), "{refused}");
    assert_eq!((names(&data.join("journal")), names(&logs)), before);
    for id in &ended {
        assert_eq!(server.job(id)["jobStatus"], "FINISHED");
    }
    assert_eq!(server.terminate(), Some(0));

    let said = prune(&data, &config, &[], 0);
    assert!(said.contains("records: deleted 3 (") && said.contains("logs: deleted 4 ("), "{said}");
    assert!(said.contains("checkpoints: deleted 1 ("), "{said}");
    let said = prune(&data, &config, &["--dry-run"], 0);
    assert!(said.contains("3 ended jobs") && said.contains("records: would delete 0 (0 bytes)\n"), "{said}");
    assert!(said.contains("checkpoints: would delete 0"), "{said}");

    let server = Server::start_with(&data, Options::default());
    for id in &ended[..3] {
        assert!(server.job(id).get("jobStatus").is_none(), "{id} is deleted");
    }
    for id in &ended[3..] {
        assert_eq!(server.job(id)["jobStatus"], "FINISHED");
    }
    assert_eq!(server.job(&saved)["jobStatus"], "SAVEPOINT_DONE");
    let again =
        server.post(&format!("/submit-job?jobId={saved}&isStartWithSavePoint=true"), endless().to_string());
    assert!(again.fail(400).contains("no checkpoint for job"));
    server.wait_for(&running, "RUNNING");
    let mut kept: Vec<String> = names(&logs);
    kept.retain(|name| name.starts_with("job-"));
    assert!(kept.contains(&format!("job-{running}.log")), "{kept:?}");
    assert!(!kept.contains(&format!("job-{}.log", ended[3])) && kept.len() == 3, "{kept:?}");
}

#[test]
fn refuses_what_is_no_data_directory_and_what_is_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("kept.yaml");
    fs::write(&config, "engine:\n  store:\n    max-ended-jobs: 0\n").unwrap();
    let nothing = dir.path().join("nothing");
    for arguments in [&["--dry-run"][..], &[]] {
        let refused = prune(&nothing, &config, arguments, 2);
        assert!(refused.contains("does not exist"), "{refused}");
        assert!(!nothing.exists());
    }
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let id = server.submit(&small());
    server.ended(&id);
    server.terminate();
    let copy = dir.path().join("copy");
    assert!(Command::new("cp").arg("-r").arg(&data).arg(&copy).status().unwrap().success());
    let said = prune(&copy, &config, &["--dry-run"], 0);
    assert!(said.contains("nothing is deleted until `serve --resume`"), "{said}");
    let refused = prune(&copy, &config, &[], 2);
    assert!(refused.contains("is a copy"), "{refused}");
}

/// The first look after a kill meets a history that is being loaded: the next one does not wait a minute.
#[test]
fn what_is_over_goes_soon_after_a_kill_too() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for _ in 0..5 {
        let id = server.submit(&small());
        server.ended(&id);
    }
    server.kill();
    let options = Options::default()
        .env("SEIKAN_FAILPOINTS", "store.before-load=sleep(300)")
        .env("SEIKAN_ENGINE__STORE__MAX_ENDED_JOBS", 2);
    let server = Server::start_with(dir.path(), options);
    until_within(Duration::from_secs(30), "three of them are deleted", || {
        let ended = server.try_get("/finished-jobs").filter(|answer| answer.status == 200)?.json();
        (ended.as_array()?.len() == 2).then_some(())
    });
}
