//! The twelve endpoints, on one server: good requests in every form that clients send.

use crate::server::{Options, Server};
use serde_json::{Value, json};

fn fake_job(rows: u32) -> Value {
    json!({
        "env": {"job.mode": "batch"},
        "source": [{
            "plugin_name": "FakeSource", "result_table_name": "fake", "row.num": rows,
            "schema": {"fields": {"name": "string", "age": "int", "card": "int"}}
        }],
        "transform": [],
        "sink": [{"plugin_name": "Console", "source_table_name": ["fake"]}]
    })
}

fn endless_job() -> Value {
    json!({
        "env": {"job.mode": "STREAMING", "checkpoint.interval": 200, "a.list": ["x", "y"], "nothing": null},
        "source": [{
            "plugin_name": "FakeSource", "result_table_name": "fake", "row.num": 1000, "split.num": 100,
            "split.read-interval": 50, "schema": {"fields": {"name": "string", "age": "int"}}
        }],
        "sink": [{"plugin_name": "Console", "source_table_name": "fake"}]
    })
}

/// The metric names that every view of a job holds, from the first moment.
const METRICS: [&str; 18] = [
    "SourceReceivedCount",
    "SourceReceivedQPS",
    "SourceReceivedBytes",
    "SourceReceivedBytesPerSeconds",
    "SinkWriteCount",
    "SinkWriteQPS",
    "SinkWriteBytes",
    "SinkWriteBytesPerSeconds",
    "TableSourceReceivedCount",
    "TableSourceReceivedBytes",
    "TableSourceReceivedBytesPerSeconds",
    "TableSourceReceivedQPS",
    "TableSinkWriteCount",
    "TableSinkWriteQPS",
    "TableSinkWriteBytes",
    "TableSinkWriteBytesPerSeconds",
    "sourceReceivedCount",
    "sinkWriteCount",
];

#[test]
fn a_job_from_submission_to_history() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let answer = server.post("/submit-job?jobName=two%20words%20%C3%A9", fake_job(100).to_string()).ok();
    assert_eq!(answer["jobName"], "two words é");
    let id = answer["jobId"].as_i64().expect("a number, as the document has it");
    assert!(id < (1 << 53), "survives as a JSON number");
    let job = server.ended(&id.to_string());
    assert_eq!(job["jobStatus"], "FINISHED", "{job:#}");
    assert_eq!(job["jobId"], id.to_string());
    assert_eq!(job["errorMsg"], Value::Null);
    assert_eq!(job["finishTime"], job["finishedTime"]);
    assert_eq!(job["metrics"]["SourceReceivedCount"], "100");
    assert_eq!(job["metrics"]["sinkWriteCount"], "100");
    assert_eq!(job["metrics"]["TableSinkWriteCount"]["fake"], "100");
    assert_eq!(job["run"]["accounting"]["balanced"], true, "{job:#}");
    assert_eq!(job["jobDag"]["pipelineEdges"]["1"][0], json!({"inputVertexId": "1", "targetVertexId": "2"}));
    let vertex = &job["jobDag"]["vertexInfoMap"][0];
    assert_eq!(vertex["vertexId"], 1);
    assert_eq!(vertex["vertexName"], "pipeline-1 [Source[0]-FakeSource]");
    assert_eq!(vertex["tablePaths"], json!(["fake"]));
    assert_eq!(
        job["jobDag"]["vertexInfoMap"][1]["vertexName"],
        "pipeline-1 [Sink[0]-Console-MultiTableSink]"
    );
    for path in ["/running-job", "/job-info"] {
        for slash in ["", "/"] {
            assert_eq!(server.get(&format!("{path}/{id}{slash}")).ok(), job);
        }
    }
    for path in ["/finished-jobs", "/finished-jobs/", "/finished-jobs/FINISHED", "/finished-jobs/finished/"] {
        assert_eq!(server.get(path).ok(), json!([job]), "{path}");
    }
    for path in ["/finished-jobs/FAILED", "/finished-jobs/UNKNOWABLE", "/finished-jobs/NOPE", "/running-jobs"]
    {
        assert_eq!(server.get(path).ok(), json!([]), "{path}");
    }
    assert_eq!(server.get("/finished-jobs?page=1&rows=5").ok(), json!({"data": [job], "total": 1}));
    assert_eq!(server.get("/overview").ok()["finishedJobs"], "1");
}

