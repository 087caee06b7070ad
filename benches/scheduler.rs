//! Jobs submitted and finished a second through scheduler and store, with attempts that end at once: what a job costs
//! before it moves a row. 64 clients submit and wait for their answers; the figure ends when every job is FINISHED
//! and visible in the store. Prints the processor time of each kind of thread too.

#![allow(clippy::expect_used, reason = "a bench that fails ends with the reason")]

use seikan::exec::{Launcher, LiveMetrics, Outcome, RunEvent, RunHandle, RunMessage, RunRequest};
use seikan::model::{
    Accounting, DagInfo, Flow, JobTexts, Origin, PipelineEdge, TextFormat, VertexInfo, VertexKind,
};
use seikan::plan::{Defaults, JobSettings, Plan, ReadLimit};
use seikan::plugin::{JobMode, Registry};
use seikan::runtime::LogLimits;
use seikan::scheduler::{JobLogs, Retention, SchedulerHandle, SchedulerSettings, Submission, start};
use seikan::store::{Store, StoreOptions};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 64;
const JOBS: usize = 30_000;
const TABLE: &str = "default.default.fake";

/// Every attempt runs and ends well at once.
struct Instantly;

impl Launcher for Instantly {
    fn launch(&self, request: RunRequest) -> RunHandle {
        let tables = [TABLE.to_owned()];
        let metrics = Arc::new(LiveMetrics::new(&tables, &tables, None));
        let (commands, _) = mpsc::unbounded_channel();
        let flow = |place: &str| Flow { place: place.into(), sent: 5, received: 5, dropped: 0 };
        let accounting = Accounting {
            flows: vec![flow("Source[0]-FakeSource -> Sink[0]-Assert"), flow("Sink[0]-Assert")],
        };
        let ended =
            RunEvent::Ended { outcome: Outcome::Finished(accounting), metrics: Box::new(metrics.snapshot()) };
        for event in [RunEvent::Running, ended] {
            let message = RunMessage { job: request.job, attempt: request.attempt, event };
            request.events.send(message).expect("the scheduler listens");
        }
        RunHandle { commands, metrics }
    }
}

/// A job like the smallest real one: one source, one sink.
fn submission() -> Submission {
    let text = r#"{"env":{"job.mode":"BATCH","job.name":"bench"},"source":[{"plugin_name":"FakeSource","row.num":5,"schema":{"fields":{"id":"bigint","name":"string","age":"int","score":"double"}}}],"sink":[{"plugin_name":"Assert","rules":{"row_rules":[{"rule_type":"MIN_ROW","rule_value":5}]}}]}"#;
    let vertex = |id, kind, action: &str| VertexInfo {
        id,
        kind,
        action: action.into(),
        pipeline: 1,
        parallelism: 1,
        tables: vec![TABLE.into()],
    };
    let plan = Plan {
        settings: JobSettings {
            name: Some("bench".into()),
            mode: JobMode::Batch,
            checkpoint_interval: None,
            checkpoint_timeout: None,
            retry_times: 3,
            retry_interval: Duration::from_secs(3),
            read_limit: ReadLimit::default(),
            tag_filter: Vec::new(),
            env: vec![("job.mode".into(), "BATCH".into()), ("job.name".into(), "bench".into())],
        },
        sources: Vec::new(),
        transforms: Vec::new(),
        sinks: Vec::new(),
        dag: DagInfo {
            vertices: vec![
                vertex(1, VertexKind::Source, "Source[0]-FakeSource"),
                vertex(2, VertexKind::Sink, "Sink[0]-Assert-MultiTableSink"),
            ],
            edges: vec![PipelineEdge { pipeline: 1, from: 1, to: 2 }],
        },
        slots: 1,
    };
    let texts = JobTexts {
        submitted: text.into(),
        format: TextFormat::Json,
        resolved: text.into(),
        catalogues: "[[]]".into(),
    };
    let (id, name, warnings) = (None, "bench".to_owned(), Vec::new());
    Submission { id, name, from_savepoint: false, origin: Origin::Rest, key: None, texts, plan, warnings }
}

async fn client(scheduler: SchedulerHandle) {
    for _ in 0..JOBS / CLIENTS {
        scheduler.submit(submission()).await.expect("accepted");
    }
}

/// Processor time by the name of the thread, in ms.
fn processor_times() -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    for stat in tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok()) {
        let Some((head, tail)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name);
        let fields: Vec<&str> = tail.split(' ').collect();
        let ticks: u64 = fields[11..13].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
        *times.entry(name.to_owned()).or_default() += ticks * 10;
    }
    times
}

fn main() {
    let dir =
        tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or_else(|_| ".".into())).expect("a directory");
    let opened = Store::open(&dir.path().join("data"), &StoreOptions::default()).expect("a store");
    let reader = opened.store.reader();
    let settings = SchedulerSettings {
        slots: None,
        reject_when_full: false,
        max_running_jobs: 1000,
        logs: JobLogs::Directory(dir.path().join("logs")),
        log_limits: LogLimits::default(),
        plan_defaults: Defaults {
            checkpoint_interval: Duration::from_secs(10),
            checkpoint_timeout: Duration::from_secs(60),
            shade: seikan::spec::Shade::default(),
        },
        resume: false,
        retention: Retention::default(),
        tags: Vec::new(),
    };
    std::fs::create_dir_all(dir.path().join("logs")).expect("a directory");
    let core = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("scheduler")
        .enable_all()
        .build()
        .expect("a runtime");
    let clients = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("clients")
        .build()
        .expect("a runtime");
    let (scheduler, _task) = core.block_on(async {
        start(opened.store, opened.recovered, Arc::new(Instantly), Arc::new(Registry::default()), settings)
    });
    let began = Instant::now();
    let submitting: Vec<_> = (0..CLIENTS).map(|_| clients.spawn(client(scheduler.clone()))).collect();
    clients.block_on(async {
        for client in submitting {
            client.await.expect("a client");
        }
    });
    let submitted = began.elapsed();
    let jobs = (JOBS / CLIENTS * CLIENTS) as u64;
    while reader.counts().finished < jobs {
        std::thread::yield_now();
    }
    let finished = began.elapsed();
    println!("{jobs} jobs, {CLIENTS} clients");
    println!("submitted  {:>8.0} a second", jobs as f64 / submitted.as_secs_f64());
    println!("finished   {:>8.0} a second", jobs as f64 / finished.as_secs_f64());
    for (thread, ms) in processor_times().into_iter().filter(|(_, ms)| *ms > 0) {
        println!("{thread:<16} {ms:>6} ms, {:>5.1} µs a job", ms as f64 * 1000.0 / jobs as f64);
    }
    clients.block_on(scheduler.shutdown(Duration::from_secs(10)));
}
