//! What a line wants, and whether it got it.

use super::case::{Case, Seen};
use super::look;
use serde_json::Value;
use std::collections::HashMap;

/// Results that are wanted instead of the engine's, by line.
pub struct Wanted {
    /// Wanted otherwise, for a reason.
    pub differences: HashMap<u64, Value>,
    /// What the `bug` of a line names, spelled out.
    pub sane: HashMap<u64, Value>,
}

/// How a job went.
pub enum Verdict {
    AsEngine,
    /// Refused at submission, where the engine found out while running.
    Earlier,
    Sane,
    Otherwise,
    Wrong(String),
}

impl Wanted {
    /// Judges one job.
    pub fn judge(&self, case: &Case<'_>, seen: &Seen) -> Verdict {
        let number = case.number();
        let found = if seen.status == "FINISHED" { look::found(case, seen) } else { Value::Null };
        let is = |wanted: &Value| result(case, seen, &found, wanted);
        let line = case.line;
        let leftovers = look::leftovers(case);
        let verdict = if !leftovers.is_empty() {
            Err(format!("left {leftovers:?}"))
        } else if seen.status == "REFUSED" && !seen.message.starts_with("400: ") {
            Err("refused, but not with 400".to_owned())
        } else if seen.status != "FINISHED" && !is_clear(&seen.message) {
            Err("no clear message".to_owned())
        } else if let Some(wanted) = self.differences.get(&number) {
            is(wanted).map(|()| Verdict::Otherwise)
        } else if let Some(wanted) = self.sane.get(&number) {
            is(wanted).map(|()| Verdict::Sane)
        } else if let Some(bug) = line["bug"].as_str() {
            sane(bug, case, seen, &found).map(|()| Verdict::Sane)
        } else {
            let mut wanted = Value::Null;
            wanted["status"] = line["job_status"].clone();
            wanted["output"] = look::in_microseconds(&line["output"]);
            match (&*seen.status, line["job_status"].as_str()) {
                ("REFUSED", Some("FAILED")) => Ok(Verdict::Earlier),
                _ => is(&wanted).map(|()| Verdict::AsEngine),
            }
        };
        verdict.unwrap_or_else(|why| {
            let shown = format!("{} {} ({}): {why}", number, line["topic"], line["bug"]);
            Verdict::Wrong(format!("{shown}\n  {} {}", seen.status, seen.message))
        })
    }
}

/// Whether status and output are the wanted ones.
fn result(case: &Case<'_>, seen: &Seen, found: &Value, wanted: &Value) -> Result<(), String> {
    let status = wanted["status"].as_str().unwrap_or_default();
    if status != seen.status {
        return Err(format!("{} instead of {status} {found}", seen.status));
    }
    if seen.status != "FINISHED" {
        return Ok(());
    }
    let same = |output: &Value| look::same(case, &look::wanted(case, output), found);
    same(&wanted["output"]).or_else(|why| wanted.get("also").ok_or(why).and_then(same))
}

/// Whether a job did what the text of a bug names; texts that name values have them in `values-sane.jsonl`.
fn sane(bug: &str, case: &Case<'_>, seen: &Seen, found: &Value) -> Result<(), String> {
    let may_break = ["refuse", "fail", "FAILED", "message"].iter().any(|word| bug.contains(word));
    match seen.status.as_str() {
        "REFUSED" | "FAILED" if may_break => Ok(()),
        "FINISHED" if bug.contains("no rows") && (found.is_null() || is_empty(found)) => Ok(()),
        "FINISHED" if bug.contains("no rows") => Err(format!("rows: {found}")),
        "FINISHED" if bug.contains("always FAILED") || bug.ends_with("; refuse the job") => {
            Err("not refused".into())
        }
        "FINISHED" if case.line["look"] == "stats" => super::stats::ranges(&case.line["range"], found),
        "FINISHED" => Ok(()),
        status => Err(format!("{status}, against the sane result")),
    }
}

/// No rows, in any look.
fn is_empty(found: &Value) -> bool {
    match found {
        Value::Array(list) => list.is_empty(),
        counts => {
            ["SourceReceivedCount", "SinkWriteCount"].iter().all(|key| counts[key] == 0)
                || counts["rows"] == 0
        }
    }
}

/// Says something, and no inner matters.
fn is_clear(message: &str) -> bool {
    message.len() > 10
        && !["null pointer", "NullPointer", "panicked", "internal"].iter().any(|word| message.contains(word))
}
