//! A load of requests that nobody would send: random methods, paths, headers and bodies. The server answers each one, never
//! with a fault of its own, never panics, and does not grow.
//!
//! 20 seconds; longer with `SEIKAN_HTTP_FUZZ_SECONDS`, and from three minutes on its memory is held against what it was
//! after the second.

use crate::server::Server;
use crate::wait::{Load, until_within};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the memory may grow by after the second minute.
const GROWTH: u64 = 10 << 20;
const THREADS: usize = 4;

const METHODS: [&str; 12] =
    ["GET", "GET", "GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"];
const HEADERS: [&str; 15] = [
    "Accept: application/json",
    "Accept: application/openmetrics-text;q=0.1, */*",
    "Accept: \u{1f980}",
    "Content-Type: application/json; charset=latin1",
    "Content-Type: multipart/form-data; boundary=b",
    "Content-Type: multipart/form-data",
    "Content-Type: application/x-www-form-urlencoded",
    "Authorization: Basic Og==",
    "Range: bytes=5-1",
    "If-None-Match: *",
    "Cookie: a=b; ;;",
    "X-Forwarded-For: ::1, unknown",
    "Accept: text/event-stream",
    "Last-Event-ID: -1",
    "Idempotency-Key: \"\"",
];
const TEXTS: [&str; 22] = [
    "",
    "0",
    "1",
    "-1",
    "abc",
    "true",
    "json",
    "HOCON",
    "sql",
    "static",
    "ROOT",
    "seikan::store",
    "debug",
    "FINISHED",
    "99999999999999999999",
    "1e400",
    "%00",
    "%ff",
    "..%2f..%2fetc",
    "é",
    "a%20b",
    "seatunnel-engine-server.log",
];
const NAMES: [&str; 18] = [
    "page",
    "rows",
    "jobId",
    "jobName",
    "isStartWithSavePoint",
    "format",
    "variables",
    "limit",
    "pretty",
    "level",
    "tail",
    "status",
    "type",
    "state",
    "endedFrom",
    "endedTo",
    "after",
    "follow",
];

fn pick<'a>(random: &mut SmallRng, from: &[&'a str]) -> &'a str {
    from[random.random_range(0..from.len())]
}

/// Requests that are wrong in one way or another, or right by chance.
struct Requests {
    random: SmallRng,
    paths: Arc<Vec<String>>,
}

