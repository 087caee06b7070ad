//! `Idempotency-Key`: one request, one job, however often it is sent.

use crate::server::{Answer, Server};
use serde_json::{Value, json};

fn job(rows: u32) -> String {
    json!({
        "source": [{"plugin_name": "FakeSource", "row.num": rows, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
    .to_string()
}

fn submit(server: &Server, path: &str, key: &str, body: &str) -> Answer {
    server.request("POST", path, &[("Idempotency-Key", key)], body.as_bytes())
}

fn id(answer: &Value) -> String {
    answer["jobId"].as_i64().unwrap().to_string()
}

#[test]
fn the_same_request_makes_one_job() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let many: Vec<Value> = std::thread::scope(|scope| {
        let one = || submit(&server, "/submit-job", "nightly 1", &job(5)).ok();
        let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(many.iter().all(|answer| *answer == many[0]), "{many:?}");
    let id = id(&many[0]);
    assert_eq!(server.ended(&id)["jobStatus"], "FINISHED");
    let before = server.job(&id);
    assert_eq!(submit(&server, "/submit-job", "\"nightly 1\"", &job(5)).ok(), many[0], "after its end");
    server.kill();
    let server = Server::start(dir.path());
    assert_eq!(submit(&server, "/submit-job", "nightly 1", &job(5)).ok(), many[0], "after a kill");
    assert_eq!(server.job(&id), before, "nothing ran again");
    assert_eq!(server.get("/overview").ok()["finishedJobs"], "1");
    let other = submit(&server, "/submit-job", "nightly 2", &job(5)).ok();
    assert_ne!(other["jobId"], many[0]["jobId"]);
    server.ended(&self::id(&other));

    let deleted = server.request("DELETE", &format!("/jobs/{id}"), &[], b"");
    assert_eq!(deleted.status, 200, "{}", deleted.text);
    assert_eq!(
        submit(&server, "/submit-job", "nightly 1", &job(5)).ok(),
        many[0],
        "the key is free, its id is the same"
    );
    server.ended(&id);
}

#[test]
fn another_request_under_the_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let first = id(&submit(&server, "/submit-job?jobName=n", "k", &job(5)).ok());
    server.ended(&first);
    for (path, body) in [
        ("/submit-job?jobName=n", job(6)),
        ("/submit-job?jobName=m", job(5)),
        ("/submit-job", job(5)),
        (&*format!("/submit-job?jobName=n&jobId={first}"), job(5)),
    ] {
        let message = submit(&server, path, "k", &body).fail(422);
        assert_eq!(
            message,
            format!(
                "Idempotency-Key: it was used for another request already, which made job {first}; use another key for each job"
            ),
            "{path}"
        );
    }
    let message = server.post(&format!("/submit-job?jobId={first}"), job(5)).fail(400);
    assert!(
        message.contains("has already been submitted"),
        "without the key it is an id as any other: {message}"
    );
    let chosen = submit(&server, "/submit-job?jobId=77", "own id", &job(5)).ok();
    assert_eq!(id(&chosen), "77");
    server.ended("77");
    assert_eq!(submit(&server, "/submit-job?jobId=77", "own id", &job(5)).ok(), chosen);
    assert_eq!(submit(&server, "/submit-job?jobId=77", "other", &job(5)).status, 422);
    for key in ["", "\"\"", &"x".repeat(256)] {
        let message = submit(&server, "/submit-job", key, &job(5)).fail(400);
        assert!(message.starts_with("Idempotency-Key: allowed are 1 to 255"), "{message}");
    }
}
