//! Port of sources.

use super::RunContext;
use crate::model::{Epoch, Fault};
use crate::table::{Batch, CatalogTable};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// Versioned bytes of a plug-in's state.
pub type State = Vec<u8>;
/// Versioned bytes of a place within a split.
pub type Position = Vec<u8>;

/// A part of a source that one reader reads from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Unique within the source, also over restarts.
    pub id: String,
    /// What the reader needs, versioned by the plug-in.
    pub data: Vec<u8>,
}

/// What an enumerator answers.
#[derive(Debug)]
pub enum Assignment {
    /// More splits; never empty.
    Splits(Vec<Split>),
    /// Nothing now; ask again then.
    Wait(Instant),
    /// There will be no more.
    Done,
}

/// What a reader answers.
#[derive(Debug)]
pub enum Read {
    /// Rows, of one table.
    Batch(Batch),
    /// Nothing now; ask again then.
    Idle(Instant),
    /// The open split is at its end.
    SplitDone,
}

/// A configured source. Made by its factory from options alone.
#[async_trait]
pub trait SourceDef: Send + Sync {
    /// Declares its tables. May read a file's header or a catalogue; the only I/O before a job is recorded.
    ///
    /// # Errors
    /// What can't be read, as a user's fault naming path or table.
    async fn discover(&self) -> Result<Vec<CatalogTable>, Fault>;

    /// Whether it ends by itself in this mode; a source that doesn't is idle at its end until it is stopped.
    fn is_bounded(&self) -> bool {
        true
    }

    /// Starts an attempt. `tables` are those that `discover` answered, perhaps long ago and in another process.
    ///
    /// # Errors
    /// What can't be opened.
    async fn start(
        &self,
        context: &RunContext,
        tables: &[Arc<CatalogTable>],
    ) -> Result<Box<dyn SourceRun>, Fault>;
}

/// A source within one attempt.
#[async_trait]
pub trait SourceRun: Send + Sync {
    /// The enumerator, restored from `state` if there is one.
    ///
    /// # Errors
    /// What can't be listed.
    async fn enumerator(&self, state: Option<State>) -> Result<Box<dyn Enumerator>, Fault>;

    /// The reader of one parallel instance (0…).
    ///
    /// # Errors
    /// What can't be opened.
    async fn reader(&self, instance: usize) -> Result<Box<dyn Reader>, Fault>;

    /// Rows or bytes that the source has in all, where it is known: the base of the progress.
    fn total(&self) -> Option<u64> {
        None
    }
}

/// Finds the splits of a source. One per source; the engine keeps the ledger of who reads what.
#[async_trait]
pub trait Enumerator: Send {
    /// The next splits. Called again only after `Splits`, or after the time of `Wait`.
    ///
    /// # Errors
    /// What can't be listed.
    async fn next(&mut self) -> Result<Assignment, Fault>;

    /// State from which the splits not yet answered can be found again.
    ///
    /// # Errors
    /// A state that can't be encoded.
    fn snapshot(&self) -> Result<State, Fault>;
}

/// Reads splits, one after the other.
#[async_trait]
pub trait Reader: Send {
    /// Opens a split, behind `position` if one is given.
    ///
    /// # Errors
    /// What can't be opened.
    async fn open(&mut self, split: &Split, position: Option<&Position>) -> Result<(), Fault>;

    /// The next rows of the open split.
    ///
    /// # Errors
    /// What can't be read: names file and line, or row and column.
    async fn next(&mut self) -> Result<Read, Fault>;

    /// The place behind the last row answered.
    ///
    /// # Errors
    /// A position that can't be encoded.
    fn position(&self) -> Result<Position, Fault>;

    /// How much of `SourceRun::total` this reader has done since it was made.
    fn done(&self) -> u64 {
        0
    }

    /// An epoch is committed: replication slots and consumer offsets may move on.
    ///
    /// # Errors
    /// What can't be acknowledged.
    async fn committed(&mut self, epoch: Epoch) -> Result<(), Fault> {
        let _ = epoch;
        Ok(())
    }
}
