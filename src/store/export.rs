//! Writes all jobs of a data directory as lines of JSON: see `lines` for their shape.
//!
//! Reads the directory as `inspect` does, so a server may be running on it, and memory is bounded whatever the number of
//! jobs. What damage took is written as a start would serve it: UNKNOWABLE.

use super::error::StoreError;
use super::inspect::{BackupError, Finding, Found, Inspection};
use super::journal::io;
use super::lines::{End, FORMAT, Front, JobLine, Line};
use super::place::apart;
use crate::runtime;
use chrono::{DateTime, SecondsFormat};
use std::io::{BufWriter, Write};
use std::path::Path;

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Jobs.
    pub jobs: u64,
    /// Damage in the directory.
    pub damage: Vec<Finding>,
}

/// Exports the data directory `dir` to `out`, which `name` stands for in errors.
///
/// # Errors
/// `dir` is no data directory or can't be read; `out` can't be written.
pub fn export(dir: &Path, out: &mut dyn Write, name: &Path) -> Result<Exported, BackupError> {
    export_from(&Inspection::begin(dir)?, out, name)
}

/// [`export`] to the file `path`, which gets its name when it is whole and synced; an older one is replaced then, if
/// `replace` allows it.
///
/// # Errors
/// As [`export`]; or `path` exists and is not to be replaced, is no regular file, or lies inside `dir`.
pub fn export_to_file(dir: &Path, path: &Path, replace: bool) -> Result<Exported, BackupError> {
    let there = path.symlink_metadata().ok();
    let refused = match &there {
        Some(found) if !found.is_file() => {
            let kind = if found.is_dir() { "a directory" } else { "no regular file" };
            Some(format!("is {kind}, and stays as it is; name a new file, or - for the standard output"))
        }
        Some(_) if !replace => Some("exists already; --force replaces it".to_owned()),
        Some(_) | None => None,
    };
    if let Some(why) = refused {
        return Err(BackupError::Unusable(format!("{}: {why}", path.display())));
    }
    let source = Inspection::begin(dir)?;
    apart(dir, "the data directory", path, "the export")?;
    let mut staged = io::Staged::begin(path)?;
    let exported = export_from(&source, staged.file(), path)?;
    staged.finish()?;
    Ok(exported)
}

fn export_from(source: &Inspection, out: &mut dyn Write, name: &Path) -> Result<Exported, BackupError> {
    let mut out = Lines { out: BufWriter::with_capacity(1 << 16, out), name };
    let now = DateTime::from_timestamp_millis(runtime::clock()).unwrap_or_default();
    out.line(&Line::Seikan(Front {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        time: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        store: source.store(),
    }))?;
    let mut jobs = 0;
    let rest = source.walk(|found| {
        jobs += 1;
        out.line(&Line::Job(Box::new(job_line(found)?)))
    })?;
    out.line(&Line::End(End { jobs, tags: rest.tags, id_floor: rest.id_floor }))?;
    out.out.flush().map_err(|error| StoreError::io("write", name, error))?;
    Ok(Exported { jobs, damage: rest.damage })
}

fn job_line(found: &Found<'_>) -> Result<JobLine, StoreError> {
    Ok(JobLine {
        record: found.record()?,
        texts: found.texts()?,
        checkpoint: found.checkpoint()?.map(Into::into),
        committed: found.committed(),
    })
}

struct Lines<'a> {
    out: BufWriter<&'a mut dyn Write>,
    name: &'a Path,
}

impl Lines<'_> {
    fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        let written = serde_json::to_writer(&mut self.out, line).map_err(std::io::Error::from);
        let written = written.and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|error| StoreError::io("write", self.name, error))
    }
}
