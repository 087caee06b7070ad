//! Torn tails and flipped bytes.

use super::*;
use crate::store::journal::{SegmentHeader, io, items, settle};

/// A directory with some jobs in one segment, and nothing behind their frames; the bytes of the segment.
fn written(dir: &Path) -> Vec<u8> {
    let Opened { store, .. } = open(dir);
    put(&store, vec![submitted(1)]);
    put(&store, vec![submitted(2), change(2, JobState::Finished)]);
    put(&store, vec![change(1, JobState::Running), checkpoint(1, 1, 9)]);
    put(&store, vec![submitted(3)]);
    drop(store);
    std::fs::read(&segments(dir)[0]).unwrap()
}

/// Offsets at which the frames of changes begin and end.
fn frames(bytes: &[u8]) -> Vec<(usize, usize)> {
    let header = SegmentHeader::decode(bytes, "").unwrap().unwrap();
    let settled = settle(&header, &items(bytes, header.salt), None);
    let span = |offset: u64, length: usize| (offset as usize, offset as usize + length);
    settled.accepted.iter().map(|frame| span(frame.offset, frame.header.frame_length())).collect()
}

#[test]
fn a_tail_torn_at_any_byte_keeps_what_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = written(dir.path());
    let frames = frames(&bytes);
    assert_eq!(frames.len(), 4);
    let header = SegmentHeader::decode(&bytes, "").unwrap().unwrap();
    for length in frames[0].0..=bytes.len() {
        let cut = &bytes[..length];
        let settled = settle(&header, &items(cut, header.salt), None);
        let whole = frames.iter().filter(|(_, end)| *end <= length).count();
        assert_eq!(settled.accepted.len(), whole, "cut at {length}");
        assert_eq!(settled.damage, [], "cut at {length}");
        // The same length, but with zeros: what a power cut leaves.
        let mut zeroed = bytes.clone();
        zeroed[length..].fill(0);
        let settled = settle(&header, &items(&zeroed, header.salt), None);
        assert!(settled.accepted.len() >= whole.min(4), "zeroed from {length}");
        // A single byte that is missing in a header is mended.
        assert!(settled.damage.iter().all(|damage| damage.lost.0 > damage.lost.1), "zeroed from {length}");
    }
}

#[test]
fn stores_open_behind_every_torn_tail_of_the_last_frames() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = written(dir.path());
    let frames = frames(&bytes);
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    for length in (frames[2].0..=bytes.len()).filter(|length| {
        length % 7 == 0
            || frames.iter().any(|(start, end)| length.abs_diff(*start) < 3 || length.abs_diff(*end) < 3)
    }) {
        std::fs::create_dir_all(data.join("journal")).unwrap();
        std::fs::write(
            data.join("journal").join(segments(dir.path())[0].file_name().unwrap()),
            &bytes[..length],
        )
        .unwrap();
        for start in 0..2 {
            let Opened { store, recovered } = open(&data);
            let whole = frames.iter().filter(|(_, end)| *end <= length).count();
            let expected = match whole {
                2 => vec![(1, JobState::Pending)],
                3 => vec![(1, JobState::Running)],
                _ => vec![(1, JobState::Running), (3, JobState::Pending)],
            };
            let live: Vec<_> = recovered.live.iter().map(|job| (job.record.id.0, job.record.state)).collect();
            assert_eq!(live, expected, "cut at {length}, start {start}");
            assert_eq!(recovered.live[0].checkpoint.is_some(), whole >= 3);
            assert_eq!(state_of(&store, 2), Some(JobState::Finished));
            if start == 0 {
                put(&store, vec![submitted(9), change(9, JobState::Finished)]);
            } else {
                assert_eq!(state_of(&store, 9), Some(JobState::Finished));
            }
        }
        std::fs::remove_dir_all(&data).unwrap();
    }
}

