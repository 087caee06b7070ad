//! Bytes that earlier versions stored must still load. A new version of records adds a fixture and keeps the old ones.

use super::*;
use crate::model::TextFormat;
use std::path::PathBuf;

const VERSION_1: &[u8] = include_bytes!("../../../tests/compat/journal_v1.log");
const VERSION_2: &[u8] = include_bytes!("../../../tests/compat/journal_v2.log");

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

/// What [`fixture`] left, whatever file it lies in.
fn assert_fixture(Opened { store, recovered }: &Opened) {
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
    assert_eq!(recovered.notes, Vec::<String>::new());
    assert!(recovered.held.is_some(), "a fixture is a copy of the directory that it was made in");
}

/// What version 2 knows beyond version 1: older events beside the record, kinds, and the key of a submission.
fn new_in_2() -> Box<JobRecord> {
    let mut record = record(43, JobState::Canceled);
    record.origin = Origin::Rerun;
    record.key = Some(SubmitKey { key: [7; 16], request: [9; 16] });
    let kinds = [EventKind::Submitted, EventKind::Checkpoint, EventKind::Ended];
    (0..100)
        .for_each(|number| record.note(700 + number, kinds[number as usize % 3], format!("line {number}")));
    Box::new(record)
}

#[test]
fn version_2_loads() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("journal")).unwrap();
    std::fs::write(dir.path().join("journal/00000000000000000001.log"), VERSION_2).unwrap();
    let opened = open(dir.path());
    assert_fixture(&opened);
    assert_eq!(opened.store.reader().whole_record(JobId(43)).unwrap(), Some(*new_in_2()));
}

#[test]
fn version_2_loads_from_the_archive() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("data");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/archive_v2"), &dir);
    let opened = open(&dir);
    assert_fixture(&opened);
    assert_eq!(opened.store.reader().whole_record(JobId(43)).unwrap(), Some(*new_in_2()));
}

#[test]
fn kinds_of_events_keep_their_numbers() {
    let kinds = [
        EventKind::Noted,
        EventKind::Submitted,
        EventKind::Started,
        EventKind::Restarted,
        EventKind::Running,
        EventKind::Checkpoint,
        EventKind::CheckpointFailed,
        EventKind::StopAsked,
        EventKind::SavepointAsked,
        EventKind::SavepointFailed,
        EventKind::AttemptFailed,
        EventKind::Interrupted,
        EventKind::Restored,
        EventKind::Resumed,
        EventKind::RowsMayRepeat,
        EventKind::Ended,
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let bytes = bincode::serde::encode_to_vec(kind, bincode::config::standard()).unwrap();
        assert_eq!(bytes, [number as u8], "{kind:?}");
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn version_1_loads() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("journal")).unwrap();
    std::fs::write(dir.path().join("journal/00000000000000000001.log"), VERSION_1).unwrap();
    assert_fixture(&open(dir.path()));
}

/// Where the data directory of version 1 with an archive lies.
fn archived_1() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/archive_v1")
}

#[test]
fn version_1_loads_from_the_archive() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("data");
    copy(&archived_1(), &dir);
    let opened = open(&dir);
    assert_fixture(&opened);
    let first = segments(&archived_1()).remove(0);
    assert!(!first.ends_with("00000000000000000001.log"), "the first jobs lie in the archive only");
    for id in 1..=30 {
        assert_eq!(state_of(&opened.store, id), Some(JobState::Finished).filter(|_| id != 7), "job {id}");
    }
    assert_eq!(opened.store.reader().texts(JobId(1)).unwrap(), Some(texts(1, 20)));
}

#[test]
#[ignore = "writes the fixtures; run it once for each new version of records, and commit the files"]
fn write_the_fixtures() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    for ops in fixture() {
        put(&store, ops);
    }
    put(&store, vec![Op::Submitted { record: new_in_2(), texts: Box::new(texts(43, 20)) }]);
    drop(store);
    let compat = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat");
    let version = crate::store::record::VERSION;
    let archived = compat.join(format!("archive_v{version}"));
    if archived.exists() {
        // What was written by an earlier build is the proof that it still loads.
        return;
    }
    std::fs::copy(&segments(dir.path())[0], compat.join(format!("journal_v{version}.log"))).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
    for ops in fixture() {
        put(&store, ops);
    }
    put(&store, vec![Op::Submitted { record: new_in_2(), texts: Box::new(texts(43, 20)) }]);
    for id in 1..=30 {
        put(&store, vec![submitted(id)]);
        put(&store, vec![change(id, JobState::Finished)]);
    }
    put(&store, vec![Op::Forget { job: JobId(7) }]);
    // Until all of that lies in the archive.
    for id in 100..=130 {
        put(&store, vec![submitted(id), change(id, JobState::Finished)]);
    }
    until("it is folded", || segments(dir.path()).len() <= 2 && store.status().index_lag == 0);
    drop(store);
    for name in ["journal", "archive"] {
        copy(&dir.path().join(name), &archived.join(name));
    }
}

/// A format that is added goes to the end: those that are stored keep their numbers.
#[test]
fn formats_keep_their_numbers() {
    for (number, format) in [TextFormat::Json, TextFormat::Hocon, TextFormat::Sql].into_iter().enumerate() {
        let bytes = bincode::serde::encode_to_vec(format, bincode::config::standard()).unwrap();
        assert_eq!(bytes, [number as u8], "{format:?}");
    }
}
