//! The ledger of a source's splits: who reads what, and what is read.
//!
//! One short lock per split, not per batch. While the snapshots of an epoch are taken (from the first instance's report
//! to the last one's) no split changes hands: an instance that has reported can neither finish a split nor take one,
//! so that the state built at the last report is that of the barrier.
//!
//! Each instance has the first split of its turn kept for it, so that who reads what (and with it the files that are
//! written) is no matter of chance while there are no more splits than instances; all others go to who asks first.

use super::meter::Tally;
use super::state::{Place, SourceState, TransformState, pack, unpack};
use crate::model::{Epoch, Fault};
use crate::plugin::{Assignment, Enumerator, Position, Split};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What an instance that reads nothing shall do.
pub(super) enum Take {
    /// Read this.
    Split(Place),
    /// Ask the enumerator, and give it back with its answer.
    Enumerate(Box<dyn Enumerator>),
    /// Ask again when something changed, or then.
    Wait(Option<Instant>),
    /// There is nothing more to read.
    End,
}

/// What an instance reports at a barrier, or at its end.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// How far the split is read that it reads.
    pub place: Option<(Position, u64)>,
    pub tally: Tally,
    pub transforms: Vec<TransformState>,
}

/// A source at a barrier.
#[derive(Debug)]
pub(super) struct SourceSnapshot {
    pub state: SourceState,
    pub tally: Tally,
    pub transforms: Vec<TransformState>,
    /// Instances that delivered the barrier; the others had ended before it.
    pub barriers: usize,
}

/// See the module.
pub(super) struct Ledger {
    name: String,
    state: Mutex<State>,
}

struct State {
    /// `None` while an instance asks it.
    enumerator: Option<Box<dyn Enumerator>>,
    exhausted: bool,
    ask_at: Option<Instant>,
    waiting: VecDeque<Place>,
    /// Instances that had their first split, or ended without one.
    begun: Vec<bool>,
    /// What each instance reads.
    open: Vec<Option<Split>>,
    /// Every split ever heard of, and whether it is read.
    known: BTreeMap<String, bool>,
    /// The epoch whose reports are collected.
    collecting: Option<Epoch>,
    reports: Vec<Option<Report>>,
    ended: Vec<Option<Report>>,
}

impl Ledger {
    /// A ledger for that many instances, going on from `restored`.
    pub(super) fn new(
        name: &str,
        enumerator: Box<dyn Enumerator>,
        instances: usize,
        restored: Option<SourceState>,
    ) -> Result<Self, Fault> {
        let restored = restored.unwrap_or_default();
        let mut known: BTreeMap<String, bool> =
            unpack(&restored.done)?.into_iter().map(|id| (id, true)).collect();
        known.extend(restored.places.iter().map(|place| (place.split.id.clone(), false)));
        let empty = || std::iter::repeat_with(|| None).take(instances).collect::<Vec<_>>();
        let state = State {
            enumerator: Some(enumerator),
            exhausted: restored.exhausted,
            ask_at: None,
            waiting: restored.places.into(),
            begun: vec![false; instances],
            open: vec![None; instances],
            known,
            collecting: None,
            reports: empty(),
            ended: empty(),
        };
        Ok(Self { name: name.to_owned(), state: Mutex::new(state) })
    }

    /// Whether instances wait for each other: a change is worth telling.
    pub(super) fn is_shared(&self) -> bool {
        self.lock().open.len() > 1
    }

    /// What `instance` shall do now.
    pub(super) fn take(&self, instance: usize, now: Instant) -> Take {
        let mut state = self.lock();
        if state.is_frozen(instance) {
            return Take::Wait(None);
        }
        let kept = state.kept_before(instance);
        if let Some(place) = state.waiting.remove(kept) {
            state.begun[instance] = true;
            state.open[instance] = Some(place.split.clone());
            return Take::Split(place);
        }
        if state.exhausted {
            return Take::End;
        }
        if let Some(at) = state.ask_at.filter(|at| *at > now) {
            return Take::Wait(Some(at));
        }
        state.enumerator.take().map_or(Take::Wait(None), Take::Enumerate)
    }

    /// Gives the enumerator back with its answer. A split that is known already is not read again.
    pub(super) fn answered(&self, enumerator: Box<dyn Enumerator>, answer: Assignment) {
        let mut state = self.lock();
        state.enumerator = Some(enumerator);
        state.ask_at = None;
        match answer {
            Assignment::Splits(splits) => {
                for split in splits {
                    if !state.known.contains_key(&split.id) {
                        state.known.insert(split.id.clone(), false);
                        state.waiting.push_back(Place { split, position: None, skip: 0 });
                    }
                }
            }
            Assignment::Wait(at) => state.ask_at = Some(at),
            Assignment::Done => state.exhausted = true,
        }
    }

    /// The split of `instance` is read to its end. `false`: not now, ask again when something changed.
    pub(super) fn finish(&self, instance: usize) -> bool {
        let mut state = self.lock();
        if state.is_frozen(instance) {
            return false;
        }
        if let Some(split) = state.open[instance].take() {
            state.known.insert(split.id, true);
        }
        true
    }