/// Flips one byte of `file`, in place.
fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0x40;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_flipped_byte_is_located_and_harms_its_own_job_only() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = written(dir.path());
    let frames = frames(&bytes);
    let first = segments(dir.path()).remove(0);
    for at in (frames[0].0..frames[3].1).step_by(11) {
        flip(&first, at);
        let Opened { store, recovered } = open(dir.path());
        assert_eq!(recovered.held, None, "byte {at}: still the original");
        assert!(!recovered.notes.is_empty(), "byte {at}");
        let frame = frames.iter().position(|(start, end)| (*start..*end).contains(&at)).unwrap();
        let header_ends = frames[frame].0 + 32 + 4;
        assert!(recovered.notes[0].contains(&format!("byte {}", frames[frame].0)), "{:?}", recovered.notes);
        let states: Vec<_> = (1..=3).map(|id| state_of(&store, id).unwrap()).collect();
        let healthy = [JobState::Running, JobState::Finished, JobState::Pending];
        let mut expected = healthy;
        if recovered.notes[0].contains("mended") {
            assert!(at < frames[frame].1 - 20, "byte {at}");
        } else {
            assert!(at >= header_ends, "byte {at}: {:?}", recovered.notes);
            match frame {
                // Its texts are lost: it can't be run again.
                0 | 2 => expected[0] = JobState::Unknowable,
                1 => expected[1] = JobState::Unknowable,
                _ => expected[2] = JobState::Unknowable,
            }
        }
        assert_eq!(states, expected, "byte {at}: {:?}", recovered.notes);
        let unknowable = expected.iter().filter(|state| **state == JobState::Unknowable).count() as u64;
        assert_eq!(store.reader().counts().unknowable, unknowable);
        drop(store);
        let again = open(dir.path());
        let states: Vec<_> = (1..=3).map(|id| state_of(&again.store, id).unwrap()).collect();
        assert_eq!(states, expected, "byte {at}: the verdict stays");
        drop(again);
        // Back to where it was, for the next byte: nothing but the first segment.
        flip(&first, at);
        restore(dir.path(), &first, &bytes);
    }
}

/// A seal that a power cut left torn, while the frame behind it reached the disk.
#[test]
fn a_torn_seal_before_the_last_frame_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1)]);
    let goes_on = JobRecord { from_savepoint: true, ..record(2, JobState::Pending) };
    put(&store, vec![Op::Submitted { record: Box::new(goes_on), texts: Box::new(texts(2, 20)) }]);
    let unsealed = store.status().bytes;
    until("it is sealed", || store.status().bytes > unsealed);
    put(&store, vec![submitted(3)]);
    drop(store);
    let first = segments(dir.path()).remove(0);
    let mut bytes = std::fs::read(&first).unwrap();
    let [_, second, third] = frames(&bytes)[..] else { panic!("three frames") };
    bytes.truncate(third.1);
    bytes[second.1..third.0].fill(0);
    std::fs::write(&first, &bytes).unwrap();
    let Opened { store, recovered } = open(dir.path());
    assert!(recovered.notes.is_empty(), "{:?}", recovered.notes);
    for job in 1..=3 {
        assert_eq!(state_of(&store, job), Some(JobState::Pending), "job {job}");
    }
}

/// Makes a directory what `written` left, in place.
fn restore(dir: &Path, first: &Path, bytes: &[u8]) {
    for name in ["journal", "index"] {
        std::fs::remove_dir_all(dir.join(name)).unwrap();
    }
    std::fs::remove_file(dir.join("identity")).unwrap();
    std::fs::create_dir(dir.join("journal")).unwrap();
    assert_eq!(written(dir).len(), bytes.len());
    // Same ops, other salt: the frames lie where they lay.
    assert_eq!(frames(&std::fs::read(first).unwrap()), frames(bytes));
}

#[test]
fn a_missing_segment_of_the_original_leaves_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(dir.path(), &tiny_segments()).unwrap();
    for id in 1..=40 {
        put(&store, vec![submitted(id), checkpoint(id, 1, 500)]);
        put(&store, vec![change(id, JobState::Finished)]);
    }
    put(&store, vec![submitted(41)]);
    drop(store);
    let all = segments(dir.path());
    std::fs::remove_file(&all[all.len() / 2]).unwrap();
    let Opened { store, recovered } = Store::open(dir.path(), &tiny_segments()).unwrap();
    assert_eq!(recovered.held, None);
    assert!(recovered.notes.iter().any(|note| note.contains("missing")), "{:?}", recovered.notes);
    assert_eq!(state_of(&store, 1), Some(JobState::Finished));
    assert_eq!(state_of(&store, 40), Some(JobState::Finished));
    assert_eq!(recovered.live.len(), 1, "submitted behind the gap");
    assert!(!dir.path().join("aside").exists());
}

