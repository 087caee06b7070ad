//! The backup commands against a real, busy server: what was acknowledged before is in the backup, what is wrong with
//! a copy is named, and nothing is changed that is only looked at.

use crate::server::{Options, Server, program};
use crate::wait::{Load, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

/// Runs `seikan backup …`.
fn backup(arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("backup").args(arguments).env("TZ", "UTC").env_remove("SEATUNNEL_CONFIG");
    command.stdin(Stdio::null()).output().unwrap()
}

/// What it printed; it must have ended with this exit code.
fn printed(arguments: &[&str], code: i32) -> String {
    let output = backup(arguments);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "backup {arguments:?}:\n{out}{err}");
    format!("{out}{err}")
}

/// What it printed with `--json`.
fn told(arguments: &[&str], code: i32) -> Value {
    let output = backup(arguments);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Every file below a directory, with its bytes and the time of its last change.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                let changed = entry.metadata().unwrap().modified().unwrap();
                found.insert(path.clone(), (fs::read(path).unwrap(), changed));
            }
        }
    }
    found
}

fn batch() -> Value {
    json!({
        "env": {"job.name": "one of many", "job.mode": "BATCH"},
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MAX_ROW", "rule_value": 5}]}}]
    })
}

fn streaming() -> Value {
    json!({
        "env": {"job.mode": "STREAMING", "checkpoint.interval": 100, "job.name": "goes on"},
        "source": [{"plugin_name": "FakeSource", "row.num": 100, "split.num": 50, "split.read-interval": 20,
            "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 0}]}}]
    })
}

/// Submits jobs without a pause and notes each one that was acknowledged.
fn pouring(server: &Arc<Server>, acknowledged: &Arc<Mutex<Vec<String>>>) -> Load {
    let (server, acknowledged, job) = (Arc::clone(server), Arc::clone(acknowledged), batch());
    Load::start(4, move |_| {
        let id = server.submit(&job);
        acknowledged.lock().unwrap().push(id);
        true
    })
}

/// A server with room for backups, whose segments fill soon.
fn busy(data: &Path, to: &Path) -> Arc<Server> {
    let options = Options::default()
        .env("SEIKAN_ENGINE__STORE__SEGMENT_BYTES", 128 << 10)
        .env("SEIKAN_ENGINE__STORE__BACKUP_DIR", text(to));
    Arc::new(Server::start_with(data, options))
}

/// Every ended job by its id, whole.
fn history(server: &Server) -> BTreeMap<String, Value> {
    let jobs = server.get("/finished-jobs").ok();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.map(|job| (job["jobId"].as_str().unwrap().to_owned(), job.clone())).collect()
}

#[test]
fn backups_of_a_busy_server_hold_all_that_was_acknowledged() {
    let top = tempfile::tempdir().unwrap();
    let (data, to) = (top.path().join("data"), top.path().join("backups"));
    let server = busy(&data, &to);
    assert_eq!(server.get("/backups").ok()["backups"], json!([]));
    let goes_on = server.submit(&streaming());
    server.wait_for(&goes_on, "RUNNING");
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let load = pouring(&server, &acknowledged);
    let mut made = Vec::new();
    for round in 0..4 {
        let count = acknowledged.lock().unwrap().len();
        until("more jobs", || (acknowledged.lock().unwrap().len() > count + 60).then_some(()));
        let before: Vec<String> = acknowledged.lock().unwrap().clone();
        let told = match round {
            0 => server.post("/backups", "").ok(),
            1 => told(&["create", "--server", server.url(), "--json"], 0),
            2 => told(&["create", "--data-dir", text(&data), "--to", text(&to), "--json"], 0),
            _ => {
                let line = printed(&["create", "--server", server.url(), "--to", text(&to)], 0);
                let path = line.split(": ").next().unwrap().to_owned();
                let listed = server.get("/backups").ok();
                let listed = listed["backups"].as_array().unwrap().clone();
                listed.into_iter().find(|backup| backup["path"] == path.as_str()).unwrap()
            }
        };
        assert_eq!(told["state"], "complete", "{told:#}");
        assert!(told["jobs"].as_u64().unwrap() > before.len() as u64, "{told:#}");
        assert!(told["bytes"].as_u64().unwrap() > 8192, "{told:#}");
        made.push((before, PathBuf::from(told["path"].as_str().unwrap())));
    }
    load.stop();
    let listed = told(&["list", text(&to), "--json"], 0);
    assert_eq!(listed, server.get("/backups").ok()["backups"]);
    assert_eq!(listed.as_array().unwrap().len(), 4);
    assert!(listed.as_array().unwrap().iter().all(|backup| backup["state"] == "complete"), "{listed:#}");
    let lines = printed(&["list", text(&to)], 0);
    assert_eq!(lines.lines().filter(|line| line.contains("  complete  ")).count(), 4, "{lines}");
    until("all jobs end", || (server.get("/running-jobs").ok().as_array().unwrap().len() == 1).then_some(()));
    let original = history(&server);

    for (round, (before, path)) in made.iter().enumerate() {
        let bytes = snapshot(path);
        let seen = told(&["verify", text(path), "--json"], 0);
        assert_eq!((&seen[0]["state"], seen[0]["held"].is_string()), (&json!("sound"), true), "{seen:#}");
        assert_eq!(snapshot(path), bytes, "a look changes nothing");
        let target = top.path().join(format!("restored-{round}"));
        let said = printed(&["restore", text(path), text(&target)], 0);
        assert!(said.contains("held until --resume"), "{said}");
        let restored = Server::start(&target);
        assert_eq!(restored.job(&goes_on)["jobStatus"], "PENDING");
        let held = restored.get("/running-jobs").ok();
        let held = held.as_array().unwrap().iter().map(|job| job["jobId"].as_str().unwrap().to_owned());
        let (held, ended): (Vec<String>, _) = (held.collect(), history(&restored));
        for id in before {
            match ended.get(id) {
                Some(job) => assert_eq!(job, &original[id], "backup {round}"),
                None => assert!(held.contains(id), "backup {round}: job {id} is lost"),
            }
        }
        if round == 3 {
            restored.post("/resume-jobs", "").ok();
            restored.wait_for(&goes_on, "RUNNING");
            for id in before {
                assert_eq!(restored.ended(id)["jobStatus"], "FINISHED");
            }
        }
    }
}

#[test]
fn a_flipped_byte_is_named_with_its_job() {
    let top = tempfile::tempdir().unwrap();
    let (data, copy) = (top.path().join("data"), top.path().join("copy"));
    let server = Server::start(&data);
    let jobs: Vec<String> = (0..5).map(|_| server.submit(&batch())).collect();
    for id in &jobs {
        server.ended(id);
    }
    let goes_on = server.submit_as("?jobName=needle", &streaming());
    server.wait_for(&goes_on, "RUNNING");
    // Later changes vouch for it: checkpoints.
    let sequence = || server.get("/health").ok()["store"]["sequence"].as_u64().unwrap();
    let running = sequence();
    until("more changes", || (sequence() > running + 3).then_some(()));
    assert!(Command::new("cp").arg("-a").arg(&data).arg(&copy).status().unwrap().success());
    drop(server);
    assert!(printed(&["verify", text(&copy), text(&data)], 0).contains(": sound: 6 jobs (5 ended, 1 live)"));

    let segment = fs::read_dir(copy.join("journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    // The record of its submission, in the first frame that names it.
    let at = bytes.windows(6).position(|window| window == b"needle").unwrap();
    bytes[at + 2] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let before = snapshot(&copy);
    let seen = told(&["verify", text(&copy), "--json"], 1);
    assert_eq!(seen[0]["state"], "damaged");
    let named = seen[0]["damage"].as_array().unwrap().iter().any(|found| found["jobs"] == json!([goes_on]));
    assert!(named, "{seen:#}");
    let lines = printed(&["verify", text(&copy)], 1);
    assert!(lines.contains("DAMAGED") && lines.contains(&format!("(job {goes_on})")), "{lines}");
    assert!(lines.contains(&format!("lost: job {goes_on} becomes UNKNOWABLE")), "{lines}");
    assert_eq!(snapshot(&copy), before, "a look changes nothing");
    // What is left can be put back; it says what is not.
    let target = top.path().join("restored");
    assert!(printed(&["restore", text(&copy), text(&target)], 1).contains("lost: job"));
    let restored = Server::start(&target);
    assert_eq!(restored.job(&goes_on)["jobStatus"], "UNKNOWABLE");
    assert_eq!(history(&restored).len(), 6);
    drop(restored);
    // A server's word about a damaged backup reads like our own.
    let served = busy(&target, &top.path().join("backups"));
    let said = printed(&["create", "--server", served.url()], 1);
    let complaint = said.lines().find(|line| line.starts_with("warning: damage: journal/"));
    assert!(complaint.is_some_and(|line| line.ends_with(&format!("(job {goes_on})"))), "{said}");
    assert!(!said.contains('{'), "{said}");
}

/// Cut at the end, as by a full disk: nothing but `backup.json` tells that there was more.
#[test]
fn a_backup_that_was_cut_is_no_sound_one() {
    let top = tempfile::tempdir().unwrap();
    let (data, to) = (top.path().join("data"), top.path().join("backups"));
    let server = Server::start(&data);
    let id = server.submit(&batch());
    server.ended(&id);
    let made = told(&["create", "--data-dir", text(&data), "--to", text(&to), "--json"], 0);
    assert_eq!((&made["state"], &made["why"]), (&json!("complete"), &Value::Null));
    assert!(printed(&["list", text(&to)], 0).contains("  complete  "));
    let path = PathBuf::from(made["path"].as_str().unwrap());
    let segment = fs::read_dir(path.join("journal")).unwrap().next().unwrap().unwrap().path();
    let length = fs::metadata(&segment).unwrap().len();
    fs::File::options().write(true).open(&segment).unwrap().set_len(length - 300).unwrap();
    let said = printed(&["verify", text(&path)], 1);
    let why = format!(
        "it was made with 1 jobs (1 ended, 0 live) up to change {}, and there are",
        made["lastChange"]
    );
    assert!(said.contains(": DAMAGED: ") && said.contains(&why), "{said}");
    let listed = printed(&["list", text(&to)], 1);
    assert!(listed.contains("  damaged  ") && listed.contains(&why), "{listed}");
    let listed = told(&["list", text(&to), "--json"], 1);
    assert!(
        listed[0]["state"] == "damaged" && listed[0]["why"].as_str().unwrap().contains(&why),
        "{listed:#}"
    );
    let said = printed(&["restore", text(&path), text(&top.path().join("restored"))], 1);
    assert!(said.contains(&why), "{said}");
}

#[test]
fn an_export_starts_elsewhere_with_the_same_history() {
    let top = tempfile::tempdir().unwrap();
    let (data, to) = (top.path().join("data"), top.path().join("backups"));
    let server = busy(&data, &to);
    server.post("/update-tags", r#"{"zone": "a"}"#).ok();
    let goes_on = server.submit(&streaming());
    server.wait_for(&goes_on, "RUNNING");
    let secret = json!({
        "env": {"job.mode": "BATCH", "shade.identifier": "base64"},
        "source": [{"plugin_name": "FakeSource", "row.num": 1, "password": "c2VjcmV0",
            "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    });
    let secret = server.submit(&secret);
    server.ended(&secret);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let load = pouring(&server, &acknowledged);
    until("some jobs", || (acknowledged.lock().unwrap().len() > 100).then_some(()));
    let file = top.path().join("jobs.jsonl");
    let before: Vec<String> = acknowledged.lock().unwrap().clone();
    printed(&["export", text(&data), "--out", text(&file)], 0);
    load.stop();
    until("all jobs end", || (server.get("/running-jobs").ok().as_array().unwrap().len() == 1).then_some(()));
    let original = history(&server);

    let lines = fs::read_to_string(&file).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["seikan"]["format"], first["seikan"]["time"].is_string()),
        (&json!(1), true),
        "{first}"
    );
    let shaded = lines.lines().find(|line| line.contains(&format!("\"id\":{secret},"))).unwrap();
    assert!(shaded.contains("c2VjcmV0") && !shaded.contains("\"secret\""), "{shaded}");
    let target = top.path().join("imported");
    let said = printed(&["import", text(&file), text(&target)], 0);
    assert!(said.contains("held until --resume"), "{said}");
    assert!(printed(&["verify", text(&target)], 0).contains(": sound: "));
    let imported = Server::start(&target);
    assert!(imported.get("/health").ok()["heldCopy"].is_string());
    assert_eq!(imported.job(&goes_on)["jobStatus"], "PENDING");
    let ended = history(&imported);
    for id in before.iter().filter(|id| !ended.contains_key(*id)) {
        assert_eq!(imported.job(id)["jobStatus"], "PENDING", "job {id} is lost");
    }
    for (id, job) in &ended {
        assert_eq!(job, &original[id]);
    }
    imported.terminate();
    // A stopped directory: the lines are those of all jobs.
    Arc::try_unwrap(server).ok().expect("the load has ended").terminate();
    let lines = backup(&["export", text(&data)]);
    let text_of = String::from_utf8(lines.stdout).unwrap();
    assert_eq!(
        text_of.lines().count(),
        original.len() + 3,
        "a first line, a last one, and the job that goes on"
    );
    let second = top.path().join("second");
    fs::write(&file, &text_of).unwrap();
    printed(&["import", text(&file), text(&second)], 0);
    let imported = Server::start_with(&second, Options::default().arg("--resume"));
    assert_eq!(history(&imported), original);
    assert_eq!(imported.wait_for(&goes_on, "RUNNING")["run"]["rowsMayRepeat"], true);
}

/// As in `seikan backup export data | head -1`.
#[test]
fn a_reader_that_has_seen_enough_of_an_export_is_no_failure() {
    let top = tempfile::tempdir().unwrap();
    let server = Server::start(top.path());
    let mut job = batch();
    // More than a pipe holds.
    job["env"]["note"] = json!("x".repeat(300_000));
    let id = server.submit(&job);
    server.ended(&id);
    server.terminate();
    let mut command = Command::new(program());
    command.args(["backup", "export"]).arg(top.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut export = command.spawn().unwrap();
    let mut first = [0; 10];
    std::io::Read::read_exact(&mut export.stdout.take().unwrap(), &mut first).unwrap();
    let output = export.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}

#[test]
fn one_backup_at_a_time_and_none_without_a_place() {
    let top = tempfile::tempdir().unwrap();
    let (data, to) = (top.path().join("data"), top.path().join("backups"));
    let plain = Server::start(&data);
    let message = plain.post("/backups", "").fail(400);
    assert!(message.contains("seatunnel.engine.store.backup-dir"), "{message}");
    assert!(plain.get("/backups").fail(400).contains("store.backup-dir"));
    plain.request("DELETE", "/backups", &[], b"").fail(405);
    let said = printed(&["create", "--server", plain.url()], 2);
    assert!(said.contains("store.backup-dir"), "{said}");
    drop(plain);
    // A relative place is told in full.
    let relative = Options {
        working_dir: Some(top.path().to_owned()),
        ..Options::default().env("SEIKAN_ENGINE__STORE__BACKUP_DIR", "here")
    };
    let server = Server::start_with(&data, relative);
    let path = server.post("/backups", "").ok()["path"].as_str().unwrap().to_owned();
    assert!(Path::new(&path).starts_with(top.path().join("here")), "{path}");
    let said = printed(&["verify", &path], 0);
    assert!(said.contains(": sound: 0 jobs") && said.contains("no job is held at a start"), "{said}");
    let said = printed(&["restore", &path, text(&top.path().join("restored"))], 0);
    assert!(!said.contains("--resume"), "{said}");
    drop(server);
    let inside = Options::default().env("SEIKAN_ENGINE__STORE__BACKUP_DIR", text(&data.join("backups")));
    let server = Server::start_with(&data, inside);
    assert!(server.post("/backups", "").fail(400).contains("inside the data directory"));
    drop(server);
    // Enough bytes that one backup is still being made when the next is asked for.
    fs::create_dir_all(data.join("logs")).unwrap();
    fs::write(data.join("logs/large.log"), vec![7; 64 << 20]).unwrap();
    let server = busy(&data, &to);
    let answers = Arc::new(Mutex::new(Vec::new()));
    let asked = {
        let (server, answers) = (Arc::clone(&server), Arc::clone(&answers));
        Load::start(8, move |_| {
            let answer = server.post("/backups", "");
            answers.lock().unwrap().push(answer);
            false
        })
    };
    until("all are answered", || (answers.lock().unwrap().len() == 8).then_some(()));
    asked.stop();
    let answers = answers.lock().unwrap().clone();
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).cloned().collect();
    assert!(made >= 1 && !refused.is_empty(), "{made} made, {} refused", refused.len());
    for answer in refused {
        assert!(answer.fail(409).contains("being made already"));
    }
    let listed = server.get("/backups").ok();
    assert_eq!(listed["directory"], text(&to));
    assert_eq!(listed["backups"].as_array().unwrap().len(), made);
    server.post("/backups", "").ok();
}

#[test]
fn arguments_that_can_not_be_used_say_so() {
    let top = tempfile::tempdir().unwrap();
    let here = |name: &str| text(&top.path().join(name)).to_owned();
    let (data, used, empty, missing) = (here("data"), here("used"), here("empty"), here("missing"));
    drop(Server::start(Path::new(&data)));
    fs::create_dir(&used).unwrap();
    fs::create_dir(&empty).unwrap();
    fs::write(Path::new(&used).join("mine"), "x").unwrap();
    let inside = here("data/inside");
    let (bad, file, nowhere) = (here("bad.jsonl"), here("used/mine"), here("no/such/place"));
    fs::write(&bad, "{\"seikan\":{\"format\":1,\"program\":\"x\",\"time\":\"y\",\"store\":null}}\nwhat?\n")
        .unwrap();
    let cases: Vec<(Vec<&str>, i32, &str)> = vec![
        (vec![], 2, "Usage"),
        (vec!["create", "--data-dir", &missing, "--to", &empty], 2, "missing: does not exist"),
        (vec!["create", "--data-dir", &used, "--to", &empty], 2, "used: is not a data directory"),
        (vec!["create", "--data-dir", &data], 2, "give --to DIR, or set store.backup-dir"),
        (vec!["create", "--data-dir", &data, "--to", &data], 2, "is the data directory itself"),
        (vec!["create", "--data-dir", &data, "--to", &file], 2, "mine is a file, not a directory"),
        (
            vec!["create", "--server", "ftp://x", "--to", &empty],
            2,
            "allowed: a URL such as http://127.0.0.1:8080",
        ),
        (vec!["create", "--server", "http://127.0.0.1:1"], 3, "http://127.0.0.1:1/backups: "),
        (vec!["create", "--server", "http://127.0.0.1:1", "--data-dir", &data], 2, "cannot be used with"),
        (vec!["list", &missing], 2, "missing: there is no such directory"),
        (vec!["list", &file], 2, "mine is a file, not a directory"),
        (vec!["list", &empty], 0, "empty: no backups"),
        (vec!["verify"], 2, "PATH"),
        (vec!["verify", &empty], 2, "empty: is not a data directory"),
        (vec!["verify", &missing, &data], 2, "sound: 0 jobs"),
        (vec!["verify", &file], 2, "mine is a file, not a directory"),
        (vec!["restore", &empty, &missing], 2, "empty: is not a data directory"),
        (vec!["restore", &data, &used], 2, "used: is not empty (it holds mine)"),
        (vec!["restore", &data, &data], 2, "data: is the backup itself"),
        (vec!["restore", &data, &inside], 2, "lies inside the backup"),
        (vec!["export", &used], 2, "used: is not a data directory"),
        (vec!["export", &data, "--out", &nowhere], 1, "cannot create"),
        (vec!["export", &data, "--out", &bad], 2, "bad.jsonl: exists already; --force replaces it"),
        (vec!["export", &data, "--out", &inside], 2, "lies inside the data directory"),
        (vec!["export", &data, "--out", "/dev/null", "--force"], 2, "no regular file"),
        (vec!["export", &data, "--out", "-"], 0, "0 jobs exported"),
        (vec!["export", &data, "--force"], 2, "--out"),
        (vec!["import", &missing, &empty], 2, "missing: can't be read"),
        (
            vec!["import", &bad, &empty],
            2,
            "bad.jsonl, line 2: is not a line of an export: expected value, column 1",
        ),
        (vec!["import", &bad, &used], 2, "used: is not empty"),
    ];
    for (arguments, code, expected) in cases {
        let said = printed(&arguments, code);
        assert!(said.contains(expected), "backup {arguments:?}: {said}\nexpected: {expected}");
    }
    for (dir, expected) in [(&used, "it holds mine"), (&file, "is a file, not a directory")] {
        let mut command = Command::new(program());
        command.args(["serve", "--data-dir", dir]).env_remove("SEATUNNEL_CONFIG").stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(expected), "serve {dir}: {said}");
    }
    assert!(!Path::new(&missing).exists() && !Path::new("-").exists());
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
}
