//! Puts a backup back.

use super::files;
use super::list::PARTIAL;
use super::target::Target;
use super::verify::held_to_note;
use crate::store::inspect::{BackupError, Inspected, Inspection, inspect};
use crate::store::place::apart;
use std::path::Path;

/// Copies `backup` (any copy of a data directory) to `target`, which must be empty or missing, and looks at the result.
/// Damage is copied as it is: what is left is served. Blocks.
///
/// # Errors
/// `backup` is no data directory or partial, `target` is not empty or lies inside it, or the file system refuses; then nothing stays
/// in `target`.
pub fn restore(backup: &Path, target: &Path) -> Result<Inspected, BackupError> {
    if backup.file_name().is_some_and(|name| name.to_string_lossy().ends_with(PARTIAL)) {
        return Err(BackupError::Unusable(format!(
            "{}: is partial: its making was interrupted, or is under way",
            backup.display()
        )));
    }
    Inspection::begin(backup)?;
    apart(backup, "the backup", target, "the target")?;
    let begun = Target::begin(target)?;
    files::copy_tree(backup, begun.staging())?;
    begun.finish()?;
    held_to_note(backup, inspect(target)?)
}
