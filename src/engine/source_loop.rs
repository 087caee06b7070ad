//! The loop around one reader: splits, barriers, pacing, counting.

use super::attempt::{Attempt, Note, Signal};
use super::ledger::{Ledger, Report, SourceSnapshot, Take};
use super::meter::{Amount, TableMeter, Tally};
use super::pace::Pacer;
use super::transform_loop::Chain;
use crate::model::{Epoch, Fault};
use crate::plugin::{Position, Read, Reader};
use crate::table::{Batch, size};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::watch;

/// One parallel instance of a source, with the transforms behind it.
pub(super) struct SourceTask {
    pub attempt: Arc<Attempt>,
    pub source: usize,
    pub instance: usize,
    /// Whether it ends with its splits; else it is idle then.
    pub ends: bool,
    pub reader: Box<dyn Reader>,
    pub ledger: Arc<Ledger>,
    pub chain: Chain,
    pub pacer: Option<Pacer>,
    pub meter: TableMeter,
    /// The epoch that the attempt goes on from.
    pub restored: Epoch,
}

/// What the loop does next.
enum Next {
    On,
    Wait(Option<Instant>),
    End,
}

/// The split that is being read.
#[derive(Default)]
enum Reading {
    #[default]
    Nothing,
    /// The first `skip` rows that come were sent before the attempt was restored.
    Split { skip: u64 },
    /// A batch that is sent in portions: `sent` rows of what follows `before` are sent.
    Portions { before: Position, batch: Batch, sent: u64, offset: usize },
    /// At its end, and not yet noted in the ledger.
    Done,
}

struct Loop {
    task: SourceTask,
    signal: watch::Receiver<Signal>,
    reading: Reading,
    epoch: Epoch,
    committed: Epoch,
    tally: Tally,
}

impl SourceTask {
    /// Reads until there is nothing more.
    pub(super) async fn run(self) -> Result<(), Fault> {
        let signal = self.attempt.signal.subscribe();
        let epoch = self.restored;
        let mut run = Loop {
            task: self,
            signal,
            reading: Reading::Nothing,
            epoch,
            committed: Epoch::default(),
            tally: Tally::default(),
        };
        let result = run.run().await;
        result.map_err(|fault| fault.at(&run.task.attempt.plan.sources[run.task.source].name))
    }
}

impl Loop {
    async fn run(&mut self) -> Result<(), Fault> {
        self.heed().await?;
        loop {
            let next = match &self.reading {
                Reading::Nothing => self.take().await?,
                Reading::Split { skip } => {
                    let skip = *skip;
                    self.read(skip).await?
                }
                Reading::Portions { .. } => self.send_portion().await?,
                Reading::Done => self.finish_split(),
            };
            match next {
                Next::On => {}
                Next::Wait(until) => {
                    self.wait(until).await;
                    self.heed().await?;
                }
                Next::End => return self.end(),
            }
            // One atomic load, for each batch.
            if self.signal.has_changed().unwrap_or(false) {
                self.heed().await?;
            }
        }
    }

    /// Does what the coordinator wants by now: acknowledges commits, delivers the barrier, holds.
    async fn heed(&mut self) -> Result<(), Fault> {
        loop {
            let signal = *self.signal.borrow_and_update();
            if signal.committed > self.committed {
                self.task.reader.committed(signal.committed).await?;
                self.committed = signal.committed;
            }
            if signal.epoch > self.epoch {
                self.barrier(signal.epoch)?;
            }
            if !signal.hold {
                return Ok(());
            }
            self.changed().await;
        }
    }

    fn barrier(&mut self, epoch: Epoch) -> Result<(), Fault> {
        self.epoch = epoch;
        let report = self.report()?;
        self.task.chain.barrier(epoch);
        let snapshot = self.task.ledger.report(self.task.instance, report)?;
        self.tell(snapshot);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let report = self.report()?;
        self.task.chain.end();
        let snapshot = self.task.ledger.end(self.task.instance, report)?;
        self.tell(snapshot);
        Ok(())
    }

    fn report(&self) -> Result<Report, Fault> {
        let place = match &self.reading {
            Reading::Nothing => None,
            Reading::Split { skip } => Some((self.task.reader.position()?, *skip)),
            Reading::Done => Some((self.task.reader.position()?, 0)),
            Reading::Portions { before, sent, .. } => Some((before.clone(), *sent)),
        };
        let transforms = self.task.chain.snapshot(self.task.instance)?;
        Ok(Report { place, tally: self.tally.clone(), transforms })
    }

    fn tell(&self, snapshot: Option<SourceSnapshot>) {
        if let Some(snapshot) = snapshot {
            self.task.attempt.note(Note::Source(self.task.source, Box::new(snapshot)));
            self.ledger_changed();
        }
    }

