//! What was seen of a backup when it was made, kept in it, so that a list of many backups is quick.
//!
//! It counts only as long as the journal's files are as they were; a backup that was moved, served or mended is looked
//! at anew. `verify` looks itself, and asks the note only whether there had been more.

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

/// The figures of the note, if there is one that still counts.
pub fn read(backup: &Path) -> Result<Option<Figures>, StoreError> {
    let Some(note) = load(backup)? else { return Ok(None) };
    let counts = note.fingerprint == current(backup)?;
    Ok(counts.then_some(note.figures))
}

/// What the backup held when it was made, whatever became of it.
pub fn promised(backup: &Path) -> Result<Option<Figures>, StoreError> {
    Ok(load(backup)?.map(|note| note.figures))
}

fn load(backup: &Path) -> Result<Option<Note>, StoreError> {
    let bytes = io::read(&backup.join(NAME))?;
    let note: Option<Note> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(note.filter(|note| note.format == FORMAT))
}

fn current(backup: &Path) -> Result<String, StoreError> {
    fingerprint(&Paths::new(backup)).map(|number| format!("{number:016x}"))
}
