//! What is done to a target directory before a job: schema and data save modes, with the directory as the table.

use super::commit::failed;
use super::staging::HIDDEN;
use crate::connectors::file::durable;
use crate::model::Fault;
use std::fs;
use std::path::Path;

/// `schema_save_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SchemaMode {
    /// Remove the directory with all that is in it.
    Recreate,
    /// Make it when rows come.
    Create,
    /// It must be there.
    MustExist,
    /// Nothing.
    Ignore,
}

/// `data_save_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataMode {
    /// Nothing.
    Append,
    /// Remove what is in the directory.
    Drop,
    /// It must hold no file.
    MustBeEmpty,
}

/// Applies the modes to a directory, schema first.
pub(super) fn apply(dir: &Path, schema: SchemaMode, data: DataMode) -> Result<(), Fault> {
    let exists = durable::lies_at(dir).map_err(|e| failed("can't be looked at", dir, &e))?;
    match schema {
        SchemaMode::Recreate if exists => clear(dir)?,
        SchemaMode::MustExist if !exists => {
            return Err(Fault::user(format!(
                "{}: the directory doesn't exist, and schema_save_mode is ERROR_WHEN_SCHEMA_NOT_EXIST",
                dir.display()
            ))
            .final_one());
        }
        SchemaMode::Recreate | SchemaMode::Create | SchemaMode::MustExist | SchemaMode::Ignore => {}
    }
    match data {
        DataMode::Drop if exists => clear(dir),
        DataMode::MustBeEmpty => match first_file(dir)? {
            Some(file) => Err(Fault::user(format!(
                "{}: holds data already ({file}), and data_save_mode is ERROR_WHEN_DATA_EXISTS",
                dir.display()
            ))
            .final_one()),
            None => Ok(()),
        },
        DataMode::Drop | DataMode::Append => Ok(()),
    }
}

/// Removes everything in a directory but what running jobs have staged there.
fn clear(dir: &Path) -> Result<(), Fault> {
    let problem =
        |path: &Path, error: &std::io::Error| failed("can't be removed by the save mode", path, error);
    let real = dir.canonicalize().map_err(|e| problem(dir, &e))?;
    if real.parent().is_none() {
        return Err(Fault::user("a save mode must not remove everything in /").final_one());
    }
    for entry in fs::read_dir(&real).map_err(|e| problem(&real, &e))? {
        let entry = entry.map_err(|e| problem(&real, &e))?;
        if entry.file_name() == HIDDEN {
            continue;
        }
        let (path, kind) = (entry.path(), entry.file_type());
        let removed = match kind.map_err(|e| problem(&path, &e))?.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.map_err(|e| problem(&path, &e))?;
    }
    Ok(())
}

fn first_file(dir: &Path) -> Result<Option<String>, Fault> {
    if !dir.exists() {
        return Ok(None);
    }
    let visible = walkdir::WalkDir::new(dir).into_iter().filter_entry(|entry| entry.file_name() != HIDDEN);
    for entry in visible {
        let entry = entry.map_err(|e| failed("can't be listed", dir, &e.into()))?;
        if entry.file_type().is_file() {
            return Ok(Some(entry.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("t");
        let missing = apply(&target, SchemaMode::MustExist, DataMode::Append).unwrap_err();
        assert!(missing.message.contains("ERROR_WHEN_SCHEMA_NOT_EXIST"), "{missing}");
        apply(&target, SchemaMode::Create, DataMode::MustBeEmpty).unwrap();
        assert!(!target.exists(), "made when rows come");

        let (file, staged) = (target.join("p=1/x.txt"), target.join(HIDDEN).join("1/m/x.txt"));
        let fill = || [&file, &staged].map(|path| durable::create_file(path).unwrap());
        fill();
        apply(&target, SchemaMode::Ignore, DataMode::Append).unwrap();
        let there = apply(&target, SchemaMode::Create, DataMode::MustBeEmpty).unwrap_err();
        assert!(
            there.message.contains("x.txt") && there.message.contains("ERROR_WHEN_DATA_EXISTS"),
            "{there}"
        );
        apply(&target, SchemaMode::Create, DataMode::Drop).unwrap();
        assert!(target.exists() && !file.exists() && staged.exists());
        apply(&target, SchemaMode::Create, DataMode::MustBeEmpty).unwrap();
        fs::remove_file(&staged).unwrap();
        fill();
        apply(&target, SchemaMode::Recreate, DataMode::MustBeEmpty).unwrap();
        assert!(!file.exists());
    }
}
