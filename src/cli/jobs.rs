//! `seikan jobs`, `seikan job`, `seikan overview`: what a server tells.

use super::client::{Failure, connect, end, known_job};
use super::client_arguments::{JobOptions, JobsOptions, OverviewOptions};
use super::job_view::{JobView, TableView, scalar};
use super::progress::grouped;
use super::remote::Remote;
use super::say;
use super::table::{Table, clean};
use crate::model::JobState;
use serde_json::Value;
use std::process::ExitCode;

pub(super) fn jobs(options: JobsOptions) -> ExitCode {
    let done = connect(&options.target).and_then(|remote| {
        let found = list(&remote, options.state, options.limit as usize)?;
        if options.printing.json {
            say(&Value::from(found).to_string());
            return Ok(0);
        }
        let mut table = Table::new(&["ID", "NAME", "STATE", "CREATED", "FINISHED", "READ", "WRITTEN"]);
        for job in found.iter().map(JobView) {
            let texts =
                ["jobName", "jobStatus", "createTime", "finishTime"].map(|key| job.text(key).to_owned());
            let rows = ["SourceReceivedCount", "SinkWriteCount"].map(|key| job.rows(key).to_string());
            table.row([job.id()].into_iter().chain(texts).chain(rows));
        }
        table.print();
        Ok(0)
    });
    end(options.printing, done)
}

/// Jobs that have not ended, the newest first; then those that have, the last to end first.
pub(super) fn list(remote: &Remote, state: Option<JobState>, limit: usize) -> Result<Vec<Value>, Failure> {
    match state {
        Some(state) if state.is_end() => page(remote, &format!("/finished-jobs/{state}"), limit),
        Some(state) => {
            let mut all = newest_first(remote.get("/running-jobs")?);
            all.retain(|job| JobView(job).state() == Some(state));
            all.truncate(limit);
            Ok(all)
        }
        None => {
            let mut found = page(remote, "/running-jobs", limit)?;
            if found.len() < limit {
                let ended = page(remote, "/finished-jobs", limit - found.len())?;
                // One that ended between the two answers is in both; the later answer counts.
                found.retain(|job| ended.iter().all(|other| other["jobId"] != job["jobId"]));
                found.extend(ended);
            }
            Ok(found)
        }
    }
}

fn page(remote: &Remote, path: &str, rows: usize) -> Result<Vec<Value>, Failure> {
    let mut answer = remote.get(&format!("{path}?page=1&rows={rows}"))?;
    let mut jobs = match answer.get_mut("data").map(Value::take) {
        Some(Value::Array(data)) => data,
        // A server without pages sends all of them.
        _ => newest_first(answer),
    };
    jobs.truncate(rows);
    Ok(jobs)
}

/// Whole lists come with the oldest first.
fn newest_first(answer: Value) -> Vec<Value> {
    let Value::Array(mut jobs) = answer else { return Vec::new() };
    jobs.reverse();
    jobs
}

pub(super) fn job(options: JobOptions) -> ExitCode {
    let done = connect(&options.target).and_then(|remote| {
        let found = known_job(&remote, options.id)?;
        match options.printing.json {
            true => say(&found.to_string()),
            false => say(&report(JobView(&found))),
        }
        Ok(0)
    });
    end(options.printing, done)
}

/// A job, for people.
fn report(job: JobView<'_>) -> String {
    let mut lines = vec![format!("job {} ({}) {}", job.id(), clean(job.text("jobName")), job.state_name())];
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("  {name:9}  {}", value.replace('\n', "\n             ")));
        }
    };
    line("created", job.text("createTime"));
    line("started", job.text("startTime"));
    line("finished", job.text("finishTime"));
    let run = job.run();
    line("waits for", run.text("waitingFor"));
    line("in queue", &scalar(&run.0["queuePosition"]));
    if run.count("retries") > 0 {
        line("retries", &run.count("retries").to_string());
    }
    if let Some(percent) = run.0["progress"]["percent"].as_f64() {
        line("progress", &format!("{percent:.1} %"));
    }
    let [read, written] = ["SourceReceivedCount", "SinkWriteCount"].map(|key| grouped(job.rows(key)));
    let mut rows = format!("{read} read, {written} written");
    if !run.0["committedCount"].is_null() {
        let [committed, rejected] = ["committedCount", "rejectedCount"].map(|key| grouped(run.count(key)));
        rows.push_str(&format!(", {committed} committed, {rejected} rejected"));
    }
    match run.0["accounting"]["balanced"].as_bool() {
        Some(true) => rows.push_str("; every row is accounted for"),
        Some(false) => rows.push_str("; NOT every row is accounted for"),
        None => {}
    }
    line("rows", &rows);
    if run.0["rowsMayRepeat"] == true {
        line("note", "rows may be written twice");
    }
    if let Some(why) = run.0["savepointFailure"].as_str() {
        line("savepoint", &format!("failed: {why}"));
    }
    line("error", job.text("errorMsg"));
    line("fault", run.text("lastFault"));
    for (end, verb, title) in [("Source", "Received", "tables read"), ("Sink", "Write", "tables written")] {
        let tables = job.tables(end, verb);
        if !tables.is_empty() {
            lines.push(title.to_owned());
            lines.extend(aligned(&tables));
        }
    }
    for pipeline in job.pipelines() {
        lines.push(format!("pipeline {}", pipeline.number));
        lines.extend(pipeline.edges.iter().map(|(from, to)| format!("  {from} -> {to}")));
    }
    lines.join("\n")
}

fn aligned(tables: &[TableView<'_>]) -> Vec<String> {
    let cells = |table: &TableView<'_>| {
        let (rows, bytes) = (grouped(table.rows), grouped(table.bytes));
        let rate = format!("{} rows/s", grouped(table.rate as u64));
        [clean(table.name), format!("{rows} rows"), format!("{bytes} bytes"), rate]
    };
    let cells: Vec<[String; 4]> = tables.iter().map(cells).collect();
    let width = |at: usize| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let [first, second, third, fourth] = [0, 1, 2, 3].map(width);
    let line = |[name, rows, bytes, rate]: &[String; 4]| {
        format!("  {name:first$}  {rows:>second$}  {bytes:>third$}  {rate:>fourth$}")
    };
    cells.iter().map(line).collect()
}

pub(super) fn overview(options: OverviewOptions) -> ExitCode {
    let done = connect(&options.target).and_then(|remote| {
        let found = remote.get("/overview")?;
        if options.printing.json {
            say(&found.to_string());
            return Ok(0);
        }
        let mut table = Table::new(&["WHAT", "NOW"]);
        for (name, value) in found.as_object().into_iter().flatten() {
            table.row([name.clone(), scalar(value)]);
        }
        table.print();
        Ok(0)
    });
    end(options.printing, done)
}
