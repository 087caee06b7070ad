//! The coordinator: one per attempt. It starts the tasks, listens, and ends the attempt.
//!
//! Steps of its loop: what is due is begun (`checkpoint`), then one thing that happened is taken in, in this order:
//! commands, ended tasks, notes, what the epoch waits for, commits, time. `restore` comes before the loop, `stop`
//! after it.

use super::attempt::{Attempt, Note};
use super::commit::Commits;
use super::epoch::{Collector, Complete};
use super::ledger::Ledger;
use super::pipeline::Opened;
use crate::exec::RunCommand;
use crate::model::{Accounting, Checkpoint, Counters, Epoch, Fault, Prepared};
use crate::plugin::SinkRun;
use crate::runtime::{Ended, PoolTask, failpoint};
use futures::stream::{FuturesUnordered, StreamExt};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Why an attempt ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// Everything is read, stored and committed.
    Finished(Accounting),
    /// A savepoint is stored and committed.
    Savepoint,
    /// Suspended, with a checkpoint or without.
    Suspended { stored: bool },
    /// Stopped as asked.
    Stopped,
    /// The first fault.
    Failed(Fault),
    /// Nobody holds the handle any more.
    Abandoned,
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Ending::Failed(fault)
    }
}

impl From<failpoint::Injected> for Ending {
    fn from(injected: failpoint::Injected) -> Self {
        Ending::Failed(Fault::external(injected.to_string()))
    }
}

/// Where the epoch stands.
pub(super) enum Phase {
    Idle,
    Collecting(Collector),
    /// The sinks' checks before the last checkpoint.
    Checking(Box<Complete>, Arc<AtomicUsize>, PoolTask<Result<(), Fault>>),
    /// On its way to the store.
    Storing(Box<Complete>, Option<Closing>, oneshot::Receiver<Result<(), String>>),
}

/// What a phase waited for.
pub(super) enum Advance {
    Checked(Result<Result<(), Fault>, Ended>),
    /// As [`StoredAnswer`](crate::exec::StoredAnswer) says.
    Stored(Result<Result<(), String>, oneshot::error::RecvError>),
}

/// How the attempt ends once everything decided is committed.
#[derive(Clone, Debug)]
pub(super) enum Closing {
    Finished(Accounting),
    Savepoint,
    Suspended,
}

/// A checkpoint with an end was asked for.
pub(super) struct Ask {
    pub savepoint: bool,
    pub suspend: bool,
    pub deadline: Instant,
}

/// The opening of everything, and the place whose code it runs.
type Opening = (Arc<AtomicUsize>, PoolTask<Result<Opened, Fault>>);

/// A data task.
pub(super) struct DataTask {
    pub is_source: bool,
    pub at: Arc<AtomicUsize>,
    pub task: PoolTask<Result<(), Fault>>,
}

impl Future for DataTask {
    type Output = (bool, Arc<AtomicUsize>, Result<Result<(), Fault>, Ended>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.task).poll(cx);
        polled.map(|result| (self.is_source, Arc::clone(&self.at), result))
    }
}

/// See the module.
pub(super) struct Coordinator {
    pub attempt: Arc<Attempt>,
    pub commands: mpsc::UnboundedReceiver<RunCommand>,
    pub notes: mpsc::UnboundedReceiver<Note>,
    pub commits: Commits,
    pub base: Counters,
    pub epoch: Epoch,
    pub tasks: FuturesUnordered<DataTask>,
    /// Places of tasks whose code doesn't return.
    pub stuck: Vec<Arc<AtomicUsize>>,
    /// The opening, while it runs.
    pub opening: Option<Opening>,
    pub ledgers: Vec<Arc<Ledger>>,
    pub sinks: Vec<Arc<dyn SinkRun>>,
    pub readers_left: usize,
    pub phase: Phase,
    pub closing: Option<Closing>,
    pub ask: Option<Ask>,
    /// When the next periodic epoch begins.
    pub due: Option<Instant>,
    /// What skipped checkpoints prepared: it is decided with the next one.
    pub skipped: Vec<Prepared>,
    /// Whether the job has a checkpoint in the store.
    pub is_stored_before: bool,
    /// Whether the store left open if the last checkpoint is decided.
    pub is_undecided: bool,
    /// Rows of sinks without commits that count as committed, of this attempt.
    pub taken: u64,
}

