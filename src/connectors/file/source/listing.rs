//! Finds the files of a table.

use crate::connectors::file::sink::{HIDDEN, failed};
use crate::model::Fault;
use fancy_regex::Regex;
use std::io;
use std::path::{Path, PathBuf};

/// Which files of a path are read.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// File or directory.
    pub(super) path: PathBuf,
    /// `file_filter_pattern`.
    pub(super) pattern: Option<NamePattern>,
    /// `read_partitions`; empty: all.
    pub(super) partitions: Vec<String>,
}

/// `file_filter_pattern`: a regular expression that the whole file name must match, or the whole path when it begins
/// with the path that is read.
#[derive(Clone, Debug)]
pub(super) struct NamePattern {
    text: String,
    regex: Regex,
}

impl NamePattern {
    /// Checks a pattern.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let regex = Regex::new(&format!("^(?:{text})$"))
            .map_err(|e| format!("{text:?} is no regular expression: {e}"))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    fn matches(&self, root: &str, path: &str, name: &str) -> bool {
        let subject = if self.text.starts_with(root) { path } else { name };
        self.regex.is_match(subject).unwrap_or(false)
    }
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundFile {
    /// Its path.
    pub(super) path: String,
    /// Its length.
    pub(super) bytes: u64,
}

/// All files of a selection, sorted by path. Empty files, `_SUCCESS` and files whose names begin with a dot are
/// skipped; so is what running jobs have staged.
pub(super) fn list(selection: &Selection) -> Result<Vec<FoundFile>, Fault> {
    let root = selection.path.as_path();
    match std::fs::metadata(root) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Fault::user(format!("{}: there is no such file or directory", root.display())));
        }
        Err(error) => return Err(not_listed(root, &error)),
    }
    let walk = walkdir::WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != HIDDEN);
    let mut files = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            not_listed(&path, &error.into())
        })?;
        if !entry.file_type().is_file() {
            continue;
        }
        let Some(path) = entry.path().to_str() else {
            return Err(Fault::user(format!("{}: the file's name is no UTF-8", entry.path().display())));
        };
        let name = entry.file_name().to_str().unwrap_or_default();
        let bytes = entry.metadata().map_err(|e| not_listed(entry.path(), &e.into()))?.len();
        if bytes > 0 && name != "_SUCCESS" && !name.starts_with('.') && selection.wants(path, name) {
            files.push(FoundFile { path: path.to_owned(), bytes });
        }
    }
    Ok(files)
}

fn not_listed(path: &Path, error: &io::Error) -> Fault {
    let mut fault = failed("can't be read", path, error);
    fault.blame = crate::model::Blame::User;
    fault
}

impl Selection {
    fn wants(&self, path: &str, name: &str) -> bool {
        let root = self.path.to_str().unwrap_or_default();
        let inside = path.strip_prefix(root).unwrap_or(path);
        let in_partition = self.partitions.is_empty()
            || self.partitions.iter().any(|partition| {
                inside.contains(partition.as_str()) || root.split('/').any(|part| part == partition)
            });
        in_partition && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(root, path, name))
    }
}

/// The partition columns that a path names: its parts `k=v`, in order. A name that comes again has its last value.
pub(super) fn partition_values(path: &str) -> Vec<(&str, &str)> {
    let mut values: Vec<(&str, &str)> = Vec::new();
    for part in path.split('/') {
        let mut pieces = part.split('=');
        let (Some(key), Some(value)) = (pieces.next(), pieces.next()) else {
            continue;
        };
        match values.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => values.push((key, value)),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn listed(dir: &Path, pattern: Option<&str>, partitions: &[&str]) -> Vec<String> {
        let selection = Selection {
            path: dir.to_owned(),
            pattern: pattern.map(|p| NamePattern::new(p).unwrap()),
            partitions: partitions.iter().map(|p| (*p).to_owned()).collect(),
        };
        let root = format!("{}/", dir.display());
        list(&selection).unwrap().into_iter().map(|f| f.path.replace(&root, "")).collect()
    }

    #[test]
    fn skips_what_is_no_data() {
        let dir = tree(&[
            ("a.txt", "1"),
            ("empty.txt", ""),
            ("_SUCCESS", "x"),
            (".hidden", "x"),
            (".dir/b.txt", "1"),
            (".seikan/7/m/c.txt", "1"),
            ("sub/deep/d.txt", "1"),
        ]);
        assert_eq!(listed(dir.path(), None, &[]), [".dir/b.txt", "a.txt", "sub/deep/d.txt"]);
    }

    #[test]
    fn patterns_and_partitions() {
        let dir = tree(&[("a.txt", "1"), ("sub/b.txt", "1"), ("p=5/c.csv", "1"), ("p=6/d.csv", "1")]);
        for (pattern, files) in [
            ("a.*", vec!["a.txt"]),
            (r".*\.txt", vec!["a.txt", "sub/b.txt"]),
            ("a.txt$", vec!["a.txt"]),
            ("a", vec![]),
            ("sub/.*", vec![]),
            ("(?!a).*txt", vec!["sub/b.txt"]),
        ] {
            assert_eq!(listed(dir.path(), Some(pattern), &[]), files, "{pattern}");
        }
        let whole = format!("{}/sub/.*", dir.path().display());
        assert_eq!(listed(dir.path(), Some(&whole), &[]), ["sub/b.txt"]);
        assert_eq!(listed(dir.path(), None, &["p=5"]), ["p=5/c.csv"]);
        assert_eq!(listed(dir.path(), None, &["5"]), ["p=5/c.csv"]);
        assert_eq!(listed(&dir.path().join("p=6"), None, &["p=6"]), ["d.csv"]);
        assert!(NamePattern::new("a(").unwrap_err().contains("no regular expression"));
    }

    #[test]
    fn a_missing_path_is_named() {
        let selection = Selection { path: "/nowhere/at/all".into(), pattern: None, partitions: vec![] };
        let fault = list(&selection).unwrap_err();
        assert_eq!(fault.message, "/nowhere/at/all: there is no such file or directory");
        assert_eq!(fault.blame, crate::model::Blame::User);
    }

    #[test]
    fn partitions_of_a_path() {
        assert_eq!(partition_values("/d/p=5/q=a b/x.txt"), [("p", "5"), ("q", "a b")]);
        assert_eq!(partition_values("/d/p=/p=x=y/z=5.txt"), [("p", "x"), ("z", "5.txt")]);
        assert_eq!(partition_values("/d/x.txt"), []);
    }
}
