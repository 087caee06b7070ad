//! `/openapi.json` against what the server does: every route is described, every description is served, and real answers
//! are what the closed schemas say.

use crate::server::{Answer, Options, Server, checkout};
use boon::{Compiler, Draft, Schemas};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];
const ROOT: &str = "mem://openapi.json";

/// The operations of a document: `get /overview`.
pub fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&String, &Value)| {
        let path = path.clone();
        METHODS
            .iter()
            .filter(|name| item.get(**name).is_some())
            .map(move |name| format!("{name} {path}"))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

pub fn described() -> Value {
    let text = std::fs::read_to_string(checkout().join("src/api/openapi/openapi.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_route_is_described_and_every_description_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let document = server.get("/openapi.json").ok();
    let served = operations(&document);
    let said = operations(&described());
    assert_eq!(said.difference(&served).collect::<Vec<_>>(), Vec::<&String>::new(), "described, not served");
    for operation in &served {
        let (method, path) = operation.split_once(' ').unwrap();
        let told = &document["paths"][path][method];
        assert!(told.get("x-not-described").is_none(), "{operation} is served, not described");
        assert!(told["summary"].is_string() && told["tags"].is_array(), "{operation}");
        // A path that is served answers whatever stands for its parameters; only what is missing is not found.
        let path = path.replace("{jobId}", "1").replace("{state}", "FINISHED").replace("{name}", "seikan");
        let answer = server.request(&method.to_ascii_uppercase(), &path, &[], b"");
        assert_ne!(answer.status, 405, "{operation}");
        assert!(answer.status != 404 || !answer.text.contains("there is nothing at"), "{operation}");
    }
    let older = served.iter().filter(|operation| operation.contains("/hazelcast/")).count();
    assert!(older > 25 && served.len() > 60, "{older} of {}", served.len());
}

#[test]
fn the_document_is_whole() {
    let document = described();
    let text = document.to_string();
    for (reference, _) in text.match_indices("\"#/components/") {
        let name = text[reference + 1..].split('"').next().unwrap();
        assert!(document.pointer(&name[1..]).is_some(), "{name} is missing");
    }
    for (kind, schemas) in document["components"].as_object().unwrap() {
        if kind == "securitySchemes" {
            continue; // named by `security`, not by a reference
        }
        for name in schemas.as_object().unwrap().keys() {
            assert!(text.contains(&format!("\"#/components/{kind}/{name}\"")), "{kind}/{name} is of no use");
        }
    }
    // What is answered is closed: only what is said, and all of it unless it is said otherwise.
    let free = ["JobConfig", "Block", "JobItem", "StopRequest"];
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if !free.contains(&name.as_str()) {
            closed(name, schema);
        }
    }
    let schemas = Schemas::new();
    let mut validator = Validator::new(&document, schemas);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = validator.resolved(response).clone();
                for (kind, content) in response["content"].as_object().into_iter().flatten() {
                    if let Some(example) = content.get("example") {
                        let wrong = validator.check(&content["schema"], example);
                        assert_eq!(wrong, None, "the example of {method} {path} {status} {kind}");
                    }
                }
            }
        }
    }
}

fn closed(name: &str, schema: &Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") {
                assert_eq!(map.get("additionalProperties"), Some(&json!(false)), "{name}: {schema}");
                assert!(map["required"].is_array(), "{name}: {schema}");
            }
            map.values().for_each(|inner| closed(name, inner));
        }
        Value::Array(list) => list.iter().for_each(|inner| closed(name, inner)),
        _ => {}
    }
}

/// The server-sent events of a body, as a client gets them.
fn streamed(body: &str) -> Vec<Value> {
    let mut id = None;
    let event = |block: &str| {
        let fields = block.lines().filter_map(|line| line.split_once(": "));
        id = fields.clone().find(|(name, _)| *name == "id").map(|(_, id)| json!(id)).or(id.take());
        let mut event = json!({"event": "message"});
        id.iter().for_each(|id| event["id"] = id.clone());
        fields.for_each(|(name, value)| event[name] = json!(value));
        event
    };
    body.split_terminator("\n\n").map(event).collect()
}

