//! What became of the latest checkpoints of each job, for readers.
//!
//! Noted when it is durable, kept in memory only: it begins anew with the server. Bounded in jobs and in notes for each.

use crate::model::{Checkpoint, Epoch, JobId, Millis};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Jobs that are remembered, those that were noted first are forgotten first.
const JOBS: usize = 2000;
/// Notes that are kept for each.
const NOTES: usize = 50;

/// A checkpoint whose outcome is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointNote {
    /// Its number.
    pub epoch: Epoch,
    /// When it was made, or failed.
    pub at: Millis,
    /// Whether a savepoint asked for it.
    pub is_savepoint: bool,
    /// Whether it is the end of the job's data.
    pub is_final: bool,
    /// Bytes of its state.
    pub bytes: u64,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

impl CheckpointNote {
    /// Of a checkpoint that was stored.
    #[must_use]
    pub fn of(checkpoint: &Checkpoint) -> Self {
        let prepared: usize = checkpoint.prepared.iter().map(|prepared| prepared.data.len()).sum();
        Self {
            epoch: checkpoint.epoch,
            at: checkpoint.at,
            is_savepoint: checkpoint.is_savepoint,
            is_final: checkpoint.is_final,
            bytes: (checkpoint.state.len() + prepared) as u64,
            failure: None,
        }
    }
}

/// What is known of a job's checkpoints since the server started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckpointBook {
    /// Those that were stored.
    pub completed: u64,
    /// Savepoints that could not be made.
    pub failed: u64,
    /// Attempts that went on from one.
    pub restored: u64,
    /// The latest, newest first.
    pub notes: VecDeque<CheckpointNote>,
}

/// The books of all jobs.
#[derive(Debug, Default)]
pub(super) struct CheckpointBooks(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    books: HashMap<JobId, CheckpointBook>,
    order: VecDeque<JobId>,
}

impl CheckpointBooks {
    pub fn get(&self, job: JobId) -> Option<CheckpointBook> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).books.get(&job).cloned()
    }

    pub fn completed(&self, job: JobId, note: CheckpointNote) {
        self.change(job, |book| {
            book.completed += 1;
            book.add(note);
        });
    }

    pub fn savepoint_failed(&self, job: JobId, at: Millis, why: &str) {
        self.change(job, |book| {
            book.failed += 1;
            let epoch = book.notes.front().map_or(Epoch(1), |latest| Epoch(latest.epoch.0 + 1));
            let failure = Some(why.to_owned());
            book.add(CheckpointNote { epoch, at, is_savepoint: true, is_final: false, bytes: 0, failure });
        });
    }

    pub fn restored(&self, job: JobId) {
        self.change(job, |book| book.restored += 1);
    }

    fn change(&self, job: JobId, change: impl FnOnce(&mut CheckpointBook)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.books.contains_key(&job) {
            all.order.push_back(job);
            if all.order.len() > JOBS
                && let Some(oldest) = all.order.pop_front()
            {
                all.books.remove(&oldest);
            }
        }
        change(all.books.entry(job).or_default());
    }
}

impl CheckpointBook {
    fn add(&mut self, note: CheckpointNote) {
        self.notes.push_front(note);
        self.notes.truncate(NOTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_jobs_are_bounded() {
        let books = CheckpointBooks::default();
        let note = |epoch| CheckpointNote {
            epoch: Epoch(epoch),
            at: 0,
            is_savepoint: false,
            is_final: false,
            bytes: 1,
            failure: None,
        };
        for epoch in 1..=60 {
            books.completed(JobId(1), note(epoch));
        }
        books.savepoint_failed(JobId(1), 7, "no");
        books.restored(JobId(1));
        let book = books.get(JobId(1)).unwrap();
        assert_eq!((book.completed, book.failed, book.restored, book.notes.len()), (60, 1, 1, NOTES));
        assert_eq!((book.notes[0].epoch, book.notes[1].epoch), (Epoch(61), Epoch(60)));
        for job in 2..=JOBS as i64 + 1 {
            books.restored(JobId(job));
        }
        assert_eq!(books.get(JobId(1)), None);
        assert_eq!(books.get(JobId(2)).unwrap().restored, 1);
    }
}
