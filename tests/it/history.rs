//! `/finished-jobs`, narrowed down by name, state and time of the end.

use crate::server::Server;
use serde_json::{Value, json};

fn job(name: &str, wanted_rows: u32) -> Value {
    json!({
        "env": {"job.mode": "BATCH", "job.name": name, "job.retry.times": 0},
        "source": [{"plugin_name": "FakeSource", "row.num": 1, "schema": {"fields": {"n": "int"}}}],
        "sink": [{
            "plugin_name": "Assert",
            "rules": {"row_rules": [
                {"rule_type": "MIN_ROW", "rule_value": wanted_rows},
                {"rule_type": "MAX_ROW", "rule_value": wanted_rows}
            ]}
        }]
    })
}

fn names(jobs: &Value) -> Vec<&str> {
    let list = jobs.get("data").unwrap_or(jobs).as_array().unwrap_or_else(|| panic!("{jobs}"));
    list.iter().map(|job| job["jobName"].as_str().unwrap()).collect()
}

#[test]
fn filters_hold_for_the_whole_list_and_for_pages() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (name, rows) in [("orders daily", 1), ("Orders hourly", 2), ("customers", 1), ("orders weekly", 1)] {
        server.ended(&server.submit(&job(name, rows)));
    }
    let all = ["orders daily", "Orders hourly", "customers", "orders weekly"];
    let finished = ["orders daily", "customers", "orders weekly"];
    for (path, wanted) in [
        ("", &all[..]),
        ("?jobName=ORDERS", &["orders daily", "Orders hourly", "orders weekly"]),
        ("?state=FAILED", &["Orders hourly"]),
        ("?state=finished,failed", &all),
        ("?state=FINISHED&jobName=orders", &["orders daily", "orders weekly"]),
        ("/FINISHED?jobName=orders", &["orders daily", "orders weekly"]),
        ("/FINISHED?state=FAILED", &[]),
        ("?jobName=nothing%20like%20this", &[]),
        ("?endedFrom=2020-01-01", &all),
        ("?endedTo=2020-01-01", &[]),
        ("?endedFrom=2020-01-01T00:00:00Z&endedTo=2120-01-01&state=FINISHED", &finished),
    ] {
        let list = server.get(&format!("/finished-jobs{path}")).ok();
        assert_eq!(names(&list), wanted, "{path}");
        let more = if path.contains('?') { '&' } else { '?' };
        let page = server.get(&format!("/finished-jobs{path}{more}page=1&rows=2")).ok();
        let newest: Vec<&str> = wanted.iter().rev().take(2).copied().collect();
        assert_eq!((names(&page), page["total"].as_u64()), (newest, Some(wanted.len() as u64)), "{path}");
        let next = server.get(&format!("/finished-jobs{path}{more}page=2&rows=2")).ok();
        let older: Vec<&str> = wanted.iter().rev().skip(2).take(2).copied().collect();
        assert_eq!(names(&next), older, "{path}");
    }
}

#[test]
fn the_bounds_of_the_time_are_exact() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for name in ["a", "b", "c"] {
        server.ended(&server.submit(&job(name, 1)));
    }
    let list = server.get("/finished-jobs").ok();
    // Answers are cut to seconds: everything of the first and the last second is in between.
    let time = |place: usize| list[place]["finishTime"].as_str().unwrap().replace(' ', "%20");
    let from = server.get(&format!("/finished-jobs?endedFrom={}", time(0))).ok();
    assert_eq!(names(&from), ["a", "b", "c"]);
    let before = server.get(&format!("/finished-jobs?endedTo={}", time(0))).ok();
    assert_eq!(names(&before), Vec::<&str>::new());
}

#[test]
fn a_filter_that_makes_no_sense_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (query, wanted) in [
        ("state=RUNNING", "state: \"RUNNING\" is not a state in which jobs end; allowed: "),
        ("state=FINISHED,", "state: \"\" is not a state in which jobs end"),
        ("endedFrom=soon", "endedFrom: \"soon\" is not a time; allowed: "),
        ("endedTo=2026-02-30", "endedTo: \"2026-02-30\" is not a time"),
    ] {
        let message = server.get(&format!("/finished-jobs?{query}")).fail(400);
        assert!(message.contains(wanted), "{query}: {message}");
    }
}
