//! Holds the observed parses of the job language: for each text the peer's tree or error, or the sane one that the
//! line names. Lines that are wanted otherwise stand in `tests/data/hocon-differences.md`, with the reason.

use base64::Engine;
use seikan::model::{Problem, TextFormat};
use seikan::options::Tree;
use seikan::spec::{Environment, JsonMode, Resolve, Shade, Source, parse_json, parse_tree_in};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

const LINES: &str = include_str!("../data/hocon-observed.jsonl");
const DIFFERENCES: &str = include_str!("../data/hocon-differences.md");

#[derive(serde::Deserialize)]
struct Line {
    n: u32,
    topic: String,
    syntax: Option<String>,
    text: Option<String>,
    base64: Option<String>,
    variables: BTreeMap<String, Option<String>>,
    env: HashMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(skip)]
    tree: Option<Tree>,
    tree_text: Option<String>,
    error: Option<String>,
    #[serde(default)]
    ordered: Vec<String>,
    #[serde(skip)]
    sane: Option<Tree>,
}

impl Line {
    /// Trees are read by our own parser, which reads doubles to the last digit.
    fn read(text: &str) -> Self {
        let mut line: Self = serde_json::from_str(text).unwrap();
        if let Tree::Map(mut fields) = parse_json(text.as_bytes(), JsonMode::Strict, "").unwrap() {
            line.tree = fields.swap_remove("tree");
            line.sane = fields.swap_remove("sane");
        }
        line
    }

    fn load(&self, dir: &Path) -> Result<Tree, Vec<Problem>> {
        for (name, text) in &self.files {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let bytes = match (&self.text, &self.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(text)) => base64::prelude::BASE64_STANDARD.decode(text).unwrap(),
            (None, None) => panic!("line {} has no text", self.n),
        };
        let json = self.syntax.as_deref() == Some("json");
        let format = if json { TextFormat::Json } else { TextFormat::Hocon };
        let variables =
            self.variables.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
        let how = Resolve::CommandLine { variables, dir: dir.to_owned() };
        let environment = Environment::of(self.env.clone(), dir.to_owned());
        let tree = parse_tree_in(&Source { text: &bytes, format, name: "" }, &how, &environment)?;
        Shade::default().decrypt(&tree)
    }

    /// What is wrong with our result, if anything is.
    fn verdict(&self, result: &Result<Tree, Vec<Problem>>) -> Result<(), String> {
        if let Err(problems) = result {
            for problem in problems {
                let text = problem.to_string();
                assert!(!problem.message.is_empty() && !text.contains('\n'), "line {}: {text:?}", self.n);
            }
        }
        let peer = match (&self.tree, &self.tree_text) {
            (Some(tree), _) => Some(tree.clone()),
            // one that is too deep for us equals nothing
            (None, Some(text)) => Some(parse_json(text.as_bytes(), JsonMode::Strict, "").unwrap_or_default()),
            (None, None) => None,
        };
        assert!(peer.is_some() != self.error.is_some(), "line {} has no result", self.n);
        let as_peer = match (result, &peer) {
            (Ok(tree), Some(peer)) => {
                tree == peer && self.ordered.iter().all(|at| same_order(tree, peer, at))
            }
            (Err(_), None) => true,
            _ => false,
        };
        let as_sane = match (&self.sane, result) {
            (Some(Tree::Text(sane)), _) if sane == "any" => true,
            (Some(Tree::Text(sane)), Err(_)) => sane == "error",
            (Some(sane), Ok(tree)) => tree == sane,
            _ => false,
        };
        if as_peer || as_sane {
            return Ok(());
        }
        let shown = match result {
            Ok(tree) => tree.to_json(),
            Err(problems) => problems.iter().map(|p| format!("error: {p}; ")).collect(),
        };
        let wanted = peer.map_or_else(|| format!("error: {:?}", self.error), |tree| tree.to_json());
        Err(format!(
            "{} ({}) {:?}\n  wanted {wanted:.400}\n  given  {shown:.400}",
            self.n, self.topic, self.text
        ))
    }
}

fn same_order(given: &Tree, wanted: &Tree, pointer: &str) -> bool {
    let at = |tree: &Tree| -> Vec<String> {
        let mut tree = tree;
        for part in pointer.split('/').skip(1) {
            tree = match tree {
                Tree::List(list) => &list[part.parse::<usize>().unwrap()],
                Tree::Map(map) => &map[part],
                other => panic!("{pointer} leads to {}", other.kind()),
            };
        }
        tree.as_map().unwrap().keys().cloned().collect()
    };
    at(given) == at(wanted)
}

fn differences() -> HashSet<u32> {
    DIFFERENCES
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |")?.0.trim().parse().ok())
        .collect()
}

#[test]
fn every_observed_text() {
    let lines: Vec<Line> = LINES.lines().skip(1).map(Line::read).collect();
    let differences = differences();
    assert!(differences.len() * 50 <= lines.len(), "more than 2 % are wanted otherwise");
    let mut wrong = Vec::new();
    for line in &lines {
        let dir = tempfile::tempdir().unwrap();
        let verdict = line.verdict(&line.load(dir.path()));

        match verdict {
            Err(_) if differences.contains(&line.n) => {}
            Ok(()) if differences.contains(&line.n) => {
                wrong.push(format!("{} is no difference any more", line.n))
            }
            verdict => wrong.extend(verdict.err()),
        }
    }
    assert!(wrong.is_empty(), "{} of {} texts:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
}
