//! Which lines the server logs: a level for each target, as configured and as changed while it runs.
//!
//! Invariants: every level has a parent (at the top `ROOT`), so each target has one; the number of changes is bounded.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// What is logged unless the environment says otherwise.
const DEFAULT: &str = "info,sled=warn";
/// The name of the level of every target that has none of its own.
const ROOT: &str = "ROOT";
/// Changes that may stand at once.
const MOST: usize = 64;
/// The longest name of a target.
const LONGEST: usize = 120;

/// Where a level comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelOrigin {
    /// From the environment, or the default.
    Configured,
    /// Set while the server runs.
    Changed,
    /// From the nearest target above.
    Inherited,
}

/// The level of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevel {
    /// `seikan::store`, or `ROOT`.
    pub name: String,
    /// `INFO`.
    pub level: &'static str,
    /// Where it comes from.
    pub origin: LevelOrigin,
    /// What was configured, where it was changed.
    pub configured: Option<&'static str>,
}

/// Why a level was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// No level.
    #[error("Unknown logger level '{0}', valid levels are: {list}", list = Names)]
    Unknown(String),
    /// No name of a target.
    #[error(
        "Logger name '{0}' can't be used; allowed: ROOT, or a target such as seikan::store (letters, digits, _ and ::)"
    )]
    Name(String),
    /// Too many changes stand.
    #[error("{MOST} loggers are changed already; reset one of them first")]
    TooMany,
}

/// Every level by its name, the gravest first.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("OFF", LevelFilter::OFF),
    ("ERROR", LevelFilter::ERROR),
    ("WARN", LevelFilter::WARN),
    ("INFO", LevelFilter::INFO),
    ("DEBUG", LevelFilter::DEBUG),
    ("TRACE", LevelFilter::TRACE),
];

struct Names;

impl Display for Names {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
        out.write_str(&names.join(", "))
    }
}

fn name_of(level: LevelFilter) -> &'static str {
    LEVELS.iter().find(|(_, known)| *known == level).map_or("OFF", |(name, _)| name)
}

/// The levels.
#[derive(Debug)]
pub struct Levels {
    configured: BTreeMap<String, LevelFilter>,
    changed: BTreeMap<String, LevelFilter>,
}

impl Levels {
    /// From `SEIKAN_LOG`; what can't be read counts as absent.
    pub(super) fn from_environment() -> Self {
        let wanted = std::env::var("SEIKAN_LOG").ok();
        wanted.and_then(|text| Self::parse(&text)).or_else(|| Self::parse(DEFAULT)).unwrap_or(Self {
            configured: BTreeMap::from([(ROOT.to_owned(), LevelFilter::INFO)]),
            changed: BTreeMap::new(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let targets: Targets = text.parse().ok()?;
        let mut configured: BTreeMap<String, LevelFilter> =
            targets.iter().map(|(name, level)| (name.to_owned(), level)).collect();
        configured.insert(ROOT.to_owned(), targets.default_level().unwrap_or(LevelFilter::OFF));
        Some(Self { configured, changed: BTreeMap::new() })
    }

    /// What the log lets through.
    pub(super) fn targets(&self) -> Targets {
        let mut all = self.configured.clone();
        all.extend(self.changed.clone());
        let root = all.remove(ROOT).unwrap_or(LevelFilter::INFO);
        Targets::new().with_default(root).with_targets(all)
    }

    /// Every target that has a level of its own.
    #[must_use]
    pub fn list(&self) -> Vec<LogLevel> {
        let mut names: Vec<&String> = self.configured.keys().chain(self.changed.keys()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| self.of(name)).collect()
    }

    /// The level of a target; its own, or that of the nearest above it.
    ///
    /// # Errors
    /// It is no name of a target.
    pub fn get(&self, name: &str) -> Result<LogLevel, LevelError> {
        checked(name).map(|name| self.of(&name))
    }

    fn of(&self, name: &str) -> LogLevel {
        let own = |name: &str| self.changed.get(name).or_else(|| self.configured.get(name)).copied();
        let mut above = name;
        let level = loop {
            if let Some(level) = own(above) {
                break level;
            }
            match above.rsplit_once("::") {
                Some((parent, _)) => above = parent,
                None => break own(ROOT).unwrap_or(LevelFilter::INFO),
            }
        };
        let changed = self.changed.contains_key(name);
        let origin = match (changed, self.configured.contains_key(name)) {
            (true, _) => LevelOrigin::Changed,
            (false, true) => LevelOrigin::Configured,
            (false, false) => LevelOrigin::Inherited,
        };
        let configured = self.configured.get(name).filter(|_| changed).map(|level| name_of(*level));
        LogLevel { name: name.to_owned(), level: name_of(level), origin, configured }
    }

    /// Sets the level of a target; answers the one before.
    ///
    /// # Errors
    /// No name, no level, or too many changes.
    pub fn set(&mut self, name: &str, level: &str) -> Result<&'static str, LevelError> {
        let name = checked(name)?;
        let known = LEVELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(level.trim()));
        let Some((_, level)) = known else {
            return Err(LevelError::Unknown(level.chars().take(LONGEST).collect()));
        };
        if self.changed.len() >= MOST && !self.changed.contains_key(&name) {
            return Err(LevelError::TooMany);
        }
        let before = self.of(&name).level;
        self.changed.insert(name, *level);
        Ok(before)
    }

    /// Takes the change of a target back; answers the level before, and `None` if there was no change.
    pub fn reset(&mut self, name: &str) -> Option<&'static str> {
        let name = checked(name).ok()?;
        let before = self.of(&name).level;
        self.changed.remove(&name).map(|_| before)
    }
}