    fn ledger_changed(&self) {
        if self.task.ledger.is_shared() {
            self.task.attempt.wake_all();
        }
    }

    /// Gets something to read.
    async fn take(&mut self) -> Result<Next, Fault> {
        match self.task.ledger.take(self.task.instance, Instant::now()) {
            Take::Split(place) => {
                self.task.reader.open(&place.split, place.position.as_ref()).await?;
                self.reading = Reading::Split { skip: place.skip };
                Ok(Next::On)
            }
            Take::Enumerate(mut enumerator) => {
                let answer = enumerator.next().await?;
                self.task.ledger.answered(enumerator, answer);
                self.ledger_changed();
                // An enumerator that never runs dry must not keep the thread.
                yield_now().await;
                Ok(Next::On)
            }
            Take::Wait(until) => Ok(Next::Wait(until)),
            Take::End if self.task.ends => Ok(Next::End),
            Take::End => Ok(Next::Wait(None)),
        }
    }

    async fn read(&mut self, skip: u64) -> Result<Next, Fault> {
        let before = match &self.task.pacer {
            Some(_) => Some(self.task.reader.position()?),
            None => None,
        };
        match self.task.reader.next().await? {
            Read::Batch(batch) => {
                self.progress();
                let rows = batch.len() as u64;
                let dropped = skip.min(rows);
                if let (Some(before), true) = (before, dropped < rows) {
                    // Rows dropped earlier lie before `before`: only this batch's count.
                    let offset = dropped as usize;
                    self.reading = Reading::Portions { before, batch, sent: dropped, offset };
                    return Ok(Next::On);
                }
                self.reading = Reading::Split { skip: skip - dropped };
                if dropped < rows {
                    let batch = match dropped {
                        0 => batch,
                        _ => batch.slice(dropped as usize, (rows - dropped) as usize),
                    };
                    self.send(batch).await?;
                }
                yield_now().await;
                Ok(Next::On)
            }
            Read::Idle(until) => Ok(Next::Wait(Some(until))),
            Read::SplitDone => {
                self.progress();
                self.reading = Reading::Done;
                Ok(Next::On)
            }
        }
    }

    /// Sends the next rows of a batch under a read limit, if their time has come.
    async fn send_portion(&mut self) -> Result<Next, Fault> {
        let (Some(pacer), Reading::Portions { batch, sent, offset, .. }) =
            (&mut self.task.pacer, &mut self.reading)
        else {
            return Ok(Next::On);
        };
        if let Some(until) = pacer.wait_until(Instant::now()) {
            return Ok(Next::Wait(Some(until)));
        }
        let rest = batch.slice(*offset, batch.len() - *offset);
        let rows = pacer.portion(&rest);
        let portion = rest.slice(0, rows);
        *sent += rows as u64;
        *offset += rows;
        let is_all = *offset == batch.len();
        if is_all {
            self.reading = Reading::Split { skip: 0 };
        }
        let bytes = self.send(portion).await?;
        if let Some(pacer) = &mut self.task.pacer {
            pacer.sent(rows as u64, bytes, Instant::now());
        }
        yield_now().await;
        Ok(Next::On)
    }

    /// Counts rows and sends them; answers their estimated bytes.
    async fn send(&mut self, batch: Batch) -> Result<u64, Fault> {
        let bytes = size::estimate(&batch);
        let (rows, live) = (batch.len() as u64, &self.task.attempt.metrics.read);
        self.task.meter.count(&batch.table, Amount { rows, bytes }, &mut self.tally.read, live);
        self.task.chain.push(batch, bytes, &mut self.tally).await?;
        Ok(bytes)
    }

    fn finish_split(&mut self) -> Next {
        if !self.task.ledger.finish(self.task.instance) {
            return Next::Wait(None);
        }
        self.reading = Reading::Nothing;
        Next::On
    }

    fn progress(&mut self) {
        let done = self.task.reader.done();
        let more = done.saturating_sub(self.tally.done);
        self.tally.done += more;
        if more > 0 {
            self.task.attempt.metrics.progress.0.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Waits for a change, or until then.
    async fn wait(&mut self, until: Option<Instant>) {
        match until {
            None => self.changed().await,
            Some(until) => tokio::select! {
                () = self.changed() => {}
                () = tokio::time::sleep_until(until.into()) => {}
            },
        }
    }

    async fn changed(&mut self) {
        changed(&mut self.signal).await;
    }
}

/// Waits for a signal that was not yet looked at. The coordinator's end outlives the tasks; were it gone, they would
/// be about to.
pub(super) async fn changed(signal: &mut watch::Receiver<Signal>) {
    if signal.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Lets the thread's other tasks run.
pub(super) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
