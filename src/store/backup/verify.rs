//! Looks at a backup, or any other copy.

use super::note;
use crate::store::inspect::{BackupError, Inspected, inspect};
use std::path::Path;

/// [`inspect`], and whether all is there that a backup held when it was made.
///
/// # Errors
/// As [`inspect`].
pub fn verify(dir: &Path) -> Result<Inspected, BackupError> {
    let seen = inspect(dir)?;
    held_to_note(dir, seen)
}

/// `seen`, with what it lacks of what the note in `backup` tells in front.
pub(super) fn held_to_note(backup: &Path, mut seen: Inspected) -> Result<Inspected, BackupError> {
    if let Some(lacking) = note::lacking(backup, &seen)? {
        seen.damage.insert(0, lacking);
    }
    Ok(seen)
}
