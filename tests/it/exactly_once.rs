//! Each split is read exactly once, whatever the parallelism; failures end as failures.

use crate::recovery::{assert_each_once, numbered_csv};
use crate::server::Server;
use serde_json::json;
use std::fs;

#[test]
fn nine_files_and_a_big_one_at_parallelism_four_a_hundred_times() {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let (many, one) = (files.path().join("many"), files.path().join("one"));
    fs::create_dir_all(&many).unwrap();
    fs::create_dir_all(&one).unwrap();
    let rows = 9 * 500;
    for part in 0..9 {
        let text: String = (part * 500..(part + 1) * 500).map(|n| format!("{n},text {n}\n")).collect();
        fs::write(many.join(format!("part-{part}.csv")), text).unwrap();
    }
    numbered_csv(&one.join("big.csv"), 40_000);
    let server = Server::start(dir.path());
    for run in 0..100 {
        let (input, rows) = if run % 2 == 0 { (&many, rows) } else { (&one, 40_000) };
        let output = files.path().join(format!("out-{run}"));
        let id = server.submit(&json!({
            "env": {"job.mode": "BATCH", "parallelism": 4},
            "source": [{
                "plugin_name": "LocalFile", "path": input, "file_format_type": "csv",
                "schema": {"fields": {"id": "bigint", "text": "string"}}
            }],
            "sink": [{"plugin_name": "LocalFile", "path": output, "file_format_type": "csv"}]
        }));
        let job = server.ended(&id);
        assert_eq!(job["jobStatus"], "FINISHED", "run {run}: {job:#}");
        assert_eq!(job["run"]["accounting"]["balanced"], true, "run {run}: {job:#}");
        assert_each_once(&output, rows);
        fs::remove_dir_all(&output).unwrap();
    }
}

#[test]
fn a_job_whose_sink_fails_ends_failed_after_its_retries() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let id = server.submit(&json!({
        "env": {"job.retry.times": 2, "job.retry.interval.seconds": 0},
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MAX_ROW", "rule_value": 4}]}}]
    }));
    let job = server.ended(&id);
    assert_eq!(job["jobStatus"], "FAILED", "{job:#}");
    assert_eq!(job["run"]["attempt"], 3, "the first and two retries: {job:#}");
    assert!(job["errorMsg"].as_str().unwrap().contains("MAX_ROW"), "{job:#}");
    assert_eq!(server.get("/finished-jobs/FAILED").ok()[0]["jobId"], id);
}
