//! A look finds what a start finds, and what a start need not read.

use super::*;
use crate::store::archive::Base;
use crate::store::backup::{BackupState, create, list, restore, verify};
use crate::store::journal::{SegmentHeader, items, settle};
use std::path::PathBuf;

/// A stopped store of sixty jobs, six of which have not ended.
fn stopped(options: &StoreOptions) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), options).unwrap();
    for id in 1..=60 {
        put(&store, vec![submitted(id), checkpoint(id, 1, 300)]);
        let state = if id % 10 == 0 { JobState::Running } else { JobState::Failed };
        put(&store, vec![change(id, state)]);
    }
    if options.fold_bytes.is_some() {
        until("it is folded", || {
            put(&store, vec![checkpoint(10, 1, 300)]);
            Base::find(dir.path()).unwrap().covered() >= 3
        });
    }
    store.close().unwrap();
    // As a server leaves it.
    std::fs::create_dir_all(dir.path().join("logs")).unwrap();
    std::fs::write(dir.path().join("logs/job-1.log"), "a line").unwrap();
    dir
}

/// What is done to a copy.
type Harm<'a> = &'a dyn Fn(&Path);

fn empty(file: &Path) {
    std::fs::write(file, "").unwrap();
}

#[test]
fn a_copy_without_its_newest_changes_is_judged_as_by_a_start() {
    let newest = |dir: &Path| empty(&segments(dir).pop().unwrap());
    let every = |dir: &Path| segments(dir).iter().for_each(|segment| empty(segment));
    let header_only = |dir: &Path| {
        let newest = segments(dir).pop().unwrap();
        let bytes = std::fs::read(&newest).unwrap();
        std::fs::write(newest, &bytes[..8192]).unwrap();
    };
    let none = |dir: &Path| std::fs::remove_dir_all(dir.join("journal")).unwrap();
    let cases: [(&str, Harm<'_>); 4] =
        [("newest", &newest), ("every", &every), ("header only", &header_only), ("none", &none)];
    for grace in [None, Some(Duration::ZERO), Some(options().grace)] {
        let original = stopped(&grace.map_or_else(tiny_segments, folding));
        for (name, harm) in &cases {
            for with_index in [true, false] {
                let place = tempfile::tempdir().unwrap();
                copy(original.path(), place.path());
                if !with_index {
                    std::fs::remove_dir_all(place.path().join("index")).unwrap();
                }
                harm(place.path());
                let seen = inspect(place.path()).unwrap();
                let start = Store::open(place.path(), &tiny_segments()).unwrap();
                let case = format!("{name}, {grace:?}, {with_index}: {seen:#?} {:?}", start.recovered);
                assert!(!seen.is_sound(), "{case}");
                assert_eq!(seen.held, start.recovered.held, "{case}");
                assert!(seen.held.is_some(), "{case}");
                assert_eq!(seen.live as usize, start.recovered.live.len(), "{case}");
                assert_eq!(seen.ended, start.store.reader().counts(), "{case}");
            }
        }
    }
}

/// A kill between the making of a segment and its first write.
#[test]
fn an_empty_newest_segment_of_the_original_is_no_loss() {
    let dir = stopped(&tiny_segments());
    let number = segments(dir.path()).len() + 1;
    empty(&dir.path().join(format!("journal/{number:020}.log")));
    let seen = inspect(dir.path()).unwrap();
    assert!(seen.is_sound() && seen.held.is_none(), "{seen:#?}");
    assert!(seen.notes[0].contains("would be set aside at a start: it is empty"), "{seen:#?}");
}

/// Cut since the clean stop, whose mark tells how far the journal went.
#[test]
fn a_tail_that_is_cut_off_is_seen_as_by_a_start() {
    for is_copy in [false, true] {
        let dir = stopped(&tiny_segments());
        let place = tempfile::tempdir().unwrap();
        copy(dir.path(), place.path());
        let cut = if is_copy { place.path() } else { dir.path() };
        let newest = segments(cut).pop().unwrap();
        let bytes = std::fs::read(&newest).unwrap();
        std::fs::write(&newest, &bytes[..last_frame(&bytes)]).unwrap();
        let seen = inspect(cut).unwrap();
        // In a copy the mark proves nothing: the copy may have been made while the server stopped.
        let said = |what: &str| {
            what.contains(match is_copy {
                true => "if the server had stopped before the copy began, they are missing",
                false => "which were there at the last stop, are missing",
            })
        };
        let found = seen.damage.iter().map(|found| &found.what).chain(&seen.doubt);
        assert!(found.into_iter().any(|what| said(what)), "{seen:#?}");
        let start = Store::open(cut, &tiny_segments()).unwrap();
        assert!(start.recovered.notes.iter().any(|note| said(note)), "{:?}", start.recovered.notes);
        assert_eq!(seen.ended, start.store.reader().counts(), "{seen:#?}");
    }
}

#[test]
fn damage_to_a_segment_that_the_archive_covers_is_named_and_costs_nothing() {
    let dir = stopped(&folding(options().grace));
    let covered = Base::find(dir.path()).unwrap().covered() as usize;
    let files: Vec<PathBuf> = segments(dir.path()).into_iter().take(covered).collect();
    assert!(files.len() >= 3 && inspect(dir.path()).unwrap().is_sound());
    let mut flips = 0;
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let header = SegmentHeader::decode(&bytes, "").unwrap().unwrap();
        let mut harmed: Vec<Vec<u8>> = Vec::new();
        for frame in settle(&header, &items(&bytes, header.salt), None).accepted {
            let (start, length) = (frame.offset as usize, frame.header.frame_length());
            for at in [start + 3, start + 40, start + length / 2, start + length - 1] {
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x20;
                harmed.push(flipped);
            }
        }
        let mut headless = bytes.clone();
        headless[..8192].fill(7);
        harmed.push(headless);
        for harmed in harmed {
            std::fs::write(file, harmed).unwrap();
            flips += 1;
            let seen = inspect(dir.path()).unwrap();
            let [found] = seen.damage.as_slice() else { panic!("one place is named: {seen:#?}") };
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(found.place.contains(name) && found.what.contains("nothing is lost"), "{found:?}");
            assert_eq!((seen.ended.failed, seen.live, &seen.lost), (54, 6, &Vec::new()), "{seen:#?}");
        }
        // As a slow copy has it, which took the archive later.
        for length in [0, 8192, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(file, &bytes[..length]).unwrap();
            let seen = inspect(dir.path()).unwrap();
            assert!(seen.is_sound(), "{length} of {}: {seen:#?}", bytes.len());
        }
        std::fs::write(file, &bytes).unwrap();
    }
    assert!(flips > 60, "{flips}");
}

/// Where the last frame that counts in a segment begins.
fn last_frame(bytes: &[u8]) -> usize {
    let header = SegmentHeader::decode(bytes, "").unwrap().unwrap();
    settle(&header, &items(bytes, header.salt), None).accepted.pop().unwrap().offset as usize
}

/// The journal alone can't tell that changes at its end were there.
#[test]
fn a_backup_that_holds_less_than_when_it_was_made_is_incomplete() {
    let dir = stopped(&tiny_segments());
    let at_a_change = |dir: &Path| {
        let newest = segments(dir).pop().unwrap();
        let bytes = std::fs::read(&newest).unwrap();
        std::fs::write(&newest, &bytes[..last_frame(&bytes)]).unwrap();
    };
    let in_a_change = |dir: &Path| {
        let newest = segments(dir).pop().unwrap();
        let bytes = std::fs::read(&newest).unwrap();
        std::fs::write(&newest, &bytes[..last_frame(&bytes) + 50]).unwrap();
    };
    let a_segment = |dir: &Path| std::fs::remove_file(segments(dir).pop().unwrap()).unwrap();
    let cuts: [Harm<'_>; 3] = [&at_a_change, &in_a_change, &a_segment];
    for cut in cuts {
        let to = tempfile::tempdir().unwrap();
        let made = create(dir.path(), to.path()).unwrap();
        assert!(verify(&made.backup.path).unwrap().is_sound());
        cut(&made.backup.path);
        assert!(inspect(&made.backup.path).unwrap().is_sound(), "nothing else tells");
        let target = to.path().join("restored");
        let restored = restore(&made.backup.path, &target).unwrap();
        assert!(!target.join("backup.json").exists());
        for seen in [verify(&made.backup.path).unwrap(), restored] {
            let [found] = seen.damage.as_slice() else { panic!("{seen:#?}") };
            let then =
                format!("it was made with 60 jobs (54 ended, 6 live) up to change {}", made.seen.last_change);
            let now = format!(
                "({} ended, {} live) up to change {}",
                seen.ended.total(),
                seen.live,
                seen.last_change
            );
            assert!(found.place == "backup.json" && found.what.contains(&then), "{found:?}");
            assert!(found.what.contains(&now) && seen.last_change < made.seen.last_change, "{found:?}");
        }
        let listed = list(to.path()).unwrap();
        assert_eq!(listed[1].state, BackupState::Damaged);
        assert!(
            listed[1].why.as_ref().is_some_and(|why| why.contains("the backup is incomplete")),
            "{listed:?}"
        );
    }
}

#[test]
fn a_backup_that_was_served_holds_what_it_should() {
    let (dir, to) = (stopped(&tiny_segments()), tempfile::tempdir().unwrap());
    let made = create(dir.path(), to.path()).unwrap().backup;
    for _ in 0..2 {
        let Opened { store, .. } = open(&made.path);
        assert!(verify(&made.path).unwrap().is_sound());
        put(&store, vec![Op::Forget { job: JobId(1) }]);
        store.close().unwrap();
        let seen = verify(&made.path).unwrap();
        assert!(seen.is_sound() && seen.jobs() == 59, "{seen:#?}");
        assert_eq!(list(to.path()).unwrap()[0].state, BackupState::Complete);
    }
    std::fs::write(made.path.join("backup.json"), "{\"format\": 1,").unwrap();
    let seen = verify(&made.path).unwrap();
    assert!(seen.damage[0].what.contains("nothing tells whether the backup holds all"), "{seen:#?}");
}
