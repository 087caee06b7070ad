//! Commits: what is decided becomes visible, in order, beside the flow of data.
//!
//! Only the coordinator starts one, and one at a time, so that a task that was given up can't commit. A commit that
//! fails is tried again, with growing pauses, until its deadline.

use super::accounting::Vertex;
use super::attempt::Attempt;
use crate::model::{AttemptId, Epoch, Fault, Prepared, Retry};
use crate::plugin::Committer;
use crate::runtime::PoolTask;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The committers of all sinks; `None` for those that only write.
pub(super) type Committers = Vec<Option<Box<dyn Committer>>>;

type CommitTask = PoolTask<(Option<Committers>, Result<(), Fault>)>;

/// What became visible.
#[derive(Debug)]
pub(super) struct Committed {
    pub epoch: Epoch,
    pub rows: u64,
}

/// See the module.
pub(super) struct Commits {
    attempt: Arc<Attempt>,
    /// `None`: not made yet, or with a task.
    committers: Option<Committers>,
    /// Decided and not committed, in order.
    pending: Vec<Prepared>,
    decided: Epoch,
    committed: Epoch,
    task: Option<(Epoch, Arc<AtomicUsize>, CommitTask)>,
    failed: bool,
}

impl Commits {
    pub(super) fn new(attempt: &Arc<Attempt>, committed: Epoch) -> Self {
        Self {
            attempt: Arc::clone(attempt),
            committers: None,
            pending: Vec::new(),
            decided: committed,
            committed,
            task: None,
            failed: false,
        }
    }

    /// A checkpoint is stored: what it prepared is decided.
    pub(super) fn decide(&mut self, epoch: Epoch, prepared: Vec<Prepared>) {
        self.decided = self.decided.max(epoch);
        self.pending.extend(prepared);
    }

    /// Takes over what a restored checkpoint prepared and is not known to be committed. `false`: nothing is.
    pub(super) fn decide_restored(&mut self, epoch: Epoch, mut prepared: Vec<Prepared>) -> bool {
        prepared.retain(|prepared| prepared.epoch > self.committed);
        self.decide(epoch, prepared);
        !self.is_done()
    }

    /// What is decided and not committed.
    pub(super) fn pending(&self) -> &[Prepared] {
        &self.pending
    }

    /// Whether everything decided is committed.
    pub(super) fn is_done(&self) -> bool {
        self.committed == self.decided
    }

    /// Whether a commit was given up.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Gives committers that are made already.
    pub(super) fn put(&mut self, committers: Committers) {
        self.committers = Some(committers);
    }

    /// The committers, if they are here.
    pub(super) fn take(&mut self) -> Option<Committers> {
        self.committers.take()
    }

    /// The next commit; waits for ever if none is due or one has failed. Cancel-safe: the commit goes on.
    pub(super) async fn next(&mut self) -> Result<Committed, Fault> {
        if self.failed || (self.is_done() && self.task.is_none()) {
            std::future::pending::<()>().await;
        }
        if self.task.is_none() {
            if self.pending.is_empty() {
                self.committed = self.decided;
                return Ok(Committed { epoch: self.decided, rows: 0 });
            }
            self.start();
        }
        let Some((epoch, at, task)) = &mut self.task else {
            return Err(Fault::internal("a commit was not started"));
        };
        let (epoch, ended) = (*epoch, task.await);
        let ended = ended.map_err(|ended| self.attempt.fault_of(&ended, at));
        self.task = None;
        let result = ended.and_then(|(committers, result)| {
            self.committers = committers;
            result
        });
        if let Err(fault) = result {
            self.failed = true;
            return Err(fault);
        }
        let rows = self.pending.iter().filter(|p| p.epoch <= epoch).map(|p| p.rows).sum();
        self.pending.retain(|prepared| prepared.epoch > epoch);
        self.committed = epoch;
        Ok(Committed { epoch, rows })
    }

