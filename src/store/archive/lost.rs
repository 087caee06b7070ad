//! What damage in the archive costs, in the terms of damage to the journal.

use crate::model::JobId;
use crate::store::journal::{Damage, Part};
use crate::store::record::PartKind;

/// Nothing is lost that could be named.
const NOBODY: (u64, u64) = (1, 0);

/// A whole file, of so many jobs, if that is known.
pub fn file(number: u64, jobs: Option<u64>) -> Damage {
    let lost = match jobs {
        Some(1) => "the job in it is lost".to_owned(),
        Some(jobs) => format!("the {jobs} jobs in it are lost, unless they were stored again since"),
        None => "the jobs in it are lost".to_owned(),
    };
    let what = format!("the file is missing or has no sound header; {lost}");
    Damage { segment: number, offset: 0, lost: NOBODY, parts: None, what }
}

/// All that was stored of a job, up to a change, in the frame at `offset`.
pub fn job(number: u64, offset: u64, job: JobId, sequence: u64) -> Damage {
    let part = Part { kind: PartKind::Record as u8, version: 1, packed: false, state: 0, length: 0, job };
    let what = "what was stored of a job is damaged".to_owned();
    Damage { segment: number, offset, lost: (sequence, sequence), parts: Some(vec![part]), what }
}

/// Bytes at `offset` that are no job's, as far as it is known which jobs were in the file, or how many.
pub fn bytes(number: u64, offset: u64, is_whole: bool) -> Damage {
    let what = match is_whole {
        true => "bytes are damaged that no job needs; nothing is lost",
        false => "bytes are damaged, and the directory of the file too: which jobs they held is not known",
    };
    Damage { segment: number, offset, lost: NOBODY, parts: None, what: what.to_owned() }
}
