//! Who follows single jobs: each is woken when something of its job has changed, and looks for itself.
//!
//! The scheduler never waits for a follower, and keeps nothing for it: a slow one finds the log as it is by then. While
//! nobody follows, a change costs one look at a number. A follower asks to be told first and looks next; a change is shown
//! first and told next: so none is missed.

use crate::model::JobId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The followers, by job.
#[derive(Debug, Default)]
pub(super) struct Followers {
    state: Mutex<State>,
    /// Jobs that somebody follows, at most.
    count: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    jobs: HashMap<JobId, watch::Sender<()>>,
    is_closed: bool,
}

impl Followers {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more that follows the job.
    pub fn add(&self, id: JobId) -> watch::Receiver<()> {
        let mut state = self.lock();
        if state.is_closed {
            // Without a sender it says at once that nothing comes any more.
            return watch::channel(()).1;
        }
        let jobs = &mut state.jobs;
        jobs.retain(|_, sender| !sender.is_closed());
        let follower = jobs.entry(id).or_insert_with(|| watch::channel(()).0).subscribe();
        self.count.store(jobs.len(), Ordering::Relaxed);
        follower
    }

    /// Something of the job has changed.
    pub fn tell(&self, id: JobId) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let jobs = &mut self.lock().jobs;
        if jobs.get(&id).is_some_and(|sender| sender.send(()).is_err()) {
            jobs.remove(&id);
            self.count.store(jobs.len(), Ordering::Relaxed);
        }
    }

    /// Ends them all.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.jobs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_of_its_job_and_those_that_left_are_let_go() {
        let followers = Followers::default();
        followers.tell(JobId(1));
        let (mut one, other) = (followers.add(JobId(1)), followers.add(JobId(2)));
        let also = followers.add(JobId(1));
        followers.tell(JobId(1));
        let told: Vec<bool> = [&one, &also, &other].iter().map(|f| f.has_changed().unwrap()).collect();
        assert_eq!(told, [true, true, false]);
        one.mark_unchanged();
        drop((also, other));
        followers.tell(JobId(2));
        assert_eq!(followers.count.load(Ordering::Relaxed), 1, "nobody follows job 2 any more");
        followers.close();
        assert!(one.has_changed().is_err(), "nothing comes any more");
        assert!(followers.add(JobId(1)).has_changed().is_err());
    }
}
