//! A job that copies a file, made to fail at each named place of a checkpoint, a commit and a restore: by an error, by a
//! panic, and by the death of the server. Whatever it is, the job ends FINISHED with each row once and nothing staged. A
//! panic of our own is the one thing that is not tried again: then the job FAILED, and goes on when it is submitted again
//! with its checkpoint.

use crate::recovery::{assert_each_once, file_job, numbered_csv};
use crate::server::{Options, Server};
use crate::wait::until;
use serde_json::json;
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

const ROWS: u32 = 600;

/// Places that each run comes to.
const PLACES: [&str; 7] = [
    "engine.checkpoint.before_store",
    "engine.checkpoint.stored",
    "engine.commit.after",
    "file.prepare.before_sync",
    "file.prepare.synced",
    "file.commit.before_rename",
    "file.commit.renamed",
];

/// Places that a run comes to only when the one before it failed: where that was, and the place.
const BEHIND: [(&str, &str); 4] = [
    ("file.commit.before_rename", "engine.restore.before_commit"),
    ("file.commit.before_rename", "engine.restore.after_commit"),
    ("engine.checkpoint.stored", "engine.restore.before_start"),
    ("file.prepare.synced", "file.take_back"),
];

fn job(input: &Path, output: &Path) -> serde_json::Value {
    let mut job = file_job(input, output, 1_500);
    job["env"]["job.retry.interval.seconds"] = json!(0);
    job
}

/// What is made to happen: actions per place, and whether the server dies of it.
struct Case {
    name: String,
    /// The failpoints of each start but the last.
    starts: Vec<String>,
    dies: bool,
}

fn cases() -> VecDeque<Case> {
    let mut cases = VecDeque::new();
    for action in ["error", "panic", "exit"] {
        let dies = action == "exit";
        for (place, visit) in PLACES.iter().flat_map(|place| [(place, 1), (place, 2)]) {
            let name = format!("{place}={visit}@{action}");
            cases.push_back(Case { starts: vec![name.clone()], name, dies });
        }
        for (before, place) in BEHIND {
            // An attempt that is told of an error commits what is stored before it ends: nothing is left to the next one.
            if !dies && place.ends_with("_commit") {
                continue;
            }
            let before = format!("{before}=1@{}", if dies { "exit" } else { "error" });
            let (first, second) = (before, format!("{place}=1@{action}"));
            let name = format!("{first};{second}");
            let starts = if dies { vec![first, second] } else { vec![name.clone()] };
            cases.push_back(Case { name, starts, dies });
        }
    }
    cases
}

fn run(case: &Case) {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let (input, output) = (files.path().join("in.csv"), files.path().join("out"));
    numbered_csv(&input, ROWS);
    let visits = files.path().join("visits");
    let mut id = None;
    for points in &case.starts {
        let options =
            Options::default().env("SEIKAN_FAILPOINTS", points).env("SEIKAN_FAILPOINT_LOG", visits.display());
        let server = match Server::try_start(dir.path(), options) {
            Ok(server) => server,
            // So soon that it had not even said where it listens.
            Err(_) if case.dies && id.is_some() => continue,
            Err(printed) => panic!("{}: {printed}", case.name),
        };
        let id = id.get_or_insert_with(|| server.submit(&job(&input, &output)));
        if case.dies {
            until(&format!("{}: the server dies", case.name), || {
                server.try_get("/health").is_none().then_some(())
            });
        } else {
            let ended = server.ended(id);
            let is_ours = ended["errorMsg"].as_str().is_some_and(|text| text.contains("panicked"));
            assert!(ended["jobStatus"] == "FINISHED" || is_ours, "{}: {ended:#}", case.name);
        }
    }
    let visited = fs::read_to_string(&visits).unwrap_or_default();
    for point in case.starts.iter().flat_map(|points| points.split(';')) {
        let place = point.split('=').next().unwrap();
        assert!(visited.lines().any(|line| line == place), "{}: {place} was not visited", case.name);
    }
    let id = id.unwrap();
    let server = Server::start(dir.path());
    if server.ended(&id)["jobStatus"] == "FAILED" {
        let query = format!("/submit-job?jobId={id}&isStartWithSavePoint=true");
        let answer = server.post(&query, job(&input, &output).to_string());
        if answer.status == 400 {
            assert!(answer.text.contains("no checkpoint"), "{}: {}", case.name, answer.text);
            let visible = fs::read_dir(&output).into_iter().flatten().flatten();
            let visible = visible.filter(|entry| entry.file_name() != ".seikan").count();
            assert_eq!(visible, 0, "{}: output of which no record tells", case.name);
            return;
        }
    }
    let ended = server.ended(&id);
    assert_eq!(ended["jobStatus"], "FINISHED", "{}: {ended:#}", case.name);
    assert_each_once(&output, ROWS);
}

#[test]
fn a_failure_at_any_place_loses_and_doubles_no_row() {
    let waiting = Mutex::new(cases());
    let next = || waiting.lock().unwrap().pop_front();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = next() {
                    run(&case);
                }
            });
        }
    });
}

#[test]
fn a_job_that_kills_the_server_again_and_again_is_not_run_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let (input, output) = (files.path().join("in.csv"), files.path().join("out"));
    numbered_csv(&input, ROWS);
    let start = || {
        let options = Options::default().env("SEIKAN_FAILPOINTS", "engine.checkpoint.before_store=exit");
        Server::try_start(dir.path(), options)
    };
    let server = start().unwrap();
    let id = server.submit(&job(&input, &output));
    let gone = |server: &Server| {
        until("it dies, or the job has failed", || match server.try_get(&format!("/job-info/{id}")) {
            None => Some(true),
            Some(answer) => (answer.json()["jobStatus"] == "FAILED").then_some(false),
        })
    };
    let mut deaths = 0;
    let mut started = Ok(server);
    let server = loop {
        // It may die so soon that it has not even said where it listens.
        match started {
            Ok(server) if !gone(&server) => break server,
            Ok(_) | Err(_) => deaths += 1,
        }
        assert!(deaths < 10, "it is run for ever");
        started = start();
    };
    assert!(deaths >= 2, "given up after {deaths}");
    let message = server.job(&id)["errorMsg"].as_str().unwrap().to_owned();
    assert!(message.contains("server"), "{message}");
}
