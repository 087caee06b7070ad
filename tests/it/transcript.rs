//! `docs/transcript.sh` goes through the endpoints with curl; what it prints is `docs/api-transcript.md`, and
//! every field that the API document shows is there.

use crate::server::{Server, checkout};
use serde_json::Value;
use std::process::Command;

/// Endpoint in the transcript → fields that the document shows in its answer.
const FIELDS: [(&str, &[&str]); 18] = [
    (
        "GET /overview",
        &[
            "projectVersion",
            "gitCommitAbbrev",
            "totalSlot",
            "unassignedSlot",
            "works",
            "runningJobs",
            "finishedJobs",
            "failedJobs",
            "cancelledJobs",
        ],
    ),
    ("POST /submit-job", &["jobId", "jobName"]),
    (
        "GET /running-jobs",
        &[
            "0.jobId",
            "0.jobName",
            "0.jobStatus",
            "0.envOptions",
            "0.createTime",
            "0.jobDag.vertices",
            "0.jobDag.edges",
            "0.pluginJarsUrls",
            "0.isStartWithSavePoint",
            "0.metrics.sourceReceivedCount",
            "0.metrics.sinkWriteCount",
        ],
    ),
    (
        "GET /job-info (ended)",
        &[
            "jobId",
            "jobName",
            "jobStatus",
            "createTime",
            "jobDag.jobId",
            "jobDag.vertexInfoMap.0.vertexId",
            "jobDag.vertexInfoMap.0.type",
            "jobDag.vertexInfoMap.0.vertexName",
            "jobDag.vertexInfoMap.0.tablePaths.0",
            "jobDag.pipelineEdges",
            "metrics.sourceReceivedCount",
            "metrics.sinkWriteCount",
            "finishedTime",
            "errorMsg",
            "envOptions",
            "pluginJarsUrls",
            "isStartWithSavePoint",
        ],
    ),
    ("GET /job-info (unknown)", &["jobId"]),
    (
        "GET /running-job",
        &[
            "metrics.SourceReceivedCount",
            "metrics.SourceReceivedQPS",
            "metrics.SourceReceivedBytes",
            "metrics.SourceReceivedBytesPerSeconds",
            "metrics.SinkWriteCount",
            "metrics.SinkWriteQPS",
            "metrics.SinkWriteBytes",
            "metrics.SinkWriteBytesPerSeconds",
            "metrics.TableSourceReceivedCount",
            "metrics.TableSourceReceivedBytes",
            "metrics.TableSourceReceivedBytesPerSeconds",
            "metrics.TableSourceReceivedQPS",
            "metrics.TableSinkWriteCount",
            "metrics.TableSinkWriteQPS",
            "metrics.TableSinkWriteBytes",
            "metrics.TableSinkWriteBytesPerSeconds",
            "envOptions",
            "isStartWithSavePoint",
        ],
    ),
    (
        "GET /finished-jobs/FINISHED",
        &[
            "0.jobId",
            "0.jobName",
            "0.jobStatus",
            "0.errorMsg",
            "0.createTime",
            "0.finishTime",
            "0.jobDag.jobId",
            "0.jobDag.vertexInfoMap.0.tablePaths",
            "0.jobDag.pipelineEdges",
            "0.metrics",
        ],
    ),
    (
        "GET /system-monitoring-information",
        &[
            "0.processors",
            "0.physical.memory.total",
            "0.heap.memory.used/total",
            "0.minor.gc.time",
            "0.load.system",
            "0.thread.peakCount",
            "0.event.q.size",
            "0.executor.q.priorityOperation.size",
            "0.operations.completed.count",
            "0.operations.pending.invocations.percentage",
            "0.connection.count",
        ],
    ),
    ("POST /submit-jobs", &["0.jobId", "0.jobName", "1.jobId", "1.jobName"]),
    ("POST /stop-job", &["jobId"]),
    ("POST /submit-job?format=sql", &["jobId", "jobName"]),
    (
        "POST /submit-job?dryRun=sample",
        &["status", "problems", "graph.vertices", "schemas.0.tables", "rows.0.rows"],
    ),
    ("GET /option-rules", &["engineType", "pluginType", "pluginName", "optionRule.optionalOptions.0.key"]),
    ("POST /stop-jobs", &["0.jobId", "1.jobId"]),
    (
        "POST /encrypt-config",
        &[
            "env.shade.identifier",
            "source.0.password",
            "source.0.schema.fields.name",
            "transform",
            "sink.0.username",
        ],
    ),
    ("POST /update-tags", &["status", "message"]),
    ("POST /update-tags (clear)", &["status", "message"]),
    ("POST /update-tags (empty body)", &["status", "message"]),
];

#[test]
fn the_transcript_is_true_and_holds_every_documented_field() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let output =
        Command::new("bash").arg(checkout().join("docs/transcript.sh")).arg(server.url()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for (title, fields) in FIELDS {
        let answer = answer_of(&text, title);
        for field in fields {
            assert!(field_of(&answer, field).is_some(), "{title}: no {field} in {answer:#}");
        }
    }
    let page = checkout().join("docs/api-transcript.md");
    if std::env::var_os("SEIKAN_UPDATE_DOCS").is_some() {
        std::fs::write(&page, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&page).unwrap();
    let (now, then) = (masked(&text), masked(&stored));
    for (line, (now, then)) in now.lines().zip(then.lines()).enumerate() {
        assert_eq!(
            now,
            then,
            "line {}: run SEIKAN_UPDATE_DOCS=1 cargo test --test it -- transcript",
            line + 1
        );
    }
    assert_eq!(now.lines().count(), then.lines().count(), "lines of docs/api-transcript.md");
}

/// The JSON under a title.
fn answer_of(text: &str, title: &str) -> Value {
    let section =
        text.split("\n## ").find(|s| s.lines().next() == Some(title)).unwrap_or_else(|| panic!("no {title}"));
    let json = section.rsplit("```json\n").next().and_then(|s| s.split("\n```").next()).unwrap_or_default();
    serde_json::from_str(json).unwrap_or_else(|e| panic!("{title}: {e}: {json}"))
}

/// A field by its path; keys may hold dots themselves.
fn field_of<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    match value {
        Value::Array(list) => {
            let (index, rest) = path.split_once('.').unwrap_or((path, ""));
            let item = list.get(index.parse::<usize>().ok()?)?;
            if rest.is_empty() { Some(item) } else { field_of(item, rest) }
        }
        Value::Object(map) => map.get(path).or_else(|| {
            path.match_indices('.').find_map(|(at, _)| field_of(map.get(&path[..at])?, &path[at + 1..]))
        }),
        _ => None,
    }
}

/// The text without what differs between runs: digits, units of memory, addresses, the commit.
fn masked(text: &str) -> String {
    let mut out = String::new();
    // A job that has just begun has no time left to tell yet.
    for line in text.lines().filter(|line| !line.contains("\"secondsLeft\"")) {
        let line = if line.contains("\"percent\"") { line.trim_end_matches(',') } else { line };
        let line = if ["gitCommitAbbrev", "seikan_build_info{"].iter().any(|name| line.contains(name)) {
            "commit"
        } else {
            line
        };
        let mut digits = false;
        for c in line.chars() {
            let digit = c.is_ascii_digit() || (digits && (c == '.' || "KMG".contains(c)));
            if digit && !digits {
                out.push('9');
            }
            if !digit {
                out.push(c);
            }
            digits = digit;
        }
        out.push('\n');
    }
    out
}
