//! Secrets of jobs: encrypted in their texts, and nowhere in what a server prints.

use crate::access::Guarded;
use crate::server::{Options, Server};
use crate::wait::until;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn key_file(dir: &Path) -> PathBuf {
    let file = dir.join("shade.key");
    fs::write(&file, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

/// A job whose delimiter is a secret: the file that it writes shows whether it was decoded.
fn job(target: &Path) -> Value {
    json!({
        "env": {"job.mode": "BATCH", "shade.identifier": "aes256", "shade.options": ["field_delimiter"]},
        "source": [{"plugin_name": "FakeSource", "schema": {"fields": {"a": "int", "b": "int"}},
            "rows": [{"kind": "INSERT", "fields": [1, 2]}]}],
        "sink": [{"plugin_name": "LocalFile", "path": target, "file_format_type": "text", "field_delimiter": "-->"}]
    })
}

/// The text of the one file that a job wrote.
fn written(target: &Path) -> String {
    let files = fs::read_dir(target).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn a_job_with_encrypted_secrets_runs_where_the_key_is() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options::default().env("SEIKAN_ENGINE__SHADE_KEY_FILE", key_file(dir.path()).display());
    let server = Server::start_with(&dir.path().join("data"), options());
    let target = dir.path().join("out");
    let shaded = server.post("/encrypt-config", job(&target).to_string()).ok();
    let text = shaded.to_string();
    assert!(text.contains("\"aes256:") && !text.contains("-->"), "{text}");
    assert_eq!(server.post("/encrypt-config", &text).ok(), shaded, "nothing is encrypted twice");
    assert!(server.post("/submit-job", job(&target).to_string()).fail(400).contains("is not encrypted"));
    let id = server.submit(&shaded);
    assert_eq!(server.ended(&id)["jobStatus"], "FINISHED");
    assert_eq!(written(&target).trim(), "1-->2");

    // A job that goes on after a restart is decrypted again.
    let mut slow = shaded.clone();
    slow["env"]["job.mode"] = json!("STREAMING");
    slow["env"]["checkpoint.interval"] = json!(100);
    let slow = server.submit(&slow);
    server.wait_for(&slow, "RUNNING");
    server.kill();
    let server = Server::start_with(&dir.path().join("data"), options());
    assert_ne!(server.job(&slow)["jobStatus"], "FAILED", "{:#}", server.job(&slow));
    server.stop_job(&slow, false);
    server.ended(&slow);
    drop(server);

    let server = Server::start(&dir.path().join("data"));
    let message = server.post("/submit-job", &text).fail(400);
    assert!(message.contains("needs a key") && message.contains("shade-key-file"), "{message}");
}

#[test]
fn the_command_line_takes_the_key_from_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let options = Options::default().env("SEIKAN_ENGINE__SHADE_KEY_FILE", key.display());
    let server = Server::start_with(&dir.path().join("data"), options);
    let target = dir.path().join("out");
    let shaded = server.post("/encrypt-config", job(&target).to_string()).ok();
    let file = dir.path().join("job.json");
    fs::write(&file, shaded.to_string()).unwrap();
    let seikan = |command: &str, key: Option<&Path>| {
        let mut seikan = std::process::Command::new(crate::server::program());
        seikan.arg(command).arg(&file).envs(key.map(|key| ("SEIKAN_ENGINE__SHADE_KEY_FILE", key)));
        let output = seikan.current_dir(dir.path()).output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&printed).into_owned())
    };
    assert_eq!(seikan("check", Some(&key)).0, Some(0));
    let (code, printed) = seikan("check", None);
    assert!(code != Some(0) && printed.contains("needs a key"), "{printed}");
    let (code, printed) = seikan("run", Some(&key));
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(written(&target).trim(), "1-->2");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["run", "check"] {
        let (code, printed) = seikan(command, Some(&key));
        assert!(code != Some(0) && printed.contains("shade-key-file: "), "{printed}");
    }
}

#[test]
fn base64_is_warned_about() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut job = job(&dir.path().join("out"));
    job["env"]["shade.identifier"] = json!("base64");
    let shaded = server.post("/encrypt-config", job.to_string()).ok();
    let dry = server.post("/submit-job?dryRun=static", shaded.to_string());
    assert!(dry.text.contains("base64 protects nothing"), "{}", dry.text);
}

/// Every secret begins with this.
const CANARY: &str = "kanari-7b1f";

