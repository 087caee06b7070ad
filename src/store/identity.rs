//! Whether a data directory is the original or a copy.
//!
//! The file `identity` is made anew at each start. Segments name its inode and birth time, those of the data directory,
//! and their own: a copy has others. The identity in turn names its predecessor, so that a crash between the new
//! identity and the new segment is not taken for a copy.

use super::archive::{self, Base};
use super::error::StoreError;
use super::journal::io::{self, Mark};
use super::journal::{SegmentHeader, path};
use super::recovery::Paths;
use super::survey::Survey;
use crate::runtime::JobLog;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Version of `identity`.
const VERSION: u32 = 1;

/// The contents of `identity`. Numbers are hexadecimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    version: u32,
    store: String,
    timeline: String,
    run: String,
    predecessor: Option<Predecessor>,
}

/// An earlier identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Predecessor {
    run: String,
    mark: Mark,
}

/// Whose directory it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// There is no journal yet.
    New,
    /// The directory that the journal was written in.
    Original,
    /// Another one; why, in words.
    Copy(String),
}

fn file(dir: &Path) -> PathBuf {
    dir.join("identity")
}

fn hex(number: u64) -> String {
    format!("{number:016x}")
}

const NO_JOURNAL: &str = "the journal is missing, although this data directory was in use: it is a copy that took too long, \
                          or was damaged; what the journal held is lost";

const NO_SEGMENT: &str = "no segment of the journal can be read: this data directory is a copy that was not finished, or is \
                          damaged; what the journal held is lost";

const NO_NEWEST: &str = "the journal is missing beside its archive: this data directory is a copy that was not finished, or is \
                         damaged; what the journal held behind the archive is lost";

/// Compares the directory with what its newest segment says. Where there is none that can be read, what else lies there
/// tells whether there was one. A start and a look judge by this alone.
pub fn judge(
    paths: &Paths,
    survey: &Survey,
    newest: Option<&SegmentHeader>,
    base: &Base,
    trust_path: bool,
) -> Result<Owner, StoreError> {
    let Some(header) = newest else {
        // The first one is whole before it gets its name.
        let reason = match (&base.image, survey.numbers.is_empty()) {
            (Some(_), _) => NO_NEWEST,
            (None, false) => NO_SEGMENT,
            (None, true) if has_lived(&paths.dir, &paths.sled())? => NO_JOURNAL,
            (None, true) => return Ok(Owner::New),
        };
        return Ok(Owner::Copy(reason.to_owned()));
    };
    let identity = read(&paths.dir)?;
    let is_unreadable = identity.is_none() && io::length_and_change(&file(&paths.dir))?.is_some();
    let reason = mismatch(&paths.dir, &paths.journal, header, identity, trust_path)?;
    let reason = reason.map(|reason| match is_unreadable && !reason.contains("identity") {
        true => format!("{reason}; its file `identity` can't be read"),
        false => reason,
    });
    Ok(reason.map_or(Owner::Original, |reason| {
        Owner::Copy(format!("this data directory is a copy, or was moved or restored: {reason}"))
    }))
}

fn mismatch(
    dir: &Path,
    journal: &Path,
    header: &SegmentHeader,
    identity: Option<Identity>,
    trust_path: bool,
) -> Result<Option<String>, StoreError> {
    let segment = path(journal, header.number);
    let same = |what: &str, now: Option<Mark>, then: Mark| match now {
        None => Some(format!("{what} is missing")),
        Some(now) if now.inode != then.inode => {
            Some(format!("{what} is another file than the journal names"))
        }
        Some(Mark { birth: None, .. }) if trust_path => None,
        Some(Mark { birth: None, .. }) => Some(format!(
            "the file system keeps no birth time of {what}; set store.trust-path: true if it is the original"
        )),
        Some(now) if now.birth != then.birth => {
            Some(format!("{what} was made at another time than the journal says"))
        }
        Some(_) => None,
    };
    if let Some(reason) = same("the directory itself", io::mark(dir)?, header.dir) {
        return Ok(Some(reason));
    }
    if let Some(reason) = same("the newest segment", io::mark(&segment)?, header.own) {
        return Ok(Some(reason));
    }
    let Some(identity) = identity else {
        return Ok(Some("its file `identity` is missing or can't be read".to_owned()));
    };
    if identity.timeline != hex(header.timeline) || identity.store != format!("{:032x}", header.store) {
        return Ok(Some("its file `identity` belongs to another store or timeline".to_owned()));
    }
    let earlier = Predecessor { run: hex(header.run), mark: header.identity };
    if identity.predecessor.as_ref() == Some(&earlier) {
        return Ok(None);
    }
    if identity.run != earlier.run {
        return Ok(Some("its file `identity` belongs to another run of the server".to_owned()));
    }
    Ok(same("the file `identity`", io::mark(&file(dir))?, header.identity))
}

/// Whether the directory is that of a store that had recorded something, as far as can be told without its journal.
/// (The first start of all may have been killed between the identity and the first segment.)
pub fn has_lived(dir: &Path, index: &Path) -> Result<bool, StoreError> {
    let has_traces =
        || Ok(!io::list(index)?.is_empty() || !io::list(&dir.join(JobLog::DIRECTORY))?.is_empty());
    Ok(goes_on(dir)? || has_traces()? || !archive::numbers(dir)?.is_empty())
}

fn read(dir: &Path) -> Result<Option<Identity>, StoreError> {
    let bytes = io::read(&file(dir))?;
    let value: Option<serde_json::Value> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(value) = value else { return Ok(None) };
    // A newer one may have another shape.
    let version = value.get("version").and_then(serde_json::Value::as_u64);
    if let Some(version) = version.filter(|version| *version > u64::from(VERSION)) {
        let (place, found) = (file(dir).display().to_string(), u32::try_from(version).unwrap_or(u32::MAX));
        return Err(StoreError::Newer { place, found, known: VERSION });
    }
    let identity: Option<Identity> = serde_json::from_value(value).ok();
    Ok(identity.filter(|identity| identity.version == VERSION))
}

/// Whether the identity in `dir` is that of a store that was opened more than once.
fn goes_on(dir: &Path) -> Result<bool, StoreError> {
    Ok(read(dir)?.is_some_and(|identity| identity.predecessor.is_some()))
}

/// Makes the identity of a new run; its mark. `newest` is the segment that the run goes on from.
pub fn renew(
    dir: &Path,
    (store, timeline, run): (u128, u64, u64),
    newest: Option<&SegmentHeader>,
) -> Result<Mark, StoreError> {
    let identity = Identity {
        version: VERSION,
        store: format!("{store:032x}"),
        timeline: hex(timeline),
        run: hex(run),
        predecessor: newest.map(|header| Predecessor { run: hex(header.run), mark: header.identity }),
    };
    let path = file(dir);
    let text =
        serde_json::to_vec_pretty(&identity).map_err(|error| StoreError::io("encode", &path, error))?;
    io::replace(&path, &text)?;
    io::mark(&path)?.ok_or_else(|| StoreError::io("find", &path, "it vanished"))
}
