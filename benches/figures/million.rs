//! A million finished jobs: start, lists, single jobs, rebuild, memory, disk. `SEIKAN_JOBS` sets another number.

use crate::Figure;
use crate::client::Client;
use crate::server::Server;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Ids from here on; each job ended a millisecond behind the one before.
const FIRST: u64 = 700_000_000_000_000;
const PAGE: &str = "/finished-jobs/FINISHED?page=1&rows=20";

pub fn million() -> Vec<Figure> {
    let jobs: u64 = std::env::var("SEIKAN_JOBS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    let mut figures = Vec::new();
    let mut say = |what: &str, measured: String, wanted: &'static str| {
        eprintln!("{what}: {measured}");
        figures.push(Figure { what: what.to_owned(), measured, wanted });
    };
    import(&data, jobs);
    // What was imported is one long journal: it is folded, and what is folded goes at once.
    let server = Server::on(&data, &[("SEIKAN_ENGINE__STORE__GRACE", "0")]);
    wait("the journal is folded", || number(&server.get("/health"), "segments") < 5);
    wait("history is there", || is_there(&server));
    server.stop();
    let bytes = directory_bytes(&data.join("archive")) + directory_bytes(&data.join("journal"));
    let index = directory_bytes(&data.join("index"));
    let each = bytes / jobs;
    say("finished jobs", format!("{jobs}, {each} bytes each in journal and archive"), "");
    say(
        "disk: journal, archive and index",
        format!(
            "{} MB, {:.2}× journal and archive",
            (bytes + index) >> 20,
            (bytes + index) as f64 / bytes as f64
        ),
        "≤ 3×",
    );

    let started = Instant::now();
    let server = Server::on(&data, &[]);
    wait("history is there", || is_there(&server));
    say("start after a clean stop to the first full page", millis(started.elapsed()), "≤ 1 s");
    let (pages, infos) = under_load(&server, jobs);
    say("20 newest jobs, while 4 clients submit: p50, p99", pages, "p99 ≤ 20 ms");
    say("one of all jobs, while 4 clients submit: p50, p99", infos, "p99 ≤ 10 ms");
    say("resident memory then, at most", format!("{:.0} MB", server.memory("VmHWM:")), "≤ 250 MB");
    let started = Instant::now();
    let listed = Client::connect(server.address()).count("/finished-jobs");
    let took = started.elapsed();
    let measured = format!("{:.1} s, {} MB of JSON", took.as_secs_f64(), listed >> 20);
    say("`/finished-jobs` without paging", measured, "");
    say("resident memory then, at most", format!("{:.0} MB", server.memory("VmHWM:")), "≤ 250 MB");

    server.kill();
    let started = Instant::now();
    let server = Server::on(&data, &[]);
    say("start after a kill until jobs are taken", millis(started.elapsed()), "");
    wait("history is there", || is_there(&server));
    say("… until the history is there (index rebuilt)", millis(started.elapsed()), "≤ 20 s");
    say("resident memory then, at most", format!("{:.0} MB", server.memory("VmHWM:")), "≤ 250 MB");
    figures
}

/// Pages and single jobs, each asked for again and again beside a load.
fn under_load(server: &Server, jobs: u64) -> (String, String) {
    let is_over = AtomicBool::new(false);
    let small = r#"{"source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Assert", "rules": {"row_rules": [{"rule_type": "MAX_ROW", "rule_value": 5}]}}]}"#;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(server.address());
                while !is_over.load(Ordering::Relaxed) {
                    let answer = client.post("/submit-job", small);
                    assert!(answer.contains("jobId"), "{answer}");
                }
            });
        }
        let _load = Load(&is_over);
        let mut client = Client::connect(server.address());
        let mut times = |count: u64, path: &dyn Fn(u64) -> String, holds: &str| {
            let mut times: Vec<Duration> = (0..count)
                .map(|turn| {
                    let started = Instant::now();
                    let answer = client.get(&path(turn));
                    let took = started.elapsed();
                    assert!(answer.contains(holds), "{answer}");
                    took
                })
                .collect();
            times.sort();
            let part = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1000.0;
            format!("{:.2} ms, {:.2} ms", part(50), part(99))
        };
        let pages = times(2_000, &|_| PAGE.to_owned(), "FINISHED");
        // Spread over all of them, in no order that a cache would like.
        let any =
            |turn: u64| format!("/job-info/{}", FIRST + turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) % jobs);
        let infos = times(10_000, &any, "FINISHED");
        (pages, infos)
    })
}

