//! Folding the journal into the archive, deleting what is over, and damage to either.

use super::*;
use crate::store::archive::{Base, Contents};
use crate::store::record::PartKind;
use std::path::PathBuf;

/// Files of the archive with this ending, in order.
fn archived(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir.join("archive")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == ending));
    files.sort();
    files
}

/// Jobs 1..=count, all ended but every tenth.
fn fill(store: &Store, count: i64) {
    fill_from(store, 1, count);
}

fn fill_from(store: &Store, first: i64, last: i64) {
    for id in first..=last {
        put(store, vec![submitted(id), checkpoint(id, 1, 300)]);
        let state = if id % 10 == 0 { JobState::Running } else { JobState::Failed };
        put(store, vec![change(id, state)]);
    }
}

fn assert_filled(opened: &Opened, count: i64) {
    let reader = opened.store.reader();
    for id in 1..=count {
        let state = if id % 10 == 0 { JobState::Running } else { JobState::Failed };
        assert_eq!(reader.record(JobId(id)).unwrap(), Some(record(id, state)));
        assert_eq!(reader.texts(JobId(id)).unwrap(), Some(texts(id, 20)));
        assert_eq!(reader.checkpoint(JobId(id)).unwrap().unwrap().0.state, [1; 300]);
    }
    assert_eq!(opened.recovered.live.len() as i64, count / 10);
    assert_eq!(reader.counts().total() as i64, count - count / 10);
}

#[test]
fn the_journal_is_folded_and_its_segments_go() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { segment_bytes: 32 << 10, ..folding(Duration::ZERO) };
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill(&store, 1000);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    let status = store.status();
    assert!(status.archive_files > 0 && status.archive_bytes > 0, "{status:?}");
    assert_eq!(status.fold_failed, None);
    let files = archived(dir.path(), "jobs");
    let bytes: u64 = files.iter().map(|file| std::fs::metadata(file).unwrap().len()).sum();
    assert!(bytes / files.len() as u64 > 20 << 10, "small files are joined: {bytes} in {}", files.len());
    assert_eq!(store.reader().texts(JobId(1)).unwrap(), Some(texts(1, 20)));
    assert_eq!(store.reader().texts(JobId(10)).unwrap(), Some(texts(10, 20)));
    store.close().unwrap();
    for lose_index in [false, true, false] {
        if lose_index {
            std::fs::remove_dir_all(dir.path().join("index")).unwrap();
        }
        let opened = Store::open(dir.path(), &options).unwrap();
        assert_eq!(opened.recovered.notes, Vec::<String>::new());
        assert_eq!(opened.recovered.held, None);
        assert_filled(&opened, 1000);
        opened.store.close().unwrap();
    }
}

#[test]
fn within_the_grace_time_nothing_goes_and_a_lost_image_is_no_loss() {
    let dir = tempfile::tempdir().unwrap();
    let options = folding(Duration::from_secs(3600));
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill(&store, 60);
    until("there are images", || {
        // Several segments may have been folded at once.
        put(&store, vec![checkpoint(10, 1, 300)]);
        archived(dir.path(), "image").len() >= 3
    });
    store.close().unwrap();
    assert!(segments(dir.path()).len() > 5, "segments stay");
    for lost in ["image", "jobs"] {
        let newest = archived(dir.path(), lost).pop().unwrap();
        std::fs::remove_file(newest).unwrap();
        let opened = Store::open(dir.path(), &options).unwrap();
        assert_filled(&opened, 60);
        drop(opened);
    }
    // Every image names the first file; but the journal goes back to its beginning.
    std::fs::remove_file(archived(dir.path(), "jobs").remove(0)).unwrap();
    for _ in 0..2 {
        let opened = Store::open(dir.path(), &options).unwrap();
        assert_filled(&opened, 60);
        drop(opened);
    }
}

#[test]
fn a_damaged_frame_of_the_archive_costs_its_job_only() {
    let dir = tempfile::tempdir().unwrap();
    let options = folding(Duration::ZERO);
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill(&store, 60);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    store.close().unwrap();
    let file = archived(dir.path(), "jobs").pop().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    // Behind the header of the file and of the first frame: in the payload of the first job.
    bytes[8192 + 400] ^= 0x10;
    std::fs::write(&file, bytes).unwrap();
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    for _ in 0..2 {
        let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
        let notes = store.status().notes;
        assert!(notes.iter().any(|note| note.contains("archive/")), "{notes:?}");
        let reader = store.reader();
        let lost: Vec<i64> =
            (1..=60).filter(|id| state_of(&store, *id) == Some(JobState::Unknowable)).collect();
        let [lost] = lost.as_slice() else { panic!("one job is lost, not {lost:?}") };
        assert!(notes.iter().any(|note| note.contains(&format!("job {lost}"))));
        for id in (1..=60).filter(|id| id != lost) {
            assert_eq!(reader.texts(JobId(id)).unwrap(), Some(texts(id, 20)));
        }
        drop(store);
        std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    }
    // What was judged does not keep the store from folding, nor from a clean stop.
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill_from(&store, 100, 160);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    assert_eq!(store.status().fold_failed, None);
    store.close().unwrap();
}

