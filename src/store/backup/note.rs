//! What was seen of a backup when it was made, kept in it: so a list of many backups is quick, and what is cut off a
//! backup since is noticed.
//!
//! For a list it counts only as long as the journal's files are as they were; a backup that was moved, served or mended is
//! looked at anew. What is found then is held to the note: changes never become fewer.

use super::list::Figures;
use crate::store::error::StoreError;
use crate::store::inspect::{Finding, Inspected};
use crate::store::journal::io;
use crate::store::marker::fingerprint;
use crate::store::recovery::Paths;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Name of the file.
pub const NAME: &str = "backup.json";
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    format: u32,
    program: String,
    /// Of the journal's files.
    fingerprint: String,
    figures: Figures,
}

/// Leaves a note of what was seen.
pub fn write(backup: &Path, seen: &Inspected) -> Result<(), StoreError> {
    let path = backup.join(NAME);
    let note = Note {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        fingerprint: current(backup)?,
        figures: Figures::of(seen),
    };
    let text = serde_json::to_vec_pretty(&note).map_err(|error| StoreError::io("encode", &path, error))?;
    io::replace(&path, &text)
}

/// The note, if there is one that still counts.
pub fn read(backup: &Path) -> Result<Option<Figures>, StoreError> {
    let Some(bytes) = io::read(&backup.join(NAME))? else { return Ok(None) };
    let note: Option<Note> = serde_json::from_slice(&bytes).ok();
    let fingerprint = current(backup)?;
    let note = note.filter(|note| note.format == FORMAT && note.fingerprint == fingerprint);
    Ok(note.map(|note| note.figures))
}

/// What `seen`, found in `backup` or in what was restored from it, lacks of what the note tells.
pub fn lacking(backup: &Path, seen: &Inspected) -> Result<Option<Finding>, StoreError> {
    let finding = |what: String| Some(Finding { place: NAME.to_owned(), what, jobs: Vec::new() });
    let Some(bytes) = io::read(&backup.join(NAME))? else { return Ok(None) };
    let Ok(note) = serde_json::from_slice::<Note>(&bytes) else {
        let what =
            "it can't be read, so nothing tells whether the backup holds all that it held when it was made";
        return Ok(finding(what.to_owned()));
    };
    let (then, now) = (note.figures, Figures::of(seen));
    // One that was served since went on, and may have let jobs go.
    let is_less =
        now.last_change < then.last_change || now.last_change == then.last_change && now.jobs() < then.jobs();
    if note.format != FORMAT || !is_less {
        return Ok(None);
    }
    let figures = |of: Figures| {
        format!("{} jobs ({} ended, {} live) up to change {}", of.jobs(), of.ended, of.live, of.last_change)
    };
    Ok(finding(format!(
        "the backup is incomplete: it was made with {}, and there are {}",
        figures(then),
        figures(now)
    )))
}

fn current(backup: &Path) -> Result<String, StoreError> {
    fingerprint(&Paths::new(backup)).map(|number| format!("{number:016x}"))
}