    fn start(&mut self) {
        let (attempt, committers, prepared) =
            (Arc::clone(&self.attempt), self.committers.take(), self.pending.clone());
        let at = attempt.at(Vertex::Sink(prepared.first().map_or(0, |first| first.sink as usize)));
        let place = Arc::clone(&at);
        let work = async move { commit(&attempt, committers, &prepared, &place).await };
        self.task = Some((self.decided, Arc::clone(&at), self.attempt.spawn(&at, work)));
    }
}

/// Commits, and tries again until the deadline.
async fn commit(
    attempt: &Attempt,
    committers: Option<Committers>,
    prepared: &[Prepared],
    at: &AtomicUsize,
) -> (Option<Committers>, Result<(), Fault>) {
    let mut committers = match committers {
        Some(committers) => committers,
        None => match make(attempt, at).await {
            Ok(committers) => committers,
            Err(fault) => return (None, Err(fault)),
        },
    };
    let started = Instant::now();
    let mut pause = attempt.settings.commit_pause;
    loop {
        let fault = match commit_once(attempt, &mut committers, prepared, at).await {
            Ok(()) => return (Some(committers), Ok(())),
            Err(fault) => fault,
        };
        let is_over = started.elapsed() + pause > attempt.settings.commit_deadline;
        if fault.retry == Retry::Never || is_over {
            attempt.log.error(&format!("commit failed, what was prepared is kept: {fault}"));
            return (Some(committers), Err(fault.final_one()));
        }
        attempt.log.warn(&format!("commit failed, next try in {pause:?}: {fault}"));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn commit_once(
    attempt: &Attempt,
    committers: &mut Committers,
    prepared: &[Prepared],
    at: &AtomicUsize,
) -> Result<(), Fault> {
    let of = |sink: usize| prepared.iter().filter(move |p| p.sink as usize == sink).cloned();
    if let Some(lost) = prepared.iter().find(|p| p.sink as usize >= committers.len()) {
        return Err(Fault::internal(format!(
            "the checkpoint prepared rows of sink {}, which this job doesn't have",
            lost.sink
        )));
    }
    for (index, (node, committer)) in attempt.plan.sinks.iter().zip(committers).enumerate() {
        let own: Vec<Prepared> = of(index).collect();
        if own.is_empty() {
            continue;
        }
        at.store(Vertex::Sink(index).number(&attempt.plan), Ordering::Relaxed);
        let Some(committer) = committer else {
            return Err(Fault::internal("rows were prepared by a sink that doesn't commit").at(&node.name));
        };
        committer.commit(&own).await.map_err(|fault| fault.at(&node.name))?;
    }
    Ok(())
}

/// Makes the committers.
pub(super) async fn make(attempt: &Attempt, at: &AtomicUsize) -> Result<Committers, Fault> {
    let mut committers = Vec::with_capacity(attempt.plan.sinks.len());
    for (index, node) in attempt.plan.sinks.iter().enumerate() {
        at.store(Vertex::Sink(index).number(&attempt.plan), Ordering::Relaxed);
        let committer = node.def.committer(&attempt.context(node.parallelism)).await;
        committers.push(committer.map_err(|fault| fault.at(&node.name))?);
    }
    Ok(committers)
}

/// Removes everything that attempts up to this one staged, except `keep`.
pub(super) async fn take_back(
    attempt: &Attempt,
    committers: &mut Committers,
    keep: &[Prepared],
    at: &AtomicUsize,
) -> Result<(), Fault> {
    let up_to: AttemptId = attempt.id;
    for (index, (node, committer)) in attempt.plan.sinks.iter().zip(committers).enumerate() {
        if let Some(committer) = committer {
            at.store(Vertex::Sink(index).number(&attempt.plan), Ordering::Relaxed);
            let keep: Vec<Prepared> = keep.iter().filter(|p| p.sink as usize == index).cloned().collect();
            committer.take_back(up_to, &keep).await.map_err(|fault| fault.at(&node.name))?;
        }
    }
    Ok(())
}
