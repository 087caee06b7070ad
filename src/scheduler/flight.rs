//! Appends under way, and what follows from each.
//!
//! The scheduler decides, appends, and goes on; the store calls back in order, when a request is durable or could not be
//! stored. So what waits for the disk is a queue: each flight holds what follows from it.

use super::checkpoints::CheckpointNote;
use super::core::Core;
use super::handle::{Answer, Message, SchedulerError, SubmitAnswer, SubmitError, Submitted};
use super::scribe::Level;
use super::transition;
use crate::exec::{RunCommand, StoredAnswer};
use crate::model::{AttemptId, Checkpoint, Epoch, JobId, JobRecord, Millis, Op};
use crate::runtime::{JobLog, clock};
use crate::store::StoreError;
use std::collections::VecDeque;
use std::sync::Arc;

/// What follows once something is durable.
pub(super) enum Follow {
    /// Write the first lines of a job's log: a job that is refused has none.
    Log(Arc<JobLog>, Millis, Vec<(Level, String)>),
    /// Show the record as it is now on disk.
    Show(Arc<JobRecord>),
    /// The job has ended, and the store shows it.
    Leave(JobId),
    /// Start an attempt, and tell it this.
    Launch(JobId, AttemptId, Option<RunCommand>),
    /// Tell a running attempt.
    Command(JobId, AttemptId, RunCommand),
    /// The checkpoint is decided. `before`: what stays the latest if it could not be stored.
    Stored {
        job: JobId,
        epoch: Epoch,
        sender: StoredAnswer,
        before: Option<Arc<Checkpoint>>,
        note: CheckpointNote,
    },
    /// Answer a submission.
    Submitted(SubmitAnswer, Submitted),
    /// Answer a request.
    Answer(Answer<()>),
    /// Show new tags.
    Tags(Vec<(String, String)>),
    /// These jobs are deleted.
    Forgotten(Vec<JobId>),
    /// The checkpoints of these ended jobs are deleted.
    Dropped(Vec<JobId>),
    /// The older events of these ended jobs are deleted, their logs go too.
    Stripped(Vec<JobId>),
    /// This copy's jobs may run: answer how many.
    Resumed(Option<Answer<usize>>, usize),
}

/// The appends under way, oldest first. The store calls back in order, but for a request that it can't encode: that one
/// is refused later than its successors are answered.
#[derive(Default)]
pub(super) struct Flights {
    /// `None`: landed before its predecessor.
    under_way: VecDeque<Option<Flight>>,
    /// Number of the first.
    first: u64,
}

impl Flights {
    fn push(&mut self, flight: Flight) -> u64 {
        self.under_way.push_back(Some(flight));
        self.first + self.under_way.len() as u64 - 1
    }

    fn last(&mut self) -> Option<&mut Flight> {
        self.under_way.back_mut().and_then(Option::as_mut)
    }

    fn take(&mut self, number: u64) -> Option<Flight> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let flight = self.under_way.get_mut(place)?.take();
        while matches!(self.under_way.front(), Some(None)) {
            self.under_way.pop_front();
            self.first += 1;
        }
        flight
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }
}

/// An append under way.
#[derive(Default)]
pub(super) struct Flight {
    /// The job that it is about.
    pub job: Option<JobId>,
    /// Whether it holds a floor of ids.
    pub has_floor: bool,
    /// Whether it accepts that job.
    pub accepts: bool,
    /// What follows, in order.
    pub follows: Vec<Follow>,
}

impl Core {
    /// Hands ops to the store.
    pub(super) fn append(&mut self, ops: Vec<Op>, flight: Flight) {
        let inbox = self.inbox.clone();
        let number = self.flights.push(flight);
        self.store.append(
            ops,
            Box::new(move |result| {
                // Nobody listens when the scheduler was dropped without a shutdown.
                let _gone = inbox.send(Message::Landed(number, result.map(|_| ())));
            }),
        );
    }

    /// Does something after everything that was decided so far is durable.
    pub(super) fn after_all(&mut self, follow: Follow) {
        match self.flights.last() {
            Some(last) => last.follows.push(follow),
            None => self.follow(follow),
        }
    }

