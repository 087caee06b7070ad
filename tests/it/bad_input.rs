//! Bad input: each case gets a clear error that names the place, never a panic, never a 500.

use crate::server::{Options, Server};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

fn job(source: Value, transform: Value, sink: Value) -> String {
    json!({"env": {"job.mode": "BATCH"}, "source": source, "transform": transform, "sink": sink}).to_string()
}

fn fake() -> Value {
    json!({"plugin_name": "FakeSource", "plugin_output": "f", "schema": {"fields": {"a": "int"}}})
}

fn console() -> Value {
    json!({"plugin_name": "Console", "plugin_input": "f"})
}

#[test]
fn jobs_that_are_refused_say_where_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let with = |key: &str, value: Value| {
        let mut source = fake();
        source[key] = value;
        source
    };
    let copy = |input: &str, output: &str| json!({"plugin_name": "Copy", "plugin_input": input, "plugin_output": output, "fields": {"b": "a"}});
    let with_type = |data_type: &str, options: Value| {
        let mut source = fake();
        source["schema"]["fields"]["a"] = json!(data_type);
        source.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        job(json!([source]), json!([]), json!([console()]))
    };
    let with_int = |options: Value| with_type("int", options);
    let with_ints = |options: Value| with_type("array<int>", options);
    // What is posted → what the message must hold, all of it.
    let cases: Vec<(String, Vec<&str>)> = vec![
        (String::new(), vec!["Request body is empty."]),
        ("   ".into(), vec![]),
        ("null".into(), vec![]),
        ("[]".into(), vec![]),
        ("5".into(), vec![]),
        ("{\"a\":".into(), vec!["line 1"]),
        ("{\n \"env\": {,\n}".into(), vec!["line 2", "column"]),
        ("{}".into(), vec!["Miss <Source> config! Please check the config file.", "Miss <Sink> config!"]),
        (job(json!([]), json!([]), json!([console()])), vec!["Miss <Source> config!"]),
        (job(json!({"a": 1}), json!([]), json!([console()])), vec!["source"]),
        (job(json!([{}]), json!([]), json!([console()])), vec!["plugin_name"]),
        (
            job(json!([{"plugin_name": "FakeSorce"}]), json!([]), json!([console()])),
            vec!["source[0]", "FakeSorce", "did you mean \"FakeSource\"?", "LocalFile"],
        ),
        (
            job(json!([fake()]), json!([{"plugin_name": "Sqll", "query": "select 1"}]), json!([console()])),
            vec!["transform[0]", "did you mean \"Sql\"?", "Copy"],
        ),
        (
            job(
                json!([fake()]),
                json!([{"plugin_name": "Sql", "query": "select aa, uper(a) from f"}]),
                json!([{"plugin_name": "Console"}]),
            ),
            vec!["transform[0].Sql.query", "can't find field [aa]", "did you mean \"a\"?", "uper", "UPPER"],
        ),
        (
            job(json!([with("row.num", json!("many"))]), json!([]), json!([console()])),
            vec!["source[0].FakeSource.row.num", "\"many\""],
        ),
        (
            job(json!([with("schema", json!({"fields": {"x": "strin"}}))]), json!([]), json!([console()])),
            vec!["source[0].FakeSource.schema", "x", "strin"],
        ),
        (job(json!([with("split.num", json!(-1))]), json!([]), json!([console()])), vec!["split.num"]),
        (
            job(json!([fake()]), json!([]), json!([{"plugin_name": "LocalFile"}])),
            vec!["sink[0].LocalFile.path"],
        ),
        (
            json!({"env": {"job.mode": "HOURLY"}, "source": [fake()], "sink": [console()]}).to_string(),
            vec!["env.job.mode", "HOURLY", "BATCH", "STREAMING"],
        ),
        (
            json!({"env": {"checkpoint.interval": 1}, "source": [fake()], "sink": [console()]}).to_string(),
            vec!["env.checkpoint.interval", "10"],
        ),
        (
            json!({"env": {"job.retry.interval.seconds": -1}, "source": [fake()], "sink": [console()]})
                .to_string(),
            vec!["env.job.retry.interval.seconds: -1 is not allowed; allowed: 0 or more"],
        ),
        (with_int(json!({"int.min": 9, "int.max": 5})), vec!["source[0].FakeSource.int.min", "9 is larger"]),
        (with_ints(json!({"array.size": -1})), vec!["source[0].FakeSource", "array.size", "-1"]),
        (
            with_int(json!({"rows": [{"kind": "insert", "fields": [1]}]})),
            vec!["source[0].FakeSource", "rows[0].kind: \"insert\" is no row kind", "INSERT"],
        ),
        (
            with_int(
                json!({"rows": [{"kind": "INSERT", "fields": [1]}, {"kind": "INSERT", "fields": ["q"]}]}),
            ),
            vec!["source[0].FakeSource", "rows[1].fields", "\"q\""],
        ),
        (
            job(
                json!([fake()]),
                json!([]),
                json!([console(), {"plugin_name": "Console", "plugin_input": "g"}]),
            ),
            vec!["sink[1]", "\"g\""],
        ),
        (
            job(json!([fake()]), json!([copy("t2", "t1"), copy("t1", "t2")]), json!([console()])),
            vec!["transform[0]", "transform[1]", "circle"],
        ),
        (job(json!([fake()]), json!([copy("f", "t1")]), json!([console(), console()])), vec!["t1"]),
        (
            job(
                json!([with("row.num", json!("many"))]),
                json!([{"plugin_name": "Nope"}]),
                json!([{"plugin_name": "LocalFile", "file_format_type": "pdf"}]),
            ),
            vec!["row.num", "Nope", "sink[0].LocalFile"],
        ),
    ];
    for (body, parts) in cases {
        let message = server.post("/submit-job", &body).fail(400);
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in {message:?} for {body}");
        }
    }
    assert_eq!(server.get("/running-jobs").ok(), json!([]), "nothing is recorded as run");
    assert_eq!(server.get("/finished-jobs").ok(), json!([]));
}

