//! Port of sinks.

use super::{RunContext, State};
use crate::model::{AttemptId, Epoch, Fault, Prepared};
use crate::table::Batch;
use async_trait::async_trait;

/// What a sink promises about rows when an attempt is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// Rows become visible by a commit, exactly once.
    ExactlyOnce,
    /// Rows of a repeated attempt may appear again.
    AtLeastOnce,
}

/// A configured sink. Made by its factory from options and upstream tables.
#[async_trait]
pub trait SinkDef: Send + Sync {
    /// The tables that it writes, for the views; by default the upstream tables.
    fn tables(&self) -> Option<Vec<String>> {
        None
    }

    /// Its promise.
    fn guarantee(&self) -> Guarantee;

    /// Once per job, before any writer starts, not when restored: save modes.
    ///
    /// # Errors
    /// A target that can't be prepared (`ERROR_WHEN_DATA_EXISTS`, a path that can't be written).
    async fn prepare_target(&self, context: &RunContext) -> Result<(), Fault> {
        let _ = context;
        Ok(())
    }

    /// Starts an attempt.
    ///
    /// # Errors
    /// What can't be opened.
    async fn start(&self, context: &RunContext) -> Result<Box<dyn SinkRun>, Fault>;

    /// The committer; `None` for a sink that only writes.
    ///
    /// # Errors
    /// What can't be opened.
    async fn committer(&self, context: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault>;
}

/// A sink within one attempt; what its parallel writers share.
#[async_trait]
pub trait SinkRun: Send + Sync {
    /// The writer of one parallel instance (0…). `next` is the epoch that its first rows belong to.
    ///
    /// # Errors
    /// What can't be opened.
    async fn writer(
        &self,
        instance: usize,
        next: Epoch,
        state: Option<State>,
    ) -> Result<Box<dyn Writer>, Fault>;

    /// Once, after every writer has prepared the final epoch and before it is stored: checks over all writers
    /// (Assert's row counts). Not called when a run is stopped.
    ///
    /// # Errors
    /// A failed check.
    async fn finish(&self) -> Result<(), Fault> {
        Ok(())
    }
}

/// Writes rows.
#[async_trait]
pub trait Writer: Send {
    /// Takes one batch.
    ///
    /// # Errors
    /// A row that can't be written: names column and value.
    async fn write(&mut self, batch: Batch) -> Result<(), Fault>;

    /// Ends an epoch: everything written since the last one is staged durably (or flushed, for a sink that only
    /// writes). Returns after files and staging directory are synced. An epoch without rows prepares nothing.
    ///
    /// # Errors
    /// What can't be staged.
    async fn prepare(&mut self, epoch: Epoch) -> Result<Vec<Staged>, Fault>;

    /// Its state, if it has any. Called right after `prepare`.
    ///
    /// # Errors
    /// A state that can't be encoded.
    fn snapshot(&self) -> Result<Option<State>, Fault> {
        Ok(None)
    }
}

/// What a writer prepared: rows in it, and versioned bytes for the committer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Rows.
    pub rows: u64,
    /// What the committer needs.
    pub data: Vec<u8>,
}

/// Makes staged rows visible, or takes them back. Everything here is idempotent and works after a restart.
#[async_trait]
pub trait Committer: Send {
    /// Makes them visible, in order; returns after the target directories are synced. A handle that is already
    /// visible is fine; one whose staged and visible forms are both missing is an error.
    ///
    /// # Errors
    /// What can't be committed; asked again later.
    async fn commit(&mut self, prepared: &[Prepared]) -> Result<(), Fault>;

    /// Removes what attempts of this job up to `up_to` staged, except `keep`.
    ///
    /// # Errors
    /// What can't be removed.
    async fn take_back(&mut self, up_to: AttemptId, keep: &[Prepared]) -> Result<(), Fault>;
}
