//! Looking at copies, backups, exports and imports.

use super::*;
use crate::store::backup::{BackupState, create, list, restore};
use crate::store::inspect::Inspection;
use crate::store::journal::{SegmentHeader, items, settle};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Every file below a directory, with its bytes and the time of its last change.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let files = walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let read = |path: PathBuf| {
        let changed = std::fs::metadata(&path).unwrap().modified().unwrap();
        (path.clone(), (std::fs::read(path).unwrap(), changed))
    };
    files.map(|entry| read(entry.into_path())).collect()
}

/// Jobs 1 to `ended` that have ended, each with a checkpoint, and `live` more that have not.
fn filled(dir: &Path, ended: i64, live: i64) {
    let Opened { store, .. } = Store::open(dir, &tiny_segments()).unwrap();
    for id in 1..=ended {
        put(
            &store,
            vec![submitted(id), checkpoint(id, 1, 300), Op::Committed { job: JobId(id), epoch: Epoch(1) }],
        );
        put(&store, vec![change(id, JobState::Finished)]);
    }
    for id in ended + 1..=ended + live {
        put(&store, vec![submitted(id)]);
        put(&store, vec![change(id, JobState::Running), checkpoint(id, 2, 40)]);
    }
    put(&store, vec![Op::Tags(vec![("zone".into(), "a".into())]), Op::IdFloor(77)]);
    store.close().unwrap();
}

fn unusable<T: std::fmt::Debug>(result: Result<T, BackupError>) -> String {
    match result {
        Err(BackupError::Unusable(message)) => message,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_look_sees_what_a_start_sees_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 30, 3);
    let place = tempfile::tempdir().unwrap();
    copy(dir.path(), place.path());
    let before = snapshot(place.path());
    let seen = inspect(place.path()).unwrap();
    assert_eq!(snapshot(place.path()), before);
    assert!(seen.is_sound(), "{seen:?}");
    assert_eq!((seen.ended.finished, seen.ended.total(), seen.live, seen.jobs()), (30, 30, 3, 33));
    assert!(seen.held.as_ref().is_some_and(|why| why.contains("copy")), "{seen:?}");
    assert_eq!(seen.last_change_at, Some(600), "the checkpoints' time is the newest");
    assert!(seen.segments > 3);
    let original = inspect(dir.path()).unwrap();
    assert_eq!((original.jobs(), original.held, original.store), (33, None, seen.store));
    let Opened { store, recovered } = Store::open(place.path(), &options()).unwrap();
    assert_eq!((store.reader().counts(), recovered.live.len()), (seen.ended, 3));
}

#[test]
fn jobs_come_whole_and_in_order_however_few_fit_into_memory() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    // Ids in no order, with their changes far apart.
    let ids: Vec<i64> = (0..100).map(|n| n * 37 % 101 + 1).collect();
    for id in &ids {
        put(&store, vec![submitted(*id)]);
    }
    for id in ids.iter().rev() {
        put(&store, vec![checkpoint(*id, 5, 200), change(*id, JobState::Running)]);
    }
    for id in ids.iter().filter(|id| **id % 3 == 0) {
        put(&store, vec![change(*id, JobState::Failed), Op::DropCheckpoint { job: JobId(*id) }]);
    }
    for at_once in [2, 7, 100, 1000] {
        let inspection = Inspection::begin_with(dir.path(), at_once).unwrap();
        let mut found = Vec::new();
        inspection
            .walk(|job| {
                let record = job.record()?;
                assert_eq!(Some(&record), store.reader().record(job.job)?.as_ref());
                assert_eq!(job.texts()?, store.reader().texts(job.job)?);
                assert_eq!(job.checkpoint()?, store.reader().checkpoint(job.job)?.map(|(newest, _)| newest));
                if found.is_empty() {
                    // What comes during the look stays out of it.
                    put(&store, vec![submitted(100_000 + at_once as i64), change(5, JobState::Running)]);
                }
                found.push(job.job.0);
                Ok::<(), StoreError>(())
            })
            .unwrap();
        let mut expected = ids.clone();
        expected.extend([2, 7, 100, 1000].iter().filter(|n| **n < at_once).map(|n| 100_000 + *n as i64));
        expected.sort_unstable();
        assert_eq!(found, expected, "{at_once} at once");
    }
}