#[test]
fn deleted_jobs_stay_deleted_and_their_space_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let options = folding(Duration::ZERO);
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill(&store, 400);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    let before = store.status().archive_bytes;
    for id in (1..=400).filter(|id| id % 10 != 0) {
        put(&store, vec![Op::Forget { job: JobId(id) }]);
    }
    // The deletions are folded with what comes behind them.
    fill(&store, 20);
    until("the space is back", || {
        put(&store, vec![checkpoint(10, 1, 300)]);
        store.status().archive_bytes < before / 2
    });
    assert_eq!(state_of(&store, 399), None);
    // What they were before is known as soon as the index has caught up.
    until("the deletions are counted", || store.reader().counts().total() == 18);
    drop(store);
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    let Opened { store, recovered } = Store::open(dir.path(), &options).unwrap();
    assert_eq!(recovered.notes, Vec::<String>::new());
    assert_eq!(state_of(&store, 399), None, "not even after the index was made anew");
    assert_eq!(state_of(&store, 19), Some(JobState::Failed));
    assert_eq!(store.reader().counts().total(), 18);
    assert_eq!(
        store.reader().ended(&EndedQuery { limit: 100, ..EndedQuery::default() }).unwrap().records.len(),
        18
    );
}

/// The journal was copied first, the archive much later: the image covers more than the copied journal holds.
#[test]
fn a_copy_whose_archive_is_newer_than_its_journal_goes_on_from_the_archive() {
    let dir = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let options = folding(Duration::from_secs(3600));
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill(&store, 10);
    let copied = store.status().sequence;
    copy(dir.path(), place.path());
    fill(&store, 60);
    until("it is folded", || {
        let image = Base::find(dir.path()).unwrap().image;
        image.is_some_and(|image| image.head.covered.last_sequence > copied + 50)
    });
    drop(store);
    for name in std::fs::read_dir(dir.path().join("archive")).unwrap() {
        let from = name.unwrap().path();
        std::fs::create_dir_all(place.path().join("archive")).unwrap();
        std::fs::copy(&from, place.path().join("archive").join(from.file_name().unwrap())).unwrap();
    }
    for _ in 0..2 {
        let Opened { store, recovered } = Store::open(place.path(), &options).unwrap();
        assert!(recovered.held.is_some());
        for id in 1..=10 {
            assert_eq!(store.reader().texts(JobId(id)).unwrap(), Some(texts(id, 20)));
            let state = if id % 10 == 0 { JobState::Running } else { JobState::Failed };
            assert_eq!(state_of(&store, id), Some(state));
        }
        put(&store, vec![submitted(1000)]);
        assert_eq!(state_of(&store, 1000), Some(JobState::Pending));
    }
}

/// A deletion and a new submission of the same id in one request share a sequence: the job is there.
#[test]
fn an_id_that_is_deleted_and_used_again_in_one_request_stays() {
    let dir = tempfile::tempdir().unwrap();
    let options = folding(Duration::ZERO);
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    fill(&store, 30);
    for id in (1..=30).filter(|id| id % 10 != 0) {
        put(&store, vec![Op::Forget { job: JobId(id) }, submitted(id), change(id, JobState::Canceled)]);
    }
    // Enough folds behind it that the files are written anew.
    fill_from(&store, 100, 140);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    drop(store);
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    for id in (1..=30).filter(|id| id % 10 != 0) {
        assert_eq!(state_of(&store, id), Some(JobState::Canceled), "job {id}");
    }
}

