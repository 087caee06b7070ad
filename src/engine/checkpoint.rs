//! Epochs, one at a time: collecting (barriers flow, writers prepare), checking (only the last one: the sinks' own
//! checks), storing. A stored one is decided; its commit runs beside the next epoch.

use super::accounting::Vertex;
use super::coordinator::{Advance, Closing, Coordinator, Ending, Phase};
use super::epoch::{Collector, Complete};
use super::launch::FIRST;
use crate::exec::RunEvent;
use crate::model::{Epoch, Fault};
use crate::plugin::JobMode;
use crate::runtime::failpoint;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

impl Coordinator {
    /// Begins the next epoch, passes a complete one on, or ends.
    pub(super) fn begin_what_is_due(&mut self) -> Result<Option<Ending>, Ending> {
        if let Phase::Collecting(collector) = &self.phase
            && collector.is_complete()
            && let Phase::Collecting(collector) = std::mem::replace(&mut self.phase, Phase::Idle)
        {
            self.complete(collector)?;
        }
        if !matches!(self.phase, Phase::Idle) {
            return Ok(None);
        }
        if let Some(closing) = &self.closing {
            return Ok(self.commits.is_done().then(|| match closing {
                Closing::Finished(accounting) => Ending::Finished(accounting.clone()),
                Closing::Savepoint => Ending::Savepoint,
                Closing::Suspended => Ending::Suspended { stored: true },
            }));
        }
        if self.readers_left == 0 {
            self.begin(false, true)?;
        } else if self.ask.is_some() {
            self.begin(true, false)?;
        } else if self.due.is_some_and(|due| due <= Instant::now()) {
            self.begin(false, false)?;
        }
        Ok(None)
    }

    fn begin(&mut self, hold: bool, last: bool) -> Result<(), Fault> {
        self.epoch = self.epoch.next();
        let epoch = self.epoch;
        let writers = self.attempt.plan.sinks.iter().map(|node| node.parallelism);
        let mut collector = Collector::new(epoch, hold, self.ledgers.len(), writers);
        // A savepoint has the deadline of who asked for it; the last epoch has none.
        if !last && !hold {
            collector.deadline = Some(collector.since + self.timeout());
        }
        if let Some(interval) = self.attempt.plan.settings.checkpoint_interval {
            self.due = Some(collector.since + interval);
        }
        for (index, ledger) in self.ledgers.iter().enumerate() {
            let name = &self.attempt.plan.sources[index].name;
            if let Some(snapshot) = ledger.begin(epoch).map_err(|fault| fault.at(name))? {
                collector.source(index, snapshot);
            }
        }
        self.attempt.signal.send_modify(|signal| {
            signal.epoch = epoch;
            signal.hold = hold;
            signal.last = last;
        });
        self.phase = Phase::Collecting(collector);
        Ok(())
    }

    /// Everything of an epoch is in.
    fn complete(&mut self, collector: Collector) -> Result<(), Ending> {
        let mut complete = Box::new(collector.complete(&self.attempt, &self.base));
        complete.prepared.splice(0..0, self.skipped.drain(..));
        if !complete.is_final {
            return self.store(complete);
        }
        let at = self.attempt.at(FIRST);
        let (attempt, sinks, place) = (Arc::clone(&self.attempt), self.sinks.clone(), Arc::clone(&at));
        let check = async move {
            for (index, sink) in sinks.iter().enumerate() {
                let vertex = Vertex::Sink(index);
                place.store(vertex.number(&attempt.plan), Ordering::Relaxed);
                sink.finish().await.map_err(|fault| fault.at(&attempt.plan.sinks[index].name))?;
            }
            Ok(())
        };
        let task = self.attempt.spawn(&at, check);
        self.phase = Phase::Checking(complete, at, task);
        Ok(())
    }

    fn store(&mut self, complete: Box<Complete>) -> Result<(), Ending> {
        let closing = match &self.ask {
            _ if complete.is_final => Some(Closing::Finished(complete.accounting.clone())),
            Some(ask) if complete.hold && ask.savepoint => Some(Closing::Savepoint),
            Some(_) if complete.hold => Some(Closing::Suspended),
            Some(_) | None => None,
        };
        let is_needed = !complete.is_final
            || self.is_stored_before
            || self.attempt.has_checkpoints()
            || !complete.prepared.is_empty();
        if !is_needed {
            self.count_taken(complete.taken);
            (self.ask, self.closing) = (None, closing);
            return Ok(());
        }
        failpoint::reach("engine.checkpoint.before_store")?;
        let is_savepoint = matches!(closing, Some(Closing::Savepoint));
        let pending = self.commits.pending();
        let checkpoint = complete.checkpoint(&self.attempt, &self.base, pending, is_savepoint)?;
        let (stored, answer) = oneshot::channel();
        self.attempt.emit(RunEvent::Checkpoint { checkpoint: Box::new(checkpoint), stored });
        self.phase = Phase::Storing(complete, closing, answer);
        Ok(())
    }

