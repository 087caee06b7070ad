//! What is done with a job that is there: rerun, pause, resume, delete.

use crate::server::{Options, Server};
use crate::wait::until;
use serde_json::{Value, json};

fn batch(rows: u32) -> Value {
    json!({
        "env": {"job.mode": "BATCH", "job.name": "short"},
        "source": [{"plugin_name": "FakeSource", "row.num": rows, "schema": {"fields": {"n": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn endless() -> Value {
    json!({
        "env": {"job.mode": "STREAMING", "job.name": "endless", "checkpoint.interval": 200},
        "source": [{
            "plugin_name": "FakeSource", "row.num": 1000, "split.num": 100, "split.read-interval": 50,
            "schema": {"fields": {"n": "int"}}
        }],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn delete(server: &Server, id: &str) -> crate::server::Answer {
    server.request("DELETE", &format!("/jobs/{id}"), &[], b"")
}

#[test]
fn an_ended_job_runs_again_as_a_new_one_and_can_be_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let first = server.submit_as("?jobName=mine", &batch(7));
    server.ended(&first);

    let again = server.post(&format!("/jobs/{first}/rerun"), "").ok();
    let second = again["jobId"].as_i64().unwrap().to_string();
    assert_eq!((again["jobName"].as_str(), second == first), (Some("mine"), false));
    let job = server.ended(&second);
    assert_eq!(
        (job["jobStatus"].as_str(), job["metrics"]["SinkWriteCount"].as_str()),
        (Some("FINISHED"), Some("7"))
    );
    let named = server.post(&format!("/jobs/{first}/rerun?jobName=other"), "").ok();
    assert_eq!(named["jobName"], "other");
    server.ended(&named["jobId"].as_i64().unwrap().to_string());

    assert_eq!(delete(&server, &first).ok()["jobId"].as_i64().unwrap().to_string(), first);
    assert_eq!(server.job(&first), json!({"jobId": first}), "as of a job that never was");
    assert_eq!(delete(&server, &first).fail(404), format!("there is no job {first}"));
    assert!(server.post(&format!("/jobs/{first}/rerun"), "").fail(404).contains("there is no job"));
    let log = dir.path().join(format!("logs/job-{first}.log"));
    until("its log is gone", || (!log.exists()).then_some(()));
    drop(server);

    let server = Server::start(dir.path());
    assert_eq!(server.job(&first), json!({"jobId": first}), "it doesn't come back with a restart");
    assert_eq!(server.job(&second)["jobStatus"], "FINISHED");
    let id = server.submit_as(&format!("?jobId={first}"), &batch(1));
    assert_eq!(
        (id.as_str(), &server.ended(&id)["jobStatus"]),
        (first.as_str(), &json!("FINISHED")),
        "its id is free"
    );
}

#[test]
fn a_paused_job_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&endless());
    let written = |job: &Value| job["metrics"]["SinkWriteCount"].as_str()?.parse::<u64>().ok();
    until("some rows", || written(&server.job(&id)).filter(|rows| *rows > 0));

    for refused in [server.post(&format!("/jobs/{id}/resume"), ""), delete(&server, &id)] {
        assert_eq!(refused.fail(409), format!("job {id} has not ended (RUNNING): stop it first"));
    }
    assert!(server.post(&format!("/jobs/{id}/rerun"), "").fail(409).contains("has not ended"));

    server.post(&format!("/jobs/{id}/pause"), "").ok();
    let paused = server.ended(&id);
    assert_eq!(paused["jobStatus"], "SAVEPOINT_DONE", "{paused:#}");
    let refused = server.post(&format!("/jobs/{id}/pause"), "").fail(409);
    assert_eq!(refused, format!("job {id} has ended (SAVEPOINT_DONE): there is nothing to pause"));

    let resumed = server.post(&format!("/jobs/{id}/resume"), "").ok();
    assert_eq!(resumed["jobId"].as_i64().unwrap().to_string(), id);
    let job = server.wait_for(&id, "RUNNING");
    assert_eq!(job["isStartWithSavePoint"], true);
    assert!(written(&job) >= written(&paused), "counters go on");
    server.stop_job(&id, false);
    server.ended(&id);
}

#[test]
fn what_cannot_be_done_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), Options::default());
    for action in ["rerun", "pause", "resume"] {
        assert_eq!(server.post(&format!("/jobs/12/{action}"), "").fail(404), "there is no job 12");
        assert!(server.post(&format!("/jobs/x/{action}"), "").fail(400).contains("a job id is a number"));
        assert!(server.get(&format!("/jobs/12/{action}")).fail(405).contains("allowed: POST"));
    }
    assert!(delete(&server, "x").fail(400).contains("a job id is a number"));
    assert!(server.get("/jobs/12").fail(405).contains("allowed: DELETE"));
    let id = server.submit(&batch(1));
    server.ended(&id);
    let message = server.post(&format!("/jobs/{id}/resume"), "").fail(400);
    assert!(message.starts_with(&format!("no checkpoint for job {id}")), "{message}");
}

#[test]
fn a_batch_job_says_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut job = batch(1000);
    job["source"][0]["split.num"] = json!(500);
    job["source"][0]["split.read-interval"] = json!(100);
    let id = server.submit(&job);
    let progress = until("some of it is done", || {
        let progress = server.job(&id)["run"]["progress"].clone();
        progress["secondsLeft"].is_u64().then_some(progress)
    });
    assert_eq!(progress["total"], 1000);
    let (percent, left) = (progress["percent"].as_f64().unwrap(), progress["secondsLeft"].as_u64().unwrap());
    assert!(percent > 0.0 && percent < 100.0 && left > 0, "{progress}");
    server.stop_job(&id, false);
    let ended = server.ended(&id);
    assert!(ended["run"]["progress"]["secondsLeft"].is_null(), "{ended:#}");
}