#[test]
fn a_job_that_was_live_before_a_gap_is_unknowable() {
    let dir = tempfile::tempdir().unwrap();
    for id in 1..=3 {
        // Each start is a segment of its own.
        put(&open(dir.path()).store, vec![submitted(id)]);
    }
    std::fs::remove_file(&segments(dir.path())[1]).unwrap();
    for _ in 0..2 {
        let Opened { store, recovered } = open(dir.path());
        assert_eq!(state_of(&store, 1), Some(JobState::Unknowable));
        assert_eq!(state_of(&store, 2), None, "nothing tells that it ever was");
        assert_eq!(state_of(&store, 3), Some(JobState::Pending));
        assert_eq!(recovered.live.len(), 1);
    }
}

#[test]
fn one_bad_header_of_a_segment_is_no_loss() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    // In the checksummed part; in the version, which then looks newer; in the magic.
    for at in [30, 10, 0] {
        let first = segments(dir.path()).remove(0);
        flip(&first, at);
        assert_eq!(inspect(dir.path()).unwrap().jobs(), 3, "byte {at}: what only looks sees the same");
        let Opened { store, recovered } = open(dir.path());
        assert_eq!((recovered.held, recovered.live.len()), (None, 2), "byte {at}");
        assert_eq!(state_of(&store, 2), Some(JobState::Finished));
        drop(store);
        flip(&first, at);
    }
}

#[test]
fn a_store_without_its_journal_is_no_new_one() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let Opened { store, recovered } = open(dir.path());
    assert_eq!((recovered.held, recovered.notes), (None, Vec::<String>::new()), "nothing is missing");
    put(&store, vec![submitted(1)]);
    store.close().unwrap();
    for segment in segments(dir.path()) {
        std::fs::remove_file(segment).unwrap();
    }
    let Opened { store, recovered } = open(dir.path());
    assert!(recovered.held.is_some_and(|reason| reason.contains("the journal is missing")));
    assert!(recovered.notes.iter().any(|note| note.contains("missing")), "{:?}", recovered.notes);
    assert_eq!(state_of(&store, 1), None);
    put(&store, vec![submitted(1)]);
    drop(store);
    assert_eq!(open(dir.path()).recovered.live.len(), 1);
}

#[test]
fn the_first_journal_of_a_store_that_ran_jobs_can_not_be_missing_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1), change(1, JobState::Finished)]);
    drop(store);
    // As a backup of the first run has it: no index, no archive.
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    std::fs::remove_dir_all(dir.path().join("journal")).unwrap();
    std::fs::create_dir_all(dir.path().join("logs")).unwrap();
    std::fs::write(dir.path().join("logs/job-1.log"), "a line").unwrap();
    let Opened { recovered, .. } = open(dir.path());
    assert!(recovered.held.is_some_and(|reason| reason.contains("the journal is missing")));
    assert!(recovered.notes.iter().any(|note| note.contains("missing")), "{:?}", recovered.notes);
}

/// As a copy has it that ended when it had just made the file.
#[test]
fn an_empty_only_segment_is_said_and_held() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1)]);
    drop(store);
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    let segment = segments(dir.path()).remove(0);
    std::fs::write(&segment, "").unwrap();
    let seen = inspect(dir.path()).unwrap();
    assert_eq!(seen.damage[0].what, "it is empty");
    let Opened { store, recovered } = open(dir.path());
    assert!(recovered.held.is_some_and(|reason| reason.contains("no segment of the journal can be read")));
    assert!(recovered.notes[0].contains("is set aside: it is empty"), "{:?}", recovered.notes);
    put(&store, vec![submitted(1)]);
    drop(store);
    let again = open(dir.path()).recovered;
    assert_eq!((again.live.len(), again.held.is_some()), (1, true), "until it is resumed");
}

