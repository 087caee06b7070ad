//! The rules that keep the layout true: who may import whom, small files, pure deciders, no leftovers.
//!
//! A text scan: comments and literals are blanked out first, macros escape it. Each rule carries a snippet that
//! breaks it, so that no rule can fall asleep.
#![allow(clippy::unwrap_used, reason = "a test: what is not there fails it")]

use std::fs;
use std::path::Path;

/// What each top-level module may import from the others; a row for each module of `src/`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("runtime", &["model"]),
    ("options", &["model"]),
    ("table", &["options", "model"]),
    ("config", &["options", "model"]),
    ("spec", &["options", "model"]),
    ("access", &["config", "model", "runtime"]),
    ("format", &["table", "options", "model"]),
    ("store", &["model", "runtime"]),
    ("plugin", &["table", "options", "model", "runtime"]),
    ("connectors", &["plugin", "format", "table", "options", "model", "runtime"]),
    ("transforms", &["plugin", "format", "table", "options", "model", "runtime"]),
    ("plan", &["plugin", "spec", "table", "options", "model", "runtime"]),
    ("exec", &["plan", "model", "runtime"]),
    ("engine", &["exec", "plan", "plugin", "table", "config", "model", "runtime"]),
    ("scheduler", &["exec", "plan", "plugin", "spec", "store", "config", "model", "runtime"]),
    (
        "api",
        &["access", "scheduler", "store", "plan", "plugin", "spec", "options", "config", "model", "runtime"],
    ),
    (
        "app",
        &[
            "api",
            "access",
            "scheduler",
            "engine",
            "exec",
            "plan",
            "transforms",
            "connectors",
            "plugin",
            "store",
            "format",
            "spec",
            "config",
            "table",
            "options",
            "runtime",
            "model",
        ],
    ),
    ("cli", &["app", "api", "access", "config", "spec", "plan", "model", "runtime"]),
    ("main", &["cli"]),
];

/// These decide from what they are told; time is an argument.
const PURE: &[&str] = &["plan", "transition", "recover", "slots", "retention", "retry"];

/// A source file, and what of it is code.
struct File {
    /// From the root of the repository: `src/plan/mod.rs`.
    path: String,
    text: String,
    /// `text` with comments and literals blanked out, up to the unit tests at its end.
    code: String,
    /// The same, of its tests: everything in a test file, else the tail.
    test_code: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        let blanked = blank(text);
        let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
        let tail = blanked
            .match_indices("#[cfg(test)]\nmod ")
            .map(|(at, _)| at)
            .find(|at| blanked[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{')));
        let split = if is_test { 0 } else { tail.unwrap_or(blanked.len()) };
        let (code, test_code) = blanked.split_at(split);
        Self { path: path.into(), text: text.into(), code: code.into(), test_code: test_code.into() }
    }

    /// `src/plan/mod.rs` is of `plan`, `src/app.rs` of `app`; nothing else is of a module.
    fn module(&self) -> Option<&str> {
        let first = self.path.strip_prefix("src/")?.split('/').next()?;
        Some(first.trim_end_matches(".rs")).filter(|name| *name != "lib")
    }

    /// The names of its folders and its own, without `src` and `.rs`.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.path.trim_end_matches(".rs").split('/').skip(1)
    }
}

/// Comments, texts and characters become blanks; lines stay lines.
fn blank(text: &str) -> String {
    let (bytes, mut out) = (text.as_bytes(), text.as_bytes().to_vec());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let raw = rest.strip_prefix('r').map(|rest| rest.len() - rest.trim_start_matches('#').len());
        let is_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let raw =
            raw.filter(|hashes| rest[1 + hashes..].starts_with('"') && (!is_word || bytes[at - 1] == b'b'));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(hashes) = raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = hashes + 2;
            rest[body..].find(&end).map_or(rest.len(), |found| body + found + end.len())
        } else if rest.starts_with('"') {
            closing(rest, b'"')
        } else if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') && rest.starts_with('\'') {
            closing(rest, b'\'')
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        out[at..at + length].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Length of a literal with its quotes.
fn closing(literal: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in literal.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if byte == quote => return at + 1,
            _ => {}
        }
    }
    literal.len()
}

/// The top-level modules that a code names: `crate::x`, `crate::{x, y::z}`, `seikan::x`.
fn imports(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for root in ["crate::", "seikan::"] {
        for (at, _) in code.match_indices(root) {
            let rest = &code[at + root.len()..];
            let Some(list) = rest.strip_prefix('{') else {
                found.push(word(rest));
                continue;
            };
            let (mut depth, mut begins) = (1, true);
            for (at, letter) in list.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' => begins = true,
                    letter if begins && depth == 1 && letter.is_alphabetic() => {
                        found.push(word(&list[at..]));
                        begins = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        }
    }
    found
}

fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// Whether a code names a crate: as the first part of a path, or in a `use` of its own.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let after = &code[at + name.len()..];
        let is_part = before.is_alphanumeric() || "_:.".contains(before);
        let is_use = code[..at].ends_with("use ") && after.starts_with([';', ' ']);
        !is_part && (after.starts_with("::") || is_use)
    })
}

