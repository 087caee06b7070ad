//! What is lost, or isn't, is said: at a start, by a look, and while the server runs.

use super::*;
use crate::store::archive::Base;
use crate::store::backup::restore;
use crate::store::journal::{SegmentHeader, items, relative_path, settle};
use std::path::PathBuf;
use std::time::Duration;

/// Files of the archive with this ending, in order.
fn archived(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.join("archive")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0x40;
    std::fs::write(file, bytes).unwrap();
}

/// A folded store: jobs 1..=60 have ended, 1000 has not; what lies behind the archive is one more job, 2000.
fn folded(dir: &Path, grace: Duration) -> Store {
    let Opened { store, .. } = Store::open(dir, &folding(grace)).unwrap();
    put(&store, vec![submitted(1000)]);
    for id in 1..=60 {
        put(&store, vec![submitted(id), checkpoint(id, 1, 300)]);
        put(&store, vec![change(id, JobState::Finished)]);
    }
    let is_folded = || Base::find(dir).unwrap().image.is_some_and(|image| !image.head.files.is_empty());
    until("it is folded", is_folded);
    put(&store, vec![submitted(2000), change(2000, JobState::Finished)]);
    store
}

fn any(texts: &[String], parts: &[&str]) -> bool {
    texts.iter().any(|text| parts.iter().all(|part| text.contains(part)))
}

#[test]
fn a_journal_that_is_gone_beside_its_archive_is_said_and_stays_said() {
    for clean in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let store = folded(dir.path(), Duration::ZERO);
        let last = store.status().sequence;
        if clean {
            store.close().unwrap();
        } else {
            drop(store);
        }
        std::fs::remove_dir_all(dir.path().join("journal")).unwrap();
        let seen = inspect(dir.path()).unwrap();
        let what: Vec<String> = seen.damage.iter().map(ToString::to_string).collect();
        let lost = if clean {
            "which were there at the last stop, are lost"
        } else {
            "is lost; nothing tells how much"
        };
        assert!(any(&what, &["holds no segment"]) && any(&what, &["journal/", lost]), "{what:?}");
        for start in 0..3 {
            let Opened { store, recovered } = Store::open(dir.path(), &tiny_segments()).unwrap();
            let notes = store.status().notes;
            assert!(any(&notes, &["the journal was missing", "is lost"]), "start {start}: {notes:?}");
            assert!(start > 0 || any(&notes, &["journal/", lost]), "{notes:?}");
            assert!(recovered.held.unwrap().contains("the journal is missing"), "until it is resumed");
            assert!(!clean || store.status().sequence >= last, "no number of a change is used twice");
            assert_eq!(state_of(&store, 1000), Some(JobState::Pending), "as the archive has it");
            put(&store, vec![submitted(3000 + start), change(3000 + start, JobState::Finished)]);
            for id in 0..=start {
                assert_eq!(state_of(&store, 3000 + id), Some(JobState::Finished));
            }
            drop(store);
            assert!(!inspect(dir.path()).unwrap().is_sound(), "it stays noted");
        }
        let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
        put(&store, vec![Op::Resumed]);
        drop(store);
        let Opened { store, recovered } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
        assert_eq!(recovered.held, None);
        assert!(any(&store.status().notes, &["the journal was missing"]));
        for id in 4000..4030 {
            put(&store, vec![submitted(id), change(id, JobState::Finished)]);
        }
        until("it is folded", || segments(dir.path()).len() <= 3);
        assert_eq!(store.status().fold_failed, None);
    }
}

/// A job whose frame was damaged behind a clean stop, so that the start did not read it.
fn damaged_since(dir: &Path, folded: bool) -> i64 {
    let options = if folded { folding(Duration::ZERO) } else { options() };
    let Opened { store, .. } = Store::open(dir, &options).unwrap();
    for id in 1..=60 {
        put(&store, vec![submitted(id), change(id, JobState::Finished)]);
    }
    if folded {
        until("it is folded", || segments(dir).len() <= 3);
    }
    store.close().unwrap();
    let file = if folded { archived(dir, "jobs").remove(0) } else { segments(dir).remove(0) };
    let changed = std::fs::metadata(&file).unwrap().modified().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let header = SegmentHeader::decode(&bytes, "").unwrap().unwrap();
    let frame = settle(&header, &items(&bytes, header.salt), None).accepted.remove(7);
    flip(&file, frame.offset as usize + frame.header.frame_length() - 1);
    // Nothing of the file looks changed.
    std::fs::File::options().append(true).open(&file).unwrap().set_modified(changed).unwrap();
    frame.header.parts[0].job.0
}

