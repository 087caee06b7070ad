//! The start of an attempt: what a checkpoint decided is committed before anything else, then everything is opened and
//! runs.

use super::coordinator::{Coordinator, DataTask, Ending};
use super::launch::FIRST;
use super::pipeline::{Opened, Restored, open};
use super::state::JobState;
use crate::exec::RunEvent;
use crate::model::{Checkpoint, Fault};
use crate::plugin::Guarantee;
use crate::runtime::failpoint;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Coordinator {
    pub(super) async fn start(&mut self, restore: Option<Box<Checkpoint>>) -> Result<(), Ending> {
        let mut restored = Restored::default();
        match restore {
            None => self.attempt.log.info(&format!("attempt {} started", self.attempt.id.number)),
            Some(checkpoint) => {
                restored = self.restore(*checkpoint).await?;
                failpoint::reach("engine.restore.before_start")?;
            }
        }
        let at = self.attempt.at(FIRST);
        let work = open(Arc::clone(&self.attempt), self.commits.take(), restored, Arc::clone(&at));
        self.opening = Some((Arc::clone(&at), self.attempt.spawn(&at, work)));
        let opened = loop {
            let Some((at, opening)) = &mut self.opening else {
                return Err(Fault::internal("the opening of the job was lost").into());
            };
            tokio::select! {
                biased;
                command = self.commands.recv() => self.command(command)?,
                Some(note) = self.notes.recv() => self.note(note)?,
                opened = opening => break opened.map_err(|ended| self.attempt.fault_of(&ended, at)),
            }
        };
        self.opening = None;
        self.spawn(opened??);
        Ok(())
    }

    /// Takes over from a checkpoint: what it decided is committed before anything else.
    async fn restore(&mut self, checkpoint: Checkpoint) -> Result<Restored, Ending> {
        let attempt = Arc::clone(&self.attempt);
        attempt.log.info(&format!(
            "attempt {} started: restored from checkpoint {}",
            attempt.id.number, checkpoint.epoch
        ));
        self.epoch = checkpoint.epoch;
        self.base = checkpoint.counters;
        self.is_stored_before = true;
        if let Some((done, total)) = self.base.metrics.progress {
            attempt.metrics.progress.0.store(done, Ordering::Relaxed);
            attempt.metrics.progress.1.store(total, Ordering::Relaxed);
        }
        if self.commits.decide_restored(checkpoint.epoch, checkpoint.prepared) {
            failpoint::reach("engine.restore.before_commit")?;
            let committed = loop {
                tokio::select! {
                    biased;
                    command = self.commands.recv() => self.command(command)?,
                    Some(note) = self.notes.recv() => self.note(note)?,
                    committed = self.commits.next() => break committed?,
                }
            };
            failpoint::reach("engine.restore.after_commit")?;
            attempt.log.info(&format!("checkpoint {} committed: {} rows", committed.epoch, committed.rows));
            attempt.emit(RunEvent::Committed(committed.epoch));
        }
        if checkpoint.is_final {
            self.take_back().await?;
            return Err(Ending::Finished(self.base.accounting.clone()));
        }
        let state = JobState::from_bytes(&checkpoint.state)?;
        let is_direct_successor = attempt.id.number == checkpoint.attempt.number + 1;
        if !(state.held && is_direct_successor) {
            self.warn_of_repeats();
        }
        Ok(Restored { epoch: checkpoint.epoch, state })
    }

    /// Says that rows of an earlier attempt may be written again, if a sink can't prevent it.
    fn warn_of_repeats(&self) {
        if self.attempt.untouched {
            return;
        }
        let sinks = &self.attempt.plan.sinks;
        if let Some(node) = sinks.iter().find(|node| node.def.guarantee() == Guarantee::AtLeastOnce) {
            let text = format!("{} may get rows again that an earlier attempt wrote", node.name);
            self.attempt.log.warn(&text);
            self.attempt.emit(RunEvent::RowsMayRepeat);
        }
    }

    fn spawn(&mut self, opened: Opened) {
        if !self.attempt.is_restore && self.attempt.id.number > 1 {
            self.warn_of_repeats();
        }
        self.commits.put(opened.committers);
        self.ledgers = opened.ledgers;
        self.sinks = opened.sinks;
        self.readers_left = opened.readers.len();
        for ready in opened.writers {
            let task = self.attempt.spawn(&ready.at, ready.task.run());
            self.tasks.push(DataTask { is_source: false, at: ready.at, task });
        }
        for ready in opened.readers {
            let task = self.attempt.spawn(&ready.at, ready.task.run());
            self.tasks.push(DataTask { is_source: true, at: ready.at, task });
        }
        self.due = self.attempt.plan.settings.checkpoint_interval.map(|interval| Instant::now() + interval);
        self.attempt.emit(RunEvent::Running);
    }
}