/// The clients end with it, also when a check fails.
struct Load<'a>(&'a AtomicBool);

impl Drop for Load<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn is_there(server: &Server) -> bool {
    server.get(PAGE).contains("FINISHED")
}

/// Makes the data directory with `seikan backup import`.
fn import(data: &Path, jobs: u64) {
    let mut import = Command::new(env!("CARGO_BIN_EXE_seikan"))
        .args(["backup", "import", "/dev/stdin"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the import starts");
    let mut lines = BufWriter::with_capacity(1 << 20, import.stdin.take().expect("its input"));
    let front = r#"{"seikan":{"format":1,"program":"bench","time":"2026-01-31T12:00:00Z","store":null}}"#;
    writeln!(lines, "{front}").expect("a line");
    for n in 0..jobs {
        write_job(&mut lines, n).expect("a line");
    }
    writeln!(lines, r#"{{"end":{{"jobs":{jobs},"tags":[],"idFloor":{}}}}}"#, FIRST + jobs).expect("a line");
    lines.flush().expect("the last line");
    drop(lines);
    assert!(import.wait().expect("its end").success(), "the import failed");
}

/// A job as a run of a file job leaves it, with a text that does not compress to nothing.
fn write_job(out: &mut impl Write, n: u64) -> std::io::Result<()> {
    let (id, ended) = (FIRST + n, 1_700_000_000_000 + n);
    let mut fill = String::with_capacity(3100);
    let mut word = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while fill.len() < 3000 {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        fill.push_str(&format!("{word:016x}"));
    }
    let event =
        |state: &str| format!(r#"{{"at":{ended},"state":"{state}","attempt":1,"cause":"attempt 1"}}"#);
    let events = [event("Created"), event("Scheduled"), event("Running"), event("Finished")].join(",");
    let vertex = |id: u8, kind: &str, action: &str| {
        format!(
            r#"{{"id":{id},"kind":"{kind}","action":"{action}","pipeline":1,"parallelism":1,"tables":["t{n}"]}}"#
        )
    };
    let vertices =
        [vertex(1, "Source", "Source[0]-LocalFile"), vertex(3, "Sink", "Sink[0]-LocalFile-MultiTableSink")]
            .join(",");
    writeln!(
        out,
        r#"{{"job":{{"record":{{"id":{id},"name":"nightly import {n}","state":"Finished","stop_request":null,"origin":"Rest","created":{ended},"started":{ended},"ended":{ended},"from_savepoint":false,"attempt":{{"timeline":3409000133702384133,"number":1}},"retries":0,"deaths":0,"slots":1,"waiting":null,"fault":null,"savepoint_failure":null,"rows_may_repeat":false,"env":[["job.name","nightly import {n}"],["job.mode","BATCH"],["parallelism","2"]],"dag":{{"vertices":[{vertices}],"edges":[{{"pipeline":1,"from":1,"to":3}}]}},"metrics":{{"read":[{{"table":"t{n}","rows":{n},"bytes":{n}}}],"written":[{{"table":"t{n}","rows":{n},"bytes":{n}}}],"committed":{n},"rejected":0,"running_ms":46,"progress":[743,743]}},"accounting":{{"flows":[{{"place":"Source[0]-LocalFile -> Sink[0]-LocalFile-MultiTableSink","sent":{n},"received":{n},"dropped":0}}]}},"events":[{events}]}},"texts":{{"submitted":"{fill}","format":"Json","resolved":"{{}}","catalogues":"[]"}},"checkpoint":null,"committed":0}}}}"#
    )
}

/// A number of `/health`.
fn number(health: &str, name: &str) -> u64 {
    let value = health.split(&format!("\"{name}\":")).nth(1).expect("the figure");
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(600), "waited too long until {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn directory_bytes(dir: &Path) -> u64 {
    let files = walkdir::WalkDir::new(dir).into_iter().filter_map(Result::ok);
    files.filter_map(|entry| entry.metadata().ok()).filter(|data| data.is_file()).map(|data| data.len()).sum()
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