fn ended_as(store: &Store, state: JobState) -> Vec<i64> {
    let query = EndedQuery { state: Some(state), limit: 100, ..EndedQuery::default() };
    store.reader().ended(&query).unwrap().records.iter().map(|record| record.id.0).collect()
}

#[test]
fn damage_that_a_reader_meets_is_said_and_lists_are_put_right() {
    for folded in [true, false] {
        for listed_first in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let job = damaged_since(dir.path(), folded);
            let Opened { store, recovered } = open(dir.path());
            assert_eq!(
                (recovered.notes.len(), store.status().index_rebuilds),
                (0, 0),
                "the index was trusted"
            );
            if listed_first {
                assert_eq!(ended_as(&store, JobState::Finished).len(), 59, "not even in the first list");
            } else {
                assert_eq!(state_of(&store, job), Some(JobState::Unknowable));
            }
            until("lists are right", || ended_as(&store, JobState::Unknowable) == [job]);
            assert_eq!(ended_as(&store, JobState::Finished).len(), 59);
            until("counts are right", || store.reader().counts().unknowable == 1);
            assert_eq!(store.reader().counts().finished, 59);
            let named = format!("job {job}, which had ended FINISHED, is UNKNOWABLE from now on");
            let said =
                |store: &Store| store.status().notes.iter().filter(|note| note.contains(&named)).count();
            until("it is noted", || said(&store) == 1);
            assert_eq!(state_of(&store, job), Some(JobState::Unknowable));
            store.close().unwrap();
            let Opened { store, .. } = open(dir.path());
            assert_eq!((said(&store), ended_as(&store, JobState::Unknowable)), (1, vec![job]), "it stays so");
            // Read anew, it is judged by the bytes.
            drop(store);
            let Opened { store, .. } = open(dir.path());
            assert!(any(&store.status().notes, &[&format!("job {job}")]), "{:?}", store.status().notes);
            assert_eq!(ended_as(&store, JobState::Unknowable), [job]);
        }
    }
}

#[test]
fn damage_is_found_by_the_walk_over_all_jobs_though_nobody_asks() {
    for folded in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let job = damaged_since(dir.path(), folded);
        let options = StoreOptions { patrol_delay: Duration::ZERO, ..options() };
        let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
        until("it is noted", || any(&store.status().notes, &[&format!("job {job}, which had ended")]));
        until("counts are right", || store.reader().counts().unknowable == 1);
    }
}

#[test]
fn a_verdict_is_not_taken_for_the_job_stored_again() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(7), change(7, JobState::Finished)]);
    put(&store, vec![submitted(8)]);
    drop(store);
    flip(&segments(dir.path()).remove(0), 8192 + 250);
    for start in 0..3 {
        let seen = inspect(dir.path()).unwrap();
        let what: Vec<String> = seen.damage.iter().map(ToString::to_string).collect();
        assert!(any(&what, &["job 7"]) && !any(&what, &["nothing is lost"]), "{start}: {what:?}");
        let Opened { store, recovered } = open(dir.path());
        assert_eq!(state_of(&store, 7), Some(JobState::Unknowable));
        assert!(
            any(&recovered.notes, &["UNKNOWABLE because of damage: job 7"]),
            "{start}: {:?}",
            recovered.notes
        );
        assert!(!any(&recovered.notes, &["nothing is lost"]), "{start}: {:?}", recovered.notes);
    }
}

/// The journal was copied, then the server stopped, then `index/` was copied, with the mark of that stop.
#[test]
fn a_copy_that_spans_a_stop_is_sound_with_a_doubt() {
    let (dir, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copied = place.path().join("data");
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1), change(1, JobState::Finished)]);
    copy(dir.path(), &copied);
    put(&store, vec![submitted(2)]);
    store.close().unwrap();
    std::fs::remove_dir_all(copied.join("index")).unwrap();
    copy(&dir.path().join("index"), &copied.join("index"));
    let end = std::fs::metadata(segments(&copied).remove(0)).unwrap().len();
    let seen = inspect(&copied).unwrap();
    assert!(seen.is_sound(), "{seen:?}");
    let doubt = seen.doubt.unwrap();
    let place = format!("byte {end}: changes 2 to 2");
    for said in [place.as_str(), "job 2", "this is normal", "they are missing"] {
        assert!(doubt.contains(said), "{said}: {doubt}");
    }
    let Opened { store, recovered } = open(&copied);
    assert!(recovered.notes.contains(&doubt), "{:?}", recovered.notes);
    assert_eq!(state_of(&store, 1), Some(JobState::Finished));
    // The original itself, cut: it is damaged.
    let segment = segments(dir.path()).remove(0);
    std::fs::File::options().write(true).open(&segment).unwrap().set_len(end).unwrap();
    let seen = inspect(dir.path()).unwrap();
    assert_eq!((seen.is_sound(), seen.doubt), (false, None));
    assert!(seen.damage[0].place.ends_with(&format!("byte {end}")), "{:?}", seen.damage);
}