/// A job that is full of secrets, and fails: nobody listens where its model is said to be.
fn full_of_secrets(job_name: &str) -> Value {
    json!({
        "env": {"job.mode": "BATCH", "job.name": job_name, "job.retry.times": 1, "job.retry.interval.seconds": 1,
            "password": format!("{CANARY}-env")},
        "source": [{"plugin_name": "FakeSource", "plugin_output": "in", "password": format!("{CANARY}-source"),
            "nested": {"deep": [{"client_secret": format!("{CANARY}-nested")}]},
            "schema": {"fields": {"a": "int"}}, "rows": [{"kind": "INSERT", "fields": [5]}]}],
        "transform": [
            {"plugin_name": "FieldEncrypt", "plugin_input": "in", "plugin_output": "enc", "fields": ["a"],
                "key": format!("{CANARY}-key=")},
            {"plugin_name": "LLM", "plugin_input": "in", "plugin_output": "out", "model_provider": "CUSTOM",
                "model": "m", "prompt": "Say it.", "api_key": format!("{CANARY}-api"),
                "model_retry_max_attempts": 1,
                "api_path": format!("http://user:{CANARY}-userinfo@127.0.0.1:1/v1"),
                "custom_config": {
                    "custom_response_parse": "$.a",
                    "custom_request_headers": {"Authorization": format!("Basic {CANARY}-basic"),
                        "X-Other": format!("{CANARY}-header")},
                    "custom_request_body": {"model": "${model}", "text": "${input}"}}}],
        "sink": [{"plugin_name": "Console", "plugin_input": "out", "token": format!("{CANARY}-sink")}]
    })
}

#[test]
fn no_secret_is_in_anything_that_a_server_says() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default()
        .env("SEIKAN_ENGINE__HTTP__ENABLE_BASIC_AUTH", true)
        .env("SEIKAN_ENGINE__HTTP__BASIC_AUTH_PASSWORD", format!("{CANARY}-own"))
        .env("SEIKAN_ENGINE__STORE__BACKUP_DIR", dir.path().join("backups").display())
        .env("SEIKAN_LOG", "debug,sled=warn");
    let it = Guarded::start(dir.path(), options);
    let mut said = Vec::new();
    let mut ask = |method: &str, path: &str, token: &str, body: &str| {
        let answer = it.ask(method, path, token, body.as_bytes());
        said.push((format!("{method} {path}"), format!("{answer:?}")));
        answer
    };
    let job = full_of_secrets("full of secrets");
    for query in ["?dryRun=static", "?dryRun=sample"] {
        ask("POST", &format!("/submit-job{query}"), &it.operate, &job.to_string());
    }
    // Without the part that is refused at once it runs, and fails.
    let mut runs = job.clone();
    runs["transform"].as_array_mut().unwrap().remove(0);
    let answer = ask("POST", "/submit-job", &it.operate, &runs.to_string());
    let id = answer.json()["jobId"].to_string();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let state = || it.ask("GET", &format!("/job-info/{id}"), &it.read, b"").json()["jobStatus"].clone();
    for round in ["while it runs", "when it has failed"] {
        for path in [
            &format!("/job-info/{id}"),
            "/overview",
            "/running-jobs",
            "/running-jobs?page=1&rows=10",
            "/finished-jobs",
            "/finished-jobs?page=1&rows=10",
            "/system-monitoring-information",
            "/metrics",
            "/health",
            "/backups",
            "/option-rules",
        ] {
            ask("GET", path, &it.read, "");
        }
        if round == "while it runs" {
            until("the job fails", || (state() == "FAILED").then_some(()));
        }
    }
    // Mistakes of all kinds.
    let secret = format!("{CANARY}-wrong");
    for (path, body) in [
        ("/submit-job", job.to_string().replace("FakeSource", "FakeSorce")),
        ("/submit-job", job.to_string().replace("\"a\":\"int\"", "\"a\":\"what\"")),
        ("/submit-jobs", json!([{"params": {}, "source": [{"plugin_name": "X", "password": secret}]}]).to_string()),
        ("/encrypt-config", json!({"source": [{"password": {"a": secret}}], "sink": []}).to_string()),
        (
            "/submit-job",
            json!({"env": {"shade.identifier": "base64"}, "source": [{"plugin_name": "FakeSource", "password": secret}],
                "sink": [{"plugin_name": "Console"}]}).to_string(),
        ),
        (
            "/submit-job",
            json!({"env": {"shade.identifier": "aes256"}, "source": [{"plugin_name": "FakeSource", "password": secret}],
                "sink": [{"plugin_name": "Console"}]}).to_string(),
        ),
    ] {
        ask("POST", path, &it.operate, &body);
    }
    ask("GET", "/overview", &secret, "");
    ask("POST", "/backups", &it.read, "");
    let wrong = it.server.request("GET", "/overview", &[("authorization", &format!("Basic {secret}"))], b"");
    said.push(("a wrong login".to_owned(), format!("{wrong:?}")));
    let printed = it.server.printed();
    assert!(printed.contains("a login that is not right"), "{printed}");
    said.push(("standard output and error".to_owned(), printed));
    let logs = dir.path().join("data/logs");
    let mut count = 0;
    for entry in fs::read_dir(&logs).unwrap() {
        let path = entry.unwrap().path();
        said.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        count += 1;
    }
    assert!(count > 0, "the job has a log");
    let secrets = [CANARY, &it.read, &it.operate, &it.admin];
    let found = |(what, text): &(String, String)| {
        let at = secrets.iter().find_map(|secret| text.find(secret))?;
        let mut around = text.char_indices().map(|(at, _)| at).filter(|char| at.abs_diff(*char) < 100);
        let (from, to) = (around.clone().next()?, around.next_back()?);
        Some(format!("{what}: …{}…", &text[from..to]))
    };
    let leaks: Vec<String> = said.iter().filter_map(found).collect();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
