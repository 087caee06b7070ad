//! Whether a copy is whole and sound.

use super::note;
use crate::store::inspect::{BackupError, Finding, Inspected, inspect};
use std::path::Path;

/// Looks at any copy of a data directory. Of a backup of ours it is also asked whether it holds what was in it when it was made:
/// a file that was cut between two changes looks like one that never held more.
///
/// # Errors
/// It is no data directory, can't be read, or was written by a newer version.
pub fn verify(dir: &Path) -> Result<Inspected, BackupError> {
    let mut seen = inspect(dir)?;
    let promised = note::promised(dir)?;
    let is_less = |seen: &Inspected, promised: &super::Figures| {
        let jobs = promised.ended + promised.live;
        seen.last_change < promised.last_change
            || (seen.last_change == promised.last_change && seen.jobs() < jobs)
    };
    if let Some(promised) = promised.filter(|promised| is_less(&seen, promised)) {
        let what = format!(
            "it is not whole any more: when it was made, it held {} jobs up to change {}; now {} jobs up to change {}",
            promised.ended + promised.live,
            promised.last_change,
            seen.jobs(),
            seen.last_change
        );
        seen.damage.push(Finding { place: note::NAME.to_owned(), what, jobs: Vec::new() });
    }
    Ok(seen)
}