#[test]
fn an_empty_or_swapped_newest_segment_of_a_copy_is_said_at_a_start_as_by_a_look() {
    for swapped in [false, true] {
        let (dir, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let copied = place.path().join("data");
        for id in 1..=3 {
            put(&open(dir.path()).store, vec![submitted(id)]);
        }
        copy(dir.path(), &copied);
        std::fs::remove_dir_all(copied.join("index")).unwrap();
        let newest = segments(&copied).pop().unwrap();
        match swapped {
            true => drop(std::fs::copy(&segments(&copied)[0], &newest).unwrap()),
            false => std::fs::write(&newest, "").unwrap(),
        }
        let seen = inspect(&copied).unwrap();
        assert!(!seen.is_sound());
        let Opened { recovered, .. } = open(&copied);
        for found in &seen.damage {
            assert!(recovered.notes.contains(&found.to_string()), "{found}: {:?}", recovered.notes);
        }
    }
}

#[test]
fn a_restore_into_the_backup_itself_is_refused() {
    let top = tempfile::tempdir().unwrap();
    let data = top.path().join("data");
    drop(open(&data));
    let link = top.path().join("link");
    std::os::unix::fs::symlink(&data, &link).unwrap();
    for target in [data.join("sub"), link.join("sub"), data.join("archive/../sub/deep"), data.join("journal")]
    {
        let before = walkdir::WalkDir::new(&data).into_iter().count();
        let refused = restore(&data, &target).unwrap_err();
        assert!(matches!(refused, BackupError::Unusable(_)), "{refused:?}");
        assert!(refused.to_string().contains("lies inside the backup"), "{refused}");
        assert_eq!(walkdir::WalkDir::new(&data).into_iter().count(), before);
    }
    restore(&link, &top.path().join("beside")).unwrap();
}

#[test]
fn an_export_replaces_regular_files_outside_the_data_directory_only() {
    let top = tempfile::tempdir().unwrap();
    let data = top.path().join("data");
    drop(open(&data));
    let at = |name: &str| top.path().join(name);
    std::fs::write(at("file"), "x").unwrap();
    std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
    std::fs::create_dir(at("dir")).unwrap();
    for (path, said) in [
        (at("link"), "no regular file"),
        (at("dir"), "a directory"),
        (PathBuf::from("/dev/null"), "no regular file"),
        (data.join("jobs.ndjson"), "lies inside the data directory"),
    ] {
        let refused = export_to_file(&data, &path, true).unwrap_err();
        assert!(
            matches!(refused, BackupError::Unusable(_)) && refused.to_string().contains(said),
            "{refused}"
        );
    }
    assert!(at("link").is_symlink() && !data.join("jobs.ndjson").exists());
    assert!(export_to_file(&data, &at("file"), false).is_err());
    export_to_file(&data, &at("file"), true).unwrap();
}

#[test]
fn one_damaged_header_of_a_file_of_the_archive_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(folded(dir.path(), Duration::ZERO));
    for ending in ["jobs", "image"] {
        let file = archived(dir.path(), ending).pop().unwrap();
        flip(&file, 4096 + 30);
        let seen = inspect(dir.path()).unwrap();
        let what: Vec<String> = seen.damage.iter().map(ToString::to_string).collect();
        assert!(
            any(&what, &[ending, "byte 4096", "copies of the file's header", "nothing is lost"]),
            "{what:?}"
        );
        flip(&file, 4096 + 30);
    }
    assert!(inspect(dir.path()).unwrap().is_sound());
}

