//! Generated job ids. Pure: the time is an argument.
//!
//! 53 bits: milliseconds since 2020-01-01 UTC (41 bits, until 2089) and a 12-bit sequence; so a JSON number survives
//! every JavaScript client. Strictly rising and never reused: a *floor* above the ids given out is stored ahead, in
//! blocks, and generation goes on from it after a restart, whatever the clock says. Ids that callers choose never move
//! the mark; one that lies ahead is remembered and stepped over.

use crate::model::{JobId, Millis};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// 2020-01-01T00:00:00Z.
const BASE: Millis = 1_577_836_800_000;
const SEQUENCE_BITS: u32 = 12;
/// No generated id is larger.
const LARGEST: i64 = (1 << 53) - 1;
/// Ids are reserved for this many milliseconds ahead.
const BLOCK_MS: i64 = 10_000;

/// The generator.
#[derive(Debug)]
pub(super) struct Ids {
    last: i64,
    floor: i64,
    ahead: BTreeSet<i64>,
}

/// A generated id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generated {
    /// The id.
    pub id: JobId,
    /// The new floor, if one must be stored together with the id's first use.
    pub floor: Option<i64>,
}

impl Ids {
    /// Goes on at `floor`, the stored one.
    pub fn new(floor: i64) -> Self {
        Self { last: floor.max(1) - 1, floor, ahead: BTreeSet::new() }
    }

    /// The next id.
    pub fn next(&mut self, now: Millis) -> Generated {
        let stamp = now.saturating_sub(BASE).saturating_mul(1 << SEQUENCE_BITS);
        let mut id = stamp.max(self.last + 1);
        while self.ahead.contains(&id) {
            id += 1;
        }
        self.last = id;
        self.ahead = self.ahead.split_off(&id);
        let floor = (id >= self.floor).then(|| id + (BLOCK_MS << SEQUENCE_BITS));
        self.floor = floor.unwrap_or(self.floor);
        Generated { id: JobId(id), floor }
    }

    /// A caller chose this id.
    pub fn given(&mut self, id: JobId) {
        if id.0 > self.last && id.0 <= LARGEST {
            self.ahead.insert(id.0);
        }
    }

    /// Where ids will be generated: given ones in there must be told.
    pub fn to_come(&self) -> RangeInclusive<JobId> {
        JobId(self.last + 1)..=JobId(LARGEST)
    }

    /// A floor that was handed out could not be stored: the next id asks for one again.
    pub fn floor_not_stored(&mut self) {
        self.floor = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = 1_800_000_000_000;

    #[test]
    fn fit_a_javascript_number_until_2089() {
        let first = Ids::new(0).next(NOW).id.0;
        assert_eq!(first, (NOW - BASE) << 12);
        let year_2089 = 3_755_000_000_000;
        assert!(Ids::new(0).next(year_2089).id.0 < 1 << 53);
    }

    #[test]
    fn a_floor_is_asked_for_once_in_a_block_and_again_when_it_was_not_stored() {
        let mut ids = Ids::new(0);
        let floor = ids.next(NOW).floor.unwrap();
        assert_eq!(floor, (NOW - BASE + BLOCK_MS) << 12);
        assert!((1..BLOCK_MS).all(|ms| ids.next(NOW + ms).floor.is_none()));
        assert!(ids.next(NOW + BLOCK_MS).floor.is_some());
        assert!(ids.next(NOW + BLOCK_MS).floor.is_none());
        ids.floor_not_stored();
        assert!(ids.next(NOW + BLOCK_MS).floor.is_some());
    }

    #[test]
    fn given_ids_are_stepped_over_and_never_move_the_mark() {
        let mut ids = Ids::new(0);
        let stamp = (NOW - BASE) << 12;
        ids.given(JobId(stamp));
        ids.given(JobId(stamp + 1));
        ids.given(JobId(i64::MAX));
        assert_eq!(ids.next(NOW).id, JobId(stamp + 2));
        assert_eq!(ids.next(NOW).id, JobId(stamp + 3));
        assert_eq!(*ids.to_come().start(), JobId(stamp + 4));
        assert!(ids.ahead.is_empty(), "what can't be met is not kept");
    }

    #[derive(Clone, Debug)]
    enum Act {
        Next(i64),
        Given(i64),
        Restart,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            8 => (-50_000i64..50_000).prop_map(Act::Next),
            2 => (-20i64..200).prop_map(Act::Given),
            1 => Just(Act::Restart),
        ]
    }

    proptest! {
        /// Whatever the clock does and whenever the process dies, ids rise and never meet a given one.
        #[test]
        fn rise_over_restarts_and_clocks_that_go_back(acts in prop::collection::vec(act(), 1..300)) {
            let (mut ids, mut stored, mut last) = (Ids::new(0), 0, 0);
            let mut given = BTreeSet::new();
            for act in acts {
                match act {
                    Act::Next(shift) => {
                        let next = ids.next(NOW + shift);
                        stored = next.floor.unwrap_or(stored);
                        prop_assert!(next.id.0 > last && next.id.0 < stored);
                        prop_assert!(!given.contains(&next.id.0));
                        last = next.id.0;
                    }
                    Act::Given(ahead) => {
                        given.insert(last + ahead);
                        ids.given(JobId(last + ahead));
                    }
                    Act::Restart => {
                        ids = Ids::new(stored);
                        given.iter().for_each(|id| ids.given(JobId(*id)));
                    }
                }
            }
        }
    }
}
