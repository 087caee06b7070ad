//! Bytes that earlier versions stored must still load. A new version of records adds a fixture and keeps the old ones.

use super::*;

const VERSION_1: &[u8] = include_bytes!("../../../tests/compat/journal_v1.log");

/// What the fixture of version 1 was made from.
fn fixture() -> Vec<Vec<Op>> {
    let mut full = record(42, JobState::Failed);
    full.stop_request = Some(StopRequest::Savepoint);
    full.origin = Origin::Cli;
    full.started = Some(600);
    full.from_savepoint = true;
    full.attempt = Some(AttemptId { timeline: 0xABCD, number: 3 });
    (full.retries, full.deaths, full.slots) = (1, 2, 3);
    full.waiting = Some("slots".into());
    full.fault = Some(Fault::external("disk full").at("Sink[0]-Console"));
    full.savepoint_failure = Some("too slow".into());
    full.rows_may_repeat = true;
    full.dag = DagInfo {
        vertices: vec![VertexInfo {
            id: 1,
            kind: VertexKind::Source,
            action: "Source[0]-FakeSource".into(),
            pipeline: 1,
            parallelism: 2,
            tables: vec!["a.b".into()],
        }],
        edges: vec![PipelineEdge { pipeline: 1, from: 1, to: 2 }],
    };
    let count = TableCount { table: "a.b".into(), rows: 5, bytes: 50 };
    full.metrics = MetricsSnapshot {
        read: vec![count.clone()],
        written: vec![count],
        committed: 5,
        rejected: 1,
        running_ms: 900,
        progress: Some((10, 5)),
    };
    let flow = Flow { place: "a -> b".into(), sent: 5, received: 4, dropped: 1 };
    full.accounting = Some(Accounting { flows: vec![flow] });
    vec![
        vec![submitted(41), Op::Tags(vec![("zone".into(), "a".into())]), Op::IdFloor(9)],
        vec![Op::Submitted { record: Box::new(full), texts: Box::new(texts(42, 5000)) }],
        vec![checkpoint(41, 1, 30), checkpoint(41, 2, 30), Op::Committed { job: JobId(41), epoch: Epoch(1) }],
        vec![change(41, JobState::Running), checkpoint(42, 1, 3), Op::DropCheckpoint { job: JobId(42) }],
        vec![Op::Resumed],
    ]
}

#[test]
fn version_1_loads() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("journal")).unwrap();
    std::fs::write(dir.path().join("journal/00000000000000000001.log"), VERSION_1).unwrap();
    let Opened { store, recovered } = open(dir.path());
    let fixture = fixture();
    let Op::Submitted { record: full, texts: full_texts } = &fixture[1][0] else { unreachable!() };
    assert_eq!(store.reader().record(JobId(42)).unwrap().as_ref(), Some(&**full));
    assert_eq!(store.reader().texts(JobId(42)).unwrap().as_ref(), Some(&**full_texts));
    assert_eq!(store.reader().checkpoint(JobId(42)).unwrap(), None);
    let [live] = recovered.live.as_slice() else { panic!("{recovered:?}") };
    assert_eq!(live.record, record(41, JobState::Running));
    assert_eq!(live.texts, texts(41, 20));
    let Op::Checkpoint { checkpoint, .. } = &fixture[2][1] else { unreachable!() };
    assert_eq!(live.checkpoint.as_ref(), Some(&**checkpoint));
    assert_eq!(live.committed, Epoch(1));
    assert_eq!(recovered.tags, [("zone".to_owned(), "a".to_owned())]);
    assert_eq!(recovered.id_floor, 9);
    assert!(recovered.held.is_some(), "a fixture is a copy of the directory that it was made in");
}

#[test]
#[ignore = "writes the fixture; run it once for each new version of records, and commit the file"]
fn write_the_fixture() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    for ops in fixture() {
        put(&store, ops);
    }
    drop(store);
    let name =
        format!("{}/tests/compat/journal_v{}.log", env!("CARGO_MANIFEST_DIR"), crate::store::record::VERSION);
    std::fs::copy(&segments(dir.path())[0], name).unwrap();
}
