//! Death at every named point. The test runs itself as a child process, which dies there (or is told of an error
//! there); the parent then opens the directory.

use super::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

const DIR: &str = "SEIKAN_TEST_CRASH_DIR";
const JOBS: i64 = 60;

/// The child: opens the store, appends, and notes each acknowledged change in a file; twice in a row, stopping cleanly
/// in between.
#[test]
#[ignore = "the child of the other tests of this file"]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let dir = Path::new(&dir);
    let mut acknowledged =
        std::fs::File::options().append(true).create(true).open(dir.join("answers")).unwrap();
    for _ in 0..2 {
        let Opened { store, recovered } = Store::open(&dir.join("data"), &folding(Duration::ZERO)).unwrap();
        writeln!(acknowledged, "opened {} {:?}", recovered.held.is_some(), recovered.notes).unwrap();
        for id in 1..=JOBS {
            for op in [submitted(id), change(id, JobState::Running), change(id, JobState::Finished)] {
                let state = match &op {
                    Op::Record(record) => record.state,
                    _ => JobState::Pending,
                };
                match try_put(&store, vec![op]) {
                    Ok(_) => writeln!(acknowledged, "answered {id} {state}").unwrap(),
                    Err(error) => writeln!(acknowledged, "error {id} {state} {error}").unwrap(),
                }
            }
        }
        // A pause, so that a seal is due, and the index has caught up.
        let bytes = store.status().bytes;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5)
            && store.status().failed.is_none()
            && store.status().index_failed.is_none()
            && (store.status().bytes == bytes || store.status().index_lag > 0)
        {
            std::thread::yield_now();
        }
        match store.close() {
            Ok(()) => writeln!(acknowledged, "closed").unwrap(),
            Err(error) => writeln!(acknowledged, "not closed {error}").unwrap(),
        }
    }
}

fn run(dir: &Path, failpoints: &str) -> (bool, Vec<String>) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["store::tests::crash::child", "--exact", "--ignored"])
        .env(DIR, dir)
        .env("SEIKAN_FAILPOINTS", failpoints)
        .env("SEIKAN_FAILPOINT_LOG", dir.join("visits"))
        .output()
        .unwrap();
    let answers = std::fs::read_to_string(dir.join("answers")).unwrap_or_default();
    (output.status.success(), answers.lines().map(str::to_owned).collect())
}

/// Everything that was answered is there, in the state of the last answer or the one that was under way.
fn check(dir: &Path, answers: &[String], point: &str) {
    let mut last = BTreeMap::new();
    for line in answers.iter().filter_map(|line| line.strip_prefix("answered ")) {
        let (id, state) = line.split_once(' ').unwrap();
        last.insert(id.parse::<i64>().unwrap(), JobState::of_name(state).unwrap());
    }
    if !last.is_empty() {
        // A death damages nothing: a look says so before a start has set anything right.
        let seen = inspect(&dir.join("data")).unwrap();
        assert!(seen.is_sound() && seen.held.is_none(), "{point}: {seen:#?}");
    }
    for start in 0..2 {
        let Opened { store, recovered } = Store::open(&dir.join("data"), &folding(Duration::ZERO)).unwrap();
        assert_eq!(recovered.held, None, "{point}: still the original, start {start}");
        let damage =
            recovered.notes.iter().filter(|note| note.contains("damage") || note.contains("missing"));
        assert_eq!(damage.count(), 0, "{point}: {:?}", recovered.notes);
        for (id, state) in &last {
            let found = state_of(&store, *id)
                .unwrap_or_else(|| panic!("{point}, start {start}: job {id} is lost: {:?}", recovered.notes));
            let next = match state {
                JobState::Pending => JobState::Running,
                JobState::Running => JobState::Finished,
                _ => JobState::Pending,
            };
            assert!(found == *state || found == next, "{point}: job {id} is {found}, answered {state}");
        }
        let total = store.reader().counts().total() as usize + recovered.live.len();
        assert!(total == last.len() || total == last.len() + 1, "{point}: {total} jobs of {}", last.len());
        put(&store, vec![submitted(1000 + start), change(1000 + start, JobState::Finished)]);
        last.insert(1000 + start, JobState::Finished);
    }
}

#[test]
fn death_at_any_point_loses_nothing_that_was_answered() {
    let points = [
        ("store.before-marker-removal", &[1, 2][..]),
        ("store.marker-removed", &[1, 2]),
        ("store.before-identity", &[1, 2]),
        ("store.after-identity", &[1, 2]),
        ("store.before-first-segment", &[1, 2]),
        ("store.first-segment", &[1, 2]),
        ("store.before-rotate", &[1, 3]),
        ("store.rotated", &[1, 3]),
        ("store.before-write", &[1, 7, 200]),
        ("store.written", &[1, 7, 200]),
        ("store.before-directory-sync", &[1, 3]),
        ("store.synced", &[1, 7, 200]),
        ("store.before-seal", &[1, 2]),
        ("store.before-apply", &[1, 2]),
        ("store.applied", &[1, 2]),
        // How often it comes there depends on how many segments one fold takes.
        ("store.before-fold", &[1, 2]),
        ("store.folded-jobs", &[1, 2]),
        ("store.folded", &[1, 2]),
        ("store.before-deletion", &[1]),
        ("store.deleted", &[1, 2, 3]),
        ("store.before-marker", &[1, 2]),
        ("store.marker-written", &[1, 2]),
    ];
    for (point, visits) in points {
        for visit in visits {
            let dir = tempfile::tempdir().unwrap();
            let (survived, answers) = run(dir.path(), &format!("{point}={visit}*exit"));
            assert!(!survived, "{point} was not visited {visit} times");
            check(dir.path(), &answers, point);
        }
    }
}

