//! The older events of a job lie beside its record, wherever that goes.

use super::*;

/// A record with so many events.
fn with_events(id: i64, state: JobState, count: u64) -> Box<JobRecord> {
    let mut record = record(id, state);
    record.events.clear();
    (0..count).for_each(|number| record.note(number as i64, EventKind::Noted, format!("line {number}")));
    Box::new(record)
}

fn numbers(record: &JobRecord) -> Vec<u64> {
    record.events.iter().map(|event| event.seq).collect()
}

fn all(store: &Store, id: i64) -> Vec<u64> {
    numbers(&store.reader().whole_record(JobId(id)).unwrap().unwrap())
}

#[test]
fn lists_read_the_newest_and_nothing_is_lost_on_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
    let submitted = |id: i64, count: u64| Op::Submitted {
        record: with_events(id, JobState::Finished, count),
        texts: Box::new(texts(id, 5000)),
    };
    put(&store, vec![submitted(1, 1000), submitted(2, 64), submitted(3, 65)]);
    let live =
        Op::Submitted { record: with_events(4, JobState::Running, 200), texts: Box::new(texts(4, 20)) };
    put(&store, vec![live, checkpoint(4, 1, 30)]);
    put(&store, vec![submitted(5, 300)]);
    put(&store, vec![Op::Record(with_events(5, JobState::Finished, 10))]);
    let wanted = [(1, 1000), (2, 64), (3, 65), (4, 200), (5, 10)];
    let assert_all = |store: &Store, when: &str| {
        for (id, count) in wanted {
            assert_eq!(all(store, id), (1..=count).collect::<Vec<u64>>(), "job {id} {when}");
        }
        assert_eq!(store.reader().texts(JobId(1)).unwrap(), Some(texts(1, 5000)));
        assert!(store.reader().checkpoint(JobId(4)).unwrap().is_some());
    };
    assert_all(&store, "in the journal");
    let from = segments(dir.path()).len();
    for id in 100..=200 {
        put(&store, vec![submitted(id, 2), change(id, JobState::Finished)]);
    }
    until("it is folded", || segments(dir.path()).len() <= from + 1 && store.status().archive_files > 0);
    until("the index knows it", || store.status().index_lag == 0);
    assert_all(&store, "in the archive");
    let page = store.reader().ended(&EndedQuery { limit: 1, ..EndedQuery::default() }).unwrap();
    assert_eq!(numbers(&page.records[0]).len(), 64, "what lists read is bounded");
    drop(store);
    let Opened { store, recovered } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
    assert_all(&store, "after a start");
    assert_eq!(recovered.live.len(), 1);
    assert_eq!(numbers(&recovered.live[0].record).len(), 200, "a live job goes on with all");
}

#[test]
fn an_export_holds_them_and_an_import_too() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    let store = open(&from).store;
    let record = with_events(1, JobState::Finished, 500);
    put(&store, vec![Op::Submitted { record, texts: Box::new(texts(1, 20)) }]);
    drop(store);
    let mut lines = Vec::new();
    crate::store::export(&from, &mut lines, Path::new("out")).unwrap();
    crate::store::import(&mut lines.as_slice(), "out", &to).unwrap();
    assert_eq!(all(&open(&to).store, 1), (1..=500).collect::<Vec<u64>>());
}
