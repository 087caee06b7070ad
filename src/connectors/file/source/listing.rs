//! Finds the files of a table.

use crate::connectors::file::sink::{HIDDEN, failed};
use crate::model::{Fault, quoted};
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
            .map_err(|e| format!("{} is no regular expression: {e}", quoted(text)))?;
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
/// skipped; so is what running jobs have staged, and a link that leads nowhere (or back up) and is not asked for.
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
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if selection.leaves_out(&error) => continue,
            Err(error) => return Err(unreadable(root, error)),
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let Some(path) = entry.path().to_str() else {
            return Err(Fault::user(format!("{}: the file's name is no UTF-8", entry.path().display())));
        };
        let name = entry.file_name().to_str().unwrap_or_default();
        let bytes = entry.metadata().map_err(|e| not_listed(entry.path(), &e.into()))?.len();
        if bytes > 0 && is_data(name) && selection.wants(path, name) {
            files.push(FoundFile { path: path.to_owned(), bytes });
        }
    }
    Ok(files)
}

fn is_data(name: &str) -> bool {
    name != "_SUCCESS" && !name.starts_with('.')
}

/// Why the walk can't go on. A link that leads nowhere, or back to where the walk came from, is called so.
fn unreadable(root: &Path, error: walkdir::Error) -> Fault {
    let path = error.path().unwrap_or(root).to_owned();
    let way_out = "remove it, or leave it out with file_filter_pattern";
    if let Some(above) = error.loop_ancestor() {
        let text = format!("{}: this link leads back to {}; {way_out}", path.display(), above.display());
        return Fault::user(text);
    }
    if let Ok(target) = std::fs::read_link(&path) {
        let (path, target) = (path.display(), target.display());
        return Fault::user(format!("{path}: this link leads nowhere (to {target}); {way_out}"));
    }
    not_listed(&path, &error.into())
}

fn not_listed(path: &Path, error: &io::Error) -> Fault {
    let mut fault = failed("can't be read", path, error);
    fault.blame = crate::model::Blame::User;
    fault
}

impl Selection {
    /// Whether what can't be read is a link that would not be read anyway.
    fn leaves_out(&self, error: &walkdir::Error) -> bool {
        let Some(path) = error.path().filter(|_| error.depth() > 0) else {
            return false;
        };
        // What is no UTF-8 matches no pattern; without one it is refused when it is read.
        let (text, name) = (path.to_str(), path.file_name().and_then(|name| name.to_str()));
        let wanted = match (text, name) {
            (Some(text), Some(name)) => is_data(name) && self.wants(text, name),
            _ => self.pattern.is_none(),
        };
        !wanted && (error.loop_ancestor().is_some() || path.is_symlink())
    }

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
    fn links_that_lead_nowhere_or_back() {
        let dir = tree(&[("a.txt", "1"), ("sub/b.txt", "1")]);
        let link = |to: &Path, at: &str| std::os::unix::fs::symlink(to, dir.path().join(at)).unwrap();
        link(Path::new("/nowhere/at/all"), "sub/gone.csv");
        link(Path::new("self.csv"), "self.csv");
        link(dir.path(), "sub/up.csv");
        link(Path::new("/nowhere/at/all"), ".gone");
        assert_eq!(listed(dir.path(), Some(r".*\.txt"), &[]), ["a.txt", "sub/b.txt"]);
        for (pattern, wanted) in [
            ("gone.*", "sub/gone.csv: this link leads nowhere (to /nowhere/at/all); remove it"),
            ("self.*", "self.csv: this link leads nowhere (to self.csv); remove it"),
            ("up.*", "sub/up.csv: this link leads back to"),
        ] {
            let pattern = Some(NamePattern::new(pattern).unwrap());
            let selection = Selection { path: dir.path().to_owned(), pattern, partitions: vec![] };
            let fault = list(&selection).unwrap_err();
            assert!(fault.message.contains(wanted), "{fault}");
        }
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
