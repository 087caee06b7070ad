//! Folds the journal of a directory that nobody has open, and that nobody copies: of an import, before it gets its name.

use super::file::{self, MOST_BYTES};
use super::fold::Fold;
use super::image::{self, Image};
use super::line;
use crate::store::error::StoreError;
use crate::store::journal::{ARCHIVED, Fetcher, io, numbers, path, relative_path};
use crate::store::survey::Survey;
use std::path::Path;

/// Folds all segments of the data directory `dir` but the last one, and removes them, so that the first start is as quick
/// as any.
pub fn fold_closed(dir: &Path) -> Result<(), StoreError> {
    let (journal, archive) = (dir.join("journal"), dir.join("archive"));
    let Some(current) = numbers(&journal)?.last().copied() else { return Ok(()) };
    let fetcher = Fetcher::new(dir.to_owned());
    let mut newest: Option<Image> = None;
    loop {
        let covered = newest.as_ref().map_or(0, |image| image.head.covered.number);
        let survey = Survey::behind(&journal, covered)?;
        let Some((segments, covered)) = line::next(&survey, current, covered, 0)? else { break };
        io::make_dir(&archive)?;
        let fold = Fold {
            dir,
            fetcher: &fetcher,
            file_bytes: MOST_BYTES,
            previous: newest.as_ref(),
            adopted: &[],
            uptime: &|| 0,
            judged: 0,
        };
        let Some(folded) = fold.run(&segments, covered)? else { break };
        fetcher.close_files();
        for (segment, _) in segments {
            io::remove(&path(&journal, segment.number))?;
        }
        newest = Some(folded.image);
    }
    let Some(newest) = newest else { return Ok(()) };
    let over = image::numbers(dir)?.into_iter().filter(|number| *number != newest.number);
    let named = |number: u64| newest.head.files.iter().any(|file| file.number == number);
    let stale = file::numbers(dir)?.into_iter().filter(|number| number & ARCHIVED != 0 && !named(*number));
    for number in over.chain(stale) {
        io::remove(&dir.join(relative_path(number)))?;
    }
    io::sync_dir(&archive)
}
