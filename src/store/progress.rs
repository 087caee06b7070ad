//! How far a start, or a rebuild of the index, has come; readable at any time.

use std::sync::{Arc, Mutex, PoisonError};

/// What is being done, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loading {
    /// In words: "reading the journal".
    pub step: &'static str,
    /// So much of it is done.
    pub done: u64,
    /// Of so much; 0 while that is not known.
    pub total: u64,
    /// Of what: "bytes", "jobs".
    pub unit: &'static str,
}

impl std::fmt::Display for Loading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { step, done, total, unit } = self;
        match total {
            0 => write!(f, "{step}"),
            _ => write!(f, "{step}: {done} of {total} {unit}"),
        }
    }
}

/// Progress, shared by who makes it and who shows it.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Mutex<Option<Loading>>>);

impl Progress {
    /// What is being done now; `None` when the history is there.
    #[must_use]
    pub fn read(&self) -> Option<Loading> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For who is told that something is not there yet.
    pub(super) fn loading(&self) -> Loading {
        self.read().unwrap_or(Loading { step: "loading the history", done: 0, total: 0, unit: "jobs" })
    }

    pub(super) fn begin(&self, step: &'static str, total: u64, unit: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Loading { step, done: 0, total, unit });
    }

    pub(super) fn advance(&self, by: u64) {
        if let Some(loading) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            loading.done += by;
        }
    }

    pub(super) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