impl Coordinator {
    pub(super) fn new(
        attempt: Arc<Attempt>,
        commands: mpsc::UnboundedReceiver<RunCommand>,
        notes: mpsc::UnboundedReceiver<Note>,
        committed: Epoch,
    ) -> Self {
        let commits = Commits::new(&attempt, committed);
        Self {
            attempt,
            commands,
            notes,
            commits,
            base: Counters::default(),
            epoch: Epoch::default(),
            tasks: FuturesUnordered::new(),
            stuck: Vec::new(),
            opening: None,
            ledgers: Vec::new(),
            sinks: Vec::new(),
            readers_left: 0,
            phase: Phase::Idle,
            closing: None,
            ask: None,
            due: None,
            skipped: Vec::new(),
            is_stored_before: false,
            is_undecided: false,
            taken: 0,
        }
    }

    /// Runs the attempt to its end.
    pub(super) async fn run(mut self, restore: Option<Box<Checkpoint>>) {
        let ending = match self.start(restore).await {
            Ok(()) => self.conduct().await,
            Err(ending) => ending,
        };
        self.close(ending).await;
    }

    async fn conduct(&mut self) -> Ending {
        loop {
            match self.turn().await {
                Ok(None) => {}
                Ok(Some(ending)) | Err(ending) => return ending,
            }
        }
    }

    /// One turn of the loop.
    async fn turn(&mut self) -> Result<Option<Ending>, Ending> {
        if let Some(ending) = self.begin_what_is_due()? {
            return Ok(Some(ending));
        }
        let timer = self.next_time();
        tokio::select! {
            biased;
            command = self.commands.recv() => self.command(command)?,
            Some((is_source, at, result)) = self.tasks.next(), if !self.tasks.is_empty() => {
                result.map_err(|ended| self.attempt.fault_of(&ended, &at))??;
                self.readers_left -= usize::from(is_source);
            }
            Some(note) = self.notes.recv() => self.note(note)?,
            advance = self.phase.advanced() => self.advance(advance)?,
            committed = self.commits.next() => {
                let committed = committed?;
                failpoint::reach("engine.commit.after")?;
                self.committed(committed.epoch, committed.rows);
            }
            () = sleep_until(timer), if timer.is_some() => self.time(Instant::now())?,
        }
        Ok(None)
    }

    pub(super) fn command(&mut self, command: Option<RunCommand>) -> Result<(), Ending> {
        let is_running = !self.ledgers.is_empty();
        match command {
            None => Err(Ending::Abandoned),
            Some(RunCommand::Stop) => Err(Ending::Stopped),
            Some(RunCommand::Savepoint) => {
                self.ask(true);
                Ok(())
            }
            Some(RunCommand::Suspend) if self.closing.is_some() => Ok(()),
            Some(RunCommand::Suspend) if is_running && self.attempt.has_checkpoints() => {
                self.ask(false);
                Ok(())
            }
            // All is read: the end is nearer than a new beginning.
            Some(RunCommand::Suspend) if is_running && self.readers_left == 0 => Ok(()),
            Some(RunCommand::Suspend) => Err(Ending::Suspended { stored: false }),
        }
    }

    fn ask(&mut self, savepoint: bool) {
        if self.closing.is_some() {
            return;
        }
        let deadline = Instant::now() + self.timeout();
        let ask = self.ask.get_or_insert(Ask { savepoint: false, suspend: false, deadline });
        ask.savepoint |= savepoint;
        ask.suspend |= !savepoint;
        ask.deadline = deadline;
    }

    pub(super) fn note(&mut self, note: Note) -> Result<(), Ending> {
        match (note, &mut self.phase) {
            (Note::Stuck(at), _) => {
                let fault = self.attempt.fault_of_stuck(&at);
                self.stuck.push(at);
                Err(fault.into())
            }
            (Note::Source(source, snapshot), Phase::Collecting(collector)) => {
                collector.source(source, *snapshot);
                Ok(())
            }
            (Note::Writer(report), Phase::Collecting(collector)) => {
                collector.writer(*report);
                Ok(())
            }
            (Note::Source(..) | Note::Writer(_), _) => {
                Err(Fault::internal("a report came outside of an epoch").into())
            }
        }
    }
}

impl Phase {
    /// Waits for what the phase waits for; for ever if that comes as a note.
    async fn advanced(&mut self) -> Advance {
        match self {
            Phase::Idle | Phase::Collecting(_) => std::future::pending().await,
            Phase::Checking(_, _, task) => Advance::Checked(task.await),
            Phase::Storing(_, _, answer) => Advance::Stored(answer.await),
        }
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