/// The name as it is kept: `root` in any letter case is `ROOT`.
fn checked(name: &str) -> Result<String, LevelError> {
    let name = name.trim();
    if name.eq_ignore_ascii_case(ROOT) {
        return Ok(ROOT.to_owned());
    }
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.len() <= LONGEST && name.split("::").all(is_part) {
        return Ok(name.to_owned());
    }
    Err(LevelError::Name(name.chars().take(LONGEST).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(levels: &Levels, name: &str) -> (&'static str, LevelOrigin, Option<&'static str>) {
        let level = levels.get(name).unwrap();
        (level.level, level.origin, level.configured)
    }

    #[test]
    fn levels_are_inherited_changed_and_reset() {
        use LevelOrigin::{Changed, Configured, Inherited};
        let mut levels = Levels::parse("warn,seikan::store=debug").unwrap();
        assert_eq!(told(&levels, "root"), ("WARN", Configured, None));
        assert_eq!(told(&levels, "seikan::store::journal"), ("DEBUG", Inherited, None));
        assert_eq!(told(&levels, "seikan"), ("WARN", Inherited, None));
        assert_eq!(levels.set("seikan::store", "Trace"), Ok("DEBUG"));
        assert_eq!(levels.set("seikan", "off"), Ok("WARN"));
        assert_eq!(told(&levels, "seikan::store"), ("TRACE", Changed, Some("DEBUG")));
        let names: Vec<String> = levels.list().into_iter().map(|level| level.name).collect();
        assert_eq!(names, ["ROOT", "seikan", "seikan::store"]);
        assert!(levels.targets().would_enable("seikan::store::journal", &tracing::Level::TRACE));
        assert!(!levels.targets().would_enable("seikan::api", &tracing::Level::ERROR));
        assert_eq!((levels.reset("seikan"), levels.reset("seikan")), (Some("OFF"), None));
        assert_eq!(told(&levels, "seikan::api"), ("WARN", Inherited, None));
    }

    #[test]
    fn names_levels_and_their_number_are_checked() {
        let mut levels = Levels::parse(DEFAULT).unwrap();
        for name in ["", "a b", "a:b", "a::", "::a", "a=debug,b", "é", &"a".repeat(LONGEST + 1)] {
            assert!(matches!(levels.set(name, "INFO"), Err(LevelError::Name(_))), "{name}");
        }
        let unknown = levels.set("seikan", "LOUD").unwrap_err().to_string();
        assert_eq!(
            unknown,
            "Unknown logger level 'LOUD', valid levels are: OFF, ERROR, WARN, INFO, DEBUG, TRACE"
        );
        for number in 0..MOST {
            levels.set(&format!("t{number}"), "INFO").unwrap();
        }
        assert_eq!(levels.set("one_more", "INFO"), Err(LevelError::TooMany));
        assert_eq!(levels.set("t0", "DEBUG"), Ok("INFO"));
        assert!(Levels::parse("seikan=loud").is_none());
    }
}
