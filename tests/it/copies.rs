//! Copies of a live data directory, made under load with any tool: each starts elsewhere, holds every job that was
//! acknowledged before the copy began, equal to the original's, and runs none of them until told.

use crate::server::{Options, Server, program};
use crate::wait::Load;
use rand::seq::SliceRandom;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// `SEIKAN_COPIES` asks for more.
const COPIES: usize = 10;
/// Copies of one busy server. Then comes another with a history of its own: each copy is compared as a whole, so that a
/// history that grew on and on would make each slower than the one before.
const OF_ONE_SERVER: usize = 20;
/// How often a copy is made that takes too long for the grace time.
const TRIES: usize = 10;
/// Twice as long as any of the copies may take.
const GRACE_MS: u64 = 15_000;

fn small_segments(grace_ms: u64) -> Options {
    let options = Options::default().env("SEIKAN_ENGINE__STORE__SEGMENT_BYTES", 128 << 10);
    options.env("SEIKAN_ENGINE__STORE__GRACE", grace_ms)
}

#[test]
fn copies_under_load_are_whole() {
    let copies = std::env::var("SEIKAN_COPIES").map_or(COPIES, |text| text.parse().expect("a whole number"));
    let started = Instant::now();
    for first in (0..copies).step_by(OF_ONE_SERVER) {
        let rounds = first..copies.min(first + OF_ONE_SERVER);
        let (last, jobs) = (rounds.end, copies_of_one_server(rounds));
        println!(
            "copies: {last} of {copies} after {:?}; the last server had ended {jobs} jobs",
            started.elapsed()
        );
    }
}

/// How many jobs the server had ended.
fn copies_of_one_server(rounds: Range<usize>) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let server = Arc::new(Server::start_with(dir.path(), small_segments(GRACE_MS)));
    let streaming = server.submit(&json!({
        "env": {"job.mode": "STREAMING", "checkpoint.interval": 100, "job.name": "goes on"},
        "source": [{"plugin_name": "FakeSource", "row.num": 100, "split.num": 50, "split.read-interval": 20,
            "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 0}]}}]
    }));
    server.wait_for(&streaming, "RUNNING");
    let acknowledged = Arc::new(Mutex::new(Vec::<String>::new()));
    let load = finished_jobs(&server, &acknowledged);
    crate::wait::until("some jobs", || (acknowledged.lock().unwrap().len() > 20).then_some(()));

    for round in rounds.clone() {
        let (elsewhere, before) = copy_in_time(round, dir.path(), &acknowledged);
        let copy = elsewhere.path().join("data");
        let verified = Command::new(program()).args(["backup", "verify"]).arg(&copy).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert_eq!(verified.status.code(), Some(0), "copy {round}: {said}");
        let copied = Server::start_with(&copy, small_segments(GRACE_MS));
        crate::wait::until("the history of the copy", || {
            (copied.get("/finished-jobs?page=1&rows=1").status == 200).then_some(())
        });
        let (whole, original) = (history(&copied), history(&server));
        for id in &before {
            assert!(whole.contains_key(id), "copy {round}: job {id} is lost");
            assert_eq!(whole[id], original[id], "copy {round}: job {id} differs");
        }
        let held = copied.job(&streaming);
        assert_eq!(held["jobStatus"], "PENDING", "copy {round}: {held:#}");
        assert!(held["run"]["waitingFor"].as_str().is_some_and(|r| r.contains("copy")), "{held:#}");
        let held = copied.get("/health").ok()["heldCopy"].as_str().unwrap().to_owned();
        assert!(held.ends_with("run them with `serve --resume` or POST /resume-jobs"), "{held}");
        if round + 1 == rounds.end {
            copied.post("/resume-jobs", "").ok();
            let resumed = copied.wait_for(&streaming, "RUNNING");
            assert_eq!(resumed["run"]["rowsMayRepeat"], true, "{resumed:#}");
            assert!(copied.printed().contains("its held jobs run"));
        }
    }
    crate::wait::until("segments are deleted too", || {
        (segments(dir.path()).into_iter().min() > Some(1)).then_some(())
    });
    load.stop();
    acknowledged.lock().unwrap().len()
}

#[test]
fn a_copy_slower_than_the_grace_time_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Arc::new(Server::start_with(dir.path(), small_segments(500)));
    let acknowledged = Arc::new(Mutex::new(Vec::<String>::new()));
    let load = finished_jobs(&server, &acknowledged);
    crate::wait::until("some segments", || (newest_segment(dir.path()) > 5).then_some(()));
    let elsewhere = tempfile::tempdir().unwrap();
    let mut is_told = false;
    // Whether something is missing is a matter of which files come last: so some copies are made.
    for round in 0..10 {
        let copy = elsewhere.path().join(format!("data-{round}"));
        let before: Vec<String> = acknowledged.lock().unwrap().clone();
        throttled(dir.path(), &copy, Duration::from_millis(4_000), || true);
        let copied = Server::start_with(&copy, small_segments(500));
        crate::wait::until("the history of the copy", || {
            (copied.get("/finished-jobs?page=1&rows=1").status == 200).then_some(())
        });
        let (whole, original, health) = (history(&copied), history(&server), copied.get("/health").ok());
        assert!(health["heldCopy"].is_string(), "{health:#}");
        let missing = before.iter().filter(|id| !whole.contains_key(*id)).count();
        let notes = health["store"]["notes"].as_array().unwrap();
        assert!(
            missing == 0 || !notes.is_empty(),
            "copy {round}: {missing} jobs are missing, without a word"
        );
        for (id, job) in &whole {
            if original.contains_key(id) && job["jobStatus"] == "FINISHED" {
                assert_eq!(*job, original[id], "copy {round}: job {id} differs");
            }
        }
        is_told |= missing > 0;
        if is_told {
            break;
        }
    }
    load.stop();
    assert!(is_told, "no copy was too slow");
}