#[test]
fn a_running_job_shows_every_key() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&endless_job());
    let job = server.wait_for(&id, "RUNNING");
    let listed = server.get("/running-jobs").ok();
    for view in [&job, &listed[0]] {
        for name in METRICS {
            assert!(view["metrics"].get(name).is_some(), "{name} in {view:#}");
        }
        assert!(view["metrics"]["TableSourceReceivedCount"].get("fake").is_some());
        assert!(view["metrics"]["TableSinkWriteQPS"].get("fake").is_some());
        assert_eq!(view["envOptions"]["checkpoint.interval"], "200");
        assert_eq!(view["envOptions"]["a.list"], "[x, y]");
        assert_eq!(view["pluginJarsUrls"], json!([]));
        assert_eq!(view["isStartWithSavePoint"], false);
        assert!(view.get("finishTime").is_none() && view.get("finishedTime").is_none());
        assert!(view["jobDag"]["vertices"].is_array() && view["jobDag"]["edges"].is_array());
        assert_eq!(view["createTime"].as_str().map(str::len), Some("2026-01-01 00:00:00".len()));
    }
    assert_eq!(server.get("/overview").ok()["runningJobs"], "1");
    assert_eq!(
        server.submit_as(&format!("?jobId={id}&jobName=other"), &endless_job()),
        id,
        "nothing is started"
    );
    server.stop_job(&id, false);
    assert_eq!(server.ended(&id)["jobStatus"], "CANCELED");
    assert_eq!(server.get("/overview").ok()["cancelledJobs"], "1");
}

#[test]
fn savepoint_stop_and_start() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&endless_job());
    crate::wait::until("some rows", || {
        let rows = server.job(&id)["metrics"]["SinkWriteCount"].as_str()?.parse::<u64>().ok()?;
        (rows > 0).then_some(())
    });
    server.stop_job(&id, true);
    let stopped = server.ended(&id);
    assert_eq!(stopped["jobStatus"], "SAVEPOINT_DONE", "{stopped:#}");
    assert_eq!(server.get("/finished-jobs/SAVEPOINT_DONE").ok()[0]["jobId"], id);
    let before: u64 = stopped["metrics"]["SinkWriteCount"].as_str().unwrap().parse().unwrap();

    let refused = server.post(&format!("/submit-job?jobId={id}"), endless_job().to_string()).fail(400);
    assert!(refused.contains("has already been submitted and is not starting with a savepoint"), "{refused}");
    let mut changed = endless_job();
    changed["env"]["checkpoint.timeout"] = json!(70_000);
    let again = server.submit_as(&format!("?jobId={id}&isStartWithSavePoint=true"), &changed);
    assert_eq!(again, id);
    let job = server.wait_for(&id, "RUNNING");
    assert_eq!(job["isStartWithSavePoint"], true);
    let rows: u64 = job["metrics"]["SinkWriteCount"].as_str().unwrap().parse().unwrap();
    assert!(rows >= before, "counters go on: {rows} after {before}");
    let log = std::fs::read_to_string(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
    assert!(log.contains("Changed: env.checkpoint.timeout"), "what changed is said:\n{log}");
    let unclear = json!({"jobId": id, "isStopWithSavePoint": "yes"}).to_string();
    let message = server.post("/stop-job", unclear).fail(400);
    assert!(
        message.contains("isStopWithSavePoint: \"yes\" is not allowed here; allowed: true, false"),
        "{message}"
    );
    assert_eq!(server.job(&id)["jobStatus"], "RUNNING", "nothing was stopped");
    server.stop_job(&id, false);
    server.ended(&id);
    let message =
        server.post("/submit-job?jobId=777&isStartWithSavePoint=true", endless_job().to_string()).fail(400);
    assert!(message.contains("no checkpoint for job 777"), "{message}");
}