#[test]
fn any_flipped_byte_is_named_with_the_jobs_that_it_costs() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(11)]);
    put(&store, vec![submitted(22), change(22, JobState::Finished)]);
    put(&store, vec![change(11, JobState::Running), checkpoint(11, 1, 9)]);
    put(&store, vec![submitted(33)]);
    store.close().unwrap();
    let length = std::fs::metadata(&segments(dir.path())[0]).unwrap().len() as usize;
    let (mut costly, mut mended) = (0, 0);
    for at in (8192..length).step_by(13).chain([0, 40, 4096, 4140]) {
        let place = tempfile::tempdir().unwrap();
        copy(dir.path(), place.path());
        let file = segments(place.path()).remove(0);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[at] ^= 0x40;
        std::fs::write(&file, bytes).unwrap();
        let before = snapshot(place.path());
        let seen = inspect(place.path()).unwrap();
        assert_eq!(snapshot(place.path()), before, "byte {at}");
        // The seal at the end vouches for all before it; it is itself vouched for by nothing.
        let is_seal = at >= length - 36;
        assert!(is_seal || !seen.is_sound(), "byte {at}: {seen:?}");
        let Opened { store, .. } = open(place.path());
        let unknowable: Vec<i64> = [11, 22, 33]
            .into_iter()
            .filter(|id| state_of(&store, *id) == Some(JobState::Unknowable))
            .collect();
        let lost: Vec<i64> = seen.lost.iter().map(|(job, _)| job.0).collect();
        assert_eq!(lost, unknowable, "byte {at}: as a start does");
        assert_eq!(seen.ended.unknowable, lost.len() as u64);
        for job in &lost {
            costly += 1;
            assert!(
                seen.damage.iter().any(|finding| finding.jobs.contains(&JobId(*job))),
                "byte {at}: {seen:?}"
            );
        }
        // A seal names no job.
        let named = seen.damage.iter().any(|finding| !finding.jobs.is_empty());
        mended += u32::from(lost.is_empty() && named);
    }
    assert!(costly > 20 && mended > 5, "{costly} flips cost a job, {mended} none");
}

/// A start can't tell it from a write that was never finished; a look says what it may be.
#[test]
fn a_damaged_end_is_no_torn_one() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1)]);
    put(&store, vec![submitted(2)]);
    put(&store, vec![submitted(3)]);
    drop(store);
    let file = segments(dir.path()).remove(0);
    let bytes = std::fs::read(&file).unwrap();
    let header = SegmentHeader::decode(&bytes, "").unwrap().unwrap();
    let frames = settle(&header, &items(&bytes, header.salt), None).accepted;
    let span = |index: usize| {
        let start = frames[index].offset as usize;
        (start, start + frames[index].header.frame_length())
    };
    let (last, end) = span(2);
    for length in last + 1..end {
        std::fs::write(&file, &bytes[..length]).unwrap();
        let seen = inspect(dir.path()).unwrap();
        assert!(seen.is_sound(), "cut at {length}: {seen:?}");
        assert_eq!((seen.live, seen.notes.len()), (2, 1), "cut at {length}");
    }
    let mut flipped = bytes[..end].to_vec();
    flipped[end - 5] ^= 1;
    std::fs::write(&file, &flipped).unwrap();
    let seen = inspect(dir.path()).unwrap();
    assert_eq!((seen.live, seen.damage.len()), (2, 1), "{seen:?}");
    assert_eq!(seen.damage[0].jobs, [JobId(3)]);
    // Without the last frame, that of job 2 has nothing sound behind it either.
    let (_, end) = span(1);
    let mut flipped = bytes[..last].to_vec();
    flipped[end - 5] ^= 1;
    std::fs::write(&file, &flipped).unwrap();
    assert_eq!(inspect(dir.path()).unwrap().damage[0].jobs, [JobId(2)]);
}

