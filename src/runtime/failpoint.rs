//! Named places that can be made to fail, for tests of crashes. Off unless `SEIKAN_FAILPOINTS` is set.
//!
//! Syntax: `name=action;name=action`, where an action is `error`, `full(PATH)` (no space, as long as there is a file of
//! that path), `panic`, `exit` (the process ends at once, as by SIGKILL), `sleep(MS)`, `note` (nothing happens),
//! `N*action` (from the N-th visit on), or `N@action` (the N-th visit alone). Each visit of an active point
//! first writes its name to the file `SEIKAN_FAILPOINT_LOG`, if set, and a sleep that is over writes `name left`: so a
//! test can count visits, and read back whether a process died inside one.

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An error that a failpoint injected.
#[derive(Debug, thiserror::Error)]
#[error("failpoint {name}")]
pub struct Injected {
    /// The point.
    pub name: &'static str,
    /// Whether it stands for a full disk.
    pub is_full: bool,
}

impl From<Injected> for std::io::Error {
    fn from(injected: Injected) -> Self {
        let kind = if injected.is_full { ErrorKind::StorageFull } else { ErrorKind::Other };
        std::io::Error::new(kind, injected)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Error,
    Full(PathBuf),
    Panic,
    Exit,
    Sleep(Duration),
    Note,
}

#[derive(Debug)]
struct Point {
    action: Action,
    from_visit: u64,
    once: bool,
    visits: AtomicU64,
}

fn points() -> &'static HashMap<String, Point> {
    static POINTS: OnceLock<HashMap<String, Point>> = OnceLock::new();
    POINTS.get_or_init(|| std::env::var("SEIKAN_FAILPOINTS").map(|text| parse(&text)).unwrap_or_default())
}

/// Visits a point.
///
/// # Errors
/// The injected error, when the point's action is `error`.
#[allow(clippy::panic, reason = "a panic is what was asked for")]
#[allow(clippy::disallowed_methods, reason = "exit is what was asked for")]
pub fn reach(name: &'static str) -> Result<(), Injected> {
    let Some(point) = points().get(name) else {
        return Ok(());
    };
    let visit = point.visits.fetch_add(1, Ordering::Relaxed) + 1;
    if visit < point.from_visit || point.once && visit > point.from_visit {
        return Ok(());
    }
    if matches!(&point.action, Action::Full(path) if !path.exists()) {
        return Ok(());
    }
    log(name);
    match point.action {
        Action::Error => Err(Injected { name, is_full: false }),
        Action::Full(_) => Err(Injected { name, is_full: true }),
        Action::Panic => panic!("failpoint {name}"),
        Action::Exit => std::process::abort(),
        Action::Sleep(time) => {
            std::thread::sleep(time);
            log(&format!("{name} left"));
            Ok(())
        }
        Action::Note => Ok(()),
    }
}

fn log(line: &str) {
    if let Ok(path) = std::env::var("SEIKAN_FAILPOINT_LOG")
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path)
    {
        // One write, so that lines of several threads don't mix.
        let _written = file.write_all(format!("{line}\n").as_bytes());
    }
}

fn parse(text: &str) -> HashMap<String, Point> {
    let entries = text.split(';').filter_map(|entry| entry.split_once('='));
    entries
        .filter_map(|(name, action)| {
            let (from_visit, once, action) = match (action.split_once('*'), action.split_once('@')) {
                (Some((count, action)), _) => (count.trim().parse().ok()?, false, action),
                (None, Some((count, action))) => (count.trim().parse().ok()?, true, action),
                (None, None) => (1, false, action),
            };
            let action = match action.trim() {
                "error" => Action::Error,
                "panic" => Action::Panic,
                "exit" => Action::Exit,
                "note" => Action::Note,
                other if other.starts_with("full(") => {
                    Action::Full(other.strip_prefix("full(")?.strip_suffix(')')?.into())
                }
                other => {
                    let ms = other.strip_prefix("sleep(")?.strip_suffix(')')?.parse().ok()?;
                    Action::Sleep(Duration::from_millis(ms))
                }
            };
            Some((name.trim().to_owned(), Point { action, from_visit, once, visits: AtomicU64::new(0) }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_syntax() {
        let points = parse("a=error; b = 3*sleep(20);c=bad;d=2@panic;e=full(/no space)");
        assert_eq!(points["e"].action, Action::Full("/no space".into()));
        assert_eq!(points["a"].action, Action::Error);
        assert_eq!(points["b"].action, Action::Sleep(Duration::from_millis(20)));
        assert_eq!((points["b"].from_visit, points["b"].once), (3, false));
        assert_eq!((points["d"].from_visit, points["d"].once), (2, true));
        assert!(!points.contains_key("c"));
        assert!(reach("unknown").is_ok());
    }
}
