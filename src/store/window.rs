//! Which jobs and changes a replay takes in: everything at a start, a bounded number of jobs at a time when a directory
//! is only looked at.
//!
//! Jobs are taken by rising ids. When a window holds as many jobs as it may, it closes from above: the upper half is
//! let go, and belongs to the next window. So each job is folded whole in exactly one window, whatever the order of
//! its changes, and memory is bounded by the window. Changes behind `through` are left out, so that all windows of one
//! look show the same moment of a journal that goes on being written.

use super::replay::Seen;
use crate::model::JobId;
use std::collections::HashMap;

/// A range of job ids, and of changes. The default takes everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    from: Option<JobId>,
    below: Option<JobId>,
    at_once: Option<usize>,
    through: Option<u64>,
}

impl Window {
    /// The first window of a look that holds at most `at_once` jobs in memory.
    pub fn first(at_once: usize) -> Self {
        Self { at_once: Some(at_once.max(2)), ..Self::default() }
    }

    /// All jobs, up to the change `through`.
    pub fn through(through: u64) -> Self {
        Self { through: Some(through), ..Self::default() }
    }

    /// The window behind this one, up to the change `through`; `None` when no job lies behind.
    pub fn next(&self, through: u64) -> Option<Self> {
        self.below.map(|below| Self {
            from: Some(below),
            below: None,
            at_once: self.at_once,
            through: Some(through),
        })
    }

    /// Whether a job belongs to it.
    pub fn holds(&self, job: JobId) -> bool {
        self.from.is_none_or(|from| from <= job) && self.below.is_none_or(|below| job < below)
    }

    /// Whether a change belongs to it.
    pub fn reaches(&self, sequence: u64) -> bool {
        self.through.is_none_or(|through| sequence <= through)
    }

    /// Whether so many jobs are as many as it may hold.
    pub fn is_full(&self, jobs: usize) -> bool {
        self.at_once.is_some_and(|at_once| jobs >= at_once)
    }

    /// Lets go of the upper half of `jobs`.
    pub fn narrow(&mut self, jobs: &mut HashMap<JobId, Seen>) {
        let mut ids: Vec<JobId> = jobs.keys().copied().collect();
        let half = ids.len() / 2;
        if half == 0 {
            return;
        }
        let (_, below, _) = ids.select_nth_unstable(half);
        let below = *below;
        self.below = Some(below);
        jobs.retain(|job, _| *job < below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_belongs_to_exactly_one_window() {
        let order: Vec<i64> = (0..1000).map(|n| n * 7919 % 1000 - 500).collect();
        let (mut window, mut found) = (Window::first(64), Vec::new());
        loop {
            let mut jobs = HashMap::new();
            for id in order.iter().copied().map(JobId) {
                if window.holds(id) && !jobs.contains_key(&id) {
                    if window.is_full(jobs.len()) {
                        window.narrow(&mut jobs);
                    }
                    if window.holds(id) {
                        jobs.insert(id, Seen::default());
                    }
                }
                assert!(jobs.len() <= 64);
            }
            let mut ids: Vec<i64> = jobs.keys().map(|id| id.0).collect();
            ids.sort_unstable();
            found.extend(ids);
            let Some(next) = window.next(9) else { break };
            assert!(next.reaches(9) && !next.reaches(10));
            window = next;
        }
        assert_eq!(found, (-500..500).collect::<Vec<i64>>(), "rising, none missing, none twice");
    }
}
