//! One line: its folders, its job, and how that ended.

use crate::server::Server;
use crate::wait::until;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A line with folders of its own.
pub struct Case<'a> {
    pub line: &'a Value,
    dir: PathBuf,
}

/// How a job ended.
pub struct Seen {
    /// `REFUSED`, or the status of the job.
    pub status: String,
    /// Why it was refused or failed.
    pub message: String,
    /// Its id, where it was taken.
    pub id: String,
    /// Its details, or null.
    pub job: Value,
    /// The messages of its log.
    pub messages: Vec<String>,
}

impl<'a> Case<'a> {
    /// Makes the folders and the input files.
    pub fn new(top: &Path, line: &'a Value) -> Self {
        let case = Self { line, dir: top.join(format!("case-{}", line["n"])) };
        fs::create_dir_all(case.path("in")).expect("a folder");
        for (name, content) in case.input_files() {
            let path = case.path("in").join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes(content)).expect("an input file");
        }
        case
    }

    /// The line's number.
    pub fn number(&self) -> u64 {
        self.line["n"].as_u64().expect("a number")
    }

    /// `in`, `out` or `tmp` of this case.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Removes the folders.
    pub fn remove(&self) {
        fs::remove_dir_all(&self.dir).expect("the folders can be removed");
    }

    fn input_files(&self) -> Vec<(String, &'a Value)> {
        let source = &self.line["job"]["source"][0];
        let Some(input) = self.line.get("input").filter(|_| source.to_string().contains("{IN}")) else {
            return Vec::new();
        };
        match input {
            Value::Object(files) if !files.contains_key("base64") => {
                files.iter().map(|(name, content)| (name.clone(), content)).collect()
            }
            one => {
                let format = source["file_format_type"].as_str().unwrap_or("txt").to_lowercase();
                let ending = if format == "text" { "txt" } else { &format };
                vec![(format!("data.{ending}"), one)]
            }
        }
    }

    /// The body of the submission.
    fn body(&self) -> String {
        let mut job = self.line["job"].clone();
        let mut env =
            Map::from_iter([("job.mode".into(), json!("BATCH")), ("job.retry.times".into(), json!(0))]);
        match job.get("env") {
            Some(Value::Object(own)) => env.extend(own.clone()),
            // no block of options: the job is sent as it stands
            Some(_) => env.clear(),
            None => {}
        }
        if !env.is_empty() {
            job["env"] = env.into();
        }
        if let Some(job) = job.as_object_mut() {
            job.retain(|_, value| value != "{ABSENT}");
        }
        for sink in job["sink"].as_array_mut().into_iter().flatten() {
            if sink["plugin_name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("LocalFile")) {
                let options = sink.as_object_mut().expect("a block");
                options.entry("tmp_path").or_insert(json!("{TMP}"));
            }
        }
        let mut text = job.to_string();
        if let Some(input) = self.line.get("input") {
            text = text.replace("\"{INPUT}\"", &input.to_string());
        }
        for (mark, name) in [("{IN}", "in"), ("{OUT}", "out"), ("{TMP}", "tmp")] {
            text = text.replace(mark, &self.path(name).display().to_string());
        }
        text
    }

    /// Submits the job and waits for its end.
    pub fn run(&self, server: &Server) -> Seen {
        let answer = server.post("/submit-job", self.body());
        if answer.status != 200 {
            let message =
                format!("{}: {}", answer.status, answer.json()["message"].as_str().unwrap_or_default());
            let (id, job, messages) = (String::new(), Value::Null, Vec::new());
            return Seen { status: "REFUSED".into(), message, id, job, messages };
        }
        let id = answer.json()["jobId"].to_string();
        let job = server.ended(&id);
        let status = job["jobStatus"].as_str().expect("a status").to_owned();
        let message = job["errorMsg"].as_str().unwrap_or_default().to_owned();
        let log = self.dir.with_file_name(format!("data/logs/job-{id}.log"));
        let messages = match self.line["look"] == "console" && status == "FINISHED" {
            true => until(&format!("the log of {id} is complete"), || {
                let messages = messages(&fs::read_to_string(&log).unwrap_or_default());
                messages.iter().any(|m| m.starts_with("FINISHED: ")).then_some(messages)
            }),
            false => Vec::new(),
        };
        Seen { status, message, id, job, messages }
    }
}

fn bytes(content: &Value) -> Vec<u8> {
    match content {
        Value::Object(map) => STANDARD.decode(map["base64"].as_str().expect("a text")).expect("base64"),
        text => text.as_str().expect("a text").as_bytes().to_vec(),
    }
}

/// The messages of a log; one may have several lines.
fn messages(log: &str) -> Vec<String> {
    let start = regex::Regex::new(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (INFO |WARN |ERROR) ")
        .expect("a regex");
    let starts: Vec<_> = start.find_iter(log).collect();
    let ends = starts.iter().skip(1).map(|next| next.start()).chain([log.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(this, end)| log[this.end()..end].trim_end_matches('\n').to_owned())
        .collect()
}
