//! Who may run: slots and the queue for them. Pure.
//!
//! A job needs, per pipeline, its parallelism. First in, first out: nobody overtakes, so a large job at the head waits
//! only for those that run, and nobody starves. Beside slots there is the number of jobs that may run at once.

use super::overlay::SlotView;
use crate::model::JobId;
use std::collections::{BTreeMap, HashMap};

/// Slots in use, and those who wait for some.
#[derive(Debug)]
pub(super) struct Slots {
    /// `None`: as many as the jobs need.
    total: Option<u32>,
    max_jobs: u32,
    used: u32,
    running: u32,
    queue: BTreeMap<u64, (JobId, u32)>,
    tickets: HashMap<JobId, u64>,
    next_ticket: u64,
}

impl Slots {
    /// `total`: `None` is dynamic. `max_jobs`: how many jobs may run at once, at least one.
    pub fn new(total: Option<u32>, max_jobs: u32) -> Self {
        Self {
            total,
            max_jobs: max_jobs.max(1),
            used: 0,
            running: 0,
            queue: BTreeMap::new(),
            tickets: HashMap::new(),
            next_ticket: 0,
        }
    }

    /// How many there are, if a job of that size can never run.
    pub fn too_few_for(&self, needs: u32) -> Option<u32> {
        self.total.filter(|total| needs > *total)
    }

    /// Takes slots, unless there are too few free ones or somebody waits.
    pub fn take(&mut self, needs: u32) -> bool {
        let taken = self.queue.is_empty() && self.has_room(needs);
        if taken {
            self.used += needs;
            self.running += 1;
        }
        taken
    }

    fn has_room(&self, needs: u32) -> bool {
        self.running < self.max_jobs && self.total.is_none_or(|total| self.used + needs <= total)
    }

    /// Gives back what a job had taken.
    pub fn release(&mut self, needs: u32) {
        debug_assert!(self.used >= needs && self.running > 0, "released more than was taken");
        self.used = self.used.saturating_sub(needs);
        self.running = self.running.saturating_sub(1);
    }

    /// Puts a job at the end of the queue.
    pub fn enqueue(&mut self, job: JobId, needs: u32) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queue.insert(ticket, (job, needs));
        self.tickets.insert(job, ticket);
    }

    /// Takes a job out of the queue, if it is there.
    pub fn dequeue(&mut self, job: JobId) {
        if let Some(ticket) = self.tickets.remove(&job) {
            self.queue.remove(&ticket);
        }
    }

    /// The job at the head.
    pub fn head(&self) -> Option<JobId> {
        self.queue.first_key_value().map(|(_, (job, _))| *job)
    }

    /// The job at the head, with its slots taken, if they are free now.
    pub fn admit(&mut self) -> Option<JobId> {
        let (_, &(job, needs)) = self.queue.first_key_value()?;
        if !self.has_room(needs) {
            return None;
        }
        self.queue.pop_first();
        self.tickets.remove(&job);
        self.used += needs;
        self.running += 1;
        Some(job)
    }

    /// Its place in the order of the queue; rises, with gaps.
    pub fn ticket(&self, job: JobId) -> Option<u64> {
        self.tickets.get(&job).copied()
    }

    /// Why a job of that size waits now, in words for the user.
    pub fn reason(&self, needs: u32) -> String {
        match self.total {
            Some(total) if self.running < self.max_jobs => {
                format!("waits for free slots: it needs {needs} of {total}")
            }
            Some(_) | None => {
                format!("waits for a job to end: {} may run at once (engine.max-running-jobs)", self.max_jobs)
            }
        }
    }

    /// Why a job of that size can't run now, where waiting is not wanted.
    pub fn refusal(&self, needs: u32) -> String {
        match self.total {
            Some(total) if self.running < self.max_jobs => {
                let free = total - self.used.min(total);
                let before = match self.queue.len() {
                    0 => String::new(),
                    jobs => format!(", and {jobs} came before it"),
                };
                format!("the job needs {needs} slots, and {free} of {total} are free{before}")
            }
            Some(_) | None => format!(
                "{} jobs run, and {} may run at once (engine.max-running-jobs)",
                self.running, self.max_jobs
            ),
        }
    }

    /// For the overview; dynamic slots count as none.
    pub fn view(&self) -> SlotView {
        self.total
            .map_or_else(SlotView::default, |total| SlotView { total, free: total - self.used.min(total) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dynamic_slots_are_limited_by_the_number_of_jobs_only() {
        let mut slots = Slots::new(None, 2);
        assert!(slots.take(500) && slots.take(500));
        assert!(!slots.take(1));
        assert_eq!(slots.reason(1), "waits for a job to end: 2 may run at once (engine.max-running-jobs)");
        assert_eq!(slots.view(), SlotView { total: 0, free: 0 });
        assert_eq!(slots.too_few_for(u32::MAX), None);
    }

    #[test]
    fn the_head_is_not_overtaken() {
        let mut slots = Slots::new(Some(4), 100);
        assert!(slots.take(3));
        assert_eq!(slots.view(), SlotView { total: 4, free: 1 });
        slots.enqueue(JobId(1), 4);
        assert_eq!(slots.reason(4), "waits for free slots: it needs 4 of 4");
        assert!(!slots.take(1), "one is free, but somebody waits");
        slots.enqueue(JobId(2), 1);
        assert_eq!(slots.admit(), None);
        slots.release(3);
        assert_eq!(slots.admit(), Some(JobId(1)));
        assert_eq!(slots.admit(), None);
        slots.release(4);
        assert_eq!(slots.admit(), Some(JobId(2)));
        assert_eq!(slots.too_few_for(5), Some(4));
    }

    #[derive(Clone, Debug)]
    enum Act {
        Arrive(u32),
        End(usize),
        GiveUp(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (1u32..=4).prop_map(Act::Arrive),
            (0usize..8).prop_map(Act::End),
            (0usize..8).prop_map(Act::GiveUp),
        ]
    }

    proptest! {
        /// Never more in use than there are; strictly in order of arrival; whoever waits is admitted in the end.
        #[test]
        fn fair_and_never_too_many(acts in prop::collection::vec(act(), 1..200), max in 1u32..6) {
            let mut slots = Slots::new(Some(4), max);
            let (mut running, mut waiting): (Vec<u32>, Vec<(JobId, u32)>) = (vec![], vec![]);
            let mut number = 0;
            for act in acts {
                match act {
                    Act::Arrive(needs) => {
                        number += 1;
                        if slots.take(needs) {
                            prop_assert!(waiting.is_empty());
                            running.push(needs);
                        } else {
                            slots.enqueue(JobId(number), needs);
                            waiting.push((JobId(number), needs));
                        }
                    }
                    Act::End(at) if at < running.len() => slots.release(running.remove(at)),
                    Act::GiveUp(at) if at < waiting.len() => slots.dequeue(waiting.remove(at).0),
                    Act::End(_) | Act::GiveUp(_) => {}
                }
                while let Some(job) = slots.admit() {
                    let (first, needs) = waiting.remove(0);
                    prop_assert_eq!(job, first);
                    running.push(needs);
                }
                let used: u32 = running.iter().sum();
                prop_assert!(used <= 4 && running.len() <= max as usize);
                prop_assert_eq!(slots.view().free, 4 - used);
            }
            while !waiting.is_empty() {
                prop_assert!(!running.is_empty(), "somebody waits though nobody runs");
                slots.release(running.remove(0));
                while slots.admit().is_some() {
                    running.push(waiting.remove(0).1);
                }
            }
        }
    }
}
