//! Which segments the next fold takes.

use crate::store::error::StoreError;
use crate::store::journal::{Link, SegmentHeader, relative_path};
use crate::store::survey::Survey;

/// So many segments are folded at once at most, so that little memory is needed for it.
const AT_ONCE: usize = 4;

/// A segment, and how its successor names it.
pub type Named = (SegmentHeader, Option<Link>);

/// The next segments behind number `covered` to be folded, and up to where they go; `None` when none of them is sealed.
/// `current` is the number of the segment that is written.
pub fn next(
    survey: &Survey,
    current: u64,
    covered: u64,
    judged: u64,
) -> Result<Option<(Vec<Named>, Link)>, StoreError> {
    let (mut segments, covered) = sealed_line(survey, current, covered, judged)?;
    let Some(mut covered) = covered else { return Ok(None) };
    // Only where a successor says how far a segment goes.
    let last = segments.iter().take(AT_ONCE).rposition(|(_, link)| link.is_some());
    if let Some((last, link)) = last.and_then(|last| Some((last, segments.get(last)?.1?))) {
        segments.truncate(last + 1);
        covered = link;
    }
    Ok(Some((segments, covered)))
}

/// The sealed segments behind number `covered`, in order, each with how its successor names it; and up to where they
/// go. A segment may be missing only where the start has judged that.
fn sealed_line(
    survey: &Survey,
    current: u64,
    covered: u64,
    judged: u64,
) -> Result<(Vec<Named>, Option<Link>), StoreError> {
    let broken = |number: u64| StoreError::damaged(relative_path(number), "what it goes on from is missing");
    let mut line = Vec::new();
    let mut header = survey.headers.get(&current).ok_or_else(|| broken(current))?;
    let through = header.link.filter(|link| link.number > covered);
    while let Some(link) = header.link.filter(|link| link.number > covered) {
        match survey.headers.get(&link.number).filter(|before| before.number < header.number) {
            Some(before) => {
                line.push((before.clone(), Some(link)));
                header = before;
            }
            None if header.number <= judged => {
                let below = survey.headers.range(covered + 1..header.number).next_back();
                let Some((_, before)) = below else { break };
                line.push((before.clone(), None));
                header = before;
            }
            None => return Err(broken(header.number)),
        }
    }
    line.reverse();
    Ok((line, through))
}
