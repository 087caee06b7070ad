//! The life of a store without accidents.

use super::*;
use std::sync::{Arc, Mutex};

#[test]
fn what_was_answered_is_there_after_every_kind_of_restart() {
    let dir = tempfile::tempdir().unwrap();
    let timeline;
    {
        let Opened { store, recovered } = open(dir.path());
        assert_eq!(recovered, Recovered::default());
        timeline = store.timeline();
        put(&store, vec![submitted(1), submitted(2)]);
        put(&store, vec![change(1, JobState::Running), checkpoint(1, 1, 50)]);
        put(&store, vec![Op::Committed { job: JobId(1), epoch: Epoch(1) }]);
        put(&store, vec![change(2, JobState::Finished)]);
        put(&store, vec![Op::Tags(vec![("zone".into(), "a".into())]), Op::IdFloor(77)]);
        store.close().unwrap();
    }
    for restart in ["clean", "unclean", "index deleted", "index damaged"] {
        let Opened { store, recovered } = open(dir.path());
        assert_eq!(recovered.held, None, "{restart}");
        assert_eq!(recovered.notes, Vec::<String>::new(), "{restart}");
        assert_eq!(recovered.tags, [("zone".to_owned(), "a".to_owned())], "{restart}");
        assert_eq!(recovered.id_floor, 77, "{restart}");
        assert_eq!(store.timeline(), timeline, "{restart}");
        let [live] = recovered.live.as_slice() else { panic!("{restart}: {:?}", recovered.live) };
        assert_eq!(live.record, record(1, JobState::Running), "{restart}");
        assert_eq!(live.texts, texts(1, 20), "{restart}");
        assert_eq!(live.checkpoint.as_ref().unwrap().state, [1; 50], "{restart}");
        assert_eq!(live.committed, Epoch(1), "{restart}");
        assert_eq!(state_of(&store, 2), Some(JobState::Finished), "{restart}");
        assert_eq!(store.reader().texts(JobId(2)).unwrap(), Some(texts(2, 20)), "{restart}");
        assert_eq!(store.reader().counts(), EndedCounts { finished: 1, ..EndedCounts::default() });
        assert_eq!(state_of(&store, 3), None);
        match restart {
            "clean" => drop(store),
            "unclean" => {
                store.close().unwrap();
                std::fs::remove_dir_all(dir.path().join("index")).unwrap();
            }
            "index deleted" => {
                store.close().unwrap();
                let db = dir.path().join("index/sled/db");
                std::fs::write(&db, b"no database").unwrap();
            }
            _ => store.close().unwrap(),
        }
    }
}

#[test]
fn a_clean_stop_lets_the_index_be_used_as_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(2)]);
    put(&store, vec![submitted(1), change(1, JobState::Finished)]);
    store.close().unwrap();
    // Were the journal read again, this would be found.
    let first = segments(dir.path()).remove(0);
    let bytes = std::fs::read(&first).unwrap();
    let (length, changed) = (bytes.len(), std::fs::metadata(&first).unwrap().modified().unwrap());
    let mut damaged = bytes;
    damaged[length - 200] ^= 1;
    std::fs::write(&first, damaged).unwrap();
    std::fs::File::options().write(true).open(&first).unwrap().set_modified(changed).unwrap();
    let marker = dir.path().join("index/clean");
    assert!(marker.exists());
    let recovered = Store::open(dir.path(), &options()).unwrap();
    assert!(!marker.exists(), "the marker goes before sled opens");
    assert_eq!(recovered.recovered.notes, Vec::<String>::new());
    assert_eq!(recovered.store.reader().counts().finished, 1);
    assert_eq!(
        state_of(&recovered.store, 1),
        Some(JobState::Unknowable),
        "bytes are checked when they are read"
    );
}

#[test]
fn a_second_process_is_refused_with_the_directory_named() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    let error = Store::open(dir.path(), &options()).unwrap_err();
    assert_eq!(error, StoreError::Locked { dir: dir.path().to_owned() });
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    drop(store);
    open(dir.path());
}

#[test]
fn answers_come_in_order_and_after_readers_can_see() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (tell, told) = mpsc::channel();
    for id in 1..=1500 {
        let (seen, reader, tell) = (Arc::clone(&seen), store.reader(), tell.clone());
        let answer = move |sequence: Result<u64, StoreError>| {
            assert!(reader.record(JobId(id)).unwrap().is_some());
            seen.lock().unwrap().push(sequence.unwrap());
            if id == 1500 {
                tell.send(()).unwrap();
            }
        };
        store.append(vec![submitted(id)], Box::new(answer));
    }
    told.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(*seen.lock().unwrap(), (1..=1500).collect::<Vec<u64>>());
}

#[test]
fn a_callback_that_panics_harms_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    store.append(vec![submitted(1)], Box::new(|_| panic!("on purpose")));
    put(&store, vec![submitted(2)]);
    assert_eq!(state_of(&store, 1), Some(JobState::Pending));
}

