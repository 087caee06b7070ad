//! SIGKILL at random moments under load, again and again: every answered id and stop is honoured, finished jobs don't
//! change, files hold each row once, nothing staged is left, and jobs go on from their checkpoints.

use crate::recovery::{assert_each_once, committed, file_job, numbered_csv};
use crate::server::{Options, Server};
use crate::wait::{Load, until};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Kills of one data directory. `SEIKAN_KILLS` asks for more kills, on one directory after the other; `SEIKAN_KILLS_FROM`
/// goes on with a later directory of the same `SEIKAN_SEED`.
const KILLS: usize = 20;
const ROWS: u32 = 4_000;
/// With retention on, so many ended jobs are kept.
const KEPT: usize = 300;

/// What callers were told.
#[derive(Default)]
struct Told {
    ids: BTreeSet<String>,
    endless: BTreeSet<String>,
    stopped: BTreeSet<String>,
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}: a whole number is expected")))
}

#[test]
fn kills_at_random_moments_lose_nothing() {
    let seed = number("SEIKAN_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let wanted = number("SEIKAN_KILLS").unwrap_or(0).div_ceil(KILLS as u64);
    let first = number("SEIKAN_KILLS_FROM").unwrap_or(0);
    // Always: one directory that keeps everything, or one with retention.
    let directories = match wanted {
        0 => first..first + 1,
        more => first..more,
    };
    for directory in directories {
        eprintln!("kills: directory {directory}, SEIKAN_SEED={seed}");
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(directory));
        kill_again_and_again(&mut random);
    }
}

/// The number of the first segment.
fn first_segment(dir: &Path) -> u64 {
    let names = fs::read_dir(dir.join("journal")).into_iter().flatten().flatten();
    let numbers = names.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".log")?.parse().ok());
    numbers.min().unwrap_or(0)
}

fn kill_again_and_again(random: &mut StdRng) {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let visits = files.path().join("visits");
    let input = files.path().join("in.csv");
    numbered_csv(&input, ROWS);
    let kept = random.random_bool(0.5).then_some(KEPT);

    let told = Arc::new(Mutex::new(Told::default()));
    let mut ended: BTreeMap<String, Value> = BTreeMap::new();
    let mut file_jobs: Vec<(String, PathBuf)> = Vec::new();
    let mut in_commit = 0;
    let mut in_restore = 0;
    for round in 0..=KILLS {
        // Kills are aimed at a commit of files, at a restore, or come at any moment. The place aimed at is slowed down;
        // where the server really died is read back from what the place wrote.
        let aim = if round == KILLS { None } else { [None, Some("commit"), Some("restore")][round % 3] };
        fs::write(&visits, "").unwrap();
        let points = match aim {
            Some("commit") => "file.commit.before_rename=sleep(150)",
            Some(_) => "engine.restore.before_commit=sleep(1000);engine.restore.before_start=sleep(1000)",
            None => "",
        };
        let options = Options::default()
            .env("SEIKAN_FAILPOINTS", points)
            .env("SEIKAN_FAILPOINT_LOG", visits.display())
            .env("SEIKAN_ENGINE__STORE__SEGMENT_BYTES", 256 << 10)
            .env("SEIKAN_ENGINE__STORE__GRACE", 200);
        // At the end nothing more is deleted: all that is left is looked at.
        let options = match kept.filter(|_| round < KILLS) {
            Some(kept) => options.env("SEIKAN_ENGINE__STORE__MAX_ENDED_JOBS", kept),
            None => options,
        };
        // The kill must come before a slow restore is over: the next round waits for the history, checks and submits.
        let server = match aim {
            Some("restore") => Server::start_loading(dir.path(), options).unwrap(),
            _ => Server::start_with(dir.path(), options),
        };
        let server = Arc::new(server);
        if aim != Some("restore") {
            check(&server, &told.lock().unwrap(), &mut ended, kept);
        }
        if round == KILLS {
            let deleted = first_segment(dir.path());
            assert!(deleted > 5, "nothing was folded and deleted: the first segment is {deleted}");
            finish(&server, dir.path(), &file_jobs, &told.lock().unwrap(), kept.is_some());
            break;
        }
        let load = submits(&server, &told);
        let output = files.path().join(format!("out-{round}"));
        let mut job = file_job(&input, &output, 2_000);
        job["env"]["job.retry.times"] = json!(0);
        if aim != Some("restore")
            && let Some(answer) = server.try_post("/submit-job", job.to_string())
            && answer.status == 200
        {
            let id = answer.json()["jobId"].to_string();
            told.lock().unwrap().ids.insert(id.clone());
            file_jobs.push((id, output));
        }
        let entered = || lines(&visits).filter(|line| !line.ends_with(" left")).count();
        let left = || lines(&visits).filter(|line| line.ends_with(" left")).count();
        match aim {
            Some("commit") => {
                let from = entered() + random.random_range(0..4);
                until("a slow commit", || (entered() > from).then_some(()));
            }
            Some(_) => until("a slow restore", || (entered() > left()).then_some(())),
            None => {
                let moment = Instant::now() + Duration::from_millis(random.random_range(50..900));
                until("the moment", || (Instant::now() >= moment).then_some(()));
            }
        }
        std::process::Command::new("kill").args(["-KILL", &server.pid().to_string()]).status().unwrap();
        load.stop();
        drop(server);
        let died_inside = entered() > left();
        in_commit += usize::from(died_inside && aim == Some("commit"));
        in_restore += usize::from(died_inside && aim == Some("restore"));
    }
    eprintln!("{in_commit} kills fell into a commit, {in_restore} into a restore");
    assert!(in_commit >= 5, "only {in_commit} kills fell into a commit");
    assert!(in_restore >= 5, "only {in_restore} kills fell into a restore");
}

