//! The loop around one writer.

use super::attempt::{Attempt, Note, WriterReport};
use super::meter::{Amount, TableMeter, Tally};
use super::pipe::{Inbox, Parcel, Received};
use super::source_loop::{changed, yield_now};
use crate::model::{Epoch, Fault};
use crate::plugin::Writer;
use crate::table::size;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One writer of a sink.
pub(super) struct SinkTask {
    pub attempt: Arc<Attempt>,
    pub sink: usize,
    pub instance: usize,
    pub writer: Box<dyn Writer>,
    pub inbox: Inbox,
    pub meter: TableMeter,
    /// Whether rows become visible by a commit; else they count as committed once their epoch is decided.
    pub commits: bool,
    /// The epoch that the attempt goes on from.
    pub restored: Epoch,
    pub tally: Tally,
}

impl SinkTask {
    /// Writes until the last epoch is prepared.
    pub(super) async fn run(mut self) -> Result<(), Fault> {
        let result = self.work().await;
        result.map_err(|fault| fault.at(&self.attempt.plan.sinks[self.sink].name))
    }

    async fn work(&mut self) -> Result<(), Fault> {
        let mut prepared = self.restored;
        loop {
            match self.inbox.receive().await {
                Received::Data(parcel) => {
                    self.write(parcel).await?;
                    yield_now().await;
                }
                Received::Barrier(epoch) => {
                    self.prepare(epoch).await?;
                    prepared = epoch;
                }
                Received::End => break,
            }
        }
        // All inputs have ended: no barrier comes this way any more, but epochs go on until the last one.
        let mut signals = self.attempt.signal.subscribe();
        loop {
            let signal = *signals.borrow_and_update();
            if signal.epoch > prepared {
                self.prepare(signal.epoch).await?;
                prepared = signal.epoch;
            }
            if signal.last {
                return Ok(());
            }
            changed(&mut signals).await;
        }
    }

    async fn write(&mut self, parcel: Parcel) -> Result<(), Fault> {
        let Parcel { edge, batch, estimate } = parcel;
        let rows = batch.len() as u64;
        self.tally.flow(edge).received += rows;
        let bytes = estimate.unwrap_or_else(|| size::estimate(&batch));
        let table = Arc::clone(&batch.table);
        self.attempt.metrics.touched.store(true, Ordering::Relaxed);
        self.writer.write(batch).await?;
        self.tally.flow(self.attempt.layout.sink(self.sink)).sent += rows;
        let live = &self.attempt.metrics.written;
        self.meter.count(&table, Amount { rows, bytes }, &mut self.tally.written, live);
        Ok(())
    }

    async fn prepare(&mut self, epoch: Epoch) -> Result<(), Fault> {
        let staged = self.writer.prepare(epoch).await?;
        let state = self.writer.snapshot()?;
        let flow = self.tally.flow(self.attempt.layout.sink(self.sink));
        let taken = if self.commits {
            flow.received += staged.iter().map(|staged| staged.rows).sum::<u64>();
            0
        } else {
            flow.received = flow.sent;
            flow.received
        };
        self.attempt.note(Note::Writer(Box::new(WriterReport {
            sink: self.sink,
            instance: self.instance,
            epoch,
            staged,
            taken,
            state,
            tally: self.tally.clone(),
        })));
        Ok(())
    }
}