    pub(super) fn advance(&mut self, advance: Advance) -> Result<(), Ending> {
        match (std::mem::replace(&mut self.phase, Phase::Idle), advance) {
            (Phase::Checking(complete, at, _), Advance::Checked(result)) => {
                result.map_err(|ended| self.attempt.fault_of(&ended, &at))??;
                self.store(complete)
            }
            (Phase::Storing(complete, closing, _), Advance::Stored(answer)) => match answer {
                Ok(Ok(())) => {
                    self.stored(*complete, closing);
                    failpoint::reach("engine.checkpoint.stored")?;
                    Ok(())
                }
                Ok(Err(reason)) => self.refused(*complete, closing, &reason),
                Err(_) => {
                    self.is_undecided = true;
                    let epoch = complete.epoch;
                    Err(Fault::external(format!("checkpoint {epoch} could not be stored")).into())
                }
            },
            (phase, _) => {
                self.phase = phase;
                Ok(())
            }
        }
    }

    /// A checkpoint is durable, and so decided.
    pub(super) fn stored(&mut self, complete: Complete, closing: Option<Closing>) {
        let Complete { epoch, since, .. } = complete;
        let staged: u64 = complete.prepared.iter().map(|prepared| prepared.rows).sum();
        self.attempt.log.info(&format!(
            "checkpoint {epoch} stored after {} ms: {} rows read by this attempt, {staged} rows to commit",
            since.elapsed().as_millis(),
            complete.rows_read(),
        ));
        self.is_stored_before = true;
        self.count_taken(complete.taken);
        self.commits.decide(epoch, complete.prepared);
        if closing.is_some() {
            self.ask = None;
            self.closing = closing;
        }
    }

    /// A checkpoint was refused for certain (the disk is full): it is skipped, and what it prepared is decided with the next
    /// one. A savepoint is reported as failed; without its last checkpoint the job can't end.
    fn refused(&mut self, complete: Complete, closing: Option<Closing>, reason: &str) -> Result<(), Ending> {
        let text = format!("checkpoint {} could not be stored: {reason}", complete.epoch);
        if complete.is_final {
            return Err(Fault::external(text).into());
        }
        self.attempt.log.warn(&format!("{text}; it is skipped, and the job goes on"));
        self.skipped = complete.prepared;
        if closing.is_some()
            && let Some(ask) = self.ask.take()
        {
            if ask.savepoint {
                self.attempt.emit(RunEvent::SavepointFailed(text));
            }
            if ask.suspend {
                return Err(Ending::Suspended { stored: false });
            }
            self.attempt.signal.send_modify(|signal| signal.hold = false);
        }
        Ok(())
    }

    /// An epoch is decided: what sinks without commits have taken up to it is final. Not before: the last epoch's checks
    /// may still fail.
    fn count_taken(&mut self, taken: u64) {
        let more = taken.saturating_sub(std::mem::replace(&mut self.taken, taken));
        self.attempt.metrics.committed.fetch_add(more, Ordering::Relaxed);
    }

    /// Everything up to `epoch` is visible.
    pub(super) fn committed(&mut self, epoch: Epoch, rows: u64) {
        if rows > 0 {
            self.attempt.log.info(&format!("checkpoint {epoch} committed: {rows} rows"));
            self.attempt.metrics.committed.fetch_add(rows, Ordering::Relaxed);
        }
        self.attempt.emit(RunEvent::Committed(epoch));
        if self.readers_left > 0 {
            self.attempt.signal.send_modify(|signal| signal.committed = epoch);
        }
    }

    /// The earliest time that something is due or late.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Idle if self.closing.is_none() => self.due,
            Phase::Collecting(collector) => collector.deadline,
            Phase::Idle => None,
            // What is on its way to the store is the store's to time.
            Phase::Checking(..) | Phase::Storing(..) => return None,
        };
        let ask = self.ask.as_ref().map(|ask| ask.deadline);
        phase.into_iter().chain(ask).min()
    }

    pub(super) fn time(&mut self, now: Instant) -> Result<(), Ending> {
        let timeout = self.timeout();
        let waits_for = match &self.phase {
            Phase::Collecting(collector) => collector.waits_for(&self.attempt),
            Phase::Idle | Phase::Checking(..) | Phase::Storing(..) => String::new(),
        };
        let expired = |what: &str| {
            format!(
                "Checkpoint expired before completing. Please increase checkpoint timeout in the seatunnel.yaml or \
                 jobConfig env. {what} was not complete after {timeout:?}; it waited for {waits_for}"
            )
        };
        if self.ask.as_ref().is_some_and(|ask| ask.deadline <= now)
            && let Some(ask) = self.ask.take()
        {
            self.attempt.log.warn(&expired("the savepoint"));
            if ask.savepoint {
                self.attempt.emit(RunEvent::SavepointFailed(expired("the savepoint")));
            }
            if ask.suspend {
                return Err(Ending::Suspended { stored: false });
            }
            self.attempt.signal.send_modify(|signal| signal.hold = false);
            if let Phase::Collecting(collector) = &mut self.phase {
                // The epoch goes on as an ordinary one.
                collector.hold = false;
                collector.deadline = Some(now + timeout);
            }
        }
        if let Phase::Collecting(collector) = &mut self.phase
            && collector.deadline.is_some_and(|deadline| deadline <= now)
        {
            collector.deadline = None;
            let text = expired(&format!("checkpoint {}", collector.epoch));
            if self.attempt.plan.settings.mode == JobMode::Streaming {
                return Err(Fault::external(text).into());
            }
            self.attempt.log.warn(&text);
        }
        Ok(())
    }

    pub(super) fn timeout(&self) -> Duration {
        let own = self.attempt.plan.settings.checkpoint_timeout;
        own.unwrap_or(self.attempt.settings.checkpoint_timeout)
    }
}
