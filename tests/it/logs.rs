//! The logs of server and jobs over HTTP, their formats, and levels that change while the server runs.

use crate::server::{Options, Server, program};
use crate::wait::until;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

const SERVER_LOG: &str = "seatunnel-engine-server.log";
const NO_LOGS: &str = "<html><head><title>Seatunnel log</title></head>\n<body>\n <h2>Seatunnel log</h2>\n <ul>\n </ul>\n</body></html>";

fn job() -> Value {
    json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 3, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
}

#[test]
fn logs_are_listed_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default().env("SEIKAN_ENGINE__HTTP__CONTEXT_PATH", "/ctx");
    let server = Server::start_with(dir.path(), options);
    let id = server.submit(&job());
    server.ended(&id);
    let name = format!("job-{id}.log");
    let base = server.url().to_owned();
    let node = base.trim_start_matches("http://").trim_end_matches("/ctx");
    let link = |name: &str| json!({"node": node, "logLink": format!("{base}/logs/{name}"), "logName": name});
    let page = |links: &str| NO_LOGS.replace(" </ul>", &format!("{links} </ul>"));

    // What is beside the logs is none.
    std::fs::write(dir.path().join("logs/secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("logs/job-77.log")).unwrap();
    assert_eq!(server.get("/get-all-log-name").ok(), json!([name, SERVER_LOG]));
    assert_eq!(server.get("/logs?format=JSON").ok(), json!([link(&name), link(SERVER_LOG)]));
    assert_eq!(server.get(&format!("/logs/{id}?format=json")).ok(), json!([link(&name)]));
    assert_eq!(server.get("/logs/999?format=json").ok(), json!([]));
    for (path, expected) in [
        (format!("/logs/{id}"), page(&format!("<li><a href=\"{base}/logs/{name}\">{name}</a></li>\n"))),
        ("/logs/999?format=other".to_owned(), NO_LOGS.to_owned()),
        (
            "/log".to_owned(),
            page(&format!(
                "<li><a href=\"log/{name}\">{name}</a></li>\n<li><a href=\"log/{SERVER_LOG}\">{SERVER_LOG}</a></li>\n"
            )),
        ),
    ] {
        let answer = server.get(&path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html;charset=utf-8")));
        assert_eq!(answer.text, expected, "{path}");
    }

    let whole = std::fs::read_to_string(dir.path().join("logs").join(&name)).unwrap();
    for path in [format!("/logs/{name}"), format!("/log/{name}"), format!("/log/{name}/")] {
        let answer = server.get(&path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain;charset=utf-8")));
        assert_eq!(answer.header("content-length"), Some(whole.len().to_string().as_str()));
        assert_eq!(answer.text, whole, "{path}");
    }
    let head = server.request("HEAD", &format!("/log/{name}"), &[], b"");
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let last: Vec<&str> = whole.lines().rev().take(2).collect();
    let tail = server.get(&format!("/log/{name}?tail=2")).text;
    assert_eq!(tail, format!("{}\n{}\n", last[1], last[0]));
    let own = server.get(&format!("/log/{SERVER_LOG}")).text;
    assert!(own.lines().all(|line| line.starts_with("20")), "{own}");

    let refused = [
        ("/log/secret.txt", 404, "there is no log \"secret.txt\""),
        ("/log/job-77.log", 404, "there is no log"),
        ("/log/job-5.log", 404, "there is no log"),
        ("/logs/job-5.log", 404, "there is no log"),
        ("/log/..%2f..%2fjob-1.log", 404, "there is no log"),
        ("/log/%2e%2e%2fidentity", 404, "there is no log"),
        ("/logs/..%2flogs%2fjob-1.log", 404, "there is no log"),
        ("/log/job-1.log%00", 404, "there is no log"),
        ("/log/%ff", 400, "no UTF-8"),
        ("/log/a/b", 404, "there is nothing at"),
    ];
    for (path, status, expected) in refused {
        let message = server.get(path).fail(status);
        assert!(message.contains(expected), "{path}: {message}");
    }
    for tail in ["0", "-1", "x", "1000001"] {
        let message = server.get(&format!("/log/{name}?tail={tail}")).fail(400);
        assert!(message.contains("allowed: lines from 1 to 1000000"), "{message}");
    }
    assert!(server.post("/logs", "").fail(405).contains("allowed: GET, HEAD, OPTIONS"));
}

#[test]
fn a_large_log_is_streamed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let line = "x".repeat(99) + "\n";
    std::fs::write(dir.path().join("logs/job-5.log"), line.repeat(2_000_000)).unwrap();
    let before = resident(&server);
    let answer = server.get("/log/job-5.log");
    assert_eq!((answer.status, answer.text.len()), (200, 200_000_000));
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more in memory");
    assert_eq!(server.get("/log/job-5.log?tail=3").text, line.repeat(3));
}

/// The most memory that the process ever had.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn levels_change_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), Options::default().env("SEIKAN_LOG", "warn,sled=error"));
    let node = server.url().trim_start_matches("http://").to_owned();
    let logger =
        |name: &str, level: &str, origin: &str| json!({"name": name, "level": level, "origin": origin});
    let list = |loggers: Value| json!({"node": node, "loggers": loggers});
    let configured = [logger("ROOT", "WARN", "CONFIGURED"), logger("sled", "ERROR", "CONFIGURED")];
    assert_eq!(server.get("/loggers").ok(), list(json!(configured)));
    let mut inherited = logger("seikan::store", "WARN", "INHERITED");
    inherited["node"] = json!(node);
    assert_eq!(server.get("/loggers/seikan::store?scope=cluster").ok(), inherited);

    let set = server.post("/loggers/seikan::api?level=info", "").ok();
    assert_eq!((&set["level"], &set["previousLevel"]), (&json!("INFO"), &json!("WARN")));
    assert_eq!((&set["origin"], &set["status"]), (&json!("CHANGED"), &json!("SUCCESS")));
    let own = || server.get(&format!("/log/{SERVER_LOG}")).text;
    assert!(own().contains("the level of the log was changed from WARN to info"), "{}", own());
    let set = server.post("/loggers/root", r#"{"level": "ERROR"}"#).ok();
    assert_eq!(
        (&set["name"], &set["level"], &set["fileLevel"]),
        (&json!("ROOT"), &json!("ERROR"), &json!("WARN"))
    );
    for (name, status) in [("root", "SUCCESS"), ("seikan::api", "SUCCESS"), ("seikan::api", "NO_OVERRIDE")] {
        let reset = server.request("DELETE", &format!("/loggers/{name}"), &[], b"").ok();
        assert_eq!(reset["status"], status, "{reset}");
    }
    assert_eq!(server.get("/loggers").ok(), list(json!(configured)));

    let bad = [
        ("POST", "/loggers/seikan", "", "The level is required"),
        (
            "POST",
            "/loggers/seikan?level=loud",
            "",
            "Unknown logger level 'loud', valid levels are: OFF, ERROR",
        ),
        ("POST", "/loggers/seikan", "[]", "Invalid JSON format in request body."),
        ("POST", "/loggers/seikan", "{", "Invalid JSON format in request body."),
        ("POST", "/loggers/a%20b?level=info", "", "Logger name 'a b' can't be used"),
        ("POST", "/loggers/a=debug%5Bspan%5D?level=info", "", "can't be used"),
        ("GET", "/loggers/a:b", "", "can't be used"),
        ("DELETE", "/loggers/%20", "", "can't be used"),
        ("GET", "/loggers?scope=moon", "", "Unknown scope 'moon', valid scopes are: node, cluster"),
        ("DELETE", "/loggers/seikan?scope=moon", "", "Unknown scope"),
    ];
    for (method, path, body, expected) in bad {
        let message = server.request(method, path, &[], body.as_bytes()).fail(400);
        assert!(message.contains(expected), "{method} {path}: {message}");
    }
    let refused = server.request("DELETE", "/loggers", &[], b"");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    let refused = server.request("PUT", "/loggers/x", &[], b"");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, POST, DELETE, OPTIONS")));
}

#[test]
fn lines_can_be_json() {
    let dir = tempfile::tempdir().unwrap();
    for (name, value) in [("SEIKAN_LOG_FORMAT", "json"), ("SEIKAN_ENGINE__LOGS__FORMAT", "json")] {
        let options = Options::default().env(name, value).env("SEIKAN_ENGINE__NONSENSE", "1");
        let server = Server::start_with(dir.path(), options);
        let text = server.get(&format!("/log/{SERVER_LOG}")).text;
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
        }
        assert!(text.contains("seatunnel.engine.nonsense"), "{text}");
        assert!(server.printed().contains("\"level\":\"WARN\""), "{}", server.printed());
        server.kill();
    }
}

/// Starts a server whose standard error is a file; answers what it said there by the time it is ready.
fn said_to_file(environment: impl Fn(&std::fs::File) -> Option<(&'static str, String)>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stderr");
    let file = std::fs::File::create(&path).unwrap();
    let mut child = Command::new(program())
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path().join("data"))
        .env("SEIKAN_ENGINE__NONSENSE", "1")
        .env_remove("JOURNAL_STREAM")
        .envs(environment(&file))
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .spawn()
        .expect("the program starts");
    let said = until("the server said something", || {
        let text = std::fs::read_to_string(&path).ok()?;
        text.contains("nonsense").then_some(text)
    });
    child.kill().expect("the process can be killed");
    child.wait().expect("it is gone");
    said
}

#[test]
fn the_journal_gets_priorities_and_no_times() {
    let warning = "WARN  configuration: the environment (SEIKAN_ENGINE__NONSENSE)";
    let stream = |file: &std::fs::File| {
        let data = file.metadata().unwrap();
        format!("{}:{}", data.dev(), data.ino())
    };
    let journal = said_to_file(|file| Some(("JOURNAL_STREAM", stream(file))));
    assert!(journal.starts_with(&format!("<4>{warning}")), "{journal}");
    // A variable that was inherited means nothing.
    for variable in [Some(("JOURNAL_STREAM", "1:2".to_owned())), None] {
        let plain = said_to_file(|_| variable.clone());
        assert!(plain.starts_with("20") && !plain.contains('\u{1b}'), "{plain}");
    }
}

#[test]
fn links_lead_where_the_client_came_from() {
    let dir = tempfile::tempdir().unwrap();
    let everywhere = Options { without_listen: true, ..Options::default() }
        .arg("--listen")
        .arg("0.0.0.0:0")
        .env("SEIKAN_ENGINE__HTTP__ALLOW_ANONYMOUS", "true");
    let server = Server::start_with(dir.path(), everywhere);
    let node = |server: &Server| {
        let list = server.request("GET", "/logs?format=json", &[("Host", "logs.example:1234")], b"").ok();
        list[0]["node"].as_str().unwrap().to_owned()
    };
    assert_eq!(node(&server), "logs.example:1234", "0.0.0.0 is no address to ask");
    server.kill();
    let server = Server::start(dir.path());
    assert_eq!(node(&server), server.url().trim_start_matches("http://"));
}
