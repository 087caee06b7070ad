//! `GET /metrics`: what it says is read strictly, and follows what happens.

use crate::recovery::{file_job, numbered_csv};
use crate::server::{Options, Server};
use crate::wait::until;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Samples by name and labels, as they are written: `seikan_live_jobs{state="RUNNING"}`.
type Samples = BTreeMap<String, f64>;

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Splits `a="x",b="y"`; the texts still escaped.
fn labels(mut text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").ok_or(format!("no label in {text}"))?;
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or(format!("an open label in {text}"))?;
        found.push((name.to_owned(), rest[..end].to_owned()));
        text = match &rest[end + 1..] {
            "" => "",
            more => {
                more.strip_prefix(',').filter(|m| !m.is_empty()).ok_or(format!("{more} behind a label"))?
            }
        };
    }
    Ok(found)
}

/// Reads the text format 0.0.4, and refuses whatever is not as it must be.
fn parse(text: &str) -> Result<Samples, String> {
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    let mut samples = Samples::new();
    let mut families = BTreeSet::new();
    // Name and type of the family whose samples follow.
    let (mut helped, mut family) = (None, None::<(String, String)>);
    for line in text.lines() {
        let wrong = |why: &str| Err(format!("{why}: {line}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            if help.trim().is_empty() || !families.insert(name.to_owned()) {
                return wrong("no help, or a family twice");
            }
            (helped, family) = (Some(name.to_owned()), None);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, ""));
            if helped.take().as_deref() != Some(name) || !["gauge", "counter"].contains(&kind) {
                return wrong("a type without its help, or no type");
            }
            if !is_name(name) || !name.starts_with("seikan_") {
                return wrong("no name of ours");
            }
            if (kind == "counter") != name.ends_with("_total") {
                return wrong("counters, and only they, end in _total");
            }
            family = Some((name.to_owned(), kind.to_owned()));
        } else {
            let Some((series, value)) = line.rsplit_once(' ') else { return wrong("no value") };
            let (name, inside) = match series.split_once('{') {
                Some((name, rest)) => (name, rest.strip_suffix('}').ok_or(format!("open: {line}"))?),
                None => (series, ""),
            };
            let Some((of, kind)) = &family else { return wrong("no help and no type") };
            if of != name {
                return wrong("a sample of another family");
            }
            let labels = labels(inside)?;
            let names: BTreeSet<&String> = labels.iter().map(|(name, _)| name).collect();
            if names.len() != labels.len() || !names.iter().all(|name| is_name(name)) {
                return wrong("labels");
            }
            let value: f64 = value.parse().map_err(|e| format!("{e}: {line}"))?;
            if !value.is_finite() || (kind == "counter" && value < 0.0) {
                return wrong("no proper value");
            }
            if samples.insert(series.to_owned(), value).is_some() {
                return wrong("a series twice");
            }
        }
    }
    match families.iter().find(|name| !samples.keys().any(|series| series.split('{').next() == Some(name))) {
        Some(name) => Err(format!("{name} has no samples")),
        None => Ok(samples),
    }
}

#[test]
fn the_reader_of_metrics_is_strict() {
    let fine =
        "# HELP seikan_a A.\n# TYPE seikan_a gauge\nseikan_a{s=\"x, \\\"y\\\"\"} 1\nseikan_a{s=\"z\"} 2.5\n";
    assert_eq!(parse(fine).unwrap().len(), 2);
    for (from, to) in [
        ("# HELP seikan_a A.\n", ""),
        ("# TYPE seikan_a gauge\n", ""),
        ("gauge", "counter"),
        ("gauge", "thing"),
        ("s=\"z\"", "s=\"x, \\\"y\\\"\""),
        ("s=\"z\"", "s=\"z\",s=\"z\""),
        ("s=\"z\"", "s=\"z"),
        ("s=\"z\"", "1s=\"z\""),
        ("2.5\n", "NaN\n"),
        ("2.5\n", "inf\n"),
        ("2.5\n", "2.5"),
        ("2.5\n", "2.5\nseikan_b 1\n"),
        ("2.5\n", "2.5\n# HELP seikan_b B.\n# TYPE seikan_b gauge\n"),
    ] {
        let broken = fine.replacen(from, to, 1);
        assert!(parse(&broken).is_err(), "{broken}");
    }
}

