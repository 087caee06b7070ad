//! The run loop of FakeSource: one split after the other, a batch at a time.

use super::plugin::{Content, Rows};
use super::splits::Part;
use crate::model::Fault;
use crate::plugin::{Position, Read, Reader, Split, decode, encode};
use crate::table::Batch;
use async_trait::async_trait;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::sync::Arc;
use std::time::Instant;

const VERSION: u8 = 1;

/// Reads splits. Random rows differ at each attempt; their number, and fixed rows, never do.
pub(super) struct FakeReader {
    contents: Arc<[Content]>,
    rng: SmallRng,
    open: Option<Open>,
    /// When the split before this one began.
    began: Option<Instant>,
    done: u64,
}

/// The open split.
struct Open {
    part: Part,
    /// Rows already answered.
    at: u64,
    /// Not to begin before.
    not_before: Option<Instant>,
}

impl FakeReader {
    pub(super) fn new(contents: Arc<[Content]>) -> Self {
        Self { contents, rng: SmallRng::from_os_rng(), open: None, began: None, done: 0 }
    }
}

#[async_trait]
impl Reader for FakeReader {
    async fn open(&mut self, split: &Split, position: Option<&Position>) -> Result<(), Fault> {
        let part = Part::of(split)?;
        let at = position.map_or(Ok(0), |position| decode(VERSION, position))?;
        let interval = self.contents.get(part.table as usize).map(|content| content.interval);
        let not_before = self.began.zip(interval).map(|(began, interval)| began + interval);
        self.open = Some(Open { part, at, not_before });
        Ok(())
    }

    async fn next(&mut self) -> Result<Read, Fault> {
        let Some(open) = &mut self.open else {
            return Err(Fault::internal("FakeSource is read without an open split"));
        };
        if open.at >= open.part.rows {
            return Ok(Read::SplitDone);
        }
        let now = Instant::now();
        match open.not_before {
            Some(begin) if now < begin => return Ok(Read::Idle(begin)),
            _ => open.not_before = None,
        }
        let content = self.contents.get(open.part.table as usize);
        let left = open.part.rows - open.at;
        let batch = match content.map(|content| &content.rows) {
            Some(Rows::Random(table)) => table.batch(left, open.part.first + open.at, &mut self.rng)?,
            Some(Rows::Fixed(batches)) => fixed_from(batches, open.at)?,
            Some(Rows::Nothing) | None => {
                return Err(Fault::internal("FakeSource is given a split of a table without rows"));
            }
        };
        if open.at == 0 || self.began.is_none() {
            self.began = Some(now);
        }
        open.at += batch.len() as u64;
        self.done += batch.len() as u64;
        Ok(Read::Batch(batch))
    }

    fn position(&self) -> Result<Position, Fault> {
        encode(VERSION, &self.open.as_ref().map_or(0, |open| open.at))
    }

    fn done(&self) -> u64 {
        self.done
    }
}

/// The rest of the batch that holds row `at`.
fn fixed_from(batches: &[Batch], at: u64) -> Result<Batch, Fault> {
    let mut start = 0;
    for batch in batches {
        let end = start + batch.len() as u64;
        if at == start {
            return Ok(batch.clone());
        }
        if at < end {
            let (offset, length) = ((at - start) as usize, (end - at) as usize);
            return Ok(Batch {
                kinds: batch.kinds.as_ref().map(|kinds| kinds.slice(offset, length)),
                rows: batch.rows.slice(offset, length),
                ..batch.clone()
            });
        }
        start = end;
    }
    Err(Fault::internal("a position lies behind the fixed rows of FakeSource"))
}
