//! Reading the whole journal at a start: which segments belong together, what of them counts, what is cut.

use super::archive::Base;
use super::error::StoreError;
use super::journal::{
    Damage, FrameHeader, Link, SegmentHeader, Settled, file_name, has_frame, io, items, numbers, path,
    read_header, settle,
};
use super::marker::{self, Clean};
use super::replay::Replay;
use super::window::Window;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The segments of a directory.
#[derive(Debug, Default)]
pub struct Survey {
    /// Every number in use, without a sound header too.
    pub numbers: Vec<u64>,
    /// Those without a byte.
    pub empty: BTreeSet<u64>,
    /// The sound headers.
    pub headers: BTreeMap<u64, SegmentHeader>,
    /// Length of all segments.
    pub bytes: u64,
    /// Whether they are only looked at: a start sets aside what doesn't count.
    pub is_look: bool,
}

impl Survey {
    /// Reads all headers in `journal`.
    pub fn take(journal: &Path) -> Result<Self, StoreError> {
        Self::behind(journal, 0)
    }

    /// Reads the headers of the segments behind number `covered`.
    pub fn behind(journal: &Path, covered: u64) -> Result<Self, StoreError> {
        let mut survey = Self { numbers: numbers(journal)?, ..Self::default() };
        survey.numbers.retain(|number| *number > covered);
        for &number in &survey.numbers {
            let path = path(journal, number);
            if let Some(header) = read_header(&path)?.filter(|header| header.number == number) {
                survey.headers.insert(number, header);
            }
            let length = io::length_and_change(&path)?.map_or(0, |(length, _)| length);
            survey.bytes += length;
            if length == 0 {
                survey.empty.insert(number);
            }
        }
        Ok(survey)
    }

