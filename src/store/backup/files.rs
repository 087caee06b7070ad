//! Copies the files of a data directory in an order that is sound while a server writes it.
//!
//! The journal comes after `identity` and whatever is folded from it, segments by rising numbers: a segment is
//! complete before its successor is begun, so only the last one can be short, and a copy that ends in the middle of
//! a write is what every start can read. What is derived (`index/`), bound to the process (`LOCK`) or without contents
//! (`reserve`) is left out.

use super::note;
use crate::store::error::StoreError;
use crate::store::journal::io;
use crate::store::space::RESERVE;
use std::path::Path;

/// Copies the data directory `from` into the directory `to`, and syncs it; the bytes that were copied.
pub fn copy_tree(from: &Path, to: &Path) -> Result<u64, StoreError> {
    let mut names = io::list_settled(from)?;
    names.retain(|name| is_kept(name));
    names.sort_by_key(|name| rank(name));
    let bytes = copy_names(from, to, &names)?;
    io::sync_all_at(to)?;
    Ok(bytes)
}

fn is_kept(name: &str) -> bool {
    let left_out = ["LOCK", "index", "lost+found", RESERVE, note::NAME];
    !left_out.contains(&name) && !name.ends_with(".partial")
}

fn rank(name: &str) -> u8 {
    match name {
        "identity" => 0,
        "journal" => 2,
        "aside" => 3,
        "logs" => 4,
        _ => 1,
    }
}

fn copy_names(from: &Path, to: &Path, names: &[String]) -> Result<u64, StoreError> {
    let mut bytes = 0;
    // Files that are not whole yet have such a name, until they get their own.
    for name in names.iter().filter(|name| !name.ends_with(".tmp")) {
        let (from, to) = (from.join(name), to.join(name));
        if from.is_dir() {
            io::make_new_dir(&to)?;
            bytes += copy_names(&from, &to, &io::list_settled(&from)?)?;
        } else if from.is_file() {
            bytes += io::copy(&from, &to)?.unwrap_or(0);
        }
    }
    Ok(bytes)
}

/// Bytes of all files below `dir`.
pub fn total_bytes(dir: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    for name in io::list(dir)? {
        let path = dir.join(&name);
        if path.is_dir() {
            bytes += total_bytes(&path)?;
        } else if name != note::NAME {
            bytes += io::length_and_change(&path)?.map_or(0, |(length, _)| length);
        }
    }
    Ok(bytes)
}
