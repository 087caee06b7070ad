//! Runs a job, and says all that came of it, without what is another one each time.

use super::job;
use crate::server::Server;
use crate::values_observed::parquet_rows;
use crate::wait::until;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use seikan::options::Tree;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Folders of a case: what is given, what is written, what is staged.
const FOLDERS: [(&str, &str); 3] = [("{IN}", "in"), ("{OUT}", "out"), ("{TMP}", "tmp")];

/// Runs jobs on one server, each with folders of its own.
pub struct Runner<'s> {
    server: &'s Server,
    dir: PathBuf,
    runs: AtomicUsize,
    masks: Vec<(Regex, &'static str)>,
}

impl<'s> Runner<'s> {
    /// A runner with its folders in `dir`.
    pub fn new(server: &'s Server, dir: &Path) -> Self {
        let masks = [
            (r"T_[0-9]+_[0-9a-f]{10}_([0-9]+)_[0-9]+", "T_{job}_{hex}_${1}_{epoch}"),
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "{uuid}"),
            (r"after [0-9.]+ ?(ms|µs|s)\b", "after {time}"),
            (r"checkpoint [0-9]+", "checkpoint {epoch}"),
        ];
        let masks = masks.map(|(text, mask)| (Regex::new(text).expect("a regex"), mask)).into();
        Self { server, dir: dir.to_owned(), runs: AtomicUsize::new(0), masks }
    }

    /// How many jobs were run.
    pub fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    /// What comes of the job, and how long it lasts.
    pub fn run(&self, job: &Tree) -> (Value, Duration) {
        let case = self.dir.join(format!("case-{}", self.runs.fetch_add(1, Ordering::Relaxed)));
        let mut body = serde_json::to_string(job).expect("JSON");
        if body.contains("{IN}") {
            job::copy(&job::folder().join("input"), &case.join("in"));
        }
        for (mark, name) in FOLDERS {
            body = body.replace(mark, &case.join(name).display().to_string());
        }
        let started = Instant::now();
        let answer = self.server.post("/submit-job", body);
        let id = match answer.status {
            200 => answer.json()["jobId"].to_string(),
            _ => String::new(),
        };
        let outcome = match id.is_empty() {
            true => (json!({ "refused": answer.json()["message"] }), started.elapsed()),
            false => {
                let details = self.server.ended(&id);
                (self.of_job(&id, &details, &case), started.elapsed())
            }
        };
        let (mut outcome, time) = outcome;
        self.mask(&mut outcome, &id, &case);
        if case.exists() {
            fs::remove_dir_all(&case).expect("the folders can be removed");
        }
        (outcome, time)
    }

    fn of_job(&self, id: &str, job: &Value, case: &Path) -> Value {
        let state = job["jobStatus"].as_str().expect("a state");
        let log = self.log(id, state);
        let lines = |is_ours: fn(&str) -> bool| {
            let mut lines: Vec<&str> = log.iter().map(String::as_str).filter(|line| is_ours(line)).collect();
            lines.sort_unstable();
            lines
        };
        let metrics = job["metrics"].as_object().into_iter().flatten();
        let counts: Map<String, Value> = metrics
            .filter(|(name, _)| name.ends_with("Count"))
            .map(|(name, n)| (name.clone(), n.clone()))
            .collect();
        let run = |key: &str| job["run"][key].clone();
        let events = run("events");
        let causes: Vec<&Value> =
            events.as_array().into_iter().flatten().map(|event| &event["cause"]).collect();
        json!({
            "state": state,
            "error": job["errorMsg"],
            "name": job["jobName"],
            "counts": counts,
            "bytes": job["metrics"]["SourceReceivedBytes"],
            "committed": run("committedCount"),
            "slots": run("slots"),
            "events": causes,
            "vertices": job["jobDag"]["vertices"],
            "edges": job["jobDag"]["pipelineEdges"],
            "console": lines(|line| line.starts_with("INFO  output rowType") || line.starts_with("INFO  subtaskIndex")),
            "warnings": lines(|line| line.starts_with("WARN") && !is_of_the_text(line)),
            "files": FOLDERS.map(|(_, name)| files(&case.join(name))),
        })
    }

    /// The messages of the job's log with their levels; one may have several lines.
    fn log(&self, id: &str, state: &str) -> Vec<String> {
        let path = self.dir.join(format!("data/logs/job-{id}.log"));
        let start = Regex::new(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ").expect("a regex");
        until(&format!("the log of {id} is complete"), || {
            let log = fs::read_to_string(&path).unwrap_or_default();
            let lines = start.split(&log).map(|line| line.trim_end_matches('\n').to_owned());
            let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
            lines.iter().any(|line| line.contains(&format!(" {state}: "))).then_some(lines)
        })
    }

    /// Masks ids, folders and times in every text, and leaves equal neighbours in lists of warnings out.
    fn mask(&self, value: &mut Value, id: &str, case: &Path) {
        let texts = |text: &str| {
            let mut text = text.replace(&case.display().to_string(), "{case}");
            for (regex, mask) in &self.masks {
                text = regex.replace_all(&text, *mask).into_owned();
            }
            if id.is_empty() { text } else { text.replace(id, "{job}") }
        };
        each_text(value, &texts);
        if let Some(warnings) = value["warnings"].as_array_mut() {
            warnings.dedup();
        }
    }
}

/// Whether a warning is about the job's text: what it tolerates without using it changes nothing.
fn is_of_the_text(line: &str) -> bool {
    let words = line.trim_start_matches("WARN").trim_start();
    ["env.", "source[", "transform[", "sink["].iter().any(|start| words.starts_with(start))
}

fn each_text(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(list) => list.iter_mut().for_each(|value| each_text(value, change)),
        Value::Object(map) => map.values_mut().for_each(|value| each_text(value, change)),
        _ => {}
    }
}

/// Every file below a folder with its content, and every empty folder, in the order of their names.
fn files(folder: &Path) -> Value {
    let entries =
        walkdir::WalkDir::new(folder).min_depth(1).sort_by_file_name().into_iter().filter_map(Result::ok);
    let shown = entries.filter_map(|entry| {
        let name = entry.path().strip_prefix(folder).expect("below").display().to_string();
        if entry.file_type().is_dir() {
            let is_empty = fs::read_dir(entry.path()).is_ok_and(|mut entries| entries.next().is_none());
            return is_empty.then(|| json!([name + "/"]));
        }
        Some(json!([name, content(entry.path())]))
    });
    shown.collect()
}

fn content(path: &Path) -> Value {
    if path.extension().is_some_and(|ending| ending == "parquet") {
        let (physical, codec, rows) = parquet_rows::read_file(path);
        return json!({ "physical": physical, "codec": codec, "rows": rows });
    }
    let bytes = fs::read(path).expect("a file");
    String::from_utf8(bytes).map_or_else(|e| STANDARD.encode(e.into_bytes()).into(), Value::from)
}

/// Where two outcomes differ.
pub fn difference(one: &Value, other: &Value) -> String {
    let keys = one.as_object().into_iter().chain(other.as_object()).flatten().map(|(key, _)| key);
    let mut keys: Vec<&String> = keys.filter(|key| one[key.as_str()] != other[key.as_str()]).collect();
    keys.dedup();
    let lines =
        keys.iter().map(|key| format!("\n  {key}: {}\n  {key}: {}", one[key.as_str()], other[key.as_str()]));
    lines.collect()
}
