//! Durable puts a second at the store's interface, 64 clients that each wait for their answer, beside the same bytes
//! appended to a plain file by a group commit: the limit that the disk sets in the same run.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::expect_used, reason = "a bench that fails ends with the reason")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seikan::model::{DagInfo, JobId, JobRecord, JobState, JobTexts, MetricsSnapshot, Op, Origin, TextFormat};
use seikan::store::{Store, StoreOptions};
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

const CLIENTS: u64 = 64;
/// Bytes of one record, about.
const RECORD: usize = 2000;
const BATCH: usize = 512;

fn record(id: i64) -> JobRecord {
    JobRecord {
        id: JobId(id),
        name: "bench".to_owned(),
        state: JobState::Finished,
        stop_request: None,
        origin: Origin::Rest,
        created: id,
        started: Some(id),
        ended: Some(id),
        from_savepoint: false,
        attempt: None,
        retries: 0,
        deaths: 0,
        slots: 1,
        waiting: None,
        fault: None,
        savepoint_failure: None,
        rows_may_repeat: false,
        env: vec![("fill".to_owned(), "x".repeat(RECORD - 100))],
        dag: DagInfo::default(),
        metrics: MetricsSnapshot::default(),
        accounting: None,
        events: Vec::new(),
        key: None,
    }
}

fn texts() -> JobTexts {
    JobTexts {
        submitted: "y".repeat(800),
        format: TextFormat::Json,
        resolved: "z".repeat(800),
        catalogues: "[]".to_owned(),
    }
}

/// Lets the clients share `count` calls of `put`, which waits for its answer; the time it took.
fn race(count: u64, put: impl Fn() + Sync) -> Duration {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (put, share) = (&put, count / CLIENTS + u64::from(client < count % CLIENTS));
            scope.spawn(move || (0..share).for_each(|_| put()));
        }
    });
    start.elapsed()
}

/// The plain group commit: takes all that waits, one write, one sync, answers.
fn commit_plainly(mut file: File, requests: &Receiver<(Vec<u8>, Sender<()>)>) -> std::io::Result<()> {
    while let Ok(first) = requests.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = requests.try_recv()
        {
            batch.push(next);
        }
        let bytes: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        file.write_all(&bytes)?;
        file.sync_data()?;
        for (_, answer) in batch {
            answer.send(()).map_err(std::io::Error::other)?;
        }
    }
    Ok(())
}

fn durable_puts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("durable puts, 64 clients");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(10));

    group.bench_function("plain group commit of the same bytes", |bencher| {
        bencher.iter_custom(|count| {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let file = File::create(dir.path().join("log")).expect("a file in it");
            let (requests, waiting) = mpsc::channel();
            let committer = seikan::runtime::thread("plain", move || commit_plainly(file, &waiting));
            let committer = committer.expect("a thread");
            let took = race(count, || {
                let (answer, answered) = mpsc::channel();
                requests.send((vec![b'x'; RECORD], answer)).expect("the committer runs");
                answered.recv().expect("an answer");
            });
            drop(requests);
            committer.join().expect("no panic").expect("no failed write");
            took
        });
    });

    for (name, with_texts) in [("store, record", false), ("store, record and texts of a submission", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                let dir = tempfile::tempdir().expect("a temporary directory");
                let store = Store::open(dir.path(), &StoreOptions::default()).expect("it opens").store;
                let ids = AtomicI64::new(1);
                let took = race(count, || {
                    let record = Box::new(record(ids.fetch_add(1, Ordering::Relaxed)));
                    let op = match with_texts {
                        true => Op::Submitted { record, texts: Box::new(texts()) },
                        false => Op::Record(record),
                    };
                    let (answer, answered) = mpsc::channel();
                    store.append(vec![op], Box::new(move |result| drop(answer.send(result))));
                    answered.recv().expect("an answer").expect("it is durable");
                });
                store.close().expect("it closes");
                took
            });
        });
    }
    group.finish();
}

criterion_group!(benches, durable_puts);
criterion_main!(benches);