#[test]
fn all_problems_come_at_once_with_their_paths() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let source = json!({"plugin_name": "FakeSource", "row.num": "x", "split.num": "y", "schema": {"fields": {"a": "int"}}});
    let answer =
        server.post("/submit-job", job(json!([source]), json!([]), json!([{"plugin_name": "Nope"}])));
    let problems = answer.json()["problems"].as_array().cloned().unwrap_or_default();
    let paths: Vec<&str> = problems.iter().filter_map(|p| p["path"].as_str()).collect();
    for path in ["source[0].FakeSource.row.num", "source[0].FakeSource.split.num"] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    assert!(paths.iter().any(|p| p.starts_with("sink[0]")), "{paths:?}");
}

#[test]
fn broken_hocon_names_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let text = "env { a = 1 }\nsource {\n  FakeSource { row.num = [1, 2 }\n}\n";
    let message = server.post("/submit-job?format=hocon", text).fail(400);
    assert!(message.contains("line 3") && message.contains("column"), "{message}");
}

#[test]
fn nesting_without_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let deep = 10_000;
    let bodies = [
        format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep)),
        format!("{{\"source\": {}1{}}}", "[".repeat(deep), "]".repeat(deep)),
    ];
    for body in &bodies {
        for path in [
            "/submit-job",
            "/submit-jobs",
            "/stop-job",
            "/encrypt-config",
            "/update-tags",
            "/submit-job?format=hocon",
        ] {
            server.post(path, body).fail(400);
        }
    }
    let kind = format!("{}int{}", "array<".repeat(deep), ">".repeat(deep));
    let source = json!({"plugin_name": "FakeSource", "schema": {"fields": {"a": kind}}});
    server.post("/submit-job", job(json!([source]), json!([]), json!([console()]))).fail(400);
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn bytes_that_are_no_text() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for path in ["/stop-job", "/update-tags", "/encrypt-config"] {
        server.post(path, b"{\"a\": \"\xff\xfe\"}").fail(400);
    }
    // A job's text is taken as the engine takes it: what is no UTF-8 becomes U+FFFD. The job's log says so.
    let text = job(json!([fake()]), json!([]), json!([console()]))
        .replace("BATCH\"", "BATCH\", \"job.name\": \"caf@\"");
    let mut bytes = text.into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'@').unwrap();
    bytes[at] = 0xe9;
    let many = [b"[" as &[u8], &bytes, b"]"].concat();
    for (path, body, at) in [
        ("/submit-job", &bytes, at),
        ("/submit-job?format=hocon", &bytes, at),
        ("/submit-jobs", &many, at + 1),
    ] {
        let answer = server.post(path, body).ok();
        let submitted = if answer.is_array() { &answer[0] } else { &answer };
        assert_eq!(submitted["jobName"], "caf\u{fffd}", "{path}");
        let id = submitted["jobId"].to_string().replace('"', "");
        server.ended(&id);
        let log = fs::read_to_string(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
        let warning = format!("WARN  byte {at}: 0xe9 is no UTF-8; it is read as U+FFFD");
        assert!(log.contains(&warning), "{path}: {log}");
    }
    for path in ["/job-info/%ff", "/finished-jobs/%ff"] {
        assert!([400, 404].contains(&server.get(path).status));
    }
}

