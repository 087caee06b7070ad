//! Jobs over a csv file, each against DuckDB doing the same on the same file in the same run.

use crate::Figure;
use crate::server::Server;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const DUCKDB: &str = r"
import sys, time, duckdb
source, target, query, options = sys.argv[1:]
db = duckdb.connect()
db.execute('SET threads = 2')
db.execute('SET enable_progress_bar = false')
columns = {'id': 'BIGINT', 'name': 'VARCHAR', 'amount': 'DOUBLE', 'quantity': 'INTEGER', 'placed': 'TIMESTAMP', 'note': 'VARCHAR'}
orders = f'read_csv({source!r}, columns={columns}, header=false)'
query = query.replace('orders', orders)
started, processor = time.perf_counter(), time.process_time()
db.execute(f'COPY ({query}) TO {target!r} ({options})')
print(time.perf_counter() - started, time.process_time() - processor)
";

/// A job over the csv file, and what DuckDB is asked for the same.
struct Race {
    what: &'static str,
    wanted: &'static str,
    /// Size of the csv file.
    bytes: usize,
    /// The `Sql` transform, if there is one.
    query: Option<&'static str>,
    /// Options of the sink.
    sink: &'static str,
    /// The query in DuckDB's words; `orders` stands for the file.
    peer_query: &'static str,
    /// Options of DuckDB's `COPY`.
    peer_options: &'static str,
}

/// csv → parquet.
pub fn csv_to_parquet() -> Vec<Figure> {
    race(&Race {
        what: "csv → parquet",
        wanted: "≤ 2× DuckDB",
        bytes: 500_000_000,
        query: None,
        sink: r#""file_format_type": "parquet", "compress_codec": "snappy""#,
        peer_query: "SELECT * FROM orders",
        peer_options: "FORMAT parquet",
    })
}

/// csv → Sql → csv: a filter and five expressions.
pub fn csv_sql_csv() -> Vec<Figure> {
    race(&Race {
        what: "csv → Sql (a filter, five expressions) → csv",
        wanted: "≤ 1.5× DuckDB",
        bytes: 1_000_000_000,
        query: Some(
            "select id, upper(name) as name, amount * quantity as total, quantity + 1 as more, \
             substring(note, 6, 4) as code, concat(name, '-', note) as label from orders where quantity > 100",
        ),
        sink: r#""file_format_type": "csv""#,
        peer_query: "SELECT id, upper(name) AS name, amount * quantity AS total, quantity + 1 AS more, \
                     substring(note, 6, 4) AS code, concat(name, '-', note) AS label FROM orders WHERE quantity > 100",
        peer_options: "FORMAT csv, HEADER false",
    })
}

fn race(race: &Race) -> Vec<Figure> {
    let dir = tempfile::tempdir().expect("a directory");
    let csv = dir.path().join("orders.csv");
    let rows = write_csv(&csv, race.bytes);
    let server = Server::start();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..3 {
        ours.push(seikan(&server, race, &csv, &dir.path().join(format!("out-{round}"))));
        theirs.extend(duckdb(race, &csv, &dir.path().join(format!("duckdb-{round}"))));
    }
    let (time, processor) = best(&ours).unwrap_or_default();
    let (time, processor) = (time.as_secs_f64(), processor.as_secs_f64());
    let mut measured =
        format!("{time:.2} s ({:.2} M rows/s, processor {processor:.2} s)", rows as f64 / time / 1e6);
    match best(&theirs) {
        Some((peer, processor)) => {
            let (peer, processor) = (peer.as_secs_f64(), processor.as_secs_f64());
            let factor = time / peer;
            write!(measured, ", DuckDB {peer:.2} s (processor {processor:.2} s): {factor:.2}×")
                .expect("a text");
        }
        None => measured.push_str(", not raced: Python or its package duckdb is missing"),
    }
    vec![
        Figure {
            what: format!(
                "{}, {} MB, 6 columns, against DuckDB with 2 threads (best of 3)",
                race.what,
                race.bytes / 1_000_000
            ),
            measured,
            wanted: race.wanted,
        },
        Figure {
            what: "… peak resident memory".into(),
            measured: format!("{:.0} MB", server.memory("VmHWM:")),
            wanted: "≤ 300 MB",
        },
    ]
}

/// Wall-clock and processor time.
type Took = (Duration, Duration);

fn best(times: &[Took]) -> Option<Took> {
    times.iter().min().copied()
}

fn write_csv(path: &Path, size: usize) -> u64 {
    let mut file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path).expect("a file"));
    let (mut rows, mut bytes, mut line) = (0_u64, 0, String::new());
    while bytes < size {
        line.clear();
        let scattered = rows.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        writeln!(
            line,
            "{rows},customer {},{}.{:02},{},2026-01-{:02} {:02}:{:02}:{:02},note {:x}",
            scattered % 50_000,
            scattered % 10_000,
            scattered % 100,
            scattered % 1000,
            rows % 28 + 1,
            rows % 24,
            rows % 60,
            scattered % 60,
            scattered
        )
        .expect("a text");
        file.write_all(line.as_bytes()).expect("space on the disk");
        bytes += line.len();
        rows += 1;
    }
    file.flush().expect("space on the disk");
    rows
}

fn seikan(server: &Server, race: &Race, csv: &Path, out: &Path) -> Took {
    let sql = race.query.map(|query| format!(r#"{{"plugin_name": "Sql", "query": "{query}"}}"#));
    let job = format!(
        r#"{{"env": {{"job.mode": "BATCH"}}, "source": [{{"plugin_name": "LocalFile", "path": "{}", "file_format_type": "csv",
            "schema": {{"fields": {{"id": "bigint", "name": "string", "amount": "double", "quantity": "int",
            "placed": "timestamp", "note": "string"}}}}}}], "transform": [{}],
            "sink": [{{"plugin_name": "LocalFile", "path": "{}", {}}}]}}"#,
        csv.display(),
        sql.unwrap_or_default(),
        out.display(),
        race.sink
    );
    let (started, processor) = (Instant::now(), server.processor_time());
    let id = server.submit(&job);
    server.finished(&id);
    (started.elapsed(), server.processor_time() - processor)
}

fn duckdb(race: &Race, csv: &Path, out: &Path) -> Option<Took> {
    let mut python = Command::new("python3");
    python.args(["-c", DUCKDB]).arg(csv).arg(out).args([race.peer_query, race.peer_options]);
    let output = python.output().ok()?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout);
    let (wall, processor) = printed.trim().split_once(' ')?;
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs_f64);
    Some((seconds(wall)?, seconds(processor)?))
}
