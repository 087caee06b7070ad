//! Copies and lists of data directories.

use std::path::Path;

/// Copies a directory tree, `LOCK` left out, file by file in the order that `order` gives.
pub fn copy_in_order(from: &Path, to: &Path, order: impl FnOnce(&mut Vec<std::path::PathBuf>)) {
    let walk = || walkdir::WalkDir::new(from).into_iter().filter_map(Result::ok);
    for dir in walk().filter(|entry| entry.file_type().is_dir()) {
        std::fs::create_dir_all(to.join(dir.path().strip_prefix(from).unwrap())).unwrap();
    }
    let files = walk().filter(|entry| entry.file_type().is_file() && entry.file_name() != "LOCK");
    let mut files: Vec<_> = files.map(walkdir::DirEntry::into_path).collect();
    order(&mut files);
    for file in files {
        // A file that vanished or was renamed meanwhile is what every copying tool meets.
        let _copied = std::fs::copy(&file, to.join(file.strip_prefix(from).unwrap()));
    }
}

pub fn copy(from: &Path, to: &Path) {
    copy_in_order(from, to, |_| ());
}

/// The segments of a data directory, oldest first.
pub fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}
