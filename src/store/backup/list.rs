//! The backups in a directory.

use super::verify::verify;
use super::{files, note};
use crate::model::Millis;
use crate::store::error::StoreError;
use crate::store::inspect::{BackupError, Inspected};
use crate::store::journal::io;
use chrono::{DateTime, NaiveDateTime};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const PREFIX: &str = "seikan-";
const TIME: &str = "%Y%m%dT%H%M%SZ";
/// Behind the name of a backup that is not whole.
pub const PARTIAL: &str = ".partial";

/// The name of a backup that is made now.
pub fn name_at(now: Millis) -> String {
    let time = DateTime::from_timestamp_millis(now).unwrap_or_default();
    format!("{PREFIX}{}", time.format(TIME))
}

/// When a backup of that name was made.
pub fn time_of(name: &str) -> Option<Millis> {
    let time = name.strip_prefix(PREFIX)?.trim_end_matches(PARTIAL);
    Some(NaiveDateTime::parse_from_str(time, TIME).ok()?.and_utc().timestamp_millis())
}

/// How far a backup can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupState {
    /// It was whole and sound when it was made, and the files of its journal and archive have the sizes that they had. The bytes
    /// are not read: [`verify`] does that.
    Complete,
    /// Its making was interrupted, or is under way.
    Partial,
    /// Something in it is damaged or missing.
    Damaged,
}

impl BackupState {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BackupState::Complete => "complete",
            BackupState::Partial => "partial",
            BackupState::Damaged => "damaged",
        }
    }
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Ended jobs.
    pub ended: u64,
    /// Jobs that had not ended.
    pub live: u64,
    /// The last change.
    pub last_change: u64,
    /// The newest time in the records.
    pub last_change_at: Option<Millis>,
    /// Whether nothing was damaged or missing.
    pub is_sound: bool,
}

impl Figures {
    /// All jobs.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.ended + self.live
    }

    /// The figures of a directory that was looked at.
    #[must_use]
    pub fn of(seen: &Inspected) -> Self {
        Self {
            ended: seen.ended.total(),
            live: seen.live,
            last_change: seen.last_change,
            last_change_at: seen.last_change_at,
            is_sound: seen.is_sound(),
        }
    }
}

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Name of its directory.
    pub name: String,
    /// The directory.
    pub path: PathBuf,
    /// When it was made, if its name tells.
    pub made: Option<Millis>,
    /// Bytes of all its files.
    pub bytes: u64,
    /// How far it can be used.
    pub state: BackupState,
    /// What is in it; `None` when it is partial or can't be read.
    pub figures: Option<Figures>,
    /// Why it is damaged, if it is: the first reason.
    pub why: Option<String>,
}

/// The backups in `dir`, by name: those that [`create`](super::create) made, and other copies of data directories.
///
/// # Errors
/// There is no such directory, or it can't be read.
pub fn list(dir: &Path) -> Result<Vec<Backup>, BackupError> {
    // A place that may not be looked at is no missing one.
    let unusable = |error: StoreError| BackupError::Unusable(error.to_string());
    let is_there = io::length_and_change(dir).map_err(unusable)?.is_some();
    if is_there && !dir.is_dir() {
        return Err(unusable(StoreError::NotADirectory { path: dir.to_owned() }));
    }
    if !is_there {
        return Err(BackupError::Unusable(format!("{}: there is no such directory", dir.display())));
    }
    let mut found = Vec::new();
    for name in io::list(dir).map_err(unusable)? {
        let path = dir.join(&name);
        if path.is_dir() && (time_of(&name).is_some() || path.join("journal").is_dir()) {
            found.push(backup(name, path)?);
        }
    }
    Ok(found)
}

fn backup(name: String, path: PathBuf) -> Result<Backup, StoreError> {
    let (made, bytes) = (time_of(&name), files::total_bytes(&path)?);
    if name.ends_with(PARTIAL) {
        let state = BackupState::Partial;
        return Ok(Backup { name, path, made, bytes, state, figures: None, why: None });
    }
    let (figures, why) = match note::read(&path)? {
        Some(figures) if figures.is_sound => (Some(figures), None),
        Some(figures) => (Some(figures), Some("it was damaged when it was made".to_owned())),
        None => match verify(&path) {
            Ok(seen) => (Some(Figures::of(&seen)), why_damaged(&seen)),
            Err(error) => (None, Some(error.to_string())),
        },
    };
    let state = if why.is_none() { BackupState::Complete } else { BackupState::Damaged };
    Ok(Backup { name, path, made, bytes, state, figures, why })
}

/// The first thing that is wrong.
pub(super) fn why_damaged(seen: &Inspected) -> Option<String> {
    let damage = seen.damage.first().map(|found| format!("{}: {}", found.place, found.what));
    let lost = || seen.lost.first().map(|(job, why)| format!("job {job} becomes UNKNOWABLE: {why}"));
    let others = (seen.damage.len() + seen.lost.len()).saturating_sub(1);
    let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
    damage.or_else(lost).map(|first| format!("{first}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_time() {
        let name = name_at(1_767_225_599_500);
        assert_eq!(name, "seikan-20251231T235959Z");
        assert_eq!(time_of(&name), Some(1_767_225_599_000));
        assert_eq!(time_of("seikan-20251231T235959Z.partial"), Some(1_767_225_599_000));
        for other in ["seikan-", "seikan-now", "data", "seikan-20251301T000000Z"] {
            assert_eq!(time_of(other), None, "{other}");
        }
    }
}
