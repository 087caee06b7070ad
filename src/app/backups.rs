//! What the command line needs of backups, exports and imports.

use crate::config;
use std::path::{Path, PathBuf};

pub use crate::store::backup::{Backup, BackupState, Created, create, list, restore, verify};
pub use crate::store::{BackupError, Exported, Imported, Inspected, export, export_to_file, import};

/// Where a server with this configuration keeps its data, and where its backups go, if that is configured.
///
/// # Errors
/// The configuration can't be used.
pub fn directories(
    file: Option<&Path>,
    data_dir: Option<PathBuf>,
) -> Result<(PathBuf, Option<PathBuf>), config::ConfigError> {
    let flags = config::Flags { data_dir, listen: None };
    let store = config::load(file, &flags)?.config.store;
    Ok((store.data_dir, store.backup_dir))
}