impl Requests {
    fn next(&mut self) -> (Vec<u8>, bool) {
        let random = &mut self.random;
        let mut path = self.paths[random.random_range(0..self.paths.len())].clone();
        for _ in 0..path.matches('{').count() {
            let (from, to) = (path.find('{').unwrap(), path.find('}').unwrap());
            path.replace_range(from..=to, pick(random, &TEXTS));
        }
        match random.random_range(0..10) {
            0 => path.push('/'),
            1 => path.push_str(pick(random, &TEXTS)),
            2 => path = format!("/{}", pick(random, &TEXTS)),
            _ => {}
        }
        // Jobs are tried, not run: what they would leave behind is no fault of the server.
        let mut query =
            if path.contains("submit-job") { "?dryRun=static".to_owned() } else { "?".to_owned() };
        for _ in 0..random.random_range(0..4) {
            let (name, value) = (pick(random, &NAMES), pick(random, &TEXTS));
            query.push_str(&format!("&{name}={value}"));
        }
        let method = pick(random, &METHODS);
        let body = if path.contains("submit-jobs") { noise(random) } else { body(random) };
        let mut request = format!("{method} {path}{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        for _ in 0..random.random_range(0..3) {
            request.push_str(pick(random, &HEADERS));
            request.push_str("\r\n");
        }
        let mut bytes = match random.random_range(0..4) {
            0 => {
                let mut bytes = format!("{request}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
                if !body.is_empty() {
                    bytes.extend(format!("{:x}\r\n", body.len()).bytes());
                    bytes.extend(&body);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
                bytes
            }
            _ => {
                let mut bytes = format!("{request}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
                bytes.extend(&body);
                bytes
            }
        };
        // Some are broken anywhere; whether those are answered is not asked.
        let whole = random.random_range(0..8) != 0;
        if !whole {
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            if random.random() {
                bytes.truncate(random.random_range(0..bytes.len()));
            }
        }
        (bytes, whole)
    }
}

fn noise(random: &mut SmallRng) -> Vec<u8> {
    (0..random.random_range(0..300)).map(|_| random.random()).collect()
}

fn body(random: &mut SmallRng) -> Vec<u8> {
    let mut bytes = match random.random_range(0..6) {
        0 => Vec::new(),
        1 => noise(random),
        2 => json!({"jobId": pick(random, &TEXTS), "level": pick(random, &TEXTS), "force": pick(random, &TEXTS)}).to_string().into_bytes(),
        3 => json!([{"jobId": pick(random, &TEXTS)}, 7, null]).to_string().into_bytes(),
        4 => {
            let text = "--b\r\nContent-Disposition: form-data; name=\"config_file\"; filename=\"a.conf\"\r\n\r\nsource {}\r\n--b--\r\n";
            text.as_bytes().to_vec()
        }
        _ => json!({
            "env": {"job.mode": pick(random, &TEXTS)},
            "source": [{"plugin_name": "FakeSource", "row.num": pick(random, &TEXTS), "schema": {"fields": {"a": "int"}}}],
            "sink": [{"plugin_name": "Console"}]
        })
        .to_string()
        .into_bytes(),
    };
    if !bytes.is_empty() && random.random_range(0..3) == 0 {
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.random();
    }
    bytes
}

/// Sends one request; answers the status, if there was an answer.
fn send(address: &str, request: &[u8], whole: bool) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    stream.write_all(request).ok()?;
    if !whole {
        // It may wait for more; that is its right.
        stream.set_read_timeout(Some(Duration::from_millis(20))).ok()?;
    }
    let mut answer = Vec::new();
    let _cut = stream.take(1 << 20).read_to_end(&mut answer);
    let line = std::str::from_utf8(answer.get(..12)?).ok()?;
    line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?.parse().ok()
}

fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let now = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    now.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn whatever_is_sent_is_answered() {
    let seconds = std::env::var("SEIKAN_HTTP_FUZZ_SECONDS").ok();
    let seconds: u64 = seconds.map_or(20, |text| text.parse().expect("SEIKAN_HTTP_FUZZ_SECONDS is a number"));
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let document: Value = server.get("/openapi.json").ok();
    let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let (paths, address) = (Arc::new(paths), server.url().trim_start_matches("http://").to_owned());
    let counts: Arc<Mutex<BTreeMap<Option<u16>, u64>>> = Arc::default();
    let faults: Arc<Mutex<Vec<String>>> = Arc::default();
    let seeds = Arc::new(Mutex::new(rand::random::<u64>()));
    let turn = {
        let (counts, faults) = (Arc::clone(&counts), Arc::clone(&faults));
        move |_| {
            let seed = {
                let mut next = seeds.lock().unwrap();
                *next = next.wrapping_add(1);
                *next
            };
            let mut requests = Requests { random: SmallRng::seed_from_u64(seed), paths: Arc::clone(&paths) };
            let (request, whole) = requests.next();
            let status = send(&address, &request, whole);
            *counts.lock().unwrap().entry(status).or_default() += 1;
            let is_fault = match status {
                Some(status) => status >= 500 && status != 503,
                None => whole,
            };
            if is_fault {
                let shown = String::from_utf8_lossy(&request).into_owned();
                faults.lock().unwrap().push(format!("seed {seed}: {status:?} to {shown:?}"));
            }
            faults.lock().unwrap().len() < 5
        }
    };
    let started = Instant::now();
    let load = Load::start(THREADS, turn);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let mut settled = None;
    let bound = Duration::from_secs(seconds + 60);
    until_within(bound, "the load is over", || {
        if settled.is_none() && started.elapsed() >= minutes(2) {
            settled = Some(resident(&server));
        }
        (started.elapsed().as_secs() >= seconds || !faults.lock().unwrap().is_empty()).then_some(())
    });
    load.stop();
    let after = resident(&server);
    let (counts, faults) = (counts.lock().unwrap(), faults.lock().unwrap());
    println!("{} s: {counts:?}; in memory {settled:?}, then {after}", started.elapsed().as_secs());
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!server.printed().contains("panicked"), "a panic");
    assert_eq!(server.get("/health").status, 200);
    let answered = |status: u16| counts.get(&Some(status)).copied().unwrap_or(0);
    for status in [200, 400, 404, 405] {
        assert!(answered(status) > 20, "{status} in {counts:?}");
    }
    if let Some(settled) = settled.filter(|_| started.elapsed() >= minutes(3)) {
        assert!(after <= settled + GROWTH, "from {settled} to {after} bytes in memory");
    }
}