#[test]
fn a_copy_without_one_of_its_segments_says_what_it_can_not_use() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 40, 1);
    let place = tempfile::tempdir().unwrap();
    copy(dir.path(), place.path());
    let all = segments(place.path());
    std::fs::remove_file(&all[all.len() / 2]).unwrap();
    let seen = inspect(place.path()).unwrap();
    assert!(!seen.is_sound());
    assert!(seen.jobs() < 41 && seen.jobs() > 0, "{seen:?}");
    let named: Vec<JobId> = seen.damage.iter().flat_map(|finding| finding.jobs.clone()).collect();
    assert!(named.contains(&JobId(41)), "{seen:?}");
    // Without its header nothing of a segment can be read, and nothing names it: the last one.
    copy(dir.path(), place.path());
    let last = segments(place.path()).pop().unwrap();
    let mut bytes = std::fs::read(&last).unwrap();
    bytes[..8192].fill(7);
    std::fs::write(&last, bytes).unwrap();
    let seen = inspect(place.path()).unwrap();
    assert!(seen.damage.iter().any(|finding| finding.what.contains("header is damaged")), "{seen:?}");
}

#[test]
fn what_is_no_data_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert!(unusable(inspect(&missing)).ends_with("does not exist"));
    assert!(unusable(inspect(dir.path())).contains("is not a data directory"));
    assert!(unusable(create(dir.path(), &missing)).contains("is not a data directory"));
    assert!(unusable(restore(dir.path(), &missing)).contains("is not a data directory"));
    assert!(unusable(list(&missing)).contains("there is no such directory"));
    assert!(!missing.exists());
    std::fs::create_dir(dir.path().join("journal")).unwrap();
    let seen = inspect(dir.path()).unwrap();
    assert_eq!((seen.is_sound(), seen.damage[0].what.as_str()), (false, "it holds no segment"));
}

#[test]
fn backups_under_load_hold_what_was_acknowledged() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    let store = Arc::new(store);
    let (acknowledged, stop) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let writer = {
        let (store, acknowledged, stop) = (Arc::clone(&store), Arc::clone(&acknowledged), Arc::clone(&stop));
        let write = move || {
            for id in (1..).take_while(|_| !stop.load(Ordering::Relaxed)) {
                put(&store, vec![submitted(id), checkpoint(id, 1, 300)]);
                put(&store, vec![change(id, JobState::Finished)]);
                acknowledged.store(id, Ordering::Release);
            }
        };
        crate::runtime::thread("writer", write).unwrap()
    };
    let mut made = Vec::new();
    for _ in 0..3 {
        let before = acknowledged.load(Ordering::Acquire);
        until("the writer went on", || acknowledged.load(Ordering::Acquire) > before + 40);
        let before = acknowledged.load(Ordering::Acquire);
        made.push((before, create(dir.path(), to.path()).unwrap()));
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let listed = list(to.path()).unwrap();
    assert_eq!(listed.len(), 3);
    for ((before, made), listed) in made.iter().zip(&listed) {
        assert_eq!(listed, &made.backup, "a list tells what the making told");
        assert_eq!(made.backup.state, BackupState::Complete);
        let has = |name: &str| made.backup.path.join(name).exists();
        assert!(!has("LOCK") && !has("index") && has("identity"));
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("data");
        let seen = restore(&made.backup.path, &target).unwrap();
        assert_eq!((seen.jobs(), seen.is_sound()), (made.seen.jobs(), true));
        assert!(!target.join("backup.json").exists() && !target.join("restore.partial").exists());
        let Opened { store, recovered } = Store::open(&target, &tiny_segments()).unwrap();
        assert!(recovered.held.is_some());
        assert_eq!(recovered.notes, Vec::<String>::new());
        for id in 1..=*before {
            assert_eq!(state_of(&store, id), Some(JobState::Finished), "job {id} of {before}");
        }
    }
    // A note about a journal that has changed since does not count.
    let first = &made[0].1.backup.path;
    std::fs::remove_file(&segments(first)[0]).unwrap();
    std::fs::create_dir(to.path().join("seikan-20200101T000000Z.partial")).unwrap();
    let states: Vec<_> = list(to.path()).unwrap().into_iter().map(|backup| backup.state).collect();
    assert_eq!(
        states,
        [BackupState::Partial, BackupState::Damaged, BackupState::Complete, BackupState::Complete]
    );
    assert!(
        unusable(restore(&to.path().join("seikan-20200101T000000Z.partial"), &to.path().join("x")))
            .contains("partial")
    );
}

