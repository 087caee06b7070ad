//! Room on the file system of the data directory.

use crate::runtime;
use std::path::Path;
use std::time::Duration;

/// A file system that doesn't answer (a lost network disk) must not keep `/health` from answering.
const PATIENCE: Duration = Duration::from_millis(500);

/// Bytes of a file system.
pub(super) struct Room {
    /// Free for this process.
    pub(super) free: u64,
    /// All.
    pub(super) total: u64,
}

/// Room where `dir` is; `None` when the system doesn't tell.
pub(super) async fn room(dir: &Path) -> Option<Room> {
    let dir = dir.to_owned();
    let asked = runtime::blocking(move || rustix::fs::statvfs(&dir));
    let found = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?.ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Room { free: bytes(found.f_bavail), total: bytes(found.f_blocks) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_is_known_where_there_is_a_directory() {
        let room_here = room(&std::env::temp_dir()).await.unwrap();
        assert!(room_here.total > 0 && room_here.free <= room_here.total);
        assert!(room(Path::new("/no such directory")).await.is_none());
    }
}