    /// Starts collecting reports; answers at once if every instance has ended.
    pub(super) fn begin(&self, epoch: Epoch) -> Result<Option<SourceSnapshot>, Fault> {
        let mut state = self.lock();
        state.collecting = Some(epoch);
        state.complete(&self.name)
    }

    /// `instance` delivered its barrier. Answers at the last report.
    pub(super) fn report(&self, instance: usize, report: Report) -> Result<Option<SourceSnapshot>, Fault> {
        let mut state = self.lock();
        state.reports[instance] = Some(report);
        state.complete(&self.name)
    }

    /// `instance` has ended. Answers if that was the last thing that an epoch waited for.
    pub(super) fn end(&self, instance: usize, report: Report) -> Result<Option<SourceSnapshot>, Fault> {
        let mut state = self.lock();
        state.ended[instance] = Some(report);
        state.begun[instance] = true;
        state.complete(&self.name)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_frozen(&self, instance: usize) -> bool {
        self.collecting.is_some() && self.reports[instance].is_some()
    }

    /// How many of the waiting splits are kept for others.
    fn kept_before(&self, instance: usize) -> usize {
        let before = if self.begun[instance] { self.begun.len() } else { instance };
        self.begun[..before].iter().filter(|begun| !**begun).count()
    }

    fn complete(&mut self, name: &str) -> Result<Option<SourceSnapshot>, Fault> {
        let all_in = self.reports.iter().zip(&self.ended).all(|(r, e)| r.is_some() || e.is_some());
        if self.collecting.is_none() || !all_in {
            return Ok(None);
        }
        let Some(enumerator) = &self.enumerator else {
            return Err(Fault::internal("a source was asked for its state while it looked for splits"));
        };
        let mut snapshot = SourceSnapshot {
            state: SourceState {
                name: name.to_owned(),
                enumerator: enumerator.snapshot()?,
                exhausted: self.exhausted,
                places: Vec::new(),
                done: pack(self.known.iter().filter(|(_, done)| **done).map(|(id, _)| id))?,
            },
            tally: Tally::default(),
            transforms: Vec::new(),
            barriers: 0,
        };
        self.collecting = None;
        for (instance, (report, ended)) in self.reports.iter_mut().zip(&self.ended).enumerate() {
            let report = report.take();
            snapshot.barriers += usize::from(report.is_some());
            let Some(report) = report.as_ref().or(ended.as_ref()) else {
                continue;
            };
            snapshot.tally.add(&report.tally);
            snapshot.transforms.extend(report.transforms.iter().cloned());
            if let (Some(split), Some((position, skip))) = (&self.open[instance], &report.place) {
                let (split, position) = (split.clone(), Some(position.clone()));
                snapshot.state.places.push(Place { split, position, skip: *skip });
            }
        }
        snapshot.state.places.extend(self.waiting.iter().cloned());
        Ok(Some(snapshot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::State as Saved;
    use async_trait::async_trait;

    struct Nothing;

    #[async_trait]
    impl Enumerator for Nothing {
        async fn next(&mut self) -> Result<Assignment, Fault> {
            Ok(Assignment::Done)
        }

        fn snapshot(&self) -> Result<Saved, Fault> {
            Err(Fault::internal("nobody asks"))
        }
    }

    fn ledger(instances: usize, splits: &[&str]) -> Ledger {
        let ledger = Ledger::new("s", Box::new(Nothing), instances, None).unwrap();
        let split = |id: &&str| Split { id: (*id).to_owned(), data: Vec::new() };
        ledger.answered(Box::new(Nothing), Assignment::Splits(splits.iter().map(split).collect()));
        ledger.answered(Box::new(Nothing), Assignment::Done);
        ledger
    }

    fn take(ledger: &Ledger, instance: usize) -> Option<String> {
        match ledger.take(instance, Instant::now()) {
            Take::Split(place) => Some(place.split.id),
            _ => None,
        }
    }

    #[test]
    fn every_instance_gets_the_split_of_its_turn_however_late_it_comes() {
        let two = ledger(2, &["a", "b"]);
        assert_eq!(take(&two, 1).as_deref(), Some("b"));
        assert!(two.finish(1));
        assert_eq!(take(&two, 1), None, "the other one is kept");
        assert_eq!(take(&two, 0).as_deref(), Some("a"));

        let one = ledger(2, &["a"]);
        assert_eq!(take(&one, 1), None);
        assert_eq!(take(&one, 0).as_deref(), Some("a"));
    }

    #[test]
    fn splits_beyond_the_first_go_to_who_asks() {
        let ledger = ledger(3, &["a", "b", "c", "d", "e"]);
        let taken: Vec<_> = [1, 1, 1, 1, 0, 2].iter().filter_map(|i| take(&ledger, *i)).collect();
        assert_eq!(taken, ["b", "d", "e", "a", "c"]);
        assert_eq!(take(&ledger, 0), None);
    }

    #[test]
    fn what_was_kept_for_an_instance_that_ended_is_free() {
        let ledger = ledger(2, &["a", "b"]);
        assert_eq!(take(&ledger, 1).as_deref(), Some("b"));
        assert!(ledger.end(0, Report::default()).unwrap().is_none());
        assert_eq!(take(&ledger, 1).as_deref(), Some("a"));
    }
}