#[test]
fn damage_to_what_was_stored_again_since_is_said_to_cost_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = open(dir.path());
    put(&store, vec![submitted(1)]);
    for state in [JobState::Running, JobState::Failing, JobState::Failed] {
        put(&store, vec![change(1, state)]);
    }
    put(&store, vec![submitted(2)]);
    drop(store);
    let segment = segments(dir.path()).remove(0);
    let bytes = std::fs::read(&segment).unwrap();
    for (frame, is_harmless) in [(1, true), (2, true), (0, false), (3, false)] {
        let (start, end) = frames(&bytes)[frame];
        let mut damaged = bytes.clone();
        damaged[end - 1] ^= 0x10;
        std::fs::write(&segment, &damaged).unwrap();
        let said = |what: &str| what.contains("nothing is lost, because it was stored again since");
        let seen = inspect(dir.path()).unwrap();
        assert!(
            seen.damage.iter().all(|found| said(&found.what) == is_harmless),
            "{start}: {:?}",
            seen.damage
        );
        let copied = tempfile::tempdir().unwrap();
        copy(dir.path(), &copied.path().join("data"));
        let notes = open(&copied.path().join("data")).recovered.notes;
        assert_eq!(notes.iter().any(|note| said(note)), is_harmless, "{frame}: {notes:?}");
    }
}

#[test]
fn a_refused_start_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path()));
    let path = dir.path().join("identity");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"version\": 1", "\"version\": 9")).unwrap();
    // As a backup has it.
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    std::fs::remove_file(dir.path().join("LOCK")).unwrap();
    let names = || io::list(dir.path()).unwrap();
    let before = names();
    for _ in 0..2 {
        let error = Store::open(dir.path(), &options()).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 9, .. }), "{error}");
        assert_eq!(names(), before);
    }
    let file = dir.path().join("a-file");
    std::fs::write(&file, "x").unwrap();
    let error = Store::open(&file, &options()).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is a file, not a directory", file.display()));
}

#[test]
fn an_identity_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path()));
    let path = dir.path().join("identity");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"version\": 1", "\"version\": 9")).unwrap();
    let error = Store::open(dir.path(), &options()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 9, .. }), "{error}");
    assert!(error.to_string().contains("identity"), "{error}");
}

/// The mark of a clean stop says how far the journal went: a tail that is cut off since is no torn write.
#[test]
fn a_tail_that_is_cut_off_after_a_clean_stop_is_noticed() {
    for zeroed in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let Opened { store, .. } = open(dir.path());
        put(&store, vec![submitted(1), change(1, JobState::Finished)]);
        put(&store, vec![submitted(2)]);
        put(&store, vec![submitted(3), change(2, JobState::Running)]);
        store.close().unwrap();
        let segment = segments(dir.path()).remove(0);
        let bytes = std::fs::read(&segment).unwrap();
        let (start, _) = frames(&bytes)[2];
        let mut cut = bytes[..start].to_vec();
        if zeroed {
            cut.resize(bytes.len(), 0);
        }
        std::fs::write(&segment, cut).unwrap();
        for start in 0..2 {
            let Opened { store, recovered } = open(dir.path());
            assert_eq!(recovered.held, None);
            assert_eq!(state_of(&store, 1), Some(JobState::Finished), "it had ended before");
            assert_eq!(state_of(&store, 2), Some(JobState::Unknowable), "what became of it is not known");
            assert_eq!(state_of(&store, 3), Some(JobState::Unknowable), "the mark named it");
            assert_eq!(recovered.live, []);
            for said in ["changes 3 to 3", "last stop", "job 2", "job 3"] {
                let is_said = recovered.notes.iter().any(|note| note.contains(said));
                assert!(is_said || start > 0, "{said}: {:?}", recovered.notes);
            }
        }
    }
}

#[test]
fn a_journal_that_is_gone_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    assert_eq!(first.recovered.notes, Vec::<String>::new(), "a new store has nothing to say");
    put(&first.store, vec![submitted(1)]);
    first.store.close().unwrap();
    std::fs::remove_file(&segments(dir.path())[0]).unwrap();
    let second = open(dir.path());
    assert!(second.recovered.notes[0].contains("the journal is missing"), "{:?}", second.recovered.notes);
    put(&second.store, vec![submitted(2)]);
    drop(second);
    drop(open(dir.path()));
    // Killed, so that no mark is there.
    std::fs::remove_dir_all(dir.path().join("journal")).unwrap();
    let notes = open(dir.path()).recovered.notes;
    assert!(notes[0].contains("the journal is missing"), "{notes:?}");
}