#[test]
fn a_place_inside_the_data_directory_and_a_target_in_use_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    filled(&data, 2, 1);
    let before = snapshot(&data);
    assert!(unusable(create(&data, &data.join("logs/backups"))).contains("inside the data directory"));
    assert!(unusable(create(&data, &data)).contains("is the data directory itself"));
    let used = dir.path().join("used");
    std::fs::create_dir(&used).unwrap();
    std::fs::write(used.join("mine"), "x").unwrap();
    assert!(unusable(restore(&data, &used)).contains("is not empty (it holds mine)"));
    assert_eq!(std::fs::read_dir(&used).unwrap().count(), 1);
    assert!(unusable(restore(&data, &used.join("mine"))).contains("is no directory"));
    assert_eq!(snapshot(&data), before);
    // An empty one is fine, with what a fresh file system holds.
    std::fs::remove_file(used.join("mine")).unwrap();
    std::fs::create_dir(used.join("lost+found")).unwrap();
    assert_eq!(restore(&data, &used).unwrap().jobs(), 3);
}

/// The lines of an export of `dir`.
fn exported(dir: &Path) -> Vec<String> {
    let mut bytes = Vec::new();
    export(dir, &mut bytes, Path::new("memory")).unwrap();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn an_import_is_what_was_exported() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 20, 3);
    let lines = exported(dir.path());
    assert_eq!(lines.len(), 25);
    let target = dir.path().join("imported");
    let text = lines.join("\n");
    let imported = import(&mut text.as_bytes(), "memory", &target).unwrap();
    assert_eq!(imported, Imported { jobs: 23, live: 3 });
    let again = exported(&target);
    assert_eq!(again[1..], lines[1..], "all but the first line, which tells the time and the store");
    assert_ne!(again[0], lines[0]);
    let before = open(dir.path());
    let Opened { store, recovered } = open(&target);
    assert_eq!(recovered.live, before.recovered.live);
    assert_eq!((&recovered.tags, recovered.id_floor), (&before.recovered.tags, 77));
    assert!(recovered.held.is_some(), "like a copy");
    let all = EndedQuery { limit: usize::MAX, ..EndedQuery::default() };
    assert_eq!(store.reader().ended(&all).unwrap(), before.store.reader().ended(&all).unwrap());
    assert_eq!(store.reader().texts(JobId(7)).unwrap(), Some(texts(7, 20)));
    put(&store, vec![Op::Resumed]);
    drop(store);
    assert_eq!(open(&target).recovered.held, None);
}

/// Much is folded into the archive at once, so that the first start is as quick as any.
#[test]
fn a_large_import_is_folded_before_its_first_start() {
    let dir = tempfile::tempdir().unwrap();
    let (data, target) = (dir.path().join("data"), dir.path().join("target"));
    // More than are written at once: a segment is full between two writes.
    filled(&data, 700, 3);
    let lines = exported(&data);
    let whole = lines.join("\n") + "\n";
    let imported =
        crate::store::import::import_with(16 << 10, &mut whole.as_bytes(), "memory", &target).unwrap();
    assert_eq!((imported.jobs, imported.live), (703, 3));
    assert_eq!(segments(&target).len(), 1);
    let archived = |ending: &str| {
        let names = std::fs::read_dir(target.join("archive")).unwrap().flatten();
        names.filter(|entry| entry.path().extension().is_some_and(|found| found == ending)).count()
    };
    assert!(archived("image") == 1 && archived("jobs") > 0);
    assert_eq!(inspect(&target).unwrap().notes, Vec::<String>::new());
    assert!(inspect(&target).unwrap().is_sound());
    assert_eq!(exported(&target)[1..], lines[1..]);
    for _ in 0..2 {
        let Opened { store, recovered } = Store::open(&target, &folding(Duration::ZERO)).unwrap();
        assert_eq!((recovered.live.len(), store.reader().counts().total()), (3, 700));
        store.close().unwrap();
    }
    assert_eq!(exported(&target)[1..], lines[1..]);
}

