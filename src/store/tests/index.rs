//! The index is derived: whatever becomes of it, the store goes on and holds the same.

use super::*;

/// Ended jobs 1 to 60, of which 30 is started again; 61 lives and has a checkpoint, 62 is deleted.
fn fill(store: &Store) {
    for id in 1..=60 {
        let state = if id % 3 == 0 { JobState::Failed } else { JobState::Finished };
        put(store, vec![submitted(id), change(id, state)]);
    }
    put(store, vec![submitted(30)]);
    put(store, vec![submitted(61), checkpoint(61, 4, 50), Op::Committed { job: JobId(61), epoch: Epoch(3) }]);
    put(store, vec![submitted(62), change(62, JobState::Canceled)]);
    put(store, vec![Op::Forget { job: JobId(62) }]);
}

/// All that [`fill`] did is there, with what ended since.
fn assert_filled(store: &Store, since: u64) {
    let reader = store.reader();
    for id in 1..=60 {
        let state = if id % 3 == 0 { JobState::Failed } else { JobState::Finished };
        let expected = if id == 30 { JobState::Pending } else { state };
        assert_eq!(state_of(store, id), Some(expected), "job {id}");
        assert_eq!(reader.texts(JobId(id)).unwrap(), Some(texts(id, 20)));
    }
    assert_eq!(state_of(store, 62), None);
    let (found, committed) = reader.checkpoint(JobId(61)).unwrap().unwrap();
    assert_eq!((found.epoch, committed), (Epoch(4), Epoch(3)));
    let counts = reader.counts();
    assert_eq!((counts.failed, counts.finished, counts.canceled), (19, 40 + since, 0));
    let page = reader.ended(&EndedQuery { limit: 1000, ..EndedQuery::default() }).unwrap();
    assert_eq!(page.records.len() as u64, 59 + since);
}

#[test]
fn what_a_reader_finds_wrong_leads_to_another_index_while_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
    fill(&store);
    for round in 1..=2 {
        store.suspect_index("it was said to be wrong");
        // Meanwhile jobs end, one of the old ones is deleted and comes back, another is started again and ends.
        for id in 0..50 {
            let id = round * 1000 + id;
            put(&store, vec![submitted(id)]);
            put(&store, vec![change(id, JobState::Finished)]);
        }
        put(&store, vec![Op::Forget { job: JobId(1) }]);
        put(&store, vec![submitted(1), change(1, JobState::Finished)]);
        put(&store, vec![submitted(2)]);
        put(&store, vec![change(2, JobState::Finished)]);
        until("it is rebuilt", || {
            let status = store.status();
            status.index_rebuilds == round as u64 && status.loading.is_none() && status.index_lag == 0
        });
        assert_eq!(store.status().index_rebuilt.as_deref(), Some("it was said to be wrong"));
        assert_filled(&store, 50 * round as u64);
    }
    store.close().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
    assert_eq!(store.status().index_rebuilds, 0, "the new one was left whole");
    assert_filled(&store, 100);
}

#[test]
fn damage_since_the_start_is_left_to_the_next_start_to_judge() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    fill(&store);
    let first = segments(dir.path()).remove(0);
    let mut bytes = std::fs::read(&first).unwrap();
    // In the text of a job whose only record lies there.
    let at = bytes.windows(10).position(|window| window == b"{\"job\": 2,").unwrap();
    bytes[at + 3] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    store.suspect_index("it was said to be wrong");
    until("it is given up", || store.status().index_failed.is_some());
    let reason = store.status().index_failed.unwrap();
    assert!(reason.contains("damaged since the start") && reason.contains("job 2"), "{reason}");
    let page = store.reader().ended(&EndedQuery { limit: 10, ..EndedQuery::default() });
    assert!(matches!(page, Err(StoreError::Index(_))), "{page:?}");
    assert!(store.close().is_err());
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    assert_eq!(state_of(&store, 2), Some(JobState::Unknowable));
    assert_eq!(state_of(&store, 59), Some(JobState::Finished));
    store.suspect_index("it was said to be wrong");
    until("what is judged keeps no index from being made", || {
        let status = store.status();
        status.index_rebuilds == 1 && status.loading.is_none() && status.index_failed.is_none()
    });
    assert_eq!(state_of(&store, 2), Some(JobState::Unknowable));
}

#[test]
fn whatever_is_wrong_with_its_files_is_found_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = data.join("index/sled");
    let options = folding(Duration::ZERO);
    let Opened { store, .. } = Store::open(&data, &options).unwrap();
    fill(&store);
    store.close().unwrap();
    let old = dir.path().join("old");
    copy(&sled, &old);
    let replaced =
        |bytes: &mut Vec<u8>, at: usize, with: &[u8]| bytes[at..at + with.len()].copy_from_slice(with);
    let harms: [(&str, &dyn Fn()); 6] = [
        ("gone", &|| std::fs::remove_dir_all(&sled).unwrap()),
        ("empty", &|| std::fs::write(sled.join("db"), []).unwrap()),
        ("an older one", &|| {
            std::fs::remove_dir_all(&sled).unwrap();
            copy(&old, &sled);
        }),
        ("cut off", &|| {
            let bytes = std::fs::read(sled.join("db")).unwrap();
            std::fs::write(sled.join("db"), &bytes[..bytes.len() / 3]).unwrap();
        }),
        ("a flipped bit", &|| {
            let mut bytes = std::fs::read(sled.join("db")).unwrap();
            let at = bytes.iter().rposition(|byte| *byte != 0).unwrap() / 2;
            bytes[at] ^= 4;
            std::fs::write(sled.join("db"), bytes).unwrap();
        }),
        ("zeros", &|| {
            let mut bytes = std::fs::read(sled.join("db")).unwrap();
            replaced(&mut bytes, 1000, &[0; 2000]);
            std::fs::write(sled.join("db"), bytes).unwrap();
        }),
    ];
    for (round, (name, harm)) in harms.into_iter().enumerate() {
        harm();
        let Opened { store, .. } = Store::open(&data, &options).unwrap();
        assert_eq!(store.status().index_rebuilds, 1, "{name}");
        assert_filled(&store, round as u64);
        let id = 5000 + round as i64;
        put(&store, vec![submitted(id), change(id, JobState::Finished)]);
        store.close().unwrap();
    }
}

#[test]
fn while_the_history_is_loading_jobs_are_taken_and_single_ones_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let options = folding(Duration::ZERO);
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill(&store);
    // Not closed: the next start loads the index.
    drop(store);
    let progress = Progress::default();
    let Opened { store, recovered } = Store::begin(dir.path(), &options, &progress).unwrap();
    assert_eq!(recovered.live.len(), 2, "30 and 61");
    put(&store, vec![submitted(70)]);
    put(&store, vec![change(70, JobState::Finished)]);
    put(&store, vec![Op::Forget { job: JobId(3) }]);
    assert_eq!(state_of(&store, 59), Some(JobState::Finished));
    assert_eq!(state_of(&store, 3), None);
    let page = store.reader().ended(&EndedQuery { limit: 1000, ..EndedQuery::default() });
    match page {
        Err(StoreError::Loading(_)) => {}
        // It was quick.
        Ok(page) => assert_eq!(page.records.len(), 59),
        Err(error) => panic!("{error}"),
    }
    until("the history is there", || progress.read().is_none());
    let page = store.reader().ended(&EndedQuery { limit: 1000, ..EndedQuery::default() }).unwrap();
    assert_eq!(page.records.len(), 59);
    until("the rest is applied", || store.status().index_lag == 0);
    assert_eq!(store.reader().counts().total(), 59);
}
