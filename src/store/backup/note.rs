//! What was seen of a backup when it was made, kept in it, so that a list of many backups is quick.
//!
//! It counts only as long as the journal's files are as they were; a backup that was moved, served or mended is looked
//! at anew. `verify` never reads it.

use super::list::Figures;
use crate::store::error::StoreError;
use crate::store::inspect::Inspected;
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

fn current(backup: &Path) -> Result<String, StoreError> {
    fingerprint(&Paths::new(backup)).map(|number| format!("{number:016x}"))
}