    /// The newest segment with a sound header and a sound frame: those behind it are void.
    pub fn newest(&self, journal: &Path) -> Result<Option<&SegmentHeader>, StoreError> {
        for header in self.headers.values().rev() {
            if has_frame(&path(journal, header.number), header.salt)? {
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Why a segment doesn't count, in words.
    pub fn why_unused(&self, number: u64) -> String {
        let why = match self.headers.get(&number) {
            Some(_) => "no later segment goes on from it",
            None if self.empty.contains(&number) => "it is empty",
            None => "it has no sound header",
        };
        let verb = if self.is_look { "would be set aside at a start" } else { "is set aside" };
        format!("journal/{} {verb}: {why}", file_name(number))
    }

    /// The segments behind number `covered` that belong together, oldest first: each but the first is named by the
    /// next, unless the one before it is missing.
    fn line<'a>(&'a self, newest: &'a SegmentHeader, covered: u64) -> Vec<Linked<'a>> {
        let mut line = Vec::new();
        let mut header = newest;
        while header.number > covered {
            let below = self.headers.range(covered + 1..header.number).next_back().map(|(_, header)| header);
            let named = header.link.and_then(|link| self.headers.get(&link.number));
            let named = named.filter(|named| named.number < header.number && named.number > covered);
            let is_first = header.link.is_some_and(|link| link.number == covered);
            let gap_before = header.link.is_some() && named.is_none() && !is_first;
            line.push(Linked { header, gap_before });
            match (named, below) {
                (Some(named), _) => header = named,
                (None, Some(below)) if gap_before => header = below,
                (None, _) => break,
            }
        }
        line.reverse();
        line
    }
}

#[derive(Debug)]
struct Linked<'a> {
    header: &'a SegmentHeader,
    gap_before: bool,
}

/// A frame above the last `durable_through`, to be appended again.
#[derive(Debug)]
pub struct Straggler {
    /// Where it was.
    pub offset: u64,
    /// Its header.
    pub header: FrameHeader,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// What the journal holds.
#[derive(Debug)]
pub struct Contents {
    /// All that counts, folded.
    pub replay: Replay,
    /// The last segment that counts.
    pub last: SegmentHeader,
    /// How the next segment names it.
    pub link: Link,
    /// Frames of it that lie above the link.
    pub stragglers: Vec<Straggler>,
    /// Damage to acknowledged changes.
    pub damage: Vec<Damage>,
    /// Where in the last segment that counts what counts ends; 0 where there is no segment.
    pub end: u64,
    /// Segments that don't count, to be set aside.
    pub cut: Vec<u64>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

impl Contents {
    /// [`marker::lost_since`].
    pub fn lost_since(&self, stop: Option<&Clean>) -> Vec<Damage> {
        marker::lost_since(stop, &self.last, self.end, &self.replay)
    }
}

/// Reads the newest image, and all segments behind it; the files of ended jobs are left to their directories
/// ([`Catalog`](super::archive::Catalog)). In a copy a gap cuts off what lies behind it; in the original it is damage.
/// `None`: there is neither an image nor a sound segment.
pub fn contents(
    dir: &Path,
    base: &Base,
    survey: &Survey,
    newest: Option<&SegmentHeader>,
    is_copy: bool,
    window: Window,
) -> Result<Option<Contents>, StoreError> {
    let mut replay = Replay { window, ..Replay::default() };
    let damage = base.replay_image(dir, &mut replay)?;
    behind(dir, base, survey, newest, is_copy, (replay, damage))
}

/// [`contents`], with the files of ended jobs, of a window.
pub fn contents_within(
    window: Window,
    dir: &Path,
    base: &Base,
    survey: &Survey,
    newest: Option<&SegmentHeader>,
    is_copy: bool,
) -> Result<Option<Contents>, StoreError> {
    let mut replay = Replay { window, ..Replay::default() };
    let damage = base.replay(dir, &mut replay)?;
    behind(dir, base, survey, newest, is_copy, (replay, damage))
}

/// Puts the segments behind the image on top of it.
fn behind(
    dir: &Path,
    base: &Base,
    survey: &Survey,
    newest: Option<&SegmentHeader>,
    is_copy: bool,
    (mut replay, mut damage): (Replay, Vec<Damage>),
) -> Result<Option<Contents>, StoreError> {
    let journal = &dir.join("journal");
    let covered = base.covered();
    let line = newest.map(|newest| survey.line(newest, covered)).unwrap_or_default();
    let mut cut = unused(survey, &line, covered);
    let mut notes = Vec::new();
    notes.extend(cut.iter().map(|number| survey.why_unused(*number)));
    let Some(first) = line.first() else {
        // Everything lies in the archive: a copy whose journal was copied before, or is gone.
        let origin = match &base.image {
            Some(image) => Some((image.head.last.clone(), image.head.covered)),
            None => base.origin(dir)?,
        };
        let Some((last, link)) = origin else { return Ok(None) };
        replay.last_sequence = replay.last_sequence.max(link.last_sequence);
        notes.extend(base.notes(false));
        let stragglers = Vec::new();
        return Ok(Some(Contents { replay, last, link, stragglers, damage, end: 0, cut, notes }));
    };
    if first.gap_before {
        damage.push(gap(first.header, replay.last_sequence + 1, is_copy));
    }
    for (index, linked) in line.iter().enumerate() {
        damage.extend(skipped(linked.header));
        let next = line.get(index + 1);
        let bytes = io::read(&path(journal, linked.header.number))?.unwrap_or_default();
        let items = items(&bytes, linked.header.salt);
        let link = next.and_then(|next| next.header.link).filter(|link| link.number == linked.header.number);
        let mut settled = settle(linked.header, &items, link);
        let mut is_last = next.is_none();
        if let Some(next) = next
            && let Some(lost) = broken(&settled, link, next)
        {
            if is_copy {
                settled = settle(linked.header, &items, None);
                is_last = true;
                let verb = if survey.is_look { "would be set aside at a start" } else { "are set aside" };
                notes.push(format!(
                    "this copy holds an older state of journal/{} than of its successors; they {verb}, and the store \
                     goes on from change {}",
                    file_name(linked.header.number),
                    settled.reached
                ));
            } else {
                if link.is_none() {
                    // Its successor is missing, and what that vouched for: take all there is.
                    settled = settle(linked.header, &items, None);
                }
                let at = settled.torn_at.unwrap_or(bytes.len() as u64);
                let name = file_name(linked.header.number);
                notes.push(format!("journal/{name} is not what its successor goes on from"));
                damage.extend(gap_behind(
                    linked.header.number,
                    at,
                    &settled,
                    lost.max(next.header.first_sequence),
                ));
            }
        }
        for frame in &settled.accepted {
            let start = frame.offset as usize;
            let whole = bytes.get(start..start + frame.header.frame_length()).unwrap_or_default();
            replay.frame(linked.header.number, frame, whole)?;
        }
        damage.append(&mut settled.damage);
        replay.last_sequence = replay.last_sequence.max(settled.reached);
        if is_last {
            if let Some(at) = settled.torn_at {
                let name = file_name(linked.header.number);
                notes.push(format!("journal/{name} ends in a write that was never finished, at byte {at}"));
            }
            let last = linked.header.clone();
            let link = Link { number: last.number, last_sequence: settled.durable, chain: settled.chain };
            let stragglers = stragglers(&settled, &bytes);
            if next.is_some() {
                cut.extend(survey.numbers.iter().copied().filter(|number| *number > last.number));
                cut.sort_unstable();
                cut.dedup();
            }
            notes.extend(base.notes(damage.is_empty()));
            let end = settled.torn_at.unwrap_or(bytes.len() as u64);
            return Ok(Some(Contents { replay, last, link, stragglers, damage, end, cut, notes }));
        }
    }
    Err(StoreError::damaged(journal.display().to_string(), "no segment could be read"))
}

/// Whether `next` does not fit behind a segment: the first sequence that it doesn't hold.
fn broken(settled: &Settled, link: Option<Link>, next: &Linked<'_>) -> Option<u64> {
    match link {
        None => Some(settled.reached + 1),
        Some(link) if settled.reached < link.last_sequence => Some(settled.reached + 1),
        // Content that was damaged has another hash; that is no sign of another history.
        Some(link) if settled.damage.is_empty() && settled.chain != link.chain => Some(settled.reached + 1),
        Some(_) => next.gap_before.then_some(settled.reached + 1),
    }
}

/// What is missing between a segment and its successor, which begins with `first`.
fn gap_behind(segment: u64, offset: u64, settled: &Settled, first: u64) -> Option<Damage> {
    let lost = (settled.reached + 1, first.saturating_sub(1));
    let what = format!("changes {} to {} are missing", lost.0, lost.1);
    (lost.0 <= lost.1).then_some(Damage { segment, offset, lost, parts: None, what })
}

/// What a segment says was lost before it was made: a start that found an archive and no journal leaves out numbers of
/// changes. It costs no job a verdict; those of the archive go on from what it says.
pub fn skipped(header: &SegmentHeader) -> Option<Damage> {
    let last = header.link?.last_sequence;
    let what = format!(
        "the journal was missing when this segment was made: what was stored behind change {last} is lost; changes go on \
         with number {}",
        header.first_sequence
    );
    let damage = Damage { segment: header.number, offset: 0, lost: (1, 0), parts: None, what };
    (header.first_sequence > last + 1).then_some(damage)
}

/// What is missing in front of the oldest segment.
fn gap(header: &SegmentHeader, from: u64, is_copy: bool) -> Damage {
    let lost = (from, header.first_sequence.saturating_sub(1));
    let why = if is_copy { ", as in a copy that took longer than store.grace" } else { "" };
    let what = format!("the segments with changes {} to {} are missing{why}", lost.0, lost.1);
    Damage { segment: header.number, offset: 0, lost, parts: None, what }
}

/// Segments that nothing goes on from: of a start or a rotation that died, or of a batch that was refused.
fn unused(survey: &Survey, line: &[Linked<'_>], covered: u64) -> Vec<u64> {
    let used: BTreeSet<u64> = line.iter().map(|linked| linked.header.number).collect();
    let behind = survey.numbers.iter().copied().filter(|number| *number > covered);
    behind.filter(|number| !used.contains(number)).collect()
}

fn stragglers(settled: &Settled, bytes: &[u8]) -> Vec<Straggler> {
    let above = settled.accepted.iter().filter(|frame| frame.header.sequence > settled.durable);
    let taken = above.map(|frame| {
        let start = frame.offset as usize + frame.header.length();
        let payload = bytes.get(start..start + frame.header.payload_length as usize).unwrap_or_default();
        Straggler { offset: frame.offset, header: (*frame.header).clone(), payload: payload.to_vec() }
    });
    taken.collect()
}
