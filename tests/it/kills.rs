//! SIGKILL at random moments under load, again and again: every answered id and stop is honoured, finished jobs don't
//! change, files hold each row once, nothing staged is left, and jobs go on from their checkpoints.
//!
//! Under the load the journal is folded into the archive and deleted, and in every second portion ended jobs are deleted
//! too: of these only the oldest may be missing. Starts behind a kill are killed as well.
//!
//! `SEIKAN_KILLS` sets how many kills there are, in portions of twenty on a new directory; `SEIKAN_KILLS_FROM` with which
//! one to begin. Portion `k` draws from `SEIKAN_SEED` + `k`: so a long run that was interrupted goes on where it was.

use crate::recovery::{assert_each_once, committed, file_job, numbered_csv};
use crate::server::{Options, Server};
use crate::wait::{Load, until};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PORTION: usize = 20;
const ROWS: u32 = 4_000;
/// Ended jobs that are kept where old ones are deleted.
const KEPT: usize = 40;

/// Steps of the keeper of the archive, slowed down so that kills fall into them.
const KEEPER: &str = "store.folded-jobs=sleep(20);store.folded=sleep(20);store.before-deletion=sleep(20);\
                      store.deleted=sleep(5)";
/// Steps of a start, in each of which it is killed.
const START: [&str; 6] = [
    "store.before-marker-removal",
    "store.marker-removed",
    "store.before-identity",
    "store.after-identity",
    "store.before-first-segment",
    "store.first-segment",
];

/// What callers were told.
#[derive(Default)]
struct Told {
    ids: BTreeSet<String>,
    endless: BTreeSet<String>,
    stopped: BTreeSet<String>,
}

/// Where kills fell, and what happened between them.
#[derive(Debug, Default)]
struct Figures {
    kills: usize,
    in_commit: usize,
    in_restore: usize,
    in_keeper: usize,
    in_start: usize,
    folds: usize,
    files_deleted: usize,
    jobs: usize,
    jobs_deleted: usize,
    file_jobs: usize,
    went_on: usize,
}

fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}: a whole number is expected")))
}

#[test]
fn kills_lose_nothing() {
    let seed = number("SEIKAN_SEED").unwrap_or_else(|| rand::random::<u32>() as usize);
    let (count, from) = (number("SEIKAN_KILLS").unwrap_or(PORTION), number("SEIKAN_KILLS_FROM").unwrap_or(0));
    let mut figures = Figures::default();
    for portion in from / PORTION..(from + count).div_ceil(PORTION) {
        eprintln!("SEIKAN_SEED={seed} SEIKAN_KILLS_FROM={}: {figures:?}", portion * PORTION);
        Portion::new(portion, StdRng::seed_from_u64((seed + portion) as u64)).run(&mut figures);
    }
    eprintln!("SEIKAN_SEED={seed}: {figures:?}");
    // That the load and the aim were what they should be.
    let Figures { kills, in_commit, in_restore, in_keeper, in_start, folds, files_deleted, .. } = figures;
    assert!(in_commit * 4 >= kills && in_restore * 4 >= kills, "too few kills hit what they were aimed at");
    assert!(in_start * 4 >= kills, "too few starts were killed");
    assert!(folds >= kills && files_deleted >= kills, "too little was folded and deleted");
    assert!(figures.went_on * 4 >= figures.file_jobs, "too few jobs went on from a checkpoint");
    let long = kills >= 10 * PORTION;
    assert!(
        !long || in_keeper > 0 && figures.jobs_deleted > 0,
        "the long run missed the archive or retention"
    );
}

/// Twenty kills of a server on one directory.
struct Portion {
    random: StdRng,
    dir: tempfile::TempDir,
    files: tempfile::TempDir,
    /// Ended jobs that are kept, if not all.
    kept: Option<usize>,
    grace: u64,
    told: Arc<Mutex<Told>>,
    /// Ended jobs as they were first seen.
    ended: BTreeMap<String, Value>,
    file_jobs: Vec<(String, PathBuf)>,
}

impl Portion {
    fn new(number: usize, mut random: StdRng) -> Self {
        let grace = random.random_range(0..400);
        Self {
            dir: tempfile::tempdir().unwrap(),
            files: tempfile::tempdir().unwrap(),
            kept: (number % 2 == 1).then_some(KEPT),
            grace,
            random,
            told: Arc::default(),
            ended: BTreeMap::new(),
            file_jobs: Vec::new(),
        }
    }

