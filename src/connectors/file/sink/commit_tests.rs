use super::*;
use crate::connectors::file::sink::staging::Owner;
use crate::model::{Epoch, JobId};

const FILES: usize = 3;

/// Three staged files of one writer, in two directories of the target.
struct Stage {
    dir: tempfile::TempDir,
    owner: Owner,
    handle: Handle,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let attempt = AttemptId { timeline: 9, number: 2 };
        let owner = Owner { job: JobId(7), attempt, sink: 1 };
        let root = dir.path().join("t/.seikan");
        let files = (0..FILES)
            .map(|index| {
                let name = format!("p={}/f{index}.txt", index % 2);
                let staged = root.join(owner.dir("0123456789")).join("T_7").join(&name);
                durable::create_file(&staged).unwrap();
                fs::write(&staged, format!("content {index}")).unwrap();
                StagedFile { staged, target: dir.path().join("t").join(name), rows: 1, bytes: 9 }
            })
            .collect();
        Self { owner, handle: Handle { root, replace: false, files }, dir }
    }

    fn commit(&self) -> Result<(), Fault> {
        commit(std::slice::from_ref(&self.handle))
    }

    fn assert_committed(&self) {
        for (index, file) in self.handle.files.iter().enumerate() {
            assert_eq!(fs::read_to_string(&file.target).unwrap(), format!("content {index}"));
        }
        let all: Vec<_> = walkdir::WalkDir::new(self.dir.path())
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .collect();
        assert_eq!(all.len(), FILES, "nothing is doubled or left: {all:?}");
        assert!(!self.handle.root.exists(), "staging directories are gone");
    }
}

fn roots(stage: &Stage) -> BTreeMap<PathBuf, PathBuf> {
    [(stage.handle.root.clone(), stage.handle.root.clone())].into()
}

/// What a crash may leave of one file: untouched, directory made, copied but not removed, half copied, moved.
fn disturb(file: &StagedFile, how: usize) {
    let target_dir = file.target.parent().unwrap();
    match how {
        0 => {}
        1 => fs::create_dir_all(target_dir).unwrap(),
        2 => {
            fs::create_dir_all(target_dir).unwrap();
            fs::copy(&file.staged, &file.target).unwrap();
        }
        3 => {
            fs::create_dir_all(target_dir).unwrap();
            fs::rename(&file.staged, &file.target).unwrap();
        }
        _ => unreachable!(),
    }
}

#[test]
fn a_commit_goes_on_wherever_it_was_broken_off() {
    for plan in 0..4usize.pow(FILES as u32) {
        let stage = Stage::new();
        for (index, file) in stage.handle.files.iter().enumerate() {
            disturb(file, plan / 4usize.pow(index as u32) % 4);
        }
        stage.commit().unwrap();
        stage.assert_committed();
        stage.commit().unwrap();
        stage.assert_committed();
    }
}

#[test]
fn what_was_decided_survives_taking_back() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for committed in 0..=FILES {
        let stage = Stage::new();
        let leftover = stage.handle.root.join(stage.owner.dir("ffffffffff")).join("T_8/x.txt");
        durable::create_file(&leftover).unwrap();
        stage.handle.files[..committed].iter().for_each(|file| disturb(file, 3));
        let prepared = [Prepared { sink: 0, epoch: Epoch(1), rows: 3, data: stage.handle.encode().unwrap() }];
        let mut committer = FileCommitter { owner: stage.owner, roots: roots(&stage) };
        let up_to = AttemptId { number: 3, ..stage.owner.attempt };
        runtime.block_on(async {
            committer.take_back(up_to, &prepared).await.unwrap();
            committer.take_back(up_to, &prepared).await.unwrap();
            assert!(!leftover.exists());
            committer.commit(&prepared).await.unwrap();
            stage.assert_committed();
            committer.take_back(up_to, &[]).await.unwrap();
            stage.assert_committed();
        });
    }
}

#[test]
fn what_was_not_decided_vanishes() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let stage = Stage::new();
    let mut committer = FileCommitter { owner: stage.owner, roots: roots(&stage) };
    runtime.block_on(committer.take_back(stage.owner.attempt, &[])).unwrap();
    assert!(!stage.handle.root.exists());
    let fault = stage.commit().unwrap_err();
    assert!(fault.message.contains("is lost") && fault.message.contains("f0.txt"), "{fault}");
}

#[test]
fn a_foreign_file_is_not_overwritten() {
    let mut stage = Stage::new();
    let target = stage.handle.files[1].target.clone();
    durable::create_file(&target).unwrap();
    fs::write(&target, "other one").unwrap();
    let fault = stage.commit().unwrap_err();
    assert!(fault.message.contains("not overwritten"), "{fault}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "other one");
    assert!(stage.handle.files[1].staged.exists());
    stage.handle.replace = true;
    stage.commit().unwrap();
    stage.assert_committed();
}

#[test]
fn moving_to_another_file_system() {
    let stage = Stage::new();
    for file in &stage.handle.files {
        let dir = file.target.parent().unwrap();
        durable::make_dirs(dir).unwrap();
        // a copy that a crash cut off lies there
        let half = dir.join(format!(".{}.copying", file.target.file_name().unwrap().to_str().unwrap()));
        fs::write(half, "con").unwrap();
        copy(&file.staged, &file.target).unwrap();
    }
    stage.commit().unwrap();
    for dir in ["p=0", "p=1"] {
        let hidden = fs::read_dir(stage.dir.path().join("t").join(dir)).unwrap();
        assert!(hidden.map(Result::unwrap).all(|e| !e.file_name().to_str().unwrap().starts_with('.')));
    }
}
