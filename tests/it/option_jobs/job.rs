//! Jobs whose head says which options they show.

use super::place;
use crate::server::checkout;
use seikan::model::TextFormat;
use seikan::options::{Map, Tree};
use seikan::plan::SOURCE_OPTIONS;
use seikan::plugin::Registry;
use seikan::spec::{Resolve, Source, parse_tree};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The key under which a source takes several tables, each with all its options.
const TABLES: &str = "tables_configs";

/// What a job says of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Without it the outcome is another one.
    Shows,
    /// Without it the outcome is the same.
    Tolerates,
    /// With it the job lasts at least so long, without it less.
    Slows(Duration),
}

/// A job, and what it claims.
#[derive(Clone)]
pub struct Job {
    /// `FakeSource/templates`, or `config/jobs/row_kinds`.
    pub name: String,
    /// How it ends: `FINISHED`, or `REFUSED` or `FAILED` with a part of the message.
    pub end: (String, String),
    /// Path and claim, in the order of the head.
    pub claims: Vec<(String, Claim)>,
    /// The job itself.
    pub tree: Tree,
}

/// The folder of our jobs.
pub fn folder() -> PathBuf {
    checkout().join("tests/data/option-jobs")
}

/// Every job that claims anything, by name.
pub fn all() -> Vec<Job> {
    let own =
        walkdir::WalkDir::new(folder()).into_iter().filter_map(Result::ok).map(walkdir::DirEntry::into_path);
    let examples = fs::read_dir(checkout().join("config/jobs"))
        .expect("examples")
        .map(|entry| entry.expect("an entry").path());
    let files = own.chain(examples).filter(|path| path.extension().is_some_and(|ending| ending == "conf"));
    let mut jobs: Vec<Job> = files.filter_map(|path| read(&path)).collect();
    jobs.sort_by(|a, b| a.name.cmp(&b.name));
    jobs
}

/// `None` for an example that claims nothing.
fn read(path: &Path) -> Option<Job> {
    let text = fs::read_to_string(path).expect("a job");
    let is_own = path.starts_with(folder());
    let top = if is_own { folder() } else { checkout().to_owned() };
    let name = path.strip_prefix(top).expect("below").with_extension("").display().to_string();
    let job = parse(&name, &text);
    assert!(!is_own || !job.claims.is_empty(), "{name} claims nothing");
    (!job.claims.is_empty()).then_some(job)
}

/// A job with its head: a comment of what it is, then its claims.
pub fn parse(name: &str, text: &str) -> Job {
    let head: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let claims: Vec<(String, Claim)> = head.iter().filter_map(|line| claim(line)).collect();
    let is_told = head.first().is_some_and(|line| line.len() > 10 && claim(line).is_none());
    assert!(is_told || claims.is_empty(), "{name} doesn't say what it is");
    let end = head.iter().find_map(|line| line.strip_prefix("ends: ")).map_or(("finished", ""), |end| {
        end.split_once(": ").unwrap_or_else(|| panic!("{name}: ends: <state>: <part of the message>"))
    });
    let source = Source { text: text.as_bytes(), format: TextFormat::Hocon, name };
    let how = Resolve::Rest { variables: Vec::new(), env_allow: Vec::new() };
    let tree = parse_tree(&source, &how).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    Job { name: name.to_owned(), end: (end.0.to_uppercase(), end.1.to_owned()), claims, tree }
}

/// `shows: <path>`, `tolerates: <path>`, `slows: <path> to <n> ms`.
fn claim(line: &str) -> Option<(String, Claim)> {
    let (word, rest) = line.split_once(": ")?;
    match word {
        "shows" => Some((rest.to_owned(), Claim::Shows)),
        "tolerates" => Some((rest.to_owned(), Claim::Tolerates)),
        "slows" => {
            let (path, bound) = rest
                .strip_suffix(" ms")
                .and_then(|rest| rest.split_once(" to "))
                .expect("slows: <path> to <n> ms");
            let bound = Duration::from_millis(bound.parse().expect("milliseconds"));
            Some((path.to_owned(), Claim::Slows(bound)))
        }
        _ => None,
    }
}

impl Job {
    /// The same job with each source's options in its list of tables, where it has one; it claims the same of them there.
    pub fn in_list(&self, registry: &Registry) -> Option<Job> {
        let mut job = Job { name: format!("{} in {TABLES}", self.name), claims: Vec::new(), ..self.clone() };
        let Tree::Map(root) = &mut job.tree else { return None };
        let Some(Tree::List(sources)) = root.get_mut("source") else { return None };
        for (index, source) in sources.iter_mut().enumerate() {
            let Tree::Map(block) = source else { continue };
            let plugin = block.get("plugin_name").and_then(Tree::as_text)?.to_owned();
            let has_list = registry.source(&plugin).ok()?.options().iter().any(|option| option.key == TABLES);
            if !has_list || block.contains_key(TABLES) {
                continue;
            }
            let is_common =
                |key: &str| key == "plugin_name" || place::declared(SOURCE_OPTIONS, key).is_some();
            let (mut outside, mut inside) = (Map::new(), Map::new());
            for (key, value) in std::mem::take(block) {
                if is_common(&key) {
                    outside.insert(key, value)
                } else {
                    inside.insert(key, value)
                };
            }
            outside.insert(TABLES.to_owned(), Tree::List(vec![Tree::Map(inside)]));
            *block = outside;
            let start = format!("source[{index}].{plugin}.");
            job.claims.extend(self.claims.iter().filter_map(|(path, claim)| {
                let key = path.strip_prefix(&start).filter(|key| !is_common(key))?;
                Some((format!("{start}{TABLES}[0].{key}"), *claim))
            }));
        }
        (!job.claims.is_empty()).then_some(job)
    }
}

/// Copies a folder with all below it.
pub fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().filter_map(Result::ok) {
        let target = to.join(entry.path().strip_prefix(from).expect("below"));
        match entry.file_type().is_dir() {
            true => fs::create_dir_all(&target).expect("a folder"),
            false => {
                fs::copy(entry.path(), &target).expect("a copy");
            }
        }
    }
}