fn metrics(server: &Server) -> Samples {
    let answer = server.get("/metrics");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    parse(&answer.text).unwrap_or_else(|why| panic!("{why}\n{}", answer.text))
}

#[test]
fn figures_follow_what_happens() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.csv");
    numbered_csv(&input, 1000);
    let options = Options::default().env("SEIKAN_ENGINE__SLOT_SERVICE__SLOT_NUM", 2);
    let options = options.env("SEIKAN_ENGINE__SLOT_SERVICE__DYNAMIC_SLOT", false);
    let server = Server::start_with(&dir.path().join("data"), options);
    let before = metrics(&server);
    let build = format!("seikan_build_info{{version=\"{}\",commit=", env!("CARGO_PKG_VERSION"));
    assert!(before.keys().any(|series| series.starts_with(&build)), "{before:#?}");
    for state in ["CREATED", "PENDING", "RUNNING", "CANCELING"] {
        assert_eq!(before[&format!("seikan_live_jobs{{state=\"{state}\"}}")], 0.0);
    }
    for state in ["FINISHED", "FAILED", "CANCELED", "SAVEPOINT_DONE", "UNKNOWABLE"] {
        assert_eq!(before[&format!("seikan_ended_jobs{{state=\"{state}\"}}")], 0.0);
    }
    for off in ["failed", "no_space", "index_failed", "fold_failed", "held", "loading", "notes"] {
        assert_eq!(before[&format!("seikan_store_{off}")], 0.0, "{off}");
    }
    assert_eq!(before["seikan_store_loaded_ratio"], 1.0);
    assert_eq!((before["seikan_slots"], before["seikan_free_slots"]), (2.0, 2.0));
    assert!(before["seikan_data_dir_free_bytes"] <= before["seikan_data_dir_size_bytes"]);
    assert!(before["seikan_process_resident_memory_bytes"] > 1e6);
    assert!(before["seikan_process_open_fds"] >= 5.0 && before["seikan_process_threads"] >= 3.0);
    assert!(before["seikan_store_journal_segments"] >= 1.0 && before["seikan_store_journal_bytes"] > 0.0);

    let finished = server.submit(&file_job(&input, &dir.path().join("out"), 1_000_000));
    assert_eq!(server.ended(&finished)["jobStatus"], "FINISHED");
    let endless = json!({
        "env": {"job.mode": "STREAMING", "checkpoint.interval": 600_000, "parallelism": 2},
        "source": [{"plugin_name": "FakeSource", "row.num": 7, "split.num": 7, "split.read-interval": 600_000,
            "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    });
    let ids = [server.submit(&endless), server.submit(&endless)];
    let now = until("both are counted", || {
        let now = metrics(&server);
        let running = now["seikan_live_jobs{state=\"RUNNING\"}"];
        (running == 1.0 && now["seikan_live_rows_written"] > 0.0).then_some(now)
    });
    assert_eq!(now["seikan_ended_jobs{state=\"FINISHED\"}"], 1.0);
    assert_eq!(now["seikan_live_jobs{state=\"PENDING\"}"], 1.0);
    assert_eq!((now["seikan_queued_jobs"], now["seikan_free_slots"]), (1.0, 0.0));
    assert!(now["seikan_live_rows_read"] >= now["seikan_live_rows_written"]);
    for rising in ["store_changes", "http_requests", "http_connections", "process_cpu_seconds"] {
        let name = format!("seikan_{rising}_total");
        assert!(now[&name] > before[&name] || rising == "http_connections", "{name}");
    }
    assert!(now["seikan_http_connections_total"] >= 1.0 && now["seikan_http_open_connections"] >= 1.0);
    assert!(now["seikan_store_journal_bytes"] > before["seikan_store_journal_bytes"]);
    assert_eq!(now["seikan_process_start_time_seconds"], before["seikan_process_start_time_seconds"]);
    assert!(now["seikan_uptime_seconds"] >= before["seikan_uptime_seconds"]);
    ids.iter().for_each(|id| server.stop_job(id, false));
    ids.iter().for_each(|id| drop(server.ended(id)));
    let after = metrics(&server);
    assert_eq!(after["seikan_ended_jobs{state=\"CANCELED\"}"], 2.0);
    assert_eq!((after["seikan_live_rows_read"], after["seikan_free_slots"]), (0.0, 2.0));
}
