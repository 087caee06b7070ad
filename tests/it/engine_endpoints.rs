//! What clients and operators of the engine ask beside the twelve endpoints: who waits, threads, checkpoints, a forced
//! stop, OpenMetrics, and the older paths.

use crate::server::{Options, Server};
use crate::wait::until;
use serde_json::{Value, json};

fn job(mode: &str, rows: u32) -> Value {
    json!({
        "env": {"job.mode": mode, "checkpoint.interval": 100},
        "source": [{"plugin_name": "FakeSource", "plugin_output": "fake", "row.num": rows, "split.num": rows.min(100),
            "split.read-interval": 50, "schema": {"fields": {"name": "string", "age": "int"}}}],
        "sink": [{"plugin_name": "Console", "plugin_input": "fake"}]
    })
}

fn endless() -> Value {
    job("STREAMING", 100_000)
}

#[test]
fn who_waits_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default()
        .env("SEIKAN_ENGINE__SLOT_SERVICE__DYNAMIC_SLOT", "false")
        .env("SEIKAN_ENGINE__SLOT_SERVICE__SLOT_NUM", "1")
        .env("SEIKAN_ENGINE__TAGS", "{team: blue}");
    let server = Server::start_with(dir.path(), options);
    let none = server.get("/pending-jobs").ok();
    assert_eq!(none["queueSummary"], json!({"size": 0, "scheduleStrategy": "WAIT", "lackingTaskGroups": 0}));
    assert_eq!(none["pendingJobs"], json!([]));
    let running: i64 = server.submit(&endless()).parse().unwrap();
    server.wait_for(&running.to_string(), "RUNNING");
    let waiting: Vec<i64> = (0..2).map(|_| server.submit(&job("BATCH", 1)).parse().unwrap()).collect();
    let pending = server.get("/pending-jobs").ok();
    assert_eq!(
        (&pending["queueSummary"]["size"], &pending["queueSummary"]["lackingTaskGroups"]),
        (&json!(2), &json!(2))
    );
    let times = ["oldestEnqueueTimestamp", "newestEnqueueTimestamp"]
        .map(|name| pending["queueSummary"][name].as_i64().unwrap());
    assert!(times[0] <= times[1] && times[0] > 1_600_000_000_000, "{pending:#}");
    let cluster = &pending["clusterSnapshot"];
    for (name, expected) in [("totalSlots", 1), ("freeSlots", 0), ("assignedSlots", 1), ("workerCount", 1)] {
        assert_eq!(cluster[name], expected, "{name} in {cluster:#}");
    }
    let worker = &cluster["workers"][0];
    assert_eq!((&worker["tags"], &worker["runningJobIds"]), (&json!({"team": "blue"}), &json!([running])));
    assert_eq!(worker["dynamicSlot"], false);
    let first = &pending["pendingJobs"][0];
    for (name, expected) in [
        ("jobId", json!(waiting[0])),
        ("pendingSourceState", json!("SUBMIT")),
        ("jobStatus", json!("PENDING")),
        ("queuePosition", json!(1)),
        ("lackingTaskGroups", json!(1)),
        ("failureReason", json!("RESOURCE_NOT_ENOUGH")),
        ("failureMessage", json!("waits for free slots: it needs 1 of 1")),
        ("blockingJobIds", json!([running])),
        (
            "pipelines",
            json!([{"pipelineId": 1, "totalTaskGroups": 1, "allocatedTaskGroups": 0, "lackingTaskGroups": 1}]),
        ),
    ] {
        assert_eq!(first[name], expected, "{name} in {first:#}");
    }
    let listed = |query: &str| -> Vec<Value> {
        let found = server.get(&format!("/pending-jobs{query}")).ok();
        found["pendingJobs"].as_array().unwrap().iter().map(|job| job["jobId"].clone()).collect()
    };
    let cases = [
        (String::new(), vec![waiting[0], waiting[1]]),
        ("?limit=1".into(), vec![waiting[0]]),
        ("?limit=0".into(), vec![]),
        (format!("?jobId={}", waiting[1]), vec![waiting[1]]),
        (format!("?jobId={running}"), vec![]),
        ("?team=red".into(), vec![waiting[0], waiting[1]]),
    ];
    for (query, expected) in cases {
        assert_eq!(listed(&query), expected, "{query}");
    }
    let other = server.get("/pending-jobs?team=red").ok();
    assert_eq!(
        (&other["clusterSnapshot"]["workerCount"], &other["clusterSnapshot"]["workers"]),
        (&json!(0), &json!([]))
    );
    let pretty = server.get("/pending-jobs?pretty=true");
    assert!(pretty.text.starts_with("{\n"), "{}", pretty.text);
    let time = pretty.json()["pendingJobs"][0]["enqueueTimestamp"].as_str().map(str::len);
    assert_eq!(time, Some("2026-01-01 00:00:00".len()));
    for (query, expected) in
        [("?jobId=x", "Invalid jobId"), ("?limit=-1", "Invalid limit"), ("?pretty=x", "pretty: \"x\"")]
    {
        let message = server.get(&format!("/pending-jobs{query}")).fail(400);
        assert!(message.starts_with(expected), "{query}: {message}");
    }
}

