//! The end of an attempt, whatever its reason: tasks end or are left behind, what is decided is committed, what isn't
//! is taken back.

use super::accounting::Vertex;
use super::commit::{make, take_back};
use super::coordinator::{Closing, Coordinator, Ending, Phase};
use super::launch::FIRST;
use crate::exec::{Outcome, RunEvent};
use crate::model::{Accounting, Fault};
use crate::plugin::Guarantee;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio::time::timeout;

impl Coordinator {
    /// Ends the attempt; its last event is sent when this answers, unless nobody holds the handle any more.
    pub(super) async fn close(mut self, ending: Ending) {
        if matches!(ending, Ending::Abandoned) {
            self.attempt.log.warn(&format!("attempt {} is abandoned", self.attempt.id.number));
            return;
        }
        let (_, nothing) = mpsc::unbounded_channel();
        let mut commands = std::mem::replace(&mut self.commands, nothing);
        let abandoned = async move { while commands.recv().await.is_some() {} };
        tokio::select! {
            () = self.end(ending) => {}
            () = abandoned => {}
        }
    }

    async fn end(&mut self, ending: Ending) {
        if let Ending::Failed(fault) = &ending {
            self.attempt.log.error(&fault.to_string());
        }
        self.cancel_tasks().await;
        self.attempt.metrics.freeze();
        let is_known = self.await_store().await;
        let commit_fault = self.roll_forward().await;
        let left_over = if matches!(ending, Ending::Finished(_)) {
            None
        } else if is_known {
            self.take_back().await.err()
        } else {
            Some(Fault::external(
                "whether the last checkpoint is stored is not known: what it staged is kept",
            ))
        };
        let outcome = self.outcome(ending, commit_fault, left_over);
        self.log_end(&outcome);
        let metrics = Box::new(self.attempt.metrics.snapshot());
        self.attempt.emit(RunEvent::Ended { outcome, metrics });
    }