    /// An append has ended.
    pub(super) fn landed(&mut self, number: u64, result: Result<(), StoreError>) {
        let Some(flight) = self.flights.take(number) else {
            return;
        };
        match result {
            Ok(()) => flight.follows.into_iter().for_each(|follow| self.follow(follow)),
            Err(error) => self.not_stored(flight, &error),
        }
    }

    fn follow(&mut self, follow: Follow) {
        match follow {
            Follow::Log(log, at, lines) => {
                for (level, text) in lines {
                    self.scribe.line(&log, level, at, text);
                }
            }
            Follow::Show(record) => {
                let ticket = self.slots.ticket(record.id);
                self.overlay.publish(record, ticket);
            }
            Follow::Leave(job) => self.leave(job),
            Follow::Launch(job, attempt, command) => self.launch(job, attempt, command),
            Follow::Command(job, attempt, command) => self.command(job, attempt, command),
            Follow::Stored { job, sender, note, .. } => {
                self.overlay.checkpoints.completed(job, note);
                // The attempt may be gone; the checkpoint is decided all the same.
                let _gone = sender.send(Ok(()));
            }
            Follow::Submitted(answer, submitted) => {
                // A client that hung up has submitted its job nevertheless.
                let _gone = answer.send(Ok(submitted));
            }
            Follow::Answer(answer) => {
                let _gone = answer.send(Ok(()));
            }
            Follow::Tags(tags) => self.overlay.set_tags(tags),
            Follow::Forgotten(jobs) => self.forgotten(&jobs, true),
            Follow::Dropped(jobs) => self.dropped(&jobs),
            Follow::Stripped(jobs) => self.forgotten(&jobs, true),
            Follow::Resumed(answer, jobs) => {
                if self.overlay.held().is_some() {
                    tracing::info!(
                        jobs,
                        "this data directory is an original of its own from now on: its held jobs run"
                    );
                }
                self.overlay.set_held(None);
                self.pruner.look_now();
                if let Some(answer) = answer {
                    let _gone = answer.send(Ok(jobs));
                }
            }
        }
    }

    /// An append was refused: whoever waits is told; what follows from the job's record is tried again with its next
    /// append, within a second.
    fn not_stored(&mut self, flight: Flight, error: &StoreError) {
        let job = flight.job.map(|job| job.0);
        match self.store.no_space() {
            // Said once, by the store; here it would be said each second of each job.
            Some(_) => tracing::debug!(%error, job, "not stored"),
            None => tracing::error!(%error, job, "not stored"),
        }
        if flight.has_floor {
            self.ids.floor_not_stored();
        }
        let mut again = Vec::new();
        for follow in flight.follows {
            match follow {
                // The record is saved again, and shown then.
                Follow::Show(_) | Follow::Leave(_) | Follow::Log(..) => {}
                Follow::Launch(..) | Follow::Command(..) => again.push(follow),
                Follow::Stored { job, epoch, sender, before, .. } => {
                    // What became of any other request is not known.
                    if matches!(error, StoreError::Refused(_)) {
                        let _gone = sender.send(Err(error.to_string()));
                    }
                    if let Some(live) = self.jobs.get_mut(&job) {
                        live.checkpoint = before;
                        let record = Arc::make_mut(&mut live.record);
                        let cause = transition::not_stored(record, epoch, &error.to_string(), clock());
                        self.scribe.info(&live.log, clock(), cause);
                    }
                }
                Follow::Submitted(answer, _) => {
                    let _gone = answer.send(Err(SubmitError::Store(error.to_string())));
                }
                Follow::Answer(answer) => {
                    let _gone = answer.send(Err(SchedulerError::Store(error.to_string())));
                }
                Follow::Tags(_) => {}
                Follow::Forgotten(jobs) => self.forgotten(&jobs, false),
                Follow::Dropped(jobs) | Follow::Stripped(jobs) => self.dropped(&jobs),
                Follow::Resumed(answer, _) => {
                    if let Some(answer) = answer {
                        let _gone = answer.send(Err(SchedulerError::Store(error.to_string())));
                    }
                }
            }
        }
        match (flight.job, error) {
            (Some(job), _) if flight.accepts => self.forget(job),
            // Nothing is recorded any more until a restart.
            (Some(_), StoreError::Failed(_) | StoreError::Closed) | (None, _) => {}
            (Some(job), _) => self.unsaved.entry(job).or_default().extend(again),
        }
    }
}