#[test]
fn full_segments_are_followed_by_new_ones() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    for id in 1..=60 {
        put(&store, vec![submitted(id), checkpoint(id, 1, 500)]);
        put(&store, vec![change(id, JobState::Finished)]);
    }
    put(&store, vec![submitted(99), checkpoint(99, 1, 100_000)]);
    let status = store.status();
    assert!(status.segments > 10, "{status:?}");
    assert_eq!(status.segments, segments(dir.path()).len() as u64);
    let on_disk: u64 = segments(dir.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    until("the seal is counted", || store.status().bytes >= on_disk);
    drop(store);
    let Opened { store, recovered } = Store::open(dir.path(), &tiny_segments()).unwrap();
    assert_eq!(recovered.notes, Vec::<String>::new());
    assert_eq!(recovered.live.len(), 1);
    assert_eq!(recovered.live[0].checkpoint.as_ref().unwrap().state.len(), 100_000);
    assert_eq!(store.reader().counts().finished, 60);
    assert_eq!(store.reader().checkpoint_ids().unwrap().len(), 61);
}

#[test]
fn checkpoints_follow_their_ops() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { mut store, .. } = open(dir.path());
    for round in 0..2 {
        let reader = store.reader();
        let id = 10 + round;
        put(&store, vec![submitted(id), checkpoint(id, 1, 10)]);
        put(&store, vec![checkpoint(id, 2, 10), Op::Committed { job: JobId(id), epoch: Epoch(1) }]);
        if round == 1 {
            until("everything is applied", || store.status().index_lag == 0);
        }
        let (found, committed) = reader.checkpoint(JobId(id)).unwrap().unwrap();
        assert_eq!((found.epoch, committed), (Epoch(2), Epoch(1)));
        put(&store, vec![Op::Committed { job: JobId(id), epoch: Epoch(2) }]);
        assert_eq!(reader.checkpoint(JobId(id)).unwrap().unwrap().1, Epoch(2));
        put(&store, vec![change(id, JobState::SavepointDone)]);
        assert!(reader.checkpoint_ids().unwrap().contains(&JobId(id)), "kept for a resume");
        put(&store, vec![Op::DropCheckpoint { job: JobId(id) }]);
        assert_eq!(reader.checkpoint(JobId(id)).unwrap(), None);
        assert!(!reader.checkpoint_ids().unwrap().contains(&JobId(id)));
        store.close().unwrap();
        store = open(dir.path()).store;
    }
    assert_eq!(store.reader().checkpoint_ids().unwrap(), []);
}

#[test]
fn a_job_started_again_under_its_id_leaves_the_list_of_ended_ones() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1), change(1, JobState::Failed)]);
    until("it is applied", || store.status().index_lag == 0);
    put(&store, vec![submitted(1)]);
    let all = EndedQuery { limit: 10, ..EndedQuery::default() };
    assert_eq!(store.reader().ended(&all).unwrap().records, []);
    until("it is applied", || store.status().index_lag == 0);
    assert_eq!(store.reader().counts(), EndedCounts::default());
    assert_eq!(store.reader().ended(&all).unwrap().records, []);
    put(&store, vec![change(1, JobState::Finished)]);
    for _ in 0..2 {
        assert_eq!(store.reader().ended(&all).unwrap().records, [record(1, JobState::Finished)]);
        assert_eq!(store.reader().counts(), EndedCounts { finished: 1, ..EndedCounts::default() });
        until("it is applied", || store.status().index_lag == 0);
    }
}

#[test]
fn large_records_and_texts_come_from_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    let mut large = record(1, JobState::Finished);
    large.waiting = Some("w".repeat(20_000));
    let op = Op::Submitted { record: Box::new(large.clone()), texts: Box::new(texts(1, 200_000)) };
    put(&store, vec![op]);
    for _ in 0..2 {
        assert_eq!(store.reader().record(JobId(1)).unwrap(), Some(large.clone()));
        assert_eq!(store.reader().texts(JobId(1)).unwrap(), Some(texts(1, 200_000)));
        until("it is applied", || store.status().index_lag == 0);
    }
    assert!(store.status().bytes < 100_000, "texts are compressed: {:?}", store.status());
}

