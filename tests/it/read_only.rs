//! A data directory that can't be written to: one clear sentence, and nothing is changed.

use crate::server::{Server, program};
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The user that owns nothing.
const NOBODY: &str = "65534";

/// Sets the permissions of everything below a directory, and of itself.
fn permit(dir: &Path, directories: u32, files: u32) {
    for entry in walkdir::WalkDir::new(dir).contents_first(directories == 0).into_iter().map(Result::unwrap) {
        let mode = if entry.file_type().is_dir() { directories } else { files };
        fs::set_permissions(entry.path(), Permissions::from_mode(mode)).unwrap();
    }
}

/// Runs the program as a user whom permissions hold back: root is not.
fn run(place: &Path, arguments: &[&str]) -> Output {
    if fs::metadata(place).unwrap().uid() != 0 {
        return Command::new(program()).args(arguments).stdin(Stdio::null()).output().unwrap();
    }
    let copy = place.join("seikan");
    if !copy.exists() {
        fs::copy(program(), &copy).unwrap();
    }
    let as_nobody = [&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"];
    let mut command = Command::new("setpriv");
    command.args(as_nobody).arg(copy).args(arguments).current_dir(place).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("setpriv (package util-linux): {error}"))
}

fn files(dir: &Path) -> Vec<(PathBuf, u64, Option<Vec<u8>>)> {
    let entries = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().map(Result::unwrap);
    entries
        .map(|entry| (entry.path().to_owned(), entry.metadata().unwrap().ino(), fs::read(entry.path()).ok()))
        .collect()
}

#[test]
fn a_start_on_a_directory_that_cant_be_written_says_so_and_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data);
    let id = server.submit(&json!({
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    }));
    server.ended(&id);
    server.terminate();
    let path = data.to_str().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", path];

    // May be read, not written; may not even be read.
    for (directories, files_too) in [(0o555, 0o444), (0o000, 0o000)] {
        let before = files(&data);
        permit(&data, directories, files_too);
        let output = run(place.path(), &serve);
        let error = String::from_utf8(output.stderr).unwrap();
        // what can't be looked at is a wrong argument, what can't be written fails the start
        assert_eq!(output.status.code(), Some(if directories == 0 { 2 } else { 1 }), "{error}");
        assert!(error.contains("Permission denied") && error.contains(path), "{error}");
        assert!(!error.contains("panicked"), "{error}");
        if directories == 0 {
            let verified = run(place.path(), &["backup", "verify", path]);
            let error = String::from_utf8(verified.stderr).unwrap();
            assert_eq!(verified.status.code(), Some(2), "{error}");
            assert!(error.contains("Permission denied") && error.contains(path), "{error}");
            let below = run(place.path(), &["backup", "verify", &format!("{path}/journal")]);
            let error = String::from_utf8(below.stderr).unwrap();
            assert!(below.status.code() == Some(2) && error.contains("Permission denied"), "{error}");
        }
        permit(&data, 0o700, 0o600);
        assert_eq!(files(&data), before);
    }

    // What only reads does with reading.
    permit(&data, 0o555, 0o444);
    for arguments in [["backup", "verify", path], ["backup", "export", path]] {
        let output = run(place.path(), &arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    permit(&data, 0o700, 0o600);
    let server = Server::start(&data);
    assert_eq!(server.job(&id)["jobStatus"], "FINISHED");
}