    fn visits(&self) -> PathBuf {
        self.files.path().join("visits")
    }

    fn options(&self, points: &str) -> Options {
        let options = Options::default()
            .env("SEIKAN_FAILPOINTS", points)
            .env("SEIKAN_FAILPOINT_LOG", self.visits().display())
            .env("SEIKAN_ENGINE__STORE__SEGMENT_BYTES", 16 << 10)
            .env("SEIKAN_ENGINE__STORE__GRACE", self.grace);
        match self.kept {
            Some(kept) => options.env("SEIKAN_ENGINE__STORE__MAX_ENDED_JOBS", kept),
            None => options,
        }
    }

    fn run(mut self, figures: &mut Figures) {
        let input = self.files.path().join("in.csv");
        numbered_csv(&input, ROWS);
        for round in 0..PORTION {
            self.kill(round, &input, figures);
        }
        fs::write(self.visits(), "").unwrap();
        let server = Server::start_with(self.dir.path(), self.options(""));
        self.check(&server);
        self.finish(&server, figures);
        figures.jobs += self.told.lock().unwrap().ids.len();
        let archived = names(&self.dir.path().join("archive"));
        assert!(archived.iter().any(|name| name.ends_with(".jobs")), "nothing was archived: {archived:?}");
        let first = names(&self.dir.path().join("journal")).remove(0);
        assert_ne!(first, "00000000000000000001.log", "no segment was deleted");
    }

    fn kill(&mut self, round: usize, input: &Path, figures: &mut Figures) {
        // Kills are aimed at a commit of files, at a restore, or come at any moment. The place aimed at is slowed down;
        // where the server really died is read back from what the place wrote.
        let aim = [None, Some("commit"), Some("restore")][round % 3];
        let visits = self.visits();
        fs::write(&visits, "").unwrap();
        let points = match aim {
            Some("commit") => "file.commit.before_rename=sleep(150)".to_owned(),
            Some(_) => {
                "engine.restore.before_commit=sleep(1000);engine.restore.before_start=sleep(1000)".to_owned()
            }
            None => KEEPER.to_owned(),
        };
        let noted = "store.folded=note;store.deleted=note";
        let points = if aim.is_some() { format!("{points};{noted}") } else { points };
        // The kill must come before a slow restore is over: the next round waits for the history, checks and submits.
        let server = match aim {
            Some("restore") => Server::start_loading(self.dir.path(), self.options(&points)).unwrap(),
            _ => Server::start_with(self.dir.path(), self.options(&points)),
        };
        let server = Arc::new(server);
        if aim != Some("restore") {
            self.check(&server);
        }
        let load = submits(&server, &self.told);
        let output = self.files.path().join(format!("out-{round}"));
        let mut job = file_job(input, &output, 2_000);
        job["env"]["job.retry.times"] = json!(0);
        if aim != Some("restore")
            && let Some(answer) = server.try_post("/submit-job", job.to_string())
            && answer.status == 200
        {
            let id = answer.json()["jobId"].to_string();
            self.told.lock().unwrap().ids.insert(id.clone());
            self.file_jobs.push((id, output));
            figures.file_jobs += 1;
        }
        let of_aim =
            |line: &String| line.starts_with(if aim == Some("commit") { "file." } else { "engine." });
        let entered = || lines(&visits).filter(of_aim).filter(|line| !line.ends_with(" left")).count();
        let left = || lines(&visits).filter(of_aim).filter(|line| line.ends_with(" left")).count();
        match aim {
            Some("commit") => {
                let from = entered() + self.random.random_range(0..4);
                until("a slow commit", || (entered() > from).then_some(()));
            }
            Some(_) => until("a slow restore", || (entered() > left()).then_some(())),
            None => {
                let moment = Instant::now() + Duration::from_millis(self.random.random_range(250..900));
                until("the moment", || (Instant::now() >= moment).then_some(()));
            }
        }
        std::process::Command::new("kill").args(["-KILL", &server.pid().to_string()]).status().unwrap();
        load.stop();
        drop(server);
        figures.kills += 1;
        let died_inside = entered() > left();
        figures.in_commit += usize::from(died_inside && aim == Some("commit"));
        figures.in_restore += usize::from(died_inside && aim == Some("restore"));
        let of = |name: &str| lines(&visits).filter(|line| line == name).count();
        figures.folds += of("store.folded");
        figures.files_deleted += of("store.deleted");
        let slow = ["store.folded-jobs", "store.folded", "store.before-deletion", "store.deleted"];
        let in_keeper = slow.iter().any(|name| of(name) > of(&format!("{name} left")));
        figures.in_keeper += usize::from(in_keeper && aim.is_none());
        if self.random.random_bool(0.6) {
            self.kill_starts(figures);
        }
    }