/// Validates values against schemas of a document.
struct Validator {
    document: Value,
    schemas: Schemas,
    number: usize,
}

impl Validator {
    fn new(document: &Value, schemas: Schemas) -> Self {
        Self { document: document.clone(), schemas, number: 0 }
    }

    fn resolved<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).expect("a reference leads somewhere"),
            None => value,
        }
    }

    /// What is wrong, if something is.
    fn check(&mut self, schema: &Value, value: &Value) -> Option<String> {
        // References of the schema are into the document: it is given along.
        self.number += 1;
        let name = format!("{ROOT}/{}", self.number);
        let mut whole = schema.clone();
        whole["components"] = self.document["components"].clone();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.add_resource(&name, whole).expect("a resource");
        let index = compiler.compile(&name, &mut self.schemas).unwrap_or_else(|error| panic!("{error:#}"));
        self.schemas.validate(value, index).err().map(|error| format!("{error:#}"))
    }

    /// Holds an answer of the operation against what is said of it.
    fn answer(&mut self, method: &str, template: &str, answer: &Answer) {
        let what = format!("{method} {template} {}", answer.status);
        let operation = self.document["paths"][template][method].clone();
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "{what} is not described: {}", answer.text);
        let response = self.resolved(response).clone();
        let Some(kind) = answer.header("content-type") else {
            assert!(response["content"].is_null() && answer.text.is_empty(), "{what}: {}", answer.text);
            return;
        };
        let content = &response["content"][kind];
        assert!(content.is_object(), "{what}: {kind} is not described");
        let values = match kind {
            "application/json" => vec![answer.json()],
            "text/event-stream" => streamed(&answer.text),
            _ => vec![json!(answer.text)],
        };
        for value in values {
            if let Some(wrong) = self.check(&content["schema"].clone(), &value) {
                panic!("{what}: {wrong}\n{}", answer.text.chars().take(2000).collect::<String>());
            }
        }
        let expected: BTreeSet<&str> =
            response["headers"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        for name in expected {
            assert!(answer.header(name).is_some(), "{what}: {name} is missing");
        }
    }
}

pub fn job(mode: &str, rows: u32) -> Value {
    json!({
        "env": {"job.mode": mode, "checkpoint.interval": 100},
        "source": [{"plugin_name": "FakeSource", "plugin_output": "fake", "row.num": rows, "split.num": rows.min(100),
            "split.read-interval": 50, "schema": {"fields": {"name": "string", "age": "int"}}}],
        "transform": [{"plugin_name": "Sql", "plugin_input": "fake", "plugin_output": "q", "query": "select name from fake"}],
        "sink": [{"plugin_name": "Console", "plugin_input": "q"}]
    })
}