#[test]
fn threads_are_those_of_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let dump = server.get("/thread-dump").ok();
    let threads = dump.as_array().unwrap();
    let main = threads.iter().find(|thread| thread["threadId"] == server.pid()).expect("the first thread");
    assert_eq!(main["threadName"], "seikan");
    assert!(threads.iter().all(|thread| thread["stackTrace"].is_string()), "{dump:#}");
    assert!(threads.iter().any(|thread| thread["threadState"] == "WAITING"), "{dump:#}");
    let names = server.get("/running-threads").ok();
    let names: Vec<&str> =
        names.as_array().unwrap().iter().map(|thread| thread["threadName"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.contains(&"http") && names.contains(&"seikan"), "{names:?}");
}

#[test]
fn checkpoints_of_a_job_and_a_forced_stop() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&endless());
    let overview = |id: &str| server.get(&format!("/jobs/checkpoints/{id}")).ok();
    let pipeline = until("two checkpoints", || {
        let pipeline = overview(&id)["pipelines"][0].clone();
        (pipeline["counts"]["completed"].as_u64()? >= 2).then_some(pipeline)
    });
    assert_eq!((&pipeline["pipelineId"], &pipeline["latestFailed"]), (&json!(1), &json!({})));
    let latest = &pipeline["latestCompleted"];
    assert_eq!((&latest["checkpointType"], &latest["status"]), (&json!("checkpoint"), &json!("COMPLETED")));
    assert!(
        latest["stateSize"].as_u64().unwrap() > 0 && pipeline["latestSavepoint"] == json!({}),
        "{pipeline:#}"
    );

    server.stop_job(&id, true);
    assert_eq!(server.ended(&id)["jobStatus"], "SAVEPOINT_DONE");
    let pipeline = overview(&id)["pipelines"][0].clone();
    assert_eq!(pipeline["latestSavepoint"]["checkpointType"], "savepoint", "{pipeline:#}");
    let newest = pipeline["latestSavepoint"]["checkpointId"].as_u64().unwrap();
    server.submit_as(&format!("?jobId={id}&isStartWithSavePoint=true"), &endless());
    server.wait_for(&id, "RUNNING");
    assert_eq!(overview(&id)["pipelines"][0]["counts"]["restored"], 1);

    let history = |query: &str| server.get(&format!("/jobs/checkpoints/history/{id}{query}")).ok();
    let ids = |found: Value| -> Vec<u64> {
        found
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["checkpoint"]["checkpointId"].as_u64().unwrap())
            .collect()
    };
    let all = ids(history(""));
    assert!(all.contains(&newest) && all.is_sorted_by(|a, b| a > b) && all.len() <= 20, "{all:?}");
    assert_eq!(ids(history("?limit=1&status=completed")).len(), 1);
    for query in ["?status=FAILED", "?status=canceled", "?pipelineId=2"] {
        assert_eq!(history(query), json!([]), "{query}");
    }
    // A forced stop makes no savepoint, whatever else is asked.
    let body = json!({"jobId": id, "isStopWithSavePoint": true, "force": "TRUE"}).to_string();
    server.post("/stop-job", body).ok();
    assert_eq!(server.ended(&id)["jobStatus"], "CANCELED");

    let body = json!([{"jobId": 5, "force": true}, {"jobId": 5, "force": "soon"}]).to_string();
    let answer = server.post("/stop-jobs", body).ok();
    assert_eq!(answer[1]["message"], "force: \"soon\" is not allowed here; allowed: true, false");
    assert_eq!(overview("77"), json!({"jobId": "77"}));
    assert_eq!(server.get("/jobs/checkpoints/history/77").ok(), json!([]));
    let bad = [
        ("/jobs/checkpoints/abc", "For input string: \"abc\""),
        ("/jobs/checkpoints/history/abc", "For input string: \"abc\""),
        (
            "/jobs/checkpoints/history/1?limit=0",
            "limit: \"0\" is not allowed here; allowed: numbers from 1 to 1000",
        ),
        ("/jobs/checkpoints/history/1?pipelineId=x", "pipelineId: \"x\""),
        ("/jobs/checkpoints/history/1?status=DONE", "status: \"DONE\" is not allowed here"),
    ];
    for (path, expected) in bad {
        let message = server.get(path).fail(400);
        assert!(message.starts_with(expected), "{path}: {message}");
    }
    for path in ["/jobs", "/jobs/checkpoints/history/1/2"] {
        server.get(path).fail(404);
    }
}

