//! Runs every observed job against a real server: each value, option, fault and wiring that was seen on the engine.
//!
//! `case` makes one line's folders, submits its job and waits for its end; `look` says what is there afterwards, as the
//! line's `look` asks; `verdict` holds that against what is wanted: what the engine did, or the sane result where the
//! line names a bug (`values-sane.jsonl`), or what is wanted otherwise, with its reason (`values-differences.jsonl`).

mod case;
mod look;
pub mod parquet_rows;
mod stats;
mod verdict;

use crate::server::{Options, Server};
use case::Case;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use verdict::{Verdict, Wanted};

const LINES: &str = include_str!("../../data/values-observed.jsonl");
const DIFFERENCES: &str = include_str!("../../data/values-differences.jsonl");
const SANE: &str = include_str!("../../data/values-sane.jsonl");

/// Jobs that run at a time.
const IN_FLIGHT: usize = 12;

#[test]
fn every_observed_job() {
    let lines: Vec<Value> = json_lines(LINES).skip(1).filter(exists_here).collect();
    let wanted = Wanted { differences: by_number(DIFFERENCES), sane: by_number(SANE) };
    let (alone, together): (Vec<Value>, Vec<Value>) =
        lines.into_iter().partition(|line| line["alone"] == true || line["kills"] == true);
    let count = alone.len() + together.len();
    assert!(count > 1400, "only {count} lines");
    assert!(wanted.differences.len() * 40 <= count, "more than 2.5 % are wanted otherwise");

    let dir = folder();
    // some lines write to a relative path
    let options = Options { working_dir: Some(dir.path().to_owned()), ..Options::default() };
    let server = Server::start_with(&dir.path().join("data"), options);
    let mut results = run(&server, dir.path(), &together, &wanted, IN_FLIGHT);
    results.extend(run(&server, dir.path(), &alone, &wanted, 1));

    let number = |verdict: fn(&Verdict) -> bool| results.iter().filter(|v| verdict(v)).count();
    println!(
        "{count} jobs: {} as the engine, {} refused earlier, {} sane, {} wanted otherwise",
        number(|v| matches!(v, Verdict::AsEngine)),
        number(|v| matches!(v, Verdict::Earlier)),
        number(|v| matches!(v, Verdict::Sane)),
        number(|v| matches!(v, Verdict::Otherwise)),
    );
    let wrong: Vec<&str> = results
        .iter()
        .filter_map(|verdict| match verdict {
            Verdict::Wrong(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {count} jobs:\n{}", wrong.len(), wrong.join("\n"));
}

/// Runs the lines, some at a time.
fn run(
    server: &Server,
    dir: &std::path::Path,
    lines: &[Value],
    wanted: &Wanted,
    in_flight: usize,
) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..in_flight {
            scope.spawn(|| {
                while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let case = Case::new(dir, line);
                    let seen = case.run(server);
                    let verdict = wanted.judge(&case, &seen);
                    case.remove();
                    results.lock().unwrap().push(verdict);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

/// Whether the plug-ins and formats of a line exist.
fn exists_here(line: &Value) -> bool {
    const FORMATS: [&str; 4] = ["orc", "excel", "xml", "binary"];
    let plugins = ["source", "transform", "sink"];
    let mut blocks = plugins.iter().filter_map(|kind| line["job"][kind].as_array()).flatten();
    let missing = blocks.any(|block| {
        let format = block["file_format_type"].as_str().unwrap_or_default().to_lowercase();
        let table_formats = block["tables_configs"].as_array().into_iter().flatten();
        let mut formats =
            table_formats.filter_map(|table| table["file_format_type"].as_str()).chain([&*format]);
        formats.any(|format| FORMATS.contains(&format)) || block["plugin_name"] == "Sql"
    });
    !missing || line["job_status"] == "REFUSED" && line["job"]["transform"].is_null()
}

fn json_lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"))
}

fn by_number(text: &str) -> HashMap<u64, Value> {
    json_lines(text).map(|line| (line["n"].as_u64().expect("a number"), line["wanted"].clone())).collect()
}

/// A folder without a disk under it where there is one: every job syncs its files.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}
