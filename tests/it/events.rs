//! The event log of a job: as a list, followed live, and across restarts.

use crate::server::Server;
use crate::wait::until;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

fn quick() -> Value {
    json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn endless() -> Value {
    json!({
        "env": {"job.mode": "STREAMING", "checkpoint.interval": 50},
        "source": [{
            "plugin_name": "FakeSource", "row.num": 100000, "split.num": 10000, "split.read-interval": 50,
            "schema": {"fields": {"a": "int"}}
        }],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn kinds(events: &Value) -> Vec<String> {
    events.as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect()
}

fn events(server: &Server, id: &str) -> Value {
    server.get(&format!("/jobs/{id}/events")).ok()
}

#[test]
fn a_batch_job_tells_its_life() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&quick());
    server.ended(&id);
    let all = events(&server, &id);
    assert_eq!(kinds(&all), ["submitted", "started", "running", "ended"], "{all:#}");
    assert_eq!(all[0]["seq"], 1);
    assert_eq!(all[3]["state"], "FINISHED");
    assert_eq!((&all[1]["attempt"], &all[1]["message"]), (&json!(1), &json!("attempt 1 starts")));
    assert!(all[0]["timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(all[0]["time"].as_str().map(str::len), Some("2026-01-01 00:00:00".len()));
    let part = server.get(&format!("/jobs/{id}/events?after=1&limit=2")).ok();
    assert_eq!(kinds(&part), ["started", "running"]);
    assert_eq!(server.get(&format!("/jobs/{id}/events?after=99")).ok(), json!([]));
    server.kill();
    let server = Server::start(dir.path());
    assert_eq!(events(&server, &id), all, "a kill takes nothing");
}

#[test]
fn mistakes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    assert_eq!(server.get("/jobs/7/events").fail(404), "there is no job 7");
    assert!(server.get("/jobs/x/events").fail(400).contains("a job id is a number"));
    for query in ["after=-1", "limit=many", "follow=perhaps"] {
        let message = server.get(&format!("/jobs/7/events?{query}")).fail(400);
        assert!(message.starts_with(query.split('=').next().unwrap()), "{message}");
    }
    let wrong = server.post("/jobs/7/events", "");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn checkpoints_stops_and_restarts_are_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&endless());
    until("checkpoints are told, and only the newest are kept", || {
        let all = events(&server, &id);
        let last = all.as_array()?.last()?["seq"].as_u64()?;
        let told = kinds(&all).iter().filter(|kind| *kind == "checkpoint").count();
        assert!(told <= 16, "{all:#}");
        (last > 25 && told > 1).then_some(())
    });
    let before = events(&server, &id);
    server.kill();
    let server = Server::start(dir.path());
    until("it runs again", || {
        let kinds = kinds(&events(&server, &id));
        let at = kinds.iter().position(|kind| kind == "restored")?;
        kinds[at..].iter().any(|kind| kind == "running").then_some(())
    });
    server.stop_job(&id, true);
    server.wait_for(&id, "SAVEPOINT_DONE");
    let after = events(&server, &id);
    let kinds = kinds(&after);
    for kind in ["submitted", "restored", "savepoint-asked"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} in {kinds:?}");
    }
    assert_eq!(kinds.last().map(String::as_str), Some("ended"));
    let after = after.as_array().unwrap();
    assert!(after.is_sorted_by(|a, b| a["seq"].as_u64() < b["seq"].as_u64()), "{after:?}");
    for old in before.as_array().unwrap() {
        let same = after.iter().find(|new| new["seq"] == old["seq"]);
        assert!(same.is_none_or(|same| same == old), "a number is never used twice: {old} and {same:?}");
    }
}

#[test]
fn failures_and_retries_are_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let job = json!({
        "env": {"job.retry.times": 1, "job.retry.interval.seconds": 0},
        "source": [{"plugin_name": "FakeSource", "row.num": 1, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 2}]}}]
    });
    let id = server.submit(&job);
    assert_eq!(server.ended(&id)["jobStatus"], "FAILED");
    let all = events(&server, &id);
    let kinds = kinds(&all);
    assert!(["attempt-failed", "restarted"].iter().all(|kind| kinds.iter().any(|k| k == kind)), "{all:#}");
    let last = all.as_array().unwrap().last().unwrap();
    assert!(last["message"].as_str().unwrap().starts_with("failed: "), "{last}");
    assert_eq!(last["attempt"], 2);
}

