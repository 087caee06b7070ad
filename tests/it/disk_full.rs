//! A full disk: submissions are refused with a sentence, running jobs end, and nothing that was answered is lost.

use crate::server::{Options, Server};
use crate::wait::until;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs until it is stopped.
fn endless() -> Value {
    json!({
        "env": {"job.mode": "STREAMING", "checkpoint.interval": 3_600_000},
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn small() -> Value {
    json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn health(server: &Server) -> Value {
    server.get("/health").json()
}

/// Waits until the server says why it takes no jobs; answers that.
fn refuses(server: &Server, word: &str) -> String {
    until(&format!("/health says {word:?}"), || {
        let health = health(server);
        let why = health["notReady"].as_str()?.to_owned();
        (health["ready"] == false && health["live"] == true && why.contains(word)).then_some(why)
    })
}

fn takes_jobs(server: &Server) {
    until("jobs are taken again", || (health(server)["ready"] == true).then_some(()));
    let id = server.submit(&small());
    assert_eq!(server.ended(&id)["jobStatus"], "FINISHED");
}

/// A submission is refused, with the sentence of `/health`, and may be tried again later.
fn is_refused(server: &Server, dir: &Path) {
    let answer = server.post("/submit-job?jobId=77", small().to_string());
    assert!(answer.header("retry-after").is_some(), "{}", answer.text);
    let message = answer.fail(503);
    assert!(message.contains(&dir.display().to_string()) && message.contains(" free"), "{message}");
    assert!(message.contains("running jobs go on"), "{message}");
    assert!(server.job("77").get("jobStatus").is_none(), "a refused job is nowhere");
}

/// What was answered is there after a new start.
fn is_kept(dir: &Path, options: Options, finished: &[&str], stopped: &str, running: &str) {
    let server = Server::start_with(dir, options);
    for id in finished {
        assert_eq!(server.job(id)["jobStatus"], "FINISHED");
    }
    assert_eq!(server.job(stopped)["jobStatus"], "CANCELED");
    server.wait_for(running, "RUNNING");
    assert!(server.job("77").get("jobStatus").is_none());
}

#[test]
fn submissions_are_refused_and_running_jobs_end() {
    let dir = tempfile::tempdir().unwrap();
    let (low, full) = (dir.path().join("low"), dir.path().join("full"));
    let points =
        format!("store.free-space=full({});store.before-write=full({})", low.display(), full.display());
    let data = dir.path().join("data");
    let server = Server::start_with(&data, Options::default().env("SEIKAN_FAILPOINTS", points));
    let reserve = data.join("reserve");
    until("the reserve is made", || reserve.exists().then_some(()));
    let done = server.submit(&small());
    server.ended(&done);
    let (stopped, running) = (server.submit(&endless()), server.submit(&endless()));
    server.wait_for(&stopped, "RUNNING");
    server.wait_for(&running, "RUNNING");
    let mut often = endless();
    often["env"]["checkpoint.interval"] = json!(50);
    let checkpointing = server.submit(&often);
    server.wait_for(&checkpointing, "RUNNING");
    let log = || fs::read_to_string(data.join(format!("logs/job-{checkpointing}.log"))).unwrap_or_default();
    until("a checkpoint", || log().contains("stored after").then_some(()));

    fs::write(&low, "").unwrap();
    refuses(&server, "store.low-water-bytes is 268435456");
    is_refused(&server, &data);
    assert!(reserve.exists(), "little space is not yet none");

    // The stop finds no space, and the reserve goes; somebody else has taken its room. So it is answered as not
    // recorded, and recorded as soon as there is room.
    fs::write(&full, "").unwrap();
    let body = json!({"jobId": stopped, "isStopWithSavePoint": false}).to_string();
    let message = server.post("/stop-job", body).fail(503);
    assert!(message.contains("not recorded"), "{message}");
    assert!(!reserve.exists());
    refuses(&server, "is full");
    is_refused(&server, &data);
    for path in ["/finished-jobs", "/running-jobs", "/overview"] {
        server.get(path).ok();
    }
    assert_eq!(server.job(&done)["jobStatus"], "FINISHED");
    assert_eq!(server.job(&running)["jobStatus"], "RUNNING");

    // Its checkpoints are skipped meanwhile, and its attempt goes on.
    until("some are skipped", || {
        (log().matches("it is skipped, and the job goes on").count() > 2).then_some(())
    });
    let body = json!({"jobId": checkpointing, "isStopWithSavePoint": true}).to_string();
    server.post("/stop-job", body).fail(503);
    assert_eq!(server.job(&checkpointing)["jobStatus"], "RUNNING");

    fs::remove_file(&full).unwrap();
    fs::remove_file(&low).unwrap();
    assert_eq!(server.ended(&stopped)["jobStatus"], "CANCELED", "there is room now");
    // The savepoint that could not be recorded when it was asked for is made now.
    let done_now = server.ended(&checkpointing);
    assert_eq!((&done_now["jobStatus"], &done_now["run"]["attempt"]), (&json!("SAVEPOINT_DONE"), &json!(1)));
    takes_jobs(&server);
    assert!(reserve.exists());
    server.kill();
    is_kept(&data, Options::default(), &[&done], &stopped, &running);
}

#[test]
fn a_sync_that_finds_no_space_ends_the_server_and_the_next_start_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (full, data) = (dir.path().join("full"), dir.path().join("data"));
    let points = format!("store.written=full({})", full.display());
    let server = Server::start_with(&data, Options::default().env("SEIKAN_FAILPOINTS", points));
    let (done, running) = (server.submit(&small()), server.submit(&endless()));
    server.ended(&done);
    server.wait_for(&running, "RUNNING");
    fs::write(&full, "").unwrap();
    let asked = server.try_post("/submit-job?jobId=77", small().to_string());
    assert!(asked.is_none_or(|answer| answer.status == 503));
    until("the server ends", || server.try_get("/health").is_none().then_some(()));
    until("it says why", || {
        let said = server.printed();
        let why = said.contains("a sync of the journal failed")
            && said.contains("its next start reads what is there");
        (why && said.contains("error: the store can't be written any more")).then_some(())
    });
    drop(server);
    let server = Server::start(&data);
    assert_eq!(server.job(&done)["jobStatus"], "FINISHED");
    server.wait_for(&running, "RUNNING");
    // Its answer was not known; now it is.
    let asked = server.job("77");
    assert!(asked.get("jobStatus").is_none() || server.ended("77")["jobStatus"] == "FINISHED", "{asked}");
}

/// Mounts a small file system for the time of the test.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(place: &'a Path, size: &str) -> Self {
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(place).status();
        assert!(mounted.unwrap().success(), "this test must be allowed to mount a tmpfs");
        Self(place)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let gone = Command::new("umount").arg("-l").arg(self.0).status();
        assert!(gone.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

/// The history is loaded when there is room for the index; single jobs are answered meanwhile.
fn starts_full(data: &Path, options: Options) -> Server {
    Server::start_loading(data, options)
        .unwrap_or_else(|printed| panic!("the server did not start:\n{printed}"))
}

#[test]
#[ignore = "it mounts a file system, which needs root: cargo test --test it disk_full -- --include-ignored"]
fn a_file_system_that_is_really_full() {
    let dir = tempfile::tempdir().unwrap();
    let mounted = Mounted::new(dir.path(), "48m");
    let data = dir.path().join("data");
    let options = || {
        Options::default()
            .env("SEIKAN_ENGINE__STORE__LOW_WATER_BYTES", 4 << 20)
            .env("SEIKAN_ENGINE__STORE__TRUST_PATH", true)
    };
    let server = Server::start_with(&data, options());
    let reserve = data.join("reserve");
    until("the reserve is made", || reserve.exists().then_some(()));
    let done = server.submit(&small());
    server.ended(&done);
    let (stopped, running) = (server.submit(&endless()), server.submit(&endless()));
    server.wait_for(&stopped, "RUNNING");
    server.wait_for(&running, "RUNNING");

    let filler = dir.path().join("filler");
    let filled = fs::write(&filler, vec![1; 64 << 20]).unwrap_err();
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    refuses(&server, "store.low-water-bytes is 4194304");
    is_refused(&server, &data);
    // Whatever is recorded now needs the room of the reserve.
    until("the reserve goes", || {
        let body = json!({"jobId": stopped, "isStopWithSavePoint": false}).to_string();
        server.post("/stop-job", body).ok();
        (!reserve.exists()).then_some(())
    });
    assert_eq!(server.ended(&stopped)["jobStatus"], "CANCELED");
    is_refused(&server, &data);
    server.get("/finished-jobs").ok();
    assert_eq!(server.job(&done)["jobStatus"], "FINISHED");

    // Also a start finds no space now, and another with all of it gone.
    server.kill();
    let server = starts_full(&data, options());
    server.wait_for(&running, "RUNNING");
    is_refused(&server, &data);
    assert_eq!(server.job(&stopped)["jobStatus"], "CANCELED");

    fs::remove_file(&filler).unwrap();
    takes_jobs(&server);
    assert!(reserve.exists());
    server.kill();
    is_kept(&data, options(), &[&done], &stopped, &running);
    drop(mounted);
}

#[test]
#[ignore = "it mounts a file system, which needs root: cargo test --test it disk_full -- --include-ignored"]
fn a_start_on_a_file_system_that_is_really_full() {
    let dir = tempfile::tempdir().unwrap();
    let mounted = Mounted::new(dir.path(), "48m");
    let data = dir.path().join("data");
    let options = || {
        Options::default()
            .env("SEIKAN_ENGINE__STORE__LOW_WATER_BYTES", 0)
            .env("SEIKAN_ENGINE__STORE__TRUST_PATH", true)
    };
    let server = Server::start_with(&data, options());
    let reserve = data.join("reserve");
    until("the reserve is made", || reserve.exists().then_some(()));
    let (done, running) = (server.submit(&small()), server.submit(&endless()));
    server.ended(&done);
    server.wait_for(&running, "RUNNING");
    server.kill();

    let filler = dir.path().join("filler");
    let filled = fs::write(&filler, vec![1; 64 << 20]).unwrap_err();
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    assert!(reserve.exists());
    let server = starts_full(&data, options());
    assert!(!reserve.exists(), "the start needed its room");
    server.wait_for(&running, "RUNNING");
    assert_eq!(server.job(&done)["jobStatus"], "FINISHED");
    is_refused(&server, &data);
    server.stop_job(&running, false);
    assert_eq!(server.ended(&running)["jobStatus"], "CANCELED");
    fs::remove_file(&filler).unwrap();
    takes_jobs(&server);
    assert!(reserve.exists());
    drop(server);
    drop(mounted);
}
