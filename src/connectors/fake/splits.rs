//! How a table's rows are spread over splits, and the enumerator that hands them out.
//!
//! Each of P readers gets up to `split.num` splits of equal size, the last one smaller. Split `i` of a table is the
//! `i / P`-th of reader `i % P`, so that handing them out in order serves all readers alike; which reader really
//! takes one is the engine's business.

use crate::model::Fault;
use crate::plugin::{Assignment, Enumerator, Split, State, decode, encode};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;
/// Splits of one answer.
const CHUNK: usize = 256;

/// How one table's rows are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    /// Rows of each reader.
    pub row_num: u64,
    /// Splits wanted for each reader, at least 1.
    pub split_num: u64,
    /// Rows that every split emits, where they are fixed.
    pub fixed: Option<u64>,
}

impl Spread {
    fn rows_per_split(&self) -> u64 {
        self.row_num.div_ceil(self.split_num).max(1)
    }

    /// Splits of all readers.
    pub(super) fn splits(&self, readers: u64) -> u64 {
        self.row_num.div_ceil(self.rows_per_split()) * readers
    }

    /// Rows of all readers.
    pub(super) fn rows(&self, readers: u64) -> u64 {
        self.fixed.map_or(self.row_num * readers, |rows| rows * self.splits(readers))
    }

    /// The rows of one split.
    pub(super) fn part(&self, index: u64, readers: u64) -> Part {
        let (reader, ordinal) = (index % readers, index / readers);
        let start = ordinal * self.rows_per_split();
        let rows = self.rows_per_split().min(self.row_num.saturating_sub(start));
        Part { table: 0, rows: self.fixed.unwrap_or(rows), first: reader * self.row_num + start }
    }
}

/// What a split says to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Index of the table.
    pub table: u32,
    /// Rows in it.
    pub rows: u64,
    /// Number of its first row among all rows of the table, for counted columns.
    pub first: u64,
}

impl Part {
    /// Reads a split.
    ///
    /// # Errors
    /// A split of another version.
    pub(super) fn of(split: &Split) -> Result<Self, Fault> {
        decode(VERSION, &split.data)
    }
}

/// Where the enumerator is: everything before (`table`, `index`) was handed out. `readers` is stored, so that the
/// splits stay what they were when a job is restored with another parallelism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    readers: u64,
    table: u32,
    index: u64,
}

/// Hands out the splits of all tables, table by table.
pub(super) struct FakeEnumerator {
    spreads: Vec<Spread>,
    place: Place,
}

impl FakeEnumerator {
    /// A new one, or one that goes on from `state`.
    ///
    /// # Errors
    /// A state of another version.
    pub(super) fn new(spreads: Vec<Spread>, readers: usize, state: Option<State>) -> Result<Self, Fault> {
        let place = match state {
            Some(state) => decode(VERSION, &state)?,
            None => Place { readers: readers.max(1) as u64, table: 0, index: 0 },
        };
        Ok(Self { spreads, place })
    }
}

#[async_trait]
impl Enumerator for FakeEnumerator {
    async fn next(&mut self) -> Result<Assignment, Fault> {
        let mut splits = Vec::new();
        while let Some(spread) = self.spreads.get(self.place.table as usize) {
            if self.place.index >= spread.splits(self.place.readers) {
                self.place.table += 1;
                self.place.index = 0;
                continue;
            }
            if splits.len() == CHUNK {
                break;
            }
            let Place { readers, table, index } = self.place;
            let part = Part { table, ..spread.part(index, readers) };
            splits.push(Split { id: format!("{table}-{index}"), data: encode(VERSION, &part)? });
            self.place.index += 1;
        }
        Ok(if splits.is_empty() { Assignment::Done } else { Assignment::Splits(splits) })
    }

    fn snapshot(&self) -> Result<State, Fault> {
        encode(VERSION, &self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(spread: Spread, readers: u64) -> Vec<u64> {
        (0..spread.splits(readers)).map(|index| spread.part(index, readers).rows).collect()
    }

    #[test]
    fn rows_are_spread_in_equal_parts() {
        let spread = |row_num, split_num| Spread { row_num, split_num, fixed: None };
        assert_eq!(rows_of(spread(10, 3), 1), [4, 4, 2]);
        assert_eq!(rows_of(spread(10, 3), 2), [4, 4, 4, 4, 2, 2]);
        assert_eq!(rows_of(spread(3, 10), 1), [1, 1, 1]);
        assert_eq!(rows_of(spread(5, 1), 1), [5]);
        assert!(rows_of(spread(0, 3), 2).is_empty());
        assert_eq!(spread(10, 3).part(3, 2).first, 14, "second split of the second reader");
    }

    #[test]
    fn fixed_rows_repeat_in_every_split() {
        let spread = Spread { row_num: 5, split_num: 2, fixed: Some(7) };
        assert_eq!(rows_of(spread, 2), [7, 7, 7, 7]);
        assert_eq!(spread.rows(2), 28);
    }
}