#[test]
fn several_jobs_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let item = |params: Value| {
        let mut job = fake_job(10);
        job["params"] = params;
        job
    };
    let batch = json!([
        item(json!({"jobId": "123456", "jobName": "SeaTunnel-01"})),
        item(json!({"jobId": 1_234_567, "jobName": "SeaTunnel-02"})),
        item(json!({})),
        {"params": {"jobName": "bad"}, "env": {}},
    ]);
    let answer = server.post("/submit-jobs", batch.to_string()).ok();
    assert_eq!(answer[0], json!({"jobId": "123456", "jobName": "SeaTunnel-01"}));
    assert_eq!(answer[1], json!({"jobId": "1234567", "jobName": "SeaTunnel-02"}));
    assert!(answer[2]["jobId"].is_string(), "{answer}");
    assert_eq!(
        (&answer[3]["status"], &answer[3]["jobId"], &answer[3]["jobName"]),
        (&json!("fail"), &Value::Null, &json!("bad"))
    );
    assert!(answer[3]["message"].as_str().unwrap().contains("Miss <Source> config!"), "{answer}");
    for id in ["123456", "1234567"] {
        assert_eq!(server.ended(id)["jobStatus"], "FINISHED");
    }
    assert_eq!(server.post("/submit-jobs", "[]").ok(), json!([]));

    let first = server.submit(&endless_job());
    let stop =
        json!([{"jobId": first.parse::<i64>().unwrap(), "isStopWithSavePoint": false}, {"jobId": "999"}, {}]);
    let answer = server.post("/stop-jobs", stop.to_string()).ok();
    assert_eq!(answer[0], json!({"jobId": first.parse::<i64>().unwrap()}));
    assert_eq!(answer[1], json!({"jobId": 999}));
    assert_eq!(answer[2]["message"], "jobId cannot be empty.");
    assert_eq!(server.ended(&first)["jobStatus"], "CANCELED");
}

#[test]
fn forms_of_requests_that_clients_send() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let body = fake_job(1).to_string();
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "application/x-www-form-urlencoded",
    ];
    for content_type in types {
        let answer =
            server.request("POST", "/submit-job", &[("Content-Type", content_type)], body.as_bytes());
        assert_eq!(answer.clone().ok()["jobName"], "SeaTunnel_Job", "{content_type}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    server.request("POST", "/submit-job?jobId=&jobName=&isStartWithSavePoint=", &[], body.as_bytes()).ok();
    let hocon = "env { job.name = from_env }\nsource { FakeSource { row.num = 3, schema { fields { a = int } } } }\nsink { Console {} }";
    let answer = server.post("/submit-job?format=HOCON", hocon).ok();
    assert_eq!(answer["jobName"], "from_env");
    let answer = server.post("/submit-job?format=hocon&jobName=SeaTunnel", hocon).ok();
    assert_eq!(answer["jobName"], "from_env", "the default name of a client counts as not set");
    let variables =
        "source { FakeSource { row.num = ${rows}, schema { fields { a = int } } } }\nsink { Console {} }";
    let answer = server.post("/submit-job?format=hocon&variables=rows%3D4", variables).ok();
    let job = server.ended(&answer["jobId"].to_string());
    assert_eq!(job["metrics"]["SourceReceivedCount"], "4");
    server
        .request(
            "GET",
            "/overview",
            &[("Content-Type", "application/json"), ("Authorization", "Bearer x")],
            b"",
        )
        .ok();
    assert_eq!(server.request("HEAD", "/overview", &[], b"").status, 200);
    let options = server.request("OPTIONS", "/submit-job", &[], b"");
    assert_eq!((options.status, options.header("allow")), (200, Some("POST, OPTIONS")));
}

#[test]
fn ids_can_all_be_strings_and_paths_have_a_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default()
        .env("SEIKAN_ENGINE__HTTP__JOB_ID_FORMAT", "string")
        .env("SEIKAN_ENGINE__HTTP__CONTEXT_PATH", "/seatunnel");
    let server = Server::start_with(dir.path(), options);
    assert!(server.url().ends_with("/seatunnel"));
    assert!(server.post("/submit-job", fake_job(1).to_string()).ok()["jobId"].is_string());
    assert_eq!(server.post("/stop-job", "{\"jobId\": 5}").ok(), json!({"jobId": "5"}));
    assert_eq!(server.post("/stop-jobs", "[{\"jobId\": 5}]").ok(), json!([{"jobId": "5"}]));
}