#[test]
fn deaths_in_a_row_at_the_start_are_not_taken_for_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "store.written=20*exit");
    let mut answers = Vec::new();
    for point in [
        "store.after-identity",
        "store.after-identity",
        "store.before-first-segment",
        "store.before-identity",
    ] {
        let (survived, lines) = run(dir.path(), &format!("{point}=exit"));
        assert!(!survived);
        answers = lines;
    }
    check(dir.path(), &answers, "deaths in a row");
}

#[test]
fn a_failed_sync_is_final() {
    // Also one that failed for want of space: what the disk holds is not known either way.
    for is_full in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let full = dir.path().join("full");
        std::fs::write(&full, "").unwrap();
        let kind = if is_full { format!("full({})", full.display()) } else { "error".to_owned() };
        let (survived, answers) = run(dir.path(), &format!("store.written=10*{kind}"));
        assert!(survived);
        let errors: Vec<_> = answers.iter().filter(|line| line.starts_with("error")).collect();
        assert!(errors.iter().all(|line| line.contains("the journal has failed")), "{errors:?}");
        let first = answers.iter().position(|line| line.starts_with("error")).unwrap();
        let closed = answers.iter().position(|line| line.starts_with("not closed")).unwrap();
        assert!(
            answers[first..closed].iter().all(|line| line.starts_with("error")),
            "nothing succeeds after it"
        );
        check(dir.path(), &answers, "a failed sync");
    }
}

#[test]
fn a_failed_write_is_refused_for_certain_and_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (survived, answers) = run(dir.path(), "store.before-write=10*error");
    assert!(survived);
    let errors: Vec<_> = answers.iter().filter(|line| line.starts_with("error")).collect();
    assert!(!errors.is_empty() && errors.iter().all(|line| line.contains("not recorded")), "{errors:?}");
    assert!(answers.iter().any(|line| line == "closed"), "it closes in order: {answers:?}");
    let store = open(&dir.path().join("data")).store;
    assert_eq!(state_of(&store, 3), Some(JobState::Finished));
    assert_eq!(state_of(&store, 4), None, "refused, so it is not there");
}

#[test]
fn death_while_a_half_written_batch_is_cut_off_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (survived, answers) = run(dir.path(), "store.before-write=10*error;store.before-cut-off=exit");
    assert!(!survived);
    check(dir.path(), &answers, "store.before-cut-off");
}

#[test]
fn death_while_a_copy_sets_segments_aside_is_made_good() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { store, .. } = Store::open(&dir.path().join("original"), &tiny_segments()).unwrap();
    put(&store, vec![submitted(1)]);
    let old = std::fs::read(&segments(&dir.path().join("original"))[0]).unwrap();
    for id in 2..=60 {
        put(&store, vec![submitted(id), checkpoint(id, 1, 900)]);
    }
    drop(store);
    let data = dir.path().join("data");
    copy(&dir.path().join("original"), &data);
    let all = segments(&data);
    std::fs::write(&all[0], old).unwrap();
    let (survived, _) = run(dir.path(), "store.before-set-aside=3*exit");
    assert!(!survived);
    assert_eq!(segments(&data).len(), all.len() - 2);
    let Opened { store, recovered } = open(&data);
    assert!(recovered.held.is_some());
    assert_eq!(recovered.live.len(), 1);
    assert_eq!(std::fs::read_dir(data.join("aside")).unwrap().count(), all.len() - 1);
    drop(store);
    assert_eq!(open(&data).recovered.live.len(), 1);
}

#[test]
fn a_failed_index_delays_no_answer_and_is_rebuilt() {
    for trouble in ["3@error", "3@panic", "3@sleep(8000)"] {
        let dir = tempfile::tempdir().unwrap();
        let (survived, answers) = run(dir.path(), &format!("store.change-index={trouble}"));
        assert!(survived, "{trouble}");
        assert!(answers.iter().all(|line| !line.starts_with("error")), "{trouble}: {answers:?}");
        let closed = answers.iter().filter(|line| line.starts_with("closed")).count();
        assert_eq!(closed, 2, "{trouble}: {answers:?}");
        assert!(dir.path().join("data/aside/index").is_dir(), "{trouble}");
        check(dir.path(), &answers, trouble);
    }
}

#[test]
fn an_index_that_fails_again_and_again_is_given_up_until_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (survived, answers) = run(dir.path(), "store.before-apply=error");
    assert!(survived);
    assert!(answers.iter().all(|line| !line.starts_with("error")), "{answers:?}");
    assert!(answers.iter().any(|line| line.starts_with("not closed the index")), "{answers:?}");
    check(dir.path(), &answers, "a failed index");
}

#[test]
fn an_index_that_can_not_be_opened_is_rebuilt() {
    for trouble in ["error", "panic", "sleep(8000)"] {
        let dir = tempfile::tempdir().unwrap();
        let (survived, answers) = run(dir.path(), &format!("store.before-open-index={trouble}"));
        assert!(survived, "{trouble}");
        let closed = answers.iter().filter(|line| line.starts_with("closed")).count();
        assert_eq!(closed, 2, "{trouble}: {answers:?}");
        assert!(dir.path().join("data/aside/index").is_dir(), "{trouble}");
        check(dir.path(), &answers, trouble);
    }
}