#[test]
fn a_damaged_image_costs_its_job_only_and_folding_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let options = folding(Duration::ZERO);
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    put(&store, vec![submitted(1000)]);
    put(&store, vec![submitted(1001)]);
    fill(&store, 60);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    drop(store);
    let image = archived(dir.path(), "image").pop().unwrap();
    let mut bytes = std::fs::read(&image).unwrap();
    // In the text of the first live job.
    let at = bytes.windows(12).position(|window| window == b"{\"job\": 1000").unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(&image, bytes).unwrap();
    for _ in 0..3 {
        let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
        assert_eq!(state_of(&store, 1000), Some(JobState::Unknowable));
        assert_eq!(state_of(&store, 1001), Some(JobState::Pending));
        for id in 1..=60 {
            let state = if id % 10 == 0 { JobState::Running } else { JobState::Failed };
            assert_eq!(store.reader().record(JobId(id)).unwrap(), Some(record(id, state)));
        }
    }
    let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
    let before = segments(dir.path());
    fill_from(&store, 100, 160);
    until("it is folded again", || segments(dir.path()).iter().all(|segment| !before.contains(segment)));
    assert_eq!(store.status().fold_failed, None);
}

/// All but the files of ended jobs is gone: they are found, said, served, and kept when the store is folded again.
#[test]
fn files_of_ended_jobs_are_served_without_image_and_journal() {
    for goes in [&["journal", "image", "identity", "index"][..], &["image"], &["journal", "image"]] {
        let dir = tempfile::tempdir().unwrap();
        let options = folding(Duration::ZERO);
        let Opened { store, .. } = Store::open(dir.path(), &options).unwrap();
        fill(&store, 60);
        until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
        store.close().unwrap();
        let before = segments(dir.path());
        let image = Base::find(dir.path()).unwrap().image.unwrap();
        let jobs: u64 = image.head.files.iter().map(|file| file.jobs).sum();
        assert!(jobs > 30, "{jobs}");
        for name in goes {
            let path = dir.path().join(name);
            match *name {
                "image" => archived(dir.path(), "image")
                    .iter()
                    .for_each(|image| std::fs::remove_file(image).unwrap()),
                "identity" => std::fs::remove_file(path).unwrap(),
                _ => std::fs::remove_dir_all(path).unwrap(),
            }
        }
        let seen = inspect(dir.path()).unwrap();
        let said = |notes: &[String]| notes.iter().any(|note| note.contains("are served as they are"));
        assert!(said(&seen.notes) && seen.ended.total() >= jobs, "{goes:?}: {seen:#?}");
        for start in 0..4 {
            let Opened { store, recovered } = Store::open(dir.path(), &options).unwrap();
            assert_eq!(
                recovered.held.is_some(),
                goes.contains(&"journal"),
                "{goes:?}: {:?}",
                recovered.notes
            );
            assert!(start > 0 || said(&recovered.notes), "{goes:?}: {:?}", recovered.notes);
            let reader = store.reader();
            let found = (1..=60).filter(|id| id % 10 != 0).filter(|id| {
                let found = reader.record(JobId(*id)).unwrap();
                found.is_some_and(|found| found == record(*id, JobState::Failed))
            });
            assert!(found.count() as u64 >= jobs, "{goes:?}, start {start}: {:?}", recovered.notes);
            // New changes count more than what was there before.
            put(&store, vec![submitted(1), change(1, JobState::Failed)]);
            let from = 1000 * (start + 1);
            fill_from(&store, from, from + 60);
            until("it is folded", || {
                put(&store, vec![submitted(9), change(9, JobState::Failed)]);
                Base::find(dir.path()).unwrap().image.is_some()
                    && segments(dir.path())
                        .iter()
                        .all(|segment| goes.contains(&"journal") || !before.contains(segment))
                    && segments(dir.path()).len() <= 3
            });
            store.close().unwrap();
            if start % 2 == 0 {
                std::fs::remove_dir_all(dir.path().join("index")).unwrap();
            }
        }
    }
}

/// How many jobs a file held stands in the image.
#[test]
fn a_lost_file_of_the_archive_is_said_with_the_number_of_its_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
    fill(&store, 60);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    store.close().unwrap();
    let image = Base::find(dir.path()).unwrap().image.unwrap();
    let file = image.head.files[0];
    std::fs::remove_file(archived(dir.path(), "jobs").remove(0)).unwrap();
    let said = format!("the {} jobs in it are lost", file.jobs);
    let seen = inspect(dir.path()).unwrap();
    assert!(seen.damage.iter().any(|found| found.what.contains(&said)), "{:?}", seen.damage);
    let notes = Store::open(dir.path(), &tiny_segments()).unwrap().recovered.notes;
    assert!(notes.iter().any(|note| note.contains(&said)), "{notes:?}");
}