#[test]
fn tags_filter_the_overview_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let done = json!({"status": "success", "message": "update node tags done."});
    assert_eq!(server.post("/update-tags", r#"{"tag1": "dev_1", "tag2": "dev_2"}"#).ok(), done);
    assert_eq!(server.get("/overview?tag1=dev_1&tag2=dev_2").ok()["works"], "1");
    let other = server.get("/overview?tag1=zzz").ok();
    assert_eq!((&other["works"], &other["workers"]), (&json!("0"), &json!("0")));
    server.kill();
    let server = Server::start(dir.path());
    assert_eq!(server.get("/overview?tag1=dev_1").ok()["workers"], "1");
    assert_eq!(server.post("/update-tags", "{}").ok(), done);
    assert_eq!(server.get("/overview?tag1=dev_1").ok()["workers"], "0");
    assert_eq!(server.post("/update-tags", "").fail(400), "Request body is empty.");
    assert_eq!(server.post("/update-tags", "[1]").fail(400), "Invalid JSON format in request body.");
}

#[test]
fn configured_tags_count_until_they_are_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let start =
        |tags: &str| Server::start_with(dir.path(), Options::default().env("SEIKAN_ENGINE__TAGS", tags));
    let workers =
        |server: &Server, tag: &str| server.get(&format!("/overview?{tag}")).ok()["workers"].clone();
    let server = start("{team: blue, zone: 7}");
    assert_eq!(workers(&server, "team=blue&zone=7"), "1");
    assert_eq!(workers(&server, "team=red"), "0");
    server.kill();
    let server = start("{team: red}");
    assert_eq!(workers(&server, "team=red"), "1", "nothing was stored by the first start");
    server.post("/update-tags", r#"{"team": "green"}"#).ok();
    assert_eq!((workers(&server, "team=green"), workers(&server, "team=red")), (json!("1"), json!("0")));
    server.kill();
    let server = start("{team: red}");
    assert_eq!((workers(&server, "team=green"), workers(&server, "team=red")), (json!("1"), json!("0")));
    server.post("/update-tags", "{}").ok();
    server.kill();
    let server = start("{team: red}");
    assert_eq!((workers(&server, "team=green"), workers(&server, "team=red")), (json!("0"), json!("0")));
    assert_eq!(workers(&server, ""), "1");
}

/// The eight maps of `metrics` that hold a value per table.
fn assert_zero_for(view: &Value, tables: &[&str]) {
    let maps = METRICS.iter().filter(|name| name.starts_with("Table"));
    for name in maps {
        let map = view["metrics"][name].as_object().unwrap_or_else(|| panic!("{name} in {view:#}"));
        assert_eq!(map.keys().map(String::as_str).collect::<Vec<_>>(), tables, "{name} in {view:#}");
        let zero = if name.ends_with("Count") || name.ends_with("Bytes") { "0" } else { "0.0" };
        assert!(map.values().all(|value| value == zero), "{name} in {view:#}");
    }
}

#[test]
fn a_job_that_never_ran_shows_its_tables() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default()
        .env("SEIKAN_ENGINE__SLOT_SERVICE__DYNAMIC_SLOT", "false")
        .env("SEIKAN_ENGINE__SLOT_SERVICE__SLOT_NUM", "1");
    let server = Server::start_with(dir.path(), options);
    let first = server.submit(&endless_job());
    server.wait_for(&first, "RUNNING");
    let table = |name: &str| json!({"row.num": 3, "schema": {"table": name, "fields": {"a": "int"}}});
    let two = json!({
        "source": [{"plugin_name": "FakeSource", "tables_configs": [table("db.a"), table("db.b")]}],
        "sink": [{"plugin_name": "Console"}]
    });
    for (savepoint, end) in [(false, "CANCELED"), (true, "SAVEPOINT_DONE")] {
        let id = server.submit(&two);
        let waiting = server.wait_for(&id, "PENDING");
        let listed = server.get("/running-jobs").ok();
        for view in [&waiting, &server.get(&format!("/running-job/{id}")).ok(), &listed[1]] {
            assert_eq!(view["jobId"], id);
            assert_zero_for(view, &["db.a", "db.b"]);
        }
        server.stop_job(&id, savepoint);
        let ended = server.wait_for(&id, end);
        assert_zero_for(&ended, &["db.a", "db.b"]);
        assert_zero_for(&server.get(&format!("/finished-jobs/{end}")).ok()[0], &["db.a", "db.b"]);
    }
}