    /// Cancels everything that runs code of plug-ins, except commits. What doesn't end in time is left behind.
    async fn cancel_tasks(&mut self) {
        let mut tasks: Vec<(Arc<AtomicUsize>, BoxFuture<'static, ()>)> = Vec::new();
        for task in std::mem::take(&mut self.tasks) {
            tasks.push((task.at, task.task.cancel().boxed()));
        }
        if let Some((at, task)) = self.opening.take() {
            tasks.push((at, task.cancel().boxed()));
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Checking(_, at, task) => tasks.push((at, task.cancel().boxed())),
            phase @ (Phase::Idle | Phase::Collecting(_) | Phase::Storing(..)) => self.phase = phase,
        }
        let mut left: Vec<_> = tasks.iter().map(|(at, _)| Arc::clone(at)).collect();
        // One whose call doesn't return is not waited for.
        tasks.retain(|(at, _)| !self.stuck.iter().any(|stuck| Arc::ptr_eq(stuck, at)));
        let mut cancelled: FuturesUnordered<_> =
            tasks.into_iter().map(|(at, task)| task.map(|()| at)).collect();
        let all = async {
            while let Some(at) = cancelled.next().await {
                left.retain(|left| !Arc::ptr_eq(left, &at));
            }
        };
        if timeout(self.attempt.settings.stop_deadline, all).await.is_err() {
            self.attempt
                .log
                .warn("a call did not return within the stop's deadline; its task is left behind");
        }
        let plan = &self.attempt.plan;
        for (index, node) in plan.sinks.iter().enumerate() {
            let number = Vertex::Sink(index).number(plan);
            let is_left = left.iter().any(|at| at.load(Ordering::Relaxed) == number);
            if is_left && node.def.guarantee() == Guarantee::AtLeastOnce {
                self.attempt.log.warn(&format!("{} may still write rows of this attempt", node.name));
                self.attempt.emit(RunEvent::RowsMayRepeat);
                return;
            }
        }
    }

    /// Waits for the store's answer about a checkpoint on its way. `false`: it is not known whether it is decided.
    async fn await_store(&mut self) -> bool {
        let Phase::Storing(complete, closing, answer) = std::mem::replace(&mut self.phase, Phase::Idle)
        else {
            return !self.is_undecided;
        };
        match timeout(self.attempt.settings.stop_deadline, answer).await {
            Ok(Ok(Ok(()))) => {
                self.stored(*complete, closing);
                true
            }
            Ok(Ok(Err(_))) => true,
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// Commits what is decided, until the deadline; answers why not everything is.
    async fn roll_forward(&mut self) -> Option<Fault> {
        let deadline = tokio::time::Instant::now() + self.attempt.settings.stop_deadline;
        while !self.commits.is_done() && !self.commits.has_failed() {
            match tokio::time::timeout_at(deadline, self.commits.next()).await {
                Ok(Ok(committed)) => self.committed(committed.epoch, committed.rows),
                Ok(Err(fault)) => return Some(fault),
                Err(_) => {
                    let text = "what is stored could not be committed before the stop's deadline; it is kept";
                    return Some(Fault::external(text).final_one());
                }
            }
        }
        None
    }

    /// Removes what was staged and not decided.
    pub(super) async fn take_back(&mut self) -> Result<(), Fault> {
        let (attempt, committers) = (Arc::clone(&self.attempt), self.commits.take());
        let keep = self.commits.pending().to_vec();
        let at = attempt.at(FIRST);
        let place = Arc::clone(&at);
        let work = async move {
            let mut committers = match committers {
                Some(committers) => committers,
                None => make(&attempt, &place).await?,
            };
            take_back(&attempt, &mut committers, &keep, &place).await
        };
        let task = self.attempt.spawn(&at, work);
        match timeout(self.attempt.settings.stop_deadline, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(ended)) => Err(self.attempt.fault_of(&ended, &at)),
            Err(_) => Err(Fault::external("the deadline passed")),
        }
    }

    fn outcome(&mut self, ending: Ending, commit: Option<Fault>, left_over: Option<Fault>) -> Outcome {
        if let Some(fault) = &left_over {
            self.attempt.log.warn(&format!("staged rows were not taken back: {fault}"));
        }
        match (ending, commit, self.closing.take()) {
            (Ending::Finished(accounting), _, _) => Outcome::Finished(accounting),
            (Ending::Savepoint, _, _) => Outcome::SavepointDone,
            (Ending::Suspended { .. } | Ending::Stopped, None, Some(Closing::Finished(accounting))) => {
                Outcome::Finished(accounting)
            }
            (Ending::Suspended { stored }, _, _) => Outcome::Suspended { stored },
            (Ending::Stopped, Some(fault), _) => Outcome::Failed(fault),
            (Ending::Stopped | Ending::Abandoned, _, _) => Outcome::Stopped,
            (Ending::Failed(mut fault), commit, _) => {
                let also = |what: &str, other: Fault| format!("{what}: {other}").replace('\n', " ");
                fault.causes.extend(commit.map(|other| also("what is stored could not be committed", other)));
                fault.causes.extend(left_over.map(|other| also("staged rows were not taken back", other)));
                Outcome::Failed(fault)
            }
        }
    }

    fn log_end(&self, outcome: &Outcome) {
        let metrics = self.attempt.metrics.snapshot();
        let sum = |counts: &[crate::model::TableCount]| counts.iter().map(|count| count.rows).sum::<u64>();
        let (read, written) = (sum(&metrics.read), sum(&metrics.written));
        let how = match outcome {
            Outcome::Finished(accounting) => {
                return self.log_finish(read, written, metrics.committed, accounting);
            }
            Outcome::SavepointDone => "with a savepoint",
            Outcome::Stopped => "stopped",
            Outcome::Suspended { stored: true } => "suspended with a checkpoint",
            Outcome::Suspended { stored: false } => "suspended without a checkpoint",
            Outcome::Failed(_) => "failed",
        };
        let number = self.attempt.id.number;
        let committed = metrics.committed;
        self.attempt.log.info(&format!(
            "attempt {number} ended, {how}: {read} rows read, {written} written, {committed} committed"
        ));
    }

    fn log_finish(&self, read: u64, written: u64, committed: u64, accounting: &Accounting) {
        let number = self.attempt.id.number;
        let text = format!(
            "attempt {number} ended, finished: {read} rows read, {written} written, {committed} committed"
        );
        let lost: Vec<String> = accounting
            .flows
            .iter()
            .filter(|flow| !flow.is_balanced())
            .map(|f| format!("{}: {} in, {} out, {} dropped", f.place, f.sent, f.received, f.dropped))
            .collect();
        if lost.is_empty() {
            self.attempt.log.info(&format!("{text}; every row is accounted for"));
        } else {
            self.attempt.log.error(&format!("{text}; not accounted for: {}", lost.join("; ")));
        }
    }
}