/// A copy `data` in a directory of its own, and what was acknowledged before it was begun. One that takes too long for
/// the grace time, because the machine is busy, promises nothing, and is made again.
fn copy_in_time(
    round: usize,
    from: &Path,
    acknowledged: &Mutex<Vec<String>>,
) -> (tempfile::TempDir, Vec<String>) {
    let in_time = (0..TRIES).find_map(|_| {
        let elsewhere = tempfile::tempdir().unwrap();
        let before = acknowledged.lock().unwrap().clone();
        let begun = Instant::now();
        make_copy(round % 4, from, &elsewhere.path().join("data"));
        let took = begun.elapsed();
        if took < Duration::from_millis(GRACE_MS / 2) {
            return Some((elsewhere, before));
        }
        println!("copies: copy {round} is made again, it took {took:?}");
        None
    });
    in_time.unwrap_or_else(|| panic!("copy {round} took too long {TRIES} times"))
}

/// With `cp`, `tar`, `rsync`, or slowly.
fn make_copy(tool: usize, from: &Path, to: &Path) {
    match tool {
        0 => run(Command::new("cp").arg("-a").arg(from).arg(to)),
        1 => {
            let archive = to.with_extension("tar");
            run(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(from).arg("."));
            fs::create_dir(to).unwrap();
            run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(to));
        }
        2 => run(Command::new("rsync").arg("-a").arg(format!("{}/", from.display())).arg(to)),
        _ => {
            let newest = newest_segment(from);
            throttled(from, to, Duration::from_millis(2_000), || newest_segment(from) >= newest + 2);
        }
    }
}

/// Submits jobs and notes each one that was seen FINISHED.
fn finished_jobs(server: &Arc<Server>, acknowledged: &Arc<Mutex<Vec<String>>>) -> Load {
    // Text that doesn't compress, so that segments fill although there are few jobs.
    let noise: String = (0..2500).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
    let job: Value = json!({
        "env": {"note": noise},
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MAX_ROW", "rule_value": 5}]}}]
    });
    let (server, acknowledged) = (Arc::clone(server), Arc::clone(acknowledged));
    Load::start(2, move |_| {
        let next = Instant::now() + Duration::from_millis(50);
        let id = server.submit(&job);
        assert_eq!(server.ended(&id)["jobStatus"], "FINISHED");
        acknowledged.lock().unwrap().push(id);
        crate::wait::until("the next job's turn", || (Instant::now() >= next).then_some(()));
        true
    })
}

/// Every ended job by its id, whole.
fn history(server: &Server) -> BTreeMap<String, Value> {
    let jobs = server.get("/finished-jobs").ok();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.map(|job| (job["jobId"].as_str().unwrap().to_owned(), job.clone())).collect()
}

fn run(command: &mut Command) {
    // "File changed as we read it" is exit code 1 of cp and tar, and harmless.
    // So is 24 of rsync: a file went while it copied.
    let status = command.stderr(std::process::Stdio::null()).status();
    let status = status.unwrap_or_else(|error| panic!("{command:?}: {error}; install it"));
    assert!(matches!(status.code(), Some(0 | 1 | 23 | 24)), "{command:?}: {status}");
}

fn segments(dir: &Path) -> Vec<u64> {
    let names = fs::read_dir(dir.join("journal")).unwrap().flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".log")?.parse().ok()).collect()
}

fn newest_segment(dir: &Path) -> u64 {
    segments(dir).into_iter().max().unwrap_or(0)
}

/// File by file in random order, slowly: the journal moves on meanwhile, before half of the files are copied as far as
/// `has_moved` asks for.
fn throttled(from: &Path, to: &Path, time: Duration, has_moved: impl Fn() -> bool) {
    let mut files = Vec::new();
    list(from, Path::new(""), &mut files);
    files.shuffle(&mut rand::rng());
    // By the clock, not by pauses that add up: there are thousands of files at the end of a long run.
    let count = u32::try_from(files.len().max(1)).unwrap();
    let (started, pause) = (Instant::now(), time / count);
    for (turn, file) in (1..).zip(files) {
        if turn == count / 2 {
            crate::wait::until("the journal moves on", || has_moved().then_some(()));
        }
        let target = to.join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        // A file may be gone since the list was made.
        if fs::copy(from.join(&file), &target).is_err() {
            continue;
        }
        let next = started + pause * turn;
        crate::wait::until("the next file's turn", || (Instant::now() >= next).then_some(()));
    }
}

fn list(top: &Path, inside: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(top.join(inside)).unwrap().flatten() {
        let path = inside.join(entry.file_name());
        if entry.path().is_dir() { list(top, &path, files) } else { files.push(path) }
    }
}