#[test]
fn a_failed_job_has_committed_nothing_that_was_not_decided() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let target = dir.path().join("out");
    let job = |least: u32| {
        json!({
            "env": {"job.retry.times": 0},
            "source": [{"plugin_name": "FakeSource", "plugin_output": "f", "row.num": 100,
                "schema": {"fields": {"a": "int"}}}],
            "sink": [
                {"plugin_name": "LocalFile", "plugin_input": "f", "path": target, "file_format_type": "csv"},
                {"plugin_name": "Assert", "plugin_input": "f",
                    "rules": {"row_rules": [{"rule_type": "MIN_ROW", "rule_value": least}]}}
            ]
        })
    };
    let failed = server.ended(&server.submit(&job(1000)));
    assert_eq!(failed["jobStatus"], "FAILED", "{failed:#}");
    assert_eq!(failed["metrics"]["SinkWriteCount"], "200");
    assert_eq!(failed["run"]["committedCount"], "0", "{failed:#}");
    let done = server.ended(&server.submit(&job(100)));
    assert_eq!(done["jobStatus"], "FINISHED", "{done:#}");
    assert_eq!(done["run"]["committedCount"], "200", "{done:#}");
}

#[test]
fn slots_wait_in_a_visible_queue_or_refuse() {
    let dir = tempfile::tempdir().unwrap();
    let fixed = || {
        Options::default()
            .env("SEIKAN_ENGINE__SLOT_SERVICE__DYNAMIC_SLOT", "false")
            .env("SEIKAN_ENGINE__SLOT_SERVICE__SLOT_NUM", "1")
    };
    let server = Server::start_with(dir.path(), fixed());
    let first = server.submit(&endless_job());
    server.wait_for(&first, "RUNNING");
    let second = server.submit(&fake_job(1));
    let waiting = server.wait_for(&second, "PENDING");
    assert_eq!(waiting["run"]["queuePosition"], 1, "{waiting:#}");
    assert!(waiting["run"]["waitingFor"].as_str().is_some_and(|r| !r.is_empty()));
    let overview = server.get("/overview").ok();
    assert_eq!((&overview["totalSlot"], &overview["unassignedSlot"]), (&json!("1"), &json!("0")));
    let mut wide = fake_job(1);
    wide["env"]["parallelism"] = json!(3);
    let message = server.post("/submit-job", wide.to_string()).fail(400);
    assert!(message.contains('3') && message.contains('1'), "both numbers: {message}");
    server.stop_job(&first, false);
    assert_eq!(server.ended(&second)["jobStatus"], "FINISHED");
    assert_eq!(server.terminate(), Some(0));

    let server =
        Server::start_with(dir.path(), fixed().env("SEIKAN_ENGINE__JOB_SCHEDULE_STRATEGY", "reject"));
    let first = server.submit(&endless_job());
    server.wait_for(&first, "RUNNING");
    let message = server.post("/submit-job", fake_job(1).to_string()).fail(400);
    assert_eq!(message, "the job needs 1 slots, and 0 of 1 are free (job-schedule-strategy is REJECT)");
}

#[test]
fn monitoring_tells_the_truth_about_this_process() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let answer = server.get("/system-monitoring-information").ok();
    let node = answer[0].as_object().expect("one node");
    assert_eq!(node.len(), 48);
    assert!(node.values().all(Value::is_string));
    assert_eq!(node["isMaster"], "true");
    assert!(server.url().ends_with(node["port"].as_str().unwrap()));
    assert!(node["load.process"].as_str().unwrap().ends_with('%'));
    let processors = std::thread::available_parallelism().unwrap().to_string();
    assert_eq!(node["processors"], processors);
    assert!(node["thread.count"].as_str().unwrap().parse::<u32>().unwrap() >= 3);
}

#[test]
fn health_is_live_and_ready() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let health = server.get("/health").ok();
    assert_eq!((&health["live"], &health["ready"]), (&json!(true), &json!(true)), "{health:#}");
}

#[test]
fn secrets_are_encoded_and_everything_else_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let config = r#"{"env": {"parallelism": 1, "shade.identifier": "base64"}, "zz": 1,
        "source": [{"plugin_name": "MySQL-CDC", "username": "seatunnel", "password": "seatunnel_password", "port": 5}],
        "transform": [], "sink": [{"plugin_name": "Clickhouse", "b": 1, "a": 2, "password": "seatunnel_password"}]}"#;
    let answer = server.post("/encrypt-config", config);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.text,
        r#"{"env":{"parallelism":1,"shade.identifier":"base64"},"zz":1,"source":[{"plugin_name":"MySQL-CDC","username":"c2VhdHVubmVs","password":"c2VhdHVubmVsX3Bhc3N3b3Jk","port":5}],"transform":[],"sink":[{"plugin_name":"Clickhouse","b":1,"a":2,"password":"c2VhdHVubmVsX3Bhc3N3b3Jk"}]}"#
    );
    server.post("/encrypt-config", "").fail(400);
}
