//! `seikan logs` against a real server, which keeps the logs of its jobs.

use crate::client::{printed, seikan, streaming};
use crate::server::Server;
use crate::wait::until;
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

#[test]
fn the_log_of_an_ended_job_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 3, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    }));
    server.ended(&id);
    let (out, err) = printed(server.url(), &["logs", &id], 0);
    assert!(out.ends_with("FINISHED: finished\n") && err.is_empty(), "{out}{err}");
    assert_eq!(out.matches("rowIndex=").count(), 3, "{out}");
    assert_eq!(out, server.get(&format!("/log/job-{id}.log")).text);
    assert_eq!(printed(server.url(), &["logs", &id, "-f"], 0).0, out, "it has ended: nothing to wait for");

    let (out, err) = printed(server.url(), &["logs", "5"], 2);
    assert_eq!((&*out, err), ("", format!("error: there is no job 5 at {}\n", server.url())));
    // The job is there, its log is not.
    std::fs::remove_file(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
    let (_, err) = printed(server.url(), &["logs", &id], 2);
    assert!(err.contains(&format!("there is no log \"job-{id}.log\"")), "{err}");
    assert!(!err.contains("there is nothing at"), "{err}");
}

#[test]
fn a_followed_log_goes_on_to_the_end_of_the_job() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&streaming());
    let mut child = seikan(server.url(), &["logs", &id, "-f"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("RUNNING: checkpoint 1 is stored") {
        assert!(out.read_line(&mut text).unwrap() > 0, "it ended before the job did: {text}");
    }
    server.stop_job(&id, false);
    out.read_to_string(&mut text).unwrap();
    let status = until("the program ends", || child.try_wait().unwrap());
    assert!(status.success(), "{status}: {text}");
    assert!(text.ends_with(" CANCELED: stopped\n"), "{text}");
    assert_eq!(text, server.get(&format!("/log/job-{id}.log")).text, "each line once");
}