#[test]
fn ended_jobs_are_paged_in_both_orders_whether_applied_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    let states = [JobState::Finished, JobState::Failed, JobState::Canceled, JobState::SavepointDone];
    for id in 1..=40 {
        put(&store, vec![submitted(id), change(id, states[id as usize % 4])]);
        if id == 20 {
            until("the first half is applied", || store.status().index_lag == 0);
        }
    }
    put(&store, vec![submitted(41)]);
    for _ in 0..2 {
        for newest_first in [false, true] {
            for state in [None, Some(JobState::Failed), Some(JobState::Running)] {
                let of_state = |id: &i64| match state {
                    None => true,
                    Some(only) => states[*id as usize % 4] == only,
                };
                let mut expected: Vec<i64> = (1..=40).filter(of_state).collect();
                if newest_first {
                    expected.reverse();
                }
                let mut query = EndedQuery { state, newest_first, limit: 7, ..EndedQuery::default() };
                let mut found = Vec::new();
                loop {
                    let page = store.reader().ended(&query).unwrap();
                    found.extend(page.records.iter().map(|record| record.id.0));
                    query.after = page.next;
                    if page.next.is_none() {
                        break;
                    }
                }
                assert_eq!(found, expected, "{state:?} {newest_first}");
                let skipping = EndedQuery { state, newest_first, skip: 9, limit: 5, after: None };
                let page = store.reader().ended(&skipping).unwrap();
                let page: Vec<i64> = page.records.iter().map(|record| record.id.0).collect();
                assert_eq!(page, expected.iter().copied().skip(9).take(5).collect::<Vec<_>>());
            }
        }
        until("the rest is applied", || store.status().index_lag == 0);
    }
}

#[test]
fn the_journal_says_no_for_good_after_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    let reader = store.reader();
    put(&store, vec![submitted(1)]);
    store.close().unwrap();
    assert_eq!(reader.record(JobId(1)), Err(StoreError::Closed));
    let again = open(dir.path());
    assert_eq!(again.recovered.live.len(), 1, "the lock was given back with the store, not with the readers");
}

#[test]
fn a_half_written_start_or_rotation_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1)]);
    drop(store);
    // What crashes during a start or a rotation leave behind.
    let last = segments(dir.path()).pop().unwrap();
    let bytes = std::fs::read(&last).unwrap();
    std::fs::write(dir.path().join("journal/00000000000000000009.tmp"), &bytes).unwrap();
    std::fs::write(dir.path().join("journal/00000000000000000008.log"), &bytes[..100]).unwrap();
    let Opened { store, recovered } = open(dir.path());
    assert_eq!(recovered.live.len(), 1);
    assert_eq!(recovered.held, None);
    assert!(recovered.notes[0].contains("00000000000000000008.log is set aside"), "{:?}", recovered.notes);
    assert!(!dir.path().join("journal/00000000000000000009.tmp").exists());
    assert!(dir.path().join("aside/00000000000000000008.log").exists());
    assert!(segments(dir.path()).last().unwrap().ends_with("00000000000000000009.log"), "no number twice");
    drop(store);
    let again = open(dir.path());
    assert_eq!((again.recovered.live.len(), again.recovered.notes.len()), (1, 0));
}

#[test]
fn ids_of_callers_may_be_any_positive_number() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    for id in [i64::MAX, 1, 4_000_000_000] {
        put(&store, vec![submitted(id), change(id, JobState::Finished)]);
    }
    until("it is applied", || store.status().index_lag == 0);
    let all = EndedQuery { limit: 10, ..EndedQuery::default() };
    // `1000 + id` wraps nowhere but at the largest id, which test data leaves out of the order.
    assert_eq!(store.reader().ended(&all).unwrap().records.len(), 3);
}

#[test]
fn a_snapshot_that_sled_left_half_written_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1), change(1, JobState::Finished)]);
    store.close().unwrap();
    let torn = dir.path().join("index/sled/snap.00000000000FFFFF.generating");
    std::fs::write(&torn, b"torn").unwrap();
    assert_eq!(state_of(&open(dir.path()).store, 1), Some(JobState::Finished));
    assert!(!torn.exists());
}

#[test]
fn an_empty_store_leaves_sled_alone_until_the_first_change() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let Opened { store, .. } = open(dir.path());
        let page = store.reader().ended(&EndedQuery { limit: 9, ..EndedQuery::default() }).unwrap();
        assert_eq!((page, store.reader().counts()), (EndedPage::default(), EndedCounts::default()));
        assert_eq!(state_of(&store, 1), None);
        store.close().unwrap();
        assert!(!dir.path().join("index/sled").exists());
    }
    put(&open(dir.path()).store, vec![submitted(1)]);
    assert!(dir.path().join("index/sled").exists());
}

#[test]
fn a_checkpoint_behind_a_dropped_one_has_no_committed_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1), checkpoint(1, 1, 9), Op::Committed { job: JobId(1), epoch: Epoch(1) }]);
    until("it is in the index", || store.status().index_lag == 0);
    put(&store, vec![Op::DropCheckpoint { job: JobId(1) }, checkpoint(1, 2, 9)]);
    let committed = |store: &Store| store.reader().checkpoint(JobId(1)).unwrap().unwrap().1;
    assert_eq!(committed(&store), Epoch(0));
    until("it is in the index", || store.status().index_lag == 0);
    assert_eq!(committed(&store), Epoch(0));
    store.close().unwrap();
    assert_eq!(committed(&open(dir.path()).store), Epoch(0));
}