#[test]
fn checkpoints_of_an_earlier_run_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&endless());
    until("a checkpoint", || {
        let found = server.get(&format!("/jobs/checkpoints/{id}")).ok();
        (found["pipelines"][0]["counts"]["completed"].as_u64()? > 0).then_some(())
    });
    server.stop_job(&id, true);
    server.ended(&id);
    server.kill();
    let server = Server::start(dir.path());
    let found = server.get(&format!("/jobs/checkpoints/{id}")).ok();
    assert_eq!(found["pipelines"][0]["latestSavepoint"]["status"], "COMPLETED", "{found:#}");
    assert_eq!(found["pipelines"][0]["counts"]["completed"], 1, "what is stored: {found:#}");
}

#[test]
fn metrics_come_as_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (plain, open) = (
        "text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    let cases = [
        ("/metrics", "", plain),
        ("/metrics", "*/*", plain),
        ("/metrics", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4", open),
        ("/openmetrics", "text/plain", open),
        ("/hazelcast/rest/instance/metrics", open, plain),
        ("/hazelcast/rest/instance/openmetrics", "", open),
    ];
    for (path, accept, expected) in cases {
        let answer = server.request("GET", path, &[("Accept", accept)], b"");
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(expected)), "{path} {accept}");
        assert_eq!(answer.text.ends_with("\n# EOF\n"), expected == open, "{path} {accept}");
        let counters =
            answer.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"));
        for family in counters {
            assert_eq!(family.ends_with("_total"), expected == plain, "{family}");
            let sample = format!("{}_total ", family.trim_end_matches("_total"));
            assert!(answer.text.lines().any(|line| line.starts_with(&sample)), "{sample}");
        }
    }
    server.ended(&server.submit(&job("BATCH", 1)));
    let text = server.get("/hazelcast/rest/instance/metrics").text;
    for line in [
        "job_count{cluster=\"seatunnel\",type=\"finished\"} 1",
        "job_count{cluster=\"seatunnel\",type=\"running\"} 0",
        "node_count{cluster=\"seatunnel\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}

#[test]
fn older_paths_answer_as_the_newer_ones() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default().env("SEIKAN_ENGINE__HTTP__CONTEXT_PATH", "/ctx");
    let server = Server::start_with(dir.path(), options);
    let newer = server.url().to_owned();
    let older = newer.replace("/ctx", "/hazelcast/rest");
    let ask = |method: &str, url: String, body: &str| {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        request = request.header("Content-Type", "text/plain");
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build();
        let mut answer =
            ureq::Agent::from(config).run(request.body(body.to_owned()).unwrap()).expect("an answer");
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), text)
    };
    let submitted = ask("POST", format!("{older}/maps/submit-job?jobName=old"), &job("BATCH", 2).to_string());
    assert_eq!(submitted.0, 200, "{submitted:?}");
    let submitted: Value = serde_json::from_str(&submitted.1).unwrap();
    let id = submitted["jobId"].as_str().expect("a text, as clients of these paths decode it").to_owned();
    server.ended(&id);
    for path in [
        format!("/job-info/{id}"),
        format!("/running-job/{id}/"),
        "/job-info".to_owned(),
        "/job-info/abc".to_owned(),
        "/finished-jobs".to_owned(),
        "/finished-jobs/FINISHED/".to_owned(),
        "/finished-jobs?page=1".to_owned(),
        "/running-jobs/".to_owned(),
        "/overview?a=b".to_owned(),
        "/get-all-log-name".to_owned(),
        format!("/logs/{id}?format=json"),
        "/log".to_owned(),
        format!("/log/job-{id}.log"),
        "/running-threads".to_owned(),
    ] {
        assert_eq!(
            ask("GET", format!("{older}/maps{path}"), ""),
            ask("GET", format!("{newer}{path}"), ""),
            "{path}"
        );
    }
    for path in ["/thread-dump", "/system-monitoring-information"] {
        assert_eq!(ask("GET", format!("{older}/maps{path}"), "").0, 200, "{path}");
    }
    let same = |method: &str, path: &str, body: &str| {
        let (old, new) =
            (ask(method, format!("{older}/maps{path}"), body), ask("POST", format!("{newer}{path}"), body));
        assert_eq!(old, new, "{method} {path} {body}");
        old
    };
    for method in ["POST", "PUT"] {
        assert_eq!(same(method, "/update-tags", "{\"a\":\"b\"}").0, 200);
        assert_eq!(same(method, "/update-tags", "").0, 400);
        assert_eq!(same(method, "/stop-jobs", "[{\"jobId\":5}]").1, "[{\"jobId\":5}]");
        assert_eq!(same(method, "/stop-job", "{}").0, 400);
        assert_eq!(same(method, "/submit-jobs", "[]").0, 200);
        assert_eq!(same(method, "/encrypt-config", &job("BATCH", 1).to_string()).0, 200);
        assert_eq!(same(method, "/submit-job", "{").0, 400);
        assert_eq!(ask(method, format!("{older}/maps/stop-job"), "{\"jobId\":5}").1, "{\"jobId\":\"5\"}");
    }
    let cluster: Value = serde_json::from_str(&ask("GET", format!("{older}/cluster"), "").1).unwrap();
    assert_eq!(cluster["members"].as_array().map(Vec::len), Some(1), "{cluster}");
    let refused = [
        ("GET", "/maps/nowhere", 404),
        ("GET", "/maps", 404),
        ("GET", "/maps/health", 404),
        ("POST", "/maps/submit-job/upload", 404),
        ("DELETE", "/maps/stop-job", 405),
        ("POST", "/cluster", 405),
        ("GET", "/maps/submit-job", 405),
    ];
    for (method, path, status) in refused {
        let (found, text) = ask(method, format!("{older}{path}"), "");
        assert_eq!(found, status, "{method} {path}: {text}");
        assert!(text.starts_with("{\"status\":\"fail\",\"message\":\""), "{text}");
    }
}
