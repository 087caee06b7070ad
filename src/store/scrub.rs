//! What a look at the segments says beyond a start: a start passes over bytes that cost nothing, or that it can't tell
//! from a write that was never finished.
//!
//! Segments that the archive covers are read here only. In a copy they may be shorter than their successors say (the
//! archive was copied later): so only bytes that are really damaged are named.

use super::archive;
use super::error::StoreError;
use super::inspect::{Finding, named};
use super::journal::{
    FRAMES_AT, Item, SegmentHeader, bad_headers, file_name, io, items, path, relative_path, settle,
};
use super::survey::Survey;
use crate::model::JobId;
use std::path::Path;

/// What is said of damage to a segment whose changes lie in the archive.
const COVERED: &str = "; nothing is lost, because the archive holds what was in the segment";

/// A damaged change at the end of the last segment. A start can't tell it from a write that was never finished, and
/// drops it; but such a write is short, and nothing sound comes behind it.
pub fn unvouched(journal: &Path, last: &SegmentHeader) -> Result<Option<Finding>, StoreError> {
    let bytes = io::read(&path(journal, last.number))?.unwrap_or_default();
    let items = items(&bytes, last.salt);
    let what = "a change is damaged, and nothing tells whether it was answered before the copy was made; a start \
                drops it and what comes behind it";
    let torn_at = settle(last, &items, None).torn_at;
    Ok(torn_at.and_then(|at| damaged_end(last.number, &bytes, &items, at)).map(|(place, jobs)| Finding {
        place,
        what: what.to_owned(),
        jobs,
    }))
}

/// Whether what begins at `at` is more than a write that was never finished: where, and which jobs it was about.
fn damaged_end(number: u64, bytes: &[u8], items: &[Item], at: u64) -> Option<(String, Vec<JobId>)> {
    let mut jobs = Vec::new();
    let mut is_whole = false;
    for item in items {
        match item {
            Item::Frame { offset, header, .. } if *offset >= at => {
                is_whole = true;
                jobs.extend(header.parts.iter().map(|part| part.job));
            }
            Item::Bad { offset, header: Some(header) } if *offset >= at => {
                is_whole |= *offset as usize + header.frame_length() <= bytes.len();
                jobs.extend(header.parts.iter().map(|part| part.job));
            }
            Item::Frame { .. } | Item::Bad { .. } => {}
        }
    }
    is_whole.then(|| (format!("{}, byte {at}", relative_path(number)), named(jobs.into_iter())))
}

/// Damaged bytes in the segments up to number `covered`, whose changes all lie in the archive.
pub fn covered(journal: &Path, survey: &Survey, covered: u64) -> Result<Vec<Finding>, StoreError> {
    let mut found = Vec::new();
    for &number in survey.numbers.iter().filter(|number| **number <= covered) {
        // A server may have deleted it meanwhile.
        let Some(bytes) = io::read(&path(journal, number))? else { continue };
        let Some(header) = survey.headers.get(&number) else {
            if bytes.iter().any(|byte| *byte != 0) {
                let place = relative_path(number);
                let what = format!("its header is damaged{COVERED}");
                found.push(Finding { place, what, jobs: Vec::new() });
            }
            continue;
        };
        let items = items(&bytes, header.salt);
        let settled = settle(header, &items, None);
        for damage in &settled.damage {
            let place = format!("{}, byte {}", relative_path(number), damage.offset);
            let jobs = named(damage.parts.iter().flatten().map(|part| part.job));
            let what = damage.what.trim_end_matches("; nothing is lost");
            found.push(Finding { place, what: format!("{what}{COVERED}"), jobs });
        }
        if let Some(at) = settled.torn_at
            && let Some((place, jobs)) = damaged_end(number, &bytes, &items, at)
        {
            found.push(Finding { place, what: format!("a change is damaged{COVERED}"), jobs });
        }
    }
    Ok(found)
}

/// Damaged headers, in journal and archive, of which the other copy still serves.
pub fn headers(dir: &Path, survey: &Survey) -> Result<Vec<Finding>, StoreError> {
    let mut found = Vec::new();
    for number in survey.headers.keys().copied().chain(archive::numbers(dir)?) {
        let path = dir.join(relative_path(number));
        if io::length_and_change(&path)?.is_none() {
            continue;
        }
        // Where both are damaged, more than this is said of the file.
        if let [at] = bad_headers(&path)?[..] {
            found.push(Finding {
                place: format!("{}, byte {at}", relative_path(number)),
                what: "one of the two copies of the file's header is damaged; nothing is lost".to_owned(),
                jobs: Vec::new(),
            });
        }
    }
    Ok(found)
}

/// What a segment that a start sets aside means: nothing, unless changes in it are lost with that. `last` is the last
/// one that counts.
pub fn cut_off(
    journal: &Path,
    survey: &Survey,
    number: u64,
    last: &SegmentHeader,
    is_copy: bool,
) -> Result<Option<Finding>, StoreError> {
    let finding = |what: String, jobs| Some(Finding { place: relative_path(number), what, jobs });
    let bytes = io::read(&path(journal, number))?.unwrap_or_default();
    let header = survey.headers.get(&number);
    // Room that a kill or a power cut left without content is no loss; a copy may have been cut short, or emptied.
    let content = |what: &str| match is_copy && number > last.number {
        true => {
            let unknown = "nothing tells whether changes are missing with that; if the server did not die just before \
                           the copy was made, some are";
            finding(format!("the newest segment {what}: {unknown}"), Vec::new())
        }
        false => None,
    };
    let Some(header) = header else {
        if bytes.is_empty() {
            return Ok(content("is empty"));
        }
        return Ok(match bytes.iter().skip(FRAMES_AT as usize).any(|byte| *byte != 0) {
            true => finding("its header is damaged, so nothing in it can be read".to_owned(), Vec::new()),
            false => content("holds no change"),
        });
    };
    if number < last.number {
        return Ok(None);
    }
    let accepted = settle(header, &items(&bytes, header.salt), None).accepted;
    let (Some(first), Some(end)) = (accepted.first(), accepted.last()) else {
        return Ok(content("holds no change that can be read"));
    };
    let what = format!(
        "changes {} to {} in it can't be used, because changes before them are missing",
        first.header.sequence, end.header.sequence
    );
    let parts = accepted.iter().flat_map(|frame| &frame.header.parts);
    Ok(finding(what, named(parts.map(|part| part.job))))
}

/// What is lost with a journal of which no segment can be read, beside an archive that ends with change `last`. `stop` is
/// how far it went at the last stop of the same timeline, if that is known, and which jobs are gone.
pub fn lost_journal(last: u64, stop: Option<(u64, Vec<JobId>)>) -> Finding {
    let place = "journal/".to_owned();
    let (through, jobs) = stop.unwrap_or_default();
    let what = match through > last {
        true => format!("changes {} to {through}, which were there at the last stop, are lost", last + 1),
        false => format!(
            "what was stored behind change {last}, with which the archive ends, is lost; nothing tells how much that was"
        ),
    };
    Finding { place, what, jobs }
}

/// What is wrong with a journal of which no segment can be read.
pub fn unreadable(survey: &Survey) -> Vec<Finding> {
    let each = survey.numbers.iter().map(|number| {
        let what = match survey.empty.contains(number) {
            true => "it is empty",
            false => "it has no sound header or frame",
        };
        (format!("journal/{}", file_name(*number)), what)
    });
    let none = survey.numbers.is_empty().then(|| ("journal/".to_owned(), "it holds no segment"));
    let all = each.chain(none);
    all.map(|(place, what)| Finding { place, what: what.to_owned(), jobs: Vec::new() }).collect()
}
