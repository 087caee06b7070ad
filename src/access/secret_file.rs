//! Reads a file that holds secrets, and refuses one that other users can read.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// No such file is larger.
const LARGEST: u64 = 1 << 20;
/// Whether its group may write it, or others do anything with it. Its group may read it: the file may be root's, and the
/// server's group the one that reads it.
const TOO_OPEN: u32 = 0o027;

/// The content.
///
/// # Errors
/// One sentence, which never shows any of it.
pub fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("{shown} can't be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let mode = about.mode() & 0o777;
    if mode & TOO_OPEN != 0 {
        return Err(format!(
            "{shown}: other users can read or change it (mode {mode:03o}); chmod 600 {shown}"
        ));
    }
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(format!("{shown} is larger than {LARGEST} bytes"));
    }
    Ok(text)
}