    /// Kills the start behind a kill, up to three times in a row, before any job runs.
    fn kill_starts(&mut self, figures: &mut Figures) {
        for _ in 0..self.random.random_range(1..=3) {
            let visits = self.visits();
            fs::write(&visits, "").unwrap();
            let place = START.choose(&mut self.random).unwrap();
            let options = self.options(&format!("{place}=sleep(60000)"));
            let mut starting = Server::spawn(self.dir.path(), &options);
            until(place, || lines(&visits).any(|line| line == *place).then_some(()));
            starting.kill().unwrap();
            starting.wait().unwrap();
            figures.in_start += 1;
        }
    }

    /// Every id that was answered is known, and every stop is honoured; what has ended stays as it ended.
    fn check(&mut self, server: &Server) {
        let told = self.told.lock().unwrap();
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        let mut present = Vec::new();
        for path in ["/finished-jobs", "/running-jobs"] {
            for job in server.get(path).ok().as_array().unwrap() {
                if path == "/finished-jobs" {
                    present.push(job["finishTime"].as_str().unwrap().to_owned());
                }
                known.entry(job["jobId"].as_str().unwrap().to_owned()).or_insert_with(|| job.clone());
            }
        }
        // Where old jobs are deleted, so many newer ones are there.
        let may_be_deleted = |finished: Option<&str>| {
            let newer =
                present.iter().filter(|time| finished.is_none_or(|finished| time.as_str() >= finished));
            self.kept.is_some_and(|kept| newer.count() >= kept)
        };
        for id in told.ids.iter().filter(|id| !known.contains_key(*id)) {
            // It may have ended between the two requests.
            let finished = self.ended.get(id).and_then(|job| job["finishTime"].as_str());
            let is_known = server.job(id).get("jobStatus").is_some();
            assert!(is_known || may_be_deleted(finished), "job {id} was answered and is lost");
        }
        for (id, before) in &self.ended {
            match known.get(id) {
                Some(job) => assert_eq!(job, before, "an ended job changed"),
                None => {
                    assert!(
                        may_be_deleted(before["finishTime"].as_str()),
                        "an ended job is lost: {before:#}"
                    );
                }
            }
        }
        for (id, job) in known.iter().filter(|(id, _)| told.stopped.contains(*id)) {
            let state = job["jobStatus"].as_str().unwrap();
            assert!(!["FINISHED", "FAILED"].contains(&state), "{id} was stopped: {job:#}");
        }
        self.ended.extend(known.into_iter().filter(|(_, job)| job.get("finishTime").is_some()));
    }

    /// Everything ends, as it should.
    fn finish(&mut self, server: &Server, figures: &mut Figures) {
        let told = self.told.lock().unwrap();
        for id in told.endless.difference(&told.stopped) {
            server.post("/stop-job", json!({"jobId": id}).to_string());
        }
        for id in &told.ids {
            if self.kept.is_some() && server.job(id).get("jobStatus").is_none() {
                figures.jobs_deleted += 1;
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
        // With those among them whose answer a kill cut off.
        let left = server.get("/finished-jobs").ok().as_array().unwrap().len();
        assert!(left >= told.ids.len().min(self.kept.unwrap_or(usize::MAX)), "only {left} jobs are left");
        for (id, output) in &self.file_jobs {
            assert_each_once(output, ROWS);
            assert!(!output.join(".seikan").exists(), "staged files are left over");
            let job = server.job(id);
            if job.get("jobStatus").is_none() {
                continue;
            }
            assert_eq!(job["jobStatus"], "FINISHED", "{job:#}");
            assert_eq!(committed(&job), u64::from(ROWS), "{job:#}");
            let log = fs::read_to_string(self.dir.path().join(format!("logs/job-{id}.log"))).unwrap();
            let checkpoints =
                log.lines().filter(|l| l.contains("checkpoint") && l.contains("stored")).count();
            assert!(checkpoints >= 5, "job {id} took {checkpoints} checkpoints:\n{log}");
            figures.went_on += usize::from(log.contains("restored from checkpoint"));
        }
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
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