#[test]
fn an_export_of_a_damaged_directory_is_what_a_start_would_serve() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 3, 1);
    let first = segments(dir.path()).remove(0);
    let mut bytes = std::fs::read(&first).unwrap();
    let texts = memchr::memmem::find(&bytes, b"xxxxxxxx").unwrap();
    bytes[texts] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    let mut out = Vec::new();
    let done = export(dir.path(), &mut out, Path::new("memory")).unwrap();
    assert_eq!((done.jobs, done.damage[0].jobs.clone()), (4, vec![JobId(1)]));
    let target = dir.path().join("imported");
    import(&mut out.as_slice(), "memory", &target).unwrap();
    let Opened { store, .. } = open(&target);
    // Its end was recorded later; only the texts are gone.
    assert_eq!(state_of(&store, 1), Some(JobState::Finished));
    assert_eq!(store.reader().texts(JobId(1)).unwrap(), None);
}

#[test]
fn a_line_that_can_not_be_used_stops_with_its_number_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    filled(&data, 1, 1);
    let lines = exported(&data);
    let edited = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        edit(&mut lines);
        lines.join("\n")
    };
    let cases = [
        (String::new(), "memory, line 1: the file ends here"),
        ("hello".into(), "memory, line 1: is not a line of an export: expected value, column 1"),
        (edited(&|l| drop(l.remove(0))), "memory, line 1: is not the first line of an export"),
        (edited(&|l| l[0] = l[0].replace("\"format\":1", "\"format\":9")), "line 1: the export has format 9"),
        (edited(&|l| l.truncate(3)), "line 4: the file ends here, before its last line"),
        (edited(&|l| l[3].truncate(20)), "line 4: is not a line of an export: EOF"),
        (edited(&|l| drop(l.remove(1))), "line 3: it counts 2 jobs, but 1 came before it"),
        (edited(&|l| l.swap(1, 2)), "line 3: job 1 does not come behind the one before it"),
        (edited(&|l| l.insert(2, l[1].clone())), "line 3: job 1 does not come behind"),
        (edited(&|l| l.insert(1, l[0].clone())), "line 2: a second first line"),
        (edited(&|l| l.push(l[1].clone())), "line 5: something follows the last line"),
        (
            edited(&|l| l[2] = l[2].replace("\"name\":", "\"nme\":")),
            "line 3: is not a line of an export: missing field `name`",
        ),
        (
            edited(&|l| l[2] = l[2].replace("\"state\":\"AgI", "\"state\":\"?gI")),
            "line 3: is not a line of an export: Invalid symbol",
        ),
        (
            edited(&|l| l[1] = l[1].replace("\"job\"", "\"jib\"")),
            "line 2: is not a line of an export: unknown variant `jib`",
        ),
        (
            edited(&|l| {
                let mut job: serde_json::Value = serde_json::from_str(&l[2]).unwrap();
                job["job"]["texts"] = serde_json::Value::Null;
                l[2] = job.to_string();
            }),
            "line 3: job 2 is RUNNING, but has no texts",
        ),
    ];
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for (text, expected) in cases {
        let target = dir.path().join("target");
        for target in [&target, &empty] {
            let message = unusable(import(&mut text.as_bytes(), "memory", target));
            assert!(message.contains(expected), "{message}\nexpected: {expected}");
            assert!(message.contains("nothing was imported"), "{message}");
        }
        assert!(!target.exists(), "{expected}");
        assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0, "{expected}");
    }
    let whole = edited(&|_| ());
    assert!(unusable(import(&mut whole.as_bytes(), "memory", &data)).contains("is not empty"));
}

#[test]
fn an_export_to_a_file_replaces_it_when_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("jobs.jsonl"));
    filled(&data, 2, 0);
    std::fs::write(&file, "older").unwrap();
    assert!(unusable(export_to_file(dir.path(), &file, true)).contains("is not a data directory"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "older");
    assert!(unusable(export_to_file(&data, &file, false)).contains("exists already"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "older");
    assert_eq!(export_to_file(&data, &file, true).unwrap().jobs, 2);
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 4);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
}
