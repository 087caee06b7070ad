//! A start that takes long: HTTP answers from the first moment, and says how far it is.

use crate::server::{Answer, Options, Server, program};
use crate::wait::until;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// `/health` answers within this time after the process was started.
const PROMISED: Duration = Duration::from_secs(1);

fn is_refused_for_now(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    let seconds: u64 = answer.header("Retry-After").expect("a Retry-After").parse().unwrap();
    assert!((1..=5).contains(&seconds), "{seconds}");
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
}

#[test]
fn a_long_start_answers_at_once_and_says_how_far_it_is() {
    // A busy machine may delay a start; three in a row it doesn't.
    let mut took = Vec::new();
    while took.iter().all(|took| *took >= PROMISED) {
        assert!(took.len() < 3, "the first answer came after {took:?}");
        let dir = tempfile::tempdir().unwrap();
        let visits = dir.path().join("visits");
        let options = Options::default()
            .env("SEIKAN_FAILPOINTS", "store.before-identity=sleep(4000)")
            .env("SEIKAN_FAILPOINT_LOG", visits.display())
            .env("SEIKAN_ENGINE__HTTP__CONTEXT_PATH", "/seatunnel");
        let started = Instant::now();
        let server = Server::start_slowly(&dir.path().join("data"), options);
        let first = server.get("/health");
        took.push(started.elapsed());
        let opening = || std::fs::read_to_string(&visits).unwrap_or_default();
        if opening().contains("left") {
            continue;
        }

        is_refused_for_now(&first);
        let health = first.json();
        assert_eq!((&health["live"], &health["ready"]), (&json!(true), &json!(false)), "{health:#}");
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
        assert!(health["starting"]["step"].as_str().is_some_and(|step| !step.is_empty()), "{health:#}");
        for figure in ["done", "total"] {
            assert!(health["starting"][figure].is_u64(), "{health:#}");
        }
        assert!(health["starting"]["unit"].is_string(), "{health:#}");
        let head = server.request("HEAD", "/health", &[], b"");
        assert_eq!((head.status, head.text.as_str()), (503, ""));
        for path in ["/overview", "/finished-jobs", "/running-jobs", "/job-info/1", "/metrics", "/nowhere"] {
            let answer = server.get(path);
            is_refused_for_now(&answer);
            assert!(answer.fail(503).contains("the server is starting"));
        }
        let job = json!({"source": [], "sink": []}).to_string();
        let submit = server.post("/submit-job", &job);
        is_refused_for_now(&submit);
        submit.fail(503);
        assert!(!server.printed().contains("is ready after"), "all of this was before the store was open");

        // The connections of before see the whole API.
        let health = until("the server is ready", || Some(server.get("/health")).filter(|a| a.status == 200));
        assert!(opening().contains("left"), "ready before the store was open");
        let health = health.json();
        assert_eq!((&health["ready"], &health["loading"]), (&json!(true), &json!(null)), "{health:#}");
        assert_eq!(health["starting"], json!(null));
        server.get("/overview").ok();
        assert_eq!(server.get("/nowhere").status, 404);
        until("the greeting", || server.printed().contains(" is ready after ").then_some(()));
    }
}

#[test]
fn jobs_are_taken_while_the_history_is_being_loaded() {
    let job = json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    });
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let ended = server.submit(&job);
    server.ended(&ended);
    server.kill();

    // Without a clean stop the index is loaded anew.
    let visits = dir.path().join("visits");
    let options = Options::default()
        .env("SEIKAN_FAILPOINTS", "store.before-load=sleep(5000)")
        .env("SEIKAN_FAILPOINT_LOG", visits.display());
    let server = Server::start_loading(dir.path(), options).unwrap();
    let health = server.get("/health").ok();
    assert_eq!(health["ready"], true);
    assert!(health["loading"]["step"].is_string(), "{health:#}");
    for path in ["/overview", "/finished-jobs", "/finished-jobs/FINISHED", "/finished-jobs?page=1"] {
        let answer = server.get(path);
        is_refused_for_now(&answer);
        assert!(answer.fail(503).contains("the history is being loaded"), "{path}");
    }
    let during = server.submit(&job);
    server.get("/running-jobs").ok();
    server.get("/system-monitoring-information").ok();
    assert_eq!(server.get(&format!("/finished-jobs/{ended}")).ok(), json!([]), "no state, no history");
    assert_eq!(server.job(&ended)["jobStatus"], "FINISHED");
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains("\nseikan_store_loading 1\n"), "{metrics}");
    assert!(metrics.contains("seikan_live_jobs{") && !metrics.contains("seikan_ended_jobs"), "{metrics}");
    let visited = std::fs::read_to_string(&visits).unwrap();
    assert_eq!(visited, "store.before-load\n", "all of this was before the history was there");

    let health = until("the history is there", || {
        let health = server.get("/health").ok();
        health["loading"].is_null().then_some(health)
    });
    assert_eq!(health["ready"], true);
    server.ended(&during);
    assert_eq!(server.get("/overview").ok()["finishedJobs"], "2");
    let listed = server.get("/finished-jobs").ok();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed:#}");
    assert!(server.get("/metrics").text.contains("\nseikan_ended_jobs{state=\"FINISHED\"} 2\n"));
}

#[test]
fn an_address_in_use_ends_the_start_with_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("one"));
    let address = server.url().trim_start_matches("http://").to_owned();
    let options = Options { without_listen: true, ..Options::default().arg("--listen").arg(&address) };
    let other = dir.path().join("other");
    let said = Server::try_start(&other, options).err().expect("the address is taken");
    assert!(said.contains(&format!("error: http: {address} can't be listened on: ")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!other.exists(), "nothing was made");
}

#[test]
fn a_data_directory_in_use_ends_the_start_with_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let said = Server::try_start(dir.path(), Options::default()).err().expect("the directory is taken");
    assert!(said.contains("is in use by another process, which holds its LOCK"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    server.get("/overview").ok();
}

/// A wrong configuration, a taken port, a second process, a file in the place of the directory.
#[test]
fn a_start_that_is_refused_leaves_nothing_behind() {
    let top = tempfile::tempdir().unwrap();
    let names = |dir: &Path| {
        let entries = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().map(Result::unwrap);
        entries.map(|entry| entry.path().to_owned()).collect::<Vec<_>>()
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let (config, file, running) =
        (top.path().join("wrong.yaml"), top.path().join("file"), top.path().join("running"));
    fs::write(&config, "seatunnel: {engine: {no-such-option: 1, store: {data-dir: 7, segment-bytes: x}}}")
        .unwrap();
    fs::write(&file, "x").unwrap();
    let server = Server::start(&running);
    until("its directory is quiet", || {
        let before = names(&running);
        (running.join("reserve").exists() && running.join("logs").exists() && names(&running) == before)
            .then_some(())
    });
    let missing = top.path().join("missing");
    let cases = [
        (&missing, vec!["--config", config.to_str().unwrap(), "--listen", "127.0.0.1:0"], "segment-bytes"),
        (&missing, vec!["--listen", &port], "can't be listened on"),
        (&running, vec!["--listen", "127.0.0.1:0"], "in use by another process"),
        (&file, vec!["--listen", "127.0.0.1:0"], "file is a file, not a directory"),
    ];
    let before = names(top.path());
    for (dir, arguments, why) in cases {
        let mut command = Command::new(program());
        command.args(["serve", "--data-dir"]).arg(dir).args(&arguments).current_dir(top.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{arguments:?}: {said}");
        assert_eq!(names(top.path()), before, "{arguments:?}");
    }
    drop(server);
}