/// One rule: its name, what it finds wrong with a file, and a file that breaks it.
type Rule = (&'static str, fn(&File) -> Vec<String>, (&'static str, &'static str));

const RULES: &[Rule] = &[
    ("imports follow the table", layers, ("src/model/leak.rs", "use crate::{api::x, model::{y, spec}};")),
    ("every module is in the table", listed, ("src/newcomer/mod.rs", "//! New.")),
    ("files are small", sizes, ("src/plan/mod.rs", LONG)),
    ("every mod.rs says what it owns", headers, ("src/plan/mod.rs", "mod a;")),
    ("files are named after what they do", file_names, ("src/store/utils.rs", "")),
    ("deciders have no clock", clocks, ("src/plan/env.rs", "let t = Instant::now();")),
    ("paths are short", supers, ("src/plan/a/b.rs", "use super::super::x;")),
    ("nothing is left over", leftovers, ("tests/it/x.rs", "#[ignore]\nfn a() { todo!() }")),
    (
        "tests wait for a state",
        sleeps,
        ("src/a.rs", "#[cfg(test)]\nmod tests {\n  std::thread::sleep(x);\n}"),
    ),
    ("one module names warp, one sled", fences, ("src/engine/a.rs", "fn f(db: sled::Db) {}")),
];

/// A good file, but longer than a `mod.rs` may be.
const LONG: &str = include_str!("house_rules.rs");

fn layers(file: &File) -> Vec<String> {
    let Some((module, allowed)) = MAY_USE.iter().find(|(name, _)| file.module() == Some(*name)) else {
        return Vec::new();
    };
    let is_module = |name: &&str| MAY_USE.iter().any(|(module, _)| module == name);
    let mut used = imports(&file.code);
    used.sort_unstable();
    used.dedup();
    used.retain(|name| is_module(name) && name != module && !allowed.contains(name));
    used.iter()
        .map(|name| format!("uses `{name}`, but `{module}` may use only: {}", allowed.join(", ")))
        .collect()
}

fn listed(file: &File) -> Vec<String> {
    let unknown = file.module().filter(|module| !MAY_USE.iter().any(|(name, _)| name == module));
    unknown.map(|module| format!("`{module}` has no row in the table of imports")).into_iter().collect()
}

fn sizes(file: &File) -> Vec<String> {
    let limit = if file.path.ends_with("/mod.rs") { 120 } else { 600 };
    let lines = file.text.lines().count();
    (lines > limit)
        .then(|| format!("has {lines} lines; allowed: {limit}. Split it by what changes together"))
        .into_iter()
        .collect()
}

fn headers(file: &File) -> Vec<String> {
    let missing =
        file.path.starts_with("src/") && file.path.ends_with("/mod.rs") && !file.text.starts_with("//! ");
    missing
        .then(|| "does not begin with a `//!` header: what the module owns, its invariants".into())
        .into_iter()
        .collect()
}

fn file_names(file: &File) -> Vec<String> {
    let vague = ["util", "utils", "helper", "helpers", "common", "misc"];
    file.names()
        .filter(|name| vague.contains(name))
        .map(|name| format!("`{name}` says nothing: name what it does"))
        .collect()
}

fn clocks(file: &File) -> Vec<String> {
    let is_pure = file.path.starts_with("src/") && file.names().any(|name| PURE.contains(&name));
    let clocks =
        ["::now(", "clock()", "::elapsed("].into_iter().filter(|clock| is_pure && file.code.contains(clock));
    clocks.map(|clock| format!("asks a clock (`{clock}`): time is an argument here")).collect()
}

fn supers(file: &File) -> Vec<String> {
    let found = [&file.code, &file.test_code].iter().any(|code| code.contains("super::super"));
    found.then(|| "uses `super::super`: name the path from `crate`".into()).into_iter().collect()
}

fn leftovers(file: &File) -> Vec<String> {
    let left = ["todo!", "unimplemented!", "dbg!", "#[ignore]"];
    let is_left = |what: &&str| file.code.contains(what) || file.test_code.contains(what);
    left.into_iter().filter(is_left).map(|what| format!("has a leftover `{what}`")).collect()
}

fn sleeps(file: &File) -> Vec<String> {
    let found = ["thread::sleep", "time::sleep"].into_iter().filter(|sleep| file.test_code.contains(sleep));
    found.map(|sleep| format!("tests with `{sleep}`: wait for a state, bounded")).collect()
}

fn fences(file: &File) -> Vec<String> {
    let fences = [("warp", "api"), ("sled", "store")];
    let broken = fences.into_iter().filter(|(name, owner)| {
        file.path.starts_with("src/") && file.module() != Some(*owner) && names_crate(&file.code, name)
    });
    broken.map(|(name, owner)| format!("names `{name}`: only `{owner}` may")).collect()
}

/// All Rust files below a folder of the repository.
fn files(root: &Path, folder: &Path, found: &mut Vec<File>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.push(File::new(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn the_code_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        files(root, &root.join(folder), &mut found);
    }
    assert!(found.len() > 20, "the files were not found");
    let broken: Vec<String> = (found.iter())
        .flat_map(|file| {
            RULES.iter().flat_map(move |(rule, check, _)| {
                check(file).into_iter().map(move |wrong| format!("{} {wrong} ({rule})", file.path))
            })
        })
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_rule_can_fail() {
    for (rule, check, (path, text)) in RULES {
        assert!(!check(&File::new(path, text)).is_empty(), "{rule}");
    }
    let both = layers(&File::new(
        "src/model/leak.rs",
        "use crate::{api::x, model::{y, spec}, plan};\ncrate::cli::y()",
    ));
    assert_eq!(both.len(), 3, "{both:?}");
}

#[test]
fn comments_literals_and_unit_tests_are_not_imports() {
    let text = "//! crate::api\nuse crate::options;\nlet s = \"crate::api \\\" todo!\"; let r = r#\"dbg! \" \"#; let c = '\"';\n\
        let l: &'static str = x; /// crate::cli\n#[cfg(test)]\nmod tests {\n    use crate::api;\n}\n";
    let file = File::new("src/table/a.rs", text);
    for (rule, check, _) in RULES {
        assert_eq!(check(&file), Vec::<String>::new(), "{rule}");
    }
    assert_eq!(imports(&file.code), ["options"]);
    assert_eq!(imports(&file.test_code), ["api"]);
}