/// A stream of server-sent events, read as its bytes come.
struct Stream {
    lines: BufReader<TcpStream>,
    head: String,
}

impl Stream {
    fn open(server: &Server, path: &str, headers: &str) -> Self {
        let host = server.url().trim_start_matches("http://");
        let mut socket = TcpStream::connect(host).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // HTTP/1.0: no chunks.
        write!(socket, "GET {path} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n").unwrap();
        let (mut lines, mut head) = (BufReader::new(socket), String::new());
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        Self { lines, head }
    }

    /// The next block; `None` at the end.
    fn next(&mut self) -> Option<String> {
        let mut block = String::new();
        while !block.ends_with("\n\n") {
            if self.lines.read_line(&mut block).unwrap() == 0 {
                return None;
            }
        }
        Some(block)
    }

    /// Number and data of all events up to the end, and the last word.
    fn rest(&mut self) -> (Vec<(u64, Value)>, Option<Value>) {
        let (mut events, mut last) = (Vec::new(), None);
        while let Some(block) = self.next() {
            let of = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            let Some(data) = of("data: ").map(|data| serde_json::from_str(data).unwrap()) else { continue };
            match of("id: ") {
                Some(id) => events.push((id.parse().unwrap(), data)),
                None => {
                    assert!(block.starts_with("event: end\n"), "{block}");
                    last = Some(data);
                }
            }
        }
        (events, last)
    }
}

#[test]
fn a_follower_gets_history_then_life_then_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&endless());
    server.wait_for(&id, "RUNNING");
    let path = format!("/jobs/{id}/events?follow=true");
    let mut early = Stream::open(&server, &path, "");
    assert!(early.head.contains("text/event-stream"), "{}", early.head);
    assert!(early.next().unwrap().starts_with("id: 1\ndata: {"));
    let headers = "Accept: text/event-stream\r\nLast-Event-ID: 2\r\n";
    let mut late = Stream::open(&server, &format!("/jobs/{id}/events"), headers);
    assert!(late.next().unwrap().starts_with("id: 3\n"), "it goes on behind the last one");
    let slow: Vec<Stream> = (0..100).map(|_| Stream::open(&server, &path, "")).collect();
    server.stop_job(&id, false);
    assert_eq!(server.ended(&id)["jobStatus"], "CANCELED", "nobody waits for those that don't read");
    let (told, last) = early.rest();
    assert_eq!(last, Some(json!({"jobId": id, "jobStatus": "CANCELED"})));
    assert!(told.is_sorted_by(|a, b| a.0 < b.0), "{told:?}");
    let kept = events(&server, &id);
    for event in kept.as_array().unwrap().iter().skip(1) {
        assert!(told.iter().any(|(_, told)| told == event), "{event} in {told:?}");
    }
    for mut one in slow {
        assert_eq!(one.rest().1, last, "all come to the end");
    }
    let end = told.last().unwrap().0.to_string();
    let again = server.request("GET", &path, &[("last-event-id", &end)], b"");
    assert_eq!(again.status, 204, "a client that has all is told to stop");
    assert!(
        server.request("GET", &path, &[("last-event-id", "x")], b"").fail(400).starts_with("Last-Event-ID")
    );
    assert_eq!(server.get("/jobs/8/events?follow=true").fail(404), "there is no job 8");
    let (told, _) = Stream::open(&server, &path, "").rest();
    assert_eq!(told.len(), kept.as_array().unwrap().len(), "of an ended job the whole log, and the end");
}

#[test]
fn a_follower_hears_that_it_lives_and_ends_with_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut job = endless();
    job["env"]["checkpoint.interval"] = json!(3_600_000);
    let id = server.submit(&job);
    server.wait_for(&id, "RUNNING");
    let mut stream = Stream::open(&server, &format!("/jobs/{id}/events?follow=true"), "");
    until("a sign of life", || (stream.next().unwrap() == ":\n\n").then_some(()));
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(stream.rest().1, None, "the job has not ended: a client connects again");
}
