//! Finds and reads the files that `include` names.

use std::path::{Path, PathBuf};

/// Whether a text may include files, and where these are looked for.
#[derive(Clone, Debug)]
pub enum Includes {
    /// It may not.
    Refused,
    /// It may.
    Allowed {
        /// Where the text lies: `include "…"` and `classpath("…")`.
        beside: PathBuf,
        /// Working directory: `file("…")`.
        working: PathBuf,
    },
}

/// How a file is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `include "…"`, `include classpath("…")`: relative to the including file.
    Beside,
    /// `include file("…")`: relative to the working directory.
    File,
    /// `include url("…")`.
    Url,
}

/// An included file.
#[derive(Debug)]
pub struct Included {
    /// Its path.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is JSON by its name.
    pub is_json: bool,
}

/// The files that `name` stands for, the weakest first: itself if it has an extension that is known, else those of
/// `name.properties`, `name.json`, `name.conf` that exist.
///
/// # Errors
/// A file that is there but can't be read.
pub fn find(dir: &Path, name: &str) -> Result<Vec<Included>, String> {
    let known = |extension: &str| name.to_ascii_lowercase().ends_with(extension);
    let names: Vec<String> = if [".conf", ".json", ".properties"].into_iter().any(known) {
        vec![name.to_owned()]
    } else {
        [".properties", ".json", ".conf"].iter().map(|extension| format!("{name}{extension}")).collect()
    };
    let mut found = Vec::new();
    for name in names {
        let path = dir.join(&name);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let is_json = name.to_ascii_lowercase().ends_with(".json");
                found.push(Included { path, bytes, is_json });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{} can't be read: {error}", path.display())),
        }
    }
    Ok(found)
}

/// Whether `name` is an address of the network rather than the name of a file.
pub fn is_url(name: &str) -> bool {
    name.split_once(':').is_some_and(|(scheme, rest)| {
        ["http", "https", "ftp", "jar", "file"].contains(&scheme.to_ascii_lowercase().as_str())
            && !rest.is_empty()
    })
}
