//! The figures of the README, measured on this machine: `cargo bench --bench figures` prints them as a table.
//!
//! Everything runs against the real binary, as its users run it. The jobs over a csv file race DuckDB in the
//! same run; that needs `pip install duckdb` (without it the race is left out, and the table says so). Beside wall-clock
//! time stands the processor time that the server took: that one means the same on a busy machine. Arguments pick some:
//! `cargo bench --bench figures -- start submits`. A million jobs
//! are only measured when asked for: `cargo bench --bench figures -- million`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that fails must stop"
)]

mod client;
mod files;
mod http;
mod million;
mod server;

use server::Server;
use std::time::{Duration, Instant};

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if wanted.iter().any(|w| w == http::HELLO) {
        return http::hello();
    }
    let all: [(&str, Measure); 11] = [
        ("start", start),
        ("assert", || vec![rows("FakeSource → Assert", "assert", 20_000_000, "≥ 7 M rows/s")]),
        ("sql", || vec![rows("FakeSource → Sql → Assert", "sql", 20_000_000, "≥ 6 M rows/s")]),
        ("console", || vec![rows("FakeSource → Console", "console", 5_000_000, "≥ 1 M rows/s")]),
        ("parquet", files::csv_to_parquet),
        ("sql_files", files::csv_sql_csv),
        ("submits", submits),
        ("idle", idle),
        ("requests", http::requests),
        ("connections", http::connections),
        ("million", million::million),
    ];
    println!("| what | measured | wanted |\n|---|---|---|");
    for (name, measure) in all {
        // The last one takes minutes, and some GB of disk: only by name.
        if (wanted.is_empty() && name != "million") || wanted.iter().any(|w| w == name) {
            for figure in measure() {
                println!("| {} | {} | {} |", figure.what, figure.measured, figure.wanted);
            }
        }
    }
}

/// Measures something, in one line of the table or more.
type Measure = fn() -> Vec<Figure>;

/// A line of the table.
pub struct Figure {
    what: String,
    measured: String,
    wanted: &'static str,
}

/// Start of the process to the first full answer of `/finished-jobs`, on an empty store; the median of nine.
fn start() -> Vec<Figure> {
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let started = Instant::now();
            let server = Server::start();
            assert_eq!(server.get("/finished-jobs"), "[]");
            started.elapsed()
        })
        .collect();
    times.sort();
    vec![Figure {
        what: "start to the first full `/finished-jobs`, empty store".into(),
        measured: format!("{} ms", times[4].as_millis()),
        wanted: "≤ 150 ms",
    }]
}

/// Rows a second of a generated job: bigint, string, int, double, at parallelism 2.
fn rows(what: &str, route: &str, per_reader: u64, wanted: &'static str) -> Figure {
    let server = Server::start();
    let transform = match route {
        "sql" => {
            r#"{"plugin_name": "Sql", "query": "select id, upper(name) as name, age % 100 + 1 as age, score * 2 as score from fake where age >= 0"}"#
        }
        _ => "",
    };
    let sink = match route {
        "assert" | "sql" => {
            r#"{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 1}],
                "field_rules": [{"field_name": "id", "field_type": "bigint", "field_value": [{"rule_type": "NOT_NULL"}]}]}}"#
        }
        _ => r#"{"plugin_name": "Console"}"#,
    };
    let job = format!(
        r#"{{"env": {{"parallelism": 2}}, "source": [{{"plugin_name": "FakeSource", "row.num": {per_reader},
            "schema": {{"fields": {{"id": "bigint", "name": "string", "age": "int", "score": "double"}}}}}}],
            "transform": [{transform}], "sink": [{sink}]}}"#
    );
    let mut best: f64 = 0.0;
    for _ in 0..3 {
        let started = Instant::now();
        let id = server.submit(&job);
        server.finished(&id);
        best = best.max(2.0 * per_reader as f64 / started.elapsed().as_secs_f64());
    }
    let processor = server.processor_time().as_secs_f64() / (6.0 * per_reader as f64);
    Figure {
        what: format!("{what}, 4 columns, parallelism 2 (best of 3)"),
        measured: format!("{:.2} M rows/s (processor {:.0} ns a row)", best / 1e6, processor * 1e9),
        wanted,
    }
}

/// Small jobs, submitted durably by 64 clients; and the time until all of them are FINISHED.
fn submits() -> Vec<Figure> {
    const JOBS: usize = 20_000;
    const CLIENTS: usize = 64;
    let server = Server::start();
    let job = r#"{"source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"id": "bigint", "name": "string"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MAX_ROW", "rule_value": 5}]}}]}"#;
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = client::Client::connect(server.address());
                for _ in 0..JOBS / CLIENTS {
                    let answer = client.post("/submit-job", job);
                    assert!(answer.contains("jobId"), "{answer}");
                }
            });
        }
    });
    let submitted = started.elapsed();
    let count = JOBS / CLIENTS * CLIENTS;
    let wanted = format!("\"finishedJobs\":\"{count}\"");
    while !server.get("/overview").contains(&wanted) {
        assert!(started.elapsed() < Duration::from_secs(300), "{}", server.get("/overview"));
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let finished = started.elapsed();
    let processor = server.processor_time().as_micros() / count as u128;
    let rate = |time: Duration| format!("{:.0}/s", count as f64 / time.as_secs_f64());
    vec![
        Figure {
            what: "jobs submitted durably by 64 clients".into(),
            measured: rate(submitted),
            wanted: "≥ 2,000/s",
        },
        Figure {
            what: "… and all of them FINISHED".into(),
            measured: format!("{} (processor {processor} µs a job)", rate(finished)),
            wanted: "≥ 2,000/s",
        },
        Figure {
            what: format!("resident memory after {count} jobs"),
            measured: format!("{:.0} MB", server.memory("VmRSS:")),
            wanted: "",
        },
    ]
}

/// Resident memory of an idle server.
fn idle() -> Vec<Figure> {
    let server = Server::start();
    server.get("/overview");
    std::thread::park_timeout(Duration::from_secs(2));
    vec![Figure {
        what: "resident memory, idle".into(),
        measured: format!("{:.0} MB", server.memory("VmRSS:")),
        wanted: "≤ 40 MB",
    }]
}