/// Jobs that are stored whole in the image, and were submitted since to go on from the checkpoint in it.
#[test]
fn a_damaged_image_takes_no_job_back_to_its_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
    fill(&store, 60);
    until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
    store.close().unwrap();
    let image = Base::find(dir.path()).unwrap().image.unwrap();
    let [goes_on, begins_anew, ..] = image.head.jobs.as_slice() else { panic!("two jobs are in the image") };
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    for (job, from_savepoint) in [(goes_on, true), (begins_anew, false)] {
        put(&store, vec![change(job.0, JobState::SavepointDone)]);
        let record = JobRecord { from_savepoint, ..record(job.0, JobState::Pending) };
        let texts = Box::new(texts(job.0, 20));
        put(&store, vec![Op::Submitted { record: Box::new(record), texts }]);
    }
    store.close().unwrap();
    let file = archived(dir.path(), "image").pop().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let contents = Contents::read(dir.path(), image.number).unwrap().unwrap();
    for frame in
        contents.frames.iter().filter(|frame| frame.header.parts[0].kind != PartKind::ImageHead as u8)
    {
        bytes[frame.offset as usize + frame.header.frame_length() - 1] ^= 0x10;
    }
    std::fs::write(&file, bytes).unwrap();
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    for _ in 0..2 {
        let Opened { store, recovered } = Store::open(dir.path(), &tiny_segments()).unwrap();
        let lives = |id: &JobId| recovered.live.iter().any(|live| live.record.id == *id);
        assert_eq!((lives(goes_on), lives(begins_anew)), (false, true));
        assert_eq!(state_of(&store, goes_on.0), Some(JobState::Unknowable));
    }
}

/// A file of ended jobs that is gone, or of which nothing can be read, may have held the checkpoint of a job that was
/// submitted since to go on from it.
#[test]
fn a_lost_file_of_the_archive_takes_no_job_back_to_its_beginning() {
    for is_removed in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let Opened { store, .. } = Store::open(dir.path(), &folding(Duration::ZERO)).unwrap();
        fill(&store, 60);
        until("the sealed segments are gone", || segments(dir.path()).len() <= 3);
        store.close().unwrap();
        let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
        for (id, from_savepoint) in [(1, true), (2, false)] {
            let record = JobRecord { from_savepoint, ..record(id, JobState::Pending) };
            put(&store, vec![Op::Submitted { record: Box::new(record), texts: Box::new(texts(id, 20)) }]);
        }
        store.close().unwrap();
        let mut files = archived(dir.path(), "jobs");
        // The first job's own text.
        let holds = |file: &PathBuf| {
            std::fs::read(file).unwrap().windows(11).any(|window| window == b"{\"job\": 1, ")
        };
        files.retain(holds);
        let file = files.pop().unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        match is_removed {
            true => std::fs::remove_file(&file).unwrap(),
            false => {
                bytes[4096..].fill(0);
                std::fs::write(&file, bytes).unwrap();
            }
        }
        std::fs::remove_dir_all(dir.path().join("index")).unwrap();
        for _ in 0..2 {
            let Opened { store, recovered } = Store::open(dir.path(), &tiny_segments()).unwrap();
            let lives = |id: i64| recovered.live.iter().any(|live| live.record.id == JobId(id));
            assert_eq!((lives(1), lives(2)), (false, true), "{:?}", recovered.notes);
            assert_eq!(state_of(&store, 1), Some(JobState::Unknowable));
        }
    }
}

/// A job that ended, lies in the archive, and lives again under its id, without what was committed before.
#[test]
fn what_an_earlier_life_committed_does_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &folding(options().grace)).unwrap();
    let mut id = 100;
    let mut fold = |through: u64| {
        until("it is folded", || {
            id += 1;
            put(&store, vec![submitted(id), checkpoint(id, 1, 500), change(id, JobState::Finished)]);
            let image = Base::find(dir.path()).unwrap().image;
            image.is_some_and(|image| image.head.covered.last_sequence >= through)
        });
    };
    put(&store, vec![submitted(1), Op::Committed { job: JobId(1), epoch: Epoch(7) }]);
    fold(put(&store, vec![change(1, JobState::Finished)]));
    fold(put(&store, vec![submitted(1), Op::DropCheckpoint { job: JobId(1) }, checkpoint(1, 9, 50)]));
    let committed = |store: &Store| store.reader().checkpoint(JobId(1)).unwrap().unwrap().1;
    assert_eq!(committed(&store), Epoch(0));
    store.close().unwrap();
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    let Opened { store, recovered } = Store::open(dir.path(), &tiny_segments()).unwrap();
    assert_eq!((committed(&store), recovered.live[0].committed), (Epoch(0), Epoch(0)));
}