#[test]
fn a_body_over_the_limit_is_refused_while_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let server =
        Server::start_with(dir.path(), Options::default().env("SEIKAN_ENGINE__HTTP__MAX_BODY_BYTES", 1000));
    server.post("/submit-job", "x".repeat(1001)).fail(413);
    // Chunked, without a length.
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "POST /submit-job HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    write!(stream, "7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000)).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn ids_paths_and_methods() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for path in ["/job-info/abc", "/running-job/1.5", "/job-info/99999999999999999999"] {
        let message = server.get(path).fail(400);
        assert!(message.contains("For input string"), "{message}");
    }
    for message in [
        server.get("/job-info/99999999999999999999").fail(400),
        server.post("/stop-job", r#"{"jobId": 99999999999999999999}"#).fail(400),
        server.post("/stop-job", r#"{"jobId": "99999999999999999999"}"#).fail(400),
        server.post("/submit-job?jobId=99999999999999999999", "{}").fail(400),
        server.get("/finished-jobs?page=99999999999999999999").fail(400),
    ] {
        assert!(message.contains("too large; the largest is"), "{message}");
    }
    assert_eq!(server.get("/job-info").fail(400), "The jobId must not be empty.");
    assert_eq!(server.get("/running-job/").fail(400), "The jobId must not be empty.");
    assert_eq!(server.get("/job-info/999").ok(), json!({"jobId": "999"}));
    assert_eq!(server.get("/running-job/999").ok(), json!({"jobId": "999"}));
    assert_eq!(server.post("/stop-job", r#"{"jobId": 999}"#).ok(), json!({"jobId": 999}));
    assert_eq!(server.post("/stop-job", "{}").fail(400), "jobId cannot be empty.");
    server.post("/stop-job", r#"{"jobId": "abc"}"#).fail(400);
    server.post("/submit-job?jobId=abc", "{}").fail(400);
    let message = server.post("/submit-job?isStartWithSavePoint=true", "{}").fail(400);
    assert_eq!(message, "Please provide jobId when start with save point.");
    server.get("/finished-jobs?page=0").fail(400);
    server.get("/finished-jobs?page=x").fail(400);
    server.get("/nope").fail(404);
    server.get("/overview//").fail(404);
    server.get("/overviewx").fail(404);
    let wrong = server.post("/overview", "{}");
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS"));
    wrong.fail(405);
    server.get("/submit-job").fail(405);
    assert_eq!(server.request("DELETE", "/overview", &[], b"").status, 405);
}

#[test]
fn every_item_of_a_batch_is_bad() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let message = server.post("/submit-jobs", r#"[{"env": {}}, 5]"#).fail(400);
    assert!(message.contains("[0]") && message.contains("[1]"), "{message}");
    let items = json!([{"source": [fake()], "sink": [console()], "env": {"job.mode": "X"}}, {}]);
    let answer = server.post("/submit-jobs", items.to_string());
    let problems = answer.json()["problems"].clone();
    let paths: Vec<&str> = problems.as_array().unwrap().iter().map(|p| p["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["[0].env.job.mode", "[1]", "[1]"], "{problems:#}");
    server.post("/submit-jobs", "{}").fail(400);
    server.post("/stop-jobs", "{}").fail(400);
    server.post("/stop-jobs", "[{}]").fail(400);
}

#[test]
fn files_that_cannot_be_read_or_written() {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let csv = |path: &str| {
        json!([{"plugin_name": "LocalFile", "path": path, "file_format_type": "csv",
            "schema": {"fields": {"a": "int", "b": "string"}}}])
    };
    let missing = files.path().join("missing").display().to_string();
    let message = server
        .post("/submit-job", job(csv(&missing), json!([]), json!([{"plugin_name": "Console"}])))
        .fail(400);
    assert!(message.contains(&missing), "{message}");

    // A target below a file can't be made, whoever runs the test.
    let blocker = files.path().join("file");
    fs::write(&blocker, "1,x\n").unwrap();
    let target = blocker.join("out").display().to_string();
    let sink = json!([{"plugin_name": "LocalFile", "path": target, "file_format_type": "text"}]);
    let retries = |job: String| {
        let mut job: Value = serde_json::from_str(&job).unwrap();
        job["env"]["job.retry.times"] = json!(0);
        job
    };
    let id = server.submit(&retries(job(csv(&blocker.display().to_string()), json!([]), sink)));
    let failed = server.ended(&id);
    assert_eq!(failed["jobStatus"], "FAILED", "{failed:#}");
    assert!(failed["errorMsg"].as_str().unwrap().contains(&target), "{failed:#}");

    // A source that fails half-way names file, line, column and value.
    let half = files.path().join("half.csv");
    let mut text: String = (0..20_000).map(|n| format!("{n},x\n")).collect();
    text.push_str("many,x\n");
    fs::write(&half, text).unwrap();
    let id = server.submit(&retries(job(
        csv(&half.display().to_string()),
        json!([]),
        json!([{"plugin_name": "Console"}]),
    )));
    let failed = server.ended(&id);
    assert_eq!(failed["jobStatus"], "FAILED");
    let message = failed["errorMsg"].as_str().unwrap();
    for part in ["half.csv", "20001", "a", "many"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn links_that_lead_nowhere_matter_only_where_they_would_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    fs::write(files.path().join("a.csv"), "1\n").unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", files.path().join("b.lnk")).unwrap();
    std::os::unix::fs::symlink(files.path(), files.path().join("c.lnk")).unwrap();
    let read = |pattern: Option<&str>| {
        let source = json!([{"plugin_name": "LocalFile", "path": files.path(), "file_format_type": "csv",
            "file_filter_pattern": pattern, "schema": {"fields": {"a": "int"}}}]);
        server.post("/submit-job", job(source, json!([]), json!([{"plugin_name": "Console"}])))
    };
    let answer = read(Some(".*[.]csv")).ok();
    let done = server.ended(&answer["jobId"].to_string());
    assert_eq!(done["metrics"]["SourceReceivedCount"], "1", "{done:#}");
    let message = read(None).fail(400);
    assert!(message.contains("b.lnk: this link leads nowhere"), "{message}");
    let message = read(Some("(c|a).*")).fail(400);
    assert!(message.contains("c.lnk: this link leads back to"), "{message}");
}

#[test]
fn an_unknown_option_is_a_warning_in_the_jobs_log() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut source = fake();
    source["row.nun"] = json!(5);
    let id =
        server.submit(&serde_json::from_str(&job(json!([source]), json!([]), json!([console()]))).unwrap());
    assert_eq!(server.ended(&id)["jobStatus"], "FINISHED");
    let log = fs::read_to_string(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
    assert!(
        log.contains("source[0].FakeSource.row.nun") && log.contains("did you mean \"row.num\"?"),
        "{log}"
    );
}