/// The lines that failpoints wrote.
fn lines(log: &Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Submits small jobs, and stops some endless ones, until the server is gone; notes what was answered.
fn submits(server: &Arc<Server>, told: &Arc<Mutex<Told>>) -> Load {
    let small = json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MAX_ROW", "rule_value": 5}]}}]
    });
    let mut endless = small.clone();
    endless["env"] = json!({"job.mode": "STREAMING", "checkpoint.interval": 100});
    let (server, told) = (Arc::clone(server), Arc::clone(told));
    Load::start(4, move |turn| {
        let job = if turn % 10 == 9 { &endless } else { &small };
        let Some(answer) = server.try_post("/submit-job", job.to_string()).filter(|a| a.status == 200) else {
            return false;
        };
        let id = answer.json()["jobId"].to_string();
        told.lock().unwrap().ids.insert(id.clone());
        if turn % 10 == 9 {
            told.lock().unwrap().endless.insert(id.clone());
            let body = json!({"jobId": id}).to_string();
            if server.try_post("/stop-job", body).is_some_and(|a| a.status == 200) {
                told.lock().unwrap().stopped.insert(id);
            }
        }
        true
    })
}

/// Every id that was answered is known; what has ended stays as it ended.
fn check(server: &Server, told: &Told, ended: &mut BTreeMap<String, Value>, kept: Option<usize>) {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for path in ["/finished-jobs", "/running-jobs"] {
        for job in server.get(path).ok().as_array().unwrap() {
            known.entry(job["jobId"].as_str().unwrap().to_owned()).or_insert_with(|| job.clone());
        }
    }
    // Retention may delete the oldest, and leaves so many newer ones.
    let ids: Vec<i64> = known.keys().map(|id| id.parse().unwrap()).collect();
    let may_be_deleted = |id: &String| {
        let id: i64 = id.parse().unwrap();
        kept.is_some_and(|kept| ids.iter().filter(|newer| **newer > id).count() >= kept * 4 / 5)
    };
    for id in told.ids.iter().filter(|id| !known.contains_key(*id)) {
        // It may have ended between the two requests.
        let job = server.job(id);
        assert!(job.get("jobStatus").is_some() || may_be_deleted(id), "job {id} was answered and is lost");
    }
    ended.retain(|id, before| match known.get(id) {
        Some(now) => {
            assert_eq!(now, before, "an ended job changed");
            true
        }
        None => {
            assert!(may_be_deleted(id), "job {id} had ended and is lost");
            false
        }
    });
    ended.extend(known.into_iter().filter(|(_, job)| job.get("finishTime").is_some()));
}

/// Everything ends, as it should.
fn finish(server: &Server, data_dir: &Path, file_jobs: &[(String, PathBuf)], told: &Told, is_pruned: bool) {
    for id in told.endless.difference(&told.stopped) {
        server.stop_job(id, false);
    }
    let is_over = |id: &str| is_pruned && server.job(id).get("jobStatus").is_none();
    for id in &told.ids {
        if is_over(id) {
            continue;
        }
        let job = server.ended(id);
        let state = job["jobStatus"].as_str().unwrap();
        if told.stopped.contains(id) {
            assert_eq!(state, "CANCELED", "{id} was stopped: {job:#}");
        } else if !told.endless.contains(id) {
            assert_eq!(state, "FINISHED", "{job:#}");
        }
    }
    let mut went_on = 0;
    for (id, output) in file_jobs {
        if is_over(id) {
            assert_each_once(output, ROWS);
            continue;
        }
        let job = server.ended(id);
        assert_eq!(job["jobStatus"], "FINISHED", "{job:#}");
        assert_eq!(committed(&job), u64::from(ROWS), "{job:#}");
        assert_each_once(output, ROWS);
        assert!(!output.join(".seikan").exists(), "staged files are left over");
        let log = fs::read_to_string(data_dir.join(format!("logs/job-{id}.log"))).unwrap();
        let checkpoints = log.lines().filter(|l| l.contains("checkpoint") && l.contains("stored")).count();
        assert!(checkpoints >= 5, "job {id} took {checkpoints} checkpoints:\n{log}");
        went_on += usize::from(log.contains("restored from checkpoint"));
    }
    eprintln!("{went_on} of {} jobs went on from a checkpoint", file_jobs.len());
    assert!(went_on >= 5 || is_pruned, "only {went_on} jobs went on from a checkpoint");
}