#[test]
fn real_answers_are_as_described() {
    let dir = tempfile::tempdir().unwrap();
    let backups = dir.path().join("backups");
    let options = Options::default()
        .env("SEIKAN_ENGINE__SLOT_SERVICE__DYNAMIC_SLOT", "false")
        .env("SEIKAN_ENGINE__SLOT_SERVICE__SLOT_NUM", "1")
        .env("SEIKAN_ENGINE__STORE__BACKUP_DIR", backups.display())
        .env("SEIKAN_ENGINE__HTTP__MAX_BODY_BYTES", "100000");
    let server = Server::start_with(&dir.path().join("data"), options);
    let document = server.get("/openapi.json").ok();
    let mut validator = Validator::new(&document, Schemas::new());

    // One job that has ended well, one that failed, one that runs with checkpoints, one that waits.
    let ended = server.submit(&job("BATCH", 3));
    server.ended(&ended);
    let mut failing = job("BATCH", 3);
    failing["env"]["job.retry.times"] = json!(0);
    failing["sink"] = json!([{"plugin_name": "Assert", "plugin_input": "q",
        "rules": {"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 100}]}}]);
    let failed = server.submit(&failing);
    assert_eq!(server.ended(&failed)["jobStatus"], "FAILED");
    let running = server.submit(&job("STREAMING", 100_000));
    crate::wait::until("a checkpoint", || {
        let checkpoints = server.get(&format!("/jobs/checkpoints/{running}")).ok();
        (checkpoints["pipelines"][0]["counts"]["completed"].as_u64()? > 0).then_some(())
    });
    let waiting = server.submit(&job("BATCH", 3));
    server.wait_for(&waiting, "PENDING");

    let large = "x".repeat(100_001);
    let job_text = job("BATCH", 1).to_string();
    let form = "--b\r\nContent-Disposition: form-data; name=\"config_file\"; filename=\"a.json\"\r\n\r\n"
        .to_owned()
        + &job_text
        + "\r\n--b--\r\n";
    let bad_job =
        r#"{"env":{},"source":[{"plugin_name":"FakeSource","row.nun":"x"}],"sink":[{"plugin_name":"Nope"}]}"#;
    let of = |rest: &str| format!("{ended}/{rest}");
    let get: &[(&str, &[&str])] = &[
        ("/overview", &["", "?team=blue"]),
        ("/running-jobs", &["", "?page=1", "?page=0", "?page=x"]),
        (
            "/finished-jobs",
            &[
                "",
                "?page=1&rows=1",
                "?page=0",
                "?state=failed,FINISHED&jobName=tunnel",
                "?endedFrom=2026-01-31&endedTo=2120-01-31T10:00:00Z&page=1",
                "?state=RUNNING",
                "?endedFrom=soon",
                "?endedTo=2026-02-30",
            ],
        ),
        (
            "/finished-jobs/{state}",
            &[
                "FINISHED",
                "failed/",
                "NOPE",
                "FINISHED?page=1",
                "FAILED?state=FAILED",
                "FAILED?state=x",
                "%ff",
            ],
        ),
        (
            "/job-info/{jobId}",
            &[&ended, &failed, &running, &waiting, "999", "abc", "99999999999999999999", "a%2fb"],
        ),
        ("/running-job/{jobId}", &[&ended, &running, "999", "abc"]),
        ("/job-info", &["", "/"]),
        ("/running-job", &[""]),
        ("/system-monitoring-information", &[""]),
        (
            "/pending-jobs",
            &[
                "",
                "?pretty=true",
                "?limit=0",
                "?jobId=1",
                "?jobId=x",
                "?limit=-1",
                "?pretty=maybe",
                "?team=x",
            ],
        ),
        (
            "/jobs/{jobId}/events",
            &[
                &of("events"),
                &of("events?after=1&limit=2"),
                &of("events?after=x"),
                &of("events?limit=-1"),
                &of("events?follow=x"),
                &of("events?follow=true"),
                "999/events",
                "abc/events",
                "a%2fb/events",
            ],
        ),
        ("/jobs/checkpoints/{jobId}", &[&ended, &running, &waiting, "999", "abc"]),
        (
            "/jobs/checkpoints/history/{jobId}",
            &[&ended, &running, "999", "abc", "1?limit=0", "1?status=DONE", "1?pipelineId=x"],
        ),
        (
            "/option-rules",
            &["", "?type=source&plugin=FakeSource", "?type=x&plugin=y", "?type=sink", "?type=sink&plugin=no"],
        ),
        ("/logs", &["", "?format=json"]),
        (
            "/logs/{jobId}",
            &[&ended, "1?format=json", "seatunnel-engine-server.log?tail=3", "x.log", "a.log?tail=x"],
        ),
        ("/log", &[""]),
        ("/log/{name}", &["seatunnel-engine-server.log", "nope", "seatunnel-engine-server.log?tail=0"]),
        ("/get-all-log-name", &[""]),
        ("/loggers", &["", "?scope=moon"]),
        ("/loggers/{name}", &["root", "seikan::store", "a:b"]),
        ("/thread-dump", &[""]),
        ("/running-threads", &[""]),
        ("/metrics", &[""]),
        ("/openmetrics", &[""]),
        ("/health", &[""]),
        ("/backups", &[""]),
        ("/openapi.json", &[""]),
        ("/hazelcast/rest/cluster", &[""]),
        ("/hazelcast/rest/instance/metrics", &[""]),
        ("/hazelcast/rest/instance/openmetrics", &[""]),
        ("/hazelcast/rest/maps/overview", &["", "/"]),
        ("/hazelcast/rest/maps/job-info/{jobId}", &[&ended, &running, "9", "x"]),
        ("/hazelcast/rest/maps/finished-jobs/{state}", &["FINISHED/"]),
        ("/hazelcast/rest/maps/running-jobs", &[""]),
        ("/hazelcast/rest/maps/logs/{jobId}", &[&ended]),
    ];
    let post: &[(&str, &[(&str, &str)])] = &[
        (
            "/submit-job",
            &[
                ("", &job_text),
                ("", ""),
                ("", "{"),
                ("", "[]"),
                ("", bad_job),
                ("", &large),
                ("?jobId=x", &job_text),
                ("?isStartWithSavePoint=true", &job_text),
                ("?isStartWithSavePoint=true&jobId=5", &job_text),
                ("?dryRun=static", &job_text),
                ("?dryRun=sample", &job_text),
                ("?dryRun=static", bad_job),
                ("?dryRun=x", &job_text),
                ("?format=xml", &job_text),
                ("?format=hocon", "source {"),
                ("?format=sql", "select"),
            ],
        ),
        (
            "/submit-jobs",
            &[
                ("", "[]"),
                ("", "{}"),
                ("", ""),
                ("", &large),
                ("", "[1]"),
                ("", "[{\"params\":{\"jobId\":\"x\"}}]"),
            ],
        ),
        (
            "/stop-job",
            &[
                ("", "{\"jobId\":9}"),
                ("", "{}"),
                ("", ""),
                ("", "{\"jobId\":\"x\"}"),
                ("", &large),
                ("", "{\"jobId\":9,\"force\":true}"),
                ("", "{\"jobId\":9,\"force\":\"x\"}"),
            ],
        ),
        ("/stop-jobs", &[("", "[{\"jobId\":9},{}]"), ("", "[{}]"), ("", ""), ("", "[]"), ("", &large)]),
        ("/encrypt-config", &[("", &job_text), ("", ""), ("", "{}"), ("", "7"), ("", &large)]),
        ("/update-tags", &[("", "{\"a\":\"b\"}"), ("", "{}"), ("", "[]"), ("", ""), ("", &large)]),
        (
            "/loggers/{name}",
            &[
                ("seikan?level=debug", ""),
                ("seikan", ""),
                ("seikan", "{\"level\":\"INFO\"}"),
                ("seikan", &large),
            ],
        ),
        // Before it is known, while it lives, when it has ended without a checkpoint.
        (
            "/jobs/{jobId}/rerun",
            &[
                ("999/rerun", ""),
                ("x/rerun", ""),
                (&format!("{running}/rerun"), ""),
                (&of("rerun?jobName=b"), ""),
            ],
        ),
        ("/jobs/{jobId}/resume", &[("999/resume", ""), ("x/resume", ""), (&of("resume"), "")]),
        ("/jobs/{jobId}/pause", &[("999/pause", ""), ("x/pause", ""), (&of("pause"), "")]),
        ("/resume-jobs", &[("", "")]),
        ("/backups", &[("", "")]),
        ("/hazelcast/rest/maps/submit-job", &[("", &job_text), ("", "")]),
        ("/hazelcast/rest/maps/stop-job", &[("", "{\"jobId\":9}")]),
        ("/hazelcast/rest/maps/update-tags", &[("", "{}")]),
    ];
    let at = |template: &str, rest: &str| match template.split_once('{') {
        Some((before, _)) => format!("{before}{rest}"),
        None => format!("{template}{rest}"),
    };
    for (template, rests) in get {
        for rest in *rests {
            validator.answer("get", template, &server.get(&at(template, rest)));
        }
    }
    for (template, requests) in post {
        for (rest, body) in *requests {
            validator.answer("post", template, &server.post(&at(template, rest), body));
        }
    }
    let multipart = |body: &str| {
        server.request(
            "POST",
            "/submit-job/upload",
            &[("Content-Type", "multipart/form-data; boundary=b")],
            body.as_bytes(),
        )
    };
    for body in [form.as_str(), "", "--b--", &large] {
        validator.answer("post", "/submit-job/upload", &multipart(body));
    }
    for name in ["seikan", "seikan", "a:b"] {
        let answer = server.request("DELETE", &format!("/loggers/{name}"), &[], b"");
        validator.answer("delete", "/loggers/{name}", &answer);
    }
    let open = server.request("GET", "/metrics", &[("Accept", "application/openmetrics-text")], b"");
    validator.answer("get", "/metrics", &open);
    for key in ["k", "k", "", "other"] {
        let answer =
            server.request("POST", "/submit-job?jobId=77", &[("Idempotency-Key", key)], job_text.as_bytes());
        validator.answer("post", "/submit-job", &answer);
    }
    let answer = server.request(
        "POST",
        "/hazelcast/rest/maps/submit-job?jobId=77&jobName=b",
        &[("Idempotency-Key", "k")],
        job_text.as_bytes(),
    );
    assert_eq!(answer.status, 422, "{}", answer.text);
    validator.answer("post", "/hazelcast/rest/maps/submit-job", &answer);
    let put = server.request("PUT", "/hazelcast/rest/maps/update-tags", &[], b"{}");
    validator.answer("put", "/hazelcast/rest/maps/update-tags", &put);

    // A job's life: it is paused, goes on, ends, and is deleted.
    let mut act = |action: &str, status: u16| {
        let (method, template, path) = match action {
            "" => ("delete", "/jobs/{jobId}".to_owned(), format!("/jobs/{running}")),
            _ => ("post", format!("/jobs/{{jobId}}/{action}"), format!("/jobs/{running}/{action}")),
        };
        let answer = server.request(&method.to_ascii_uppercase(), &path, &[], b"");
        assert_eq!(answer.status, status, "{action}: {}", answer.text);
        validator.answer(method, &template, &answer);
    };
    act("resume", 409);
    act("", 409);
    act("pause", 200);
    server.ended(&running);
    act("pause", 409);
    act("resume", 200);
    server.wait_for(&running, "RUNNING");
    server.stop_job(&running, true);
    server.ended(&running);
    for path in ["/jobs/{jobId}/events", "/jobs/checkpoints/{jobId}", "/job-info/{jobId}"] {
        validator.answer("get", path, &server.get(&path.replace("{jobId}", &running)));
    }
    validator.answer("get", "/finished-jobs", &server.get("/finished-jobs"));
    let stream = |last: &[(&str, &str)]| {
        let headers = [&[("Accept", "text/event-stream")], last].concat();
        server.request("GET", &format!("/jobs/{running}/events"), &headers, b"")
    };
    let whole = stream(&[]);
    validator.answer("get", "/jobs/{jobId}/events", &whole);
    // What is in them is a text to the schema of the stream.
    let told: Vec<Value> = streamed(&whole.text)
        .iter()
        .map(|event| serde_json::from_str(event["data"].as_str().unwrap()).unwrap())
        .collect();
    let (last, events) = told.split_last().unwrap();
    for (name, value) in [("Events", &json!(events)), ("LastWord", last)] {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        assert_eq!(validator.check(&schema, value), None, "{name}");
    }
    let seen = events.last().unwrap()["seq"].to_string();
    for (given, status) in [(&*seen, 204), ("x", 400), ("1", 200)] {
        let answer = stream(&[("Last-Event-ID", given)]);
        assert_eq!(answer.status, status, "{given}: {}", answer.text);
        validator.answer("get", "/jobs/{jobId}/events", &answer);
    }
    for (id, status) in [(&*running, 200), (&running, 404), ("x", 400)] {
        let answer = server.request("DELETE", &format!("/jobs/{id}"), &[], b"");
        assert_eq!(answer.status, status, "{id}: {}", answer.text);
        validator.answer("delete", "/jobs/{jobId}", &answer);
    }
}