#[test]
fn the_version_of_an_identity_is_honoured_in_a_copy_too() {
    let (dir, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put(&open(dir.path()).store, vec![submitted(1)]);
    for (version, is_newer) in
        [("9", true), ("1000000000000", true), ("0", false), ("\"a\"", false), ("1.5", false)]
    {
        let copied = place.path().join(version.replace('"', ""));
        copy(dir.path(), &copied);
        let path = copied.join("identity");
        let text = std::fs::read_to_string(&path).unwrap();
        // A newer one may have another shape.
        let text = text.replace("\"version\": 1", &format!("\"version\": {version}"));
        let text = if is_newer { text.replace("timeline", "line") } else { text };
        std::fs::write(&path, &text).unwrap();
        match Store::open(&copied, &options()) {
            Err(error) => {
                assert!(is_newer && matches!(error, StoreError::Newer { .. }), "{version}: {error}")
            }
            Ok(opened) => {
                let held = opened.recovered.held.unwrap();
                assert!(!is_newer && held.contains("its file `identity` can't be read"), "{version}: {held}");
                continue;
            }
        }
        assert!(inspect(&copied).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it stays as it was");
    }
}

#[test]
fn a_missing_file_of_the_archive_is_said_once_and_what_is_lost_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    drop(folded(dir.path(), Duration::from_secs(3600)));
    let needs = |image: &crate::store::archive::Image, number: u64| {
        image.head.files.iter().any(|file| file.number == number)
    };
    // Small files are joined by nearly every fold; larger ones stay.
    let options = StoreOptions { segment_bytes: 32 << 10, ..folding(Duration::from_secs(3600)) };
    let (mut next, mut shared) = (3000, None);
    until("two images need a file", || {
        let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
        let before = archived(dir.path(), "image").len();
        until("it is folded", || {
            put(&store, vec![submitted(next), change(next, JobState::Finished)]);
            next += 1;
            archived(dir.path(), "image").len() > before
        });
        drop(store);
        let base = Base::find(dir.path()).unwrap();
        let count = |number: u64| base.images.iter().filter(|image| needs(image, number)).count();
        shared =
            base.image.as_ref().unwrap().head.files.iter().map(|file| file.number).find(|n| count(*n) >= 2);
        shared.is_some()
    });
    // What the archive covers is gone, as after the grace time.
    let covered = Base::find(dir.path()).unwrap().covered();
    for segment in segments(dir.path()) {
        let number: u64 = segment.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        if number <= covered {
            std::fs::remove_file(segment).unwrap();
        }
    }
    let base = Base::find(dir.path()).unwrap();
    let number = shared.unwrap();
    let (needing, others): (Vec<_>, Vec<_>) = base.images.iter().partition(|image| needs(image, number));
    assert!(needing.len() >= 2);
    for image in others {
        std::fs::remove_file(dir.path().join(relative_path(image.number))).unwrap();
    }
    let file = dir.path().join(relative_path(number));
    std::fs::remove_file(&file).unwrap();
    let Opened { recovered, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    let name = format!("archive/{}", file.file_name().unwrap().to_str().unwrap());
    let about: Vec<&String> = recovered.notes.iter().filter(|note| note.contains(&name)).collect();
    assert_eq!(about.len(), 2, "{about:?}");
    assert!(about[0].contains("in it are lost") && about[1].contains("older image"), "{about:?}");
    assert!(!any(&recovered.notes, &["nothing is lost"]), "{:?}", recovered.notes);
}

#[test]
fn damage_that_costs_nothing_says_so_once() {
    // The directory of a file; an image, beside older ones.
    for what in ["jobs", "image"] {
        let dir = tempfile::tempdir().unwrap();
        let store = folded(dir.path(), Duration::from_secs(3600));
        until("there are images", || {
            put(&store, vec![checkpoint(1000, 1, 300)]);
            archived(dir.path(), "image").len() >= 2
        });
        store.close().unwrap();
        let file = archived(dir.path(), what).pop().unwrap();
        match what {
            "image" => std::fs::write(&file, "").unwrap(),
            _ => {
                let image = Base::find(dir.path()).unwrap().image.unwrap();
                let of = |jobs: &&crate::store::archive::JobsFile| {
                    dir.path().join(relative_path(jobs.number)) == file
                };
                let at = image.head.files.iter().find(of).unwrap().directory;
                flip(&file, at as usize + 60);
            }
        }
        std::fs::remove_dir_all(dir.path().join("index")).unwrap();
        let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
        let notes = store.status().notes;
        let name = file.file_name().unwrap().to_str().unwrap();
        let about: Vec<&String> = notes.iter().filter(|note| note.contains(name)).collect();
        assert_eq!(about.len(), 1, "{what}: {notes:?}");
        assert!(about[0].contains("nothing is lost"), "{what}: {notes:?}");
        assert_eq!(store.reader().counts().finished, 61);
    }
}

#[test]
fn a_directory_of_somebody_else_is_not_served() {
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("dir");
    check_data_dir(&dir).unwrap();
    std::fs::create_dir_all(dir.join("lost+found")).unwrap();
    std::fs::write(dir.join("README.md"), "what this is").unwrap();
    std::fs::write(dir.join(".keep"), "").unwrap();
    check_data_dir(&dir).unwrap();
    std::fs::write(dir.join("photo.jpg"), "").unwrap();
    assert!(check_data_dir(&dir).unwrap_err().to_string().contains("it holds photo.jpg"));
    assert!(check_data_dir(&dir.join("photo.jpg")).unwrap_err().to_string().contains("is a file"));
    drop(open(&dir));
    check_data_dir(&dir).unwrap();
}
