//! The only writer of job state.

use super::checkpoints::CheckpointNote;
use super::closing::Closing;
use super::flight::{Flight, Flights, Follow};
use super::handle::{Message, SchedulerSettings};
use super::ids::Ids;
use super::live::{Live, Planned};
use super::overlay::Overlay;
use super::prune::Pruner;
use super::scribe::Scribe;
use super::slots::Slots;
use super::submit::Lookup;
use super::tags;
use super::transition::{self, Activity, Beside, Effect, Event, Save, Step};
use crate::exec::{Launcher, RunCommand, RunEvent, RunMessage, StoredAnswer};
use crate::model::{AttemptId, Checkpoint, Counters, Epoch, JobId, JobState, Millis, Op, StopRequest};
use crate::runtime::{Task, clock};
use crate::store::Store;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Messages taken at once.
const BATCH: usize = 256;

/// What comes with an event.
#[derive(Default)]
pub(super) struct With {
    /// Follows once the change is durable.
    pub follow: Option<Follow>,
    /// The checkpoint of the event.
    pub checkpoint: Option<(Box<Checkpoint>, StoredAnswer)>,
    /// The commit of the event.
    pub committed: Epoch,
}

/// The state of the scheduler's task.
pub(super) struct Core {
    pub store: Store,
    pub timeline: u64,
    pub launcher: Arc<dyn Launcher>,
    pub settings: SchedulerSettings,
    pub inbox: mpsc::UnboundedSender<Message>,
    pub events: mpsc::UnboundedSender<RunMessage>,
    pub overlay: Arc<Overlay>,
    pub scribe: Scribe,
    pub ids: Ids,
    pub slots: Slots,
    pub jobs: HashMap<JobId, Live>,
    pub flights: Flights,
    /// Jobs whose stored record says less than is known.
    pub dirty: HashSet<JobId>,
    /// What still follows from records that could not be stored.
    pub unsaved: HashMap<JobId, Vec<Follow>>,
    /// Questions to the store about ids that callers chose.
    pub lookups: HashMap<JobId, Lookup>,
    pub retries: BinaryHeap<Reverse<(Instant, JobId, u32)>>,
    pub tick: Instant,
    pub pruner: Pruner,
    pub closing: Option<Closing>,
    /// Compiles recorded jobs again.
    pub compiling: Option<Task<()>>,
}

impl Core {
    /// Runs until the shutdown is complete.
    ///
    /// 1. Take what has come: requests, answers of the store, events of attempts; or wake for the next timer.
    /// 2. Decide each by the table (`transition`), append its ops, and go on; what follows waits for the disk (`flight`).
    /// 3. Give free slots to the queue.
    /// 4. Show the slots.
    pub async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Message>,
        mut events: mpsc::UnboundedReceiver<RunMessage>,
    ) {
        let (mut messages, mut happened) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        while !self.is_closed() {
            let wake = self.next_wake();
            tokio::select! {
                _ = inbox.recv_many(&mut messages, BATCH) => {}
                _ = events.recv_many(&mut happened, BATCH) => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.wake(),
            }
            messages.drain(..).for_each(|message| self.told(message));
            happened.drain(..).for_each(|message| self.happened(message));
            self.admit();
            self.overlay.set_slots(self.slots.view());
        }
        self.close().await;
    }

    fn told(&mut self, message: Message) {
        match message {
            Message::Submit(submission, answer) => self.submit(submission, answer),
            Message::Found(id, found) => self.found(id, found),
            Message::Stop(id, request, answer) => self.stop(id, request, Some(Follow::Answer(answer))),
            Message::Delete(id, answer) => self.delete(id, answer),
            Message::SetTags(tags, answer) => {
                let op = Op::Tags(tags::stored(&tags));
                let follows = vec![Follow::Tags(tags), Follow::Answer(answer)];
                self.append(vec![op], Flight { follows, ..Flight::default() });
            }
            Message::ResumeHeld(answer) => self.resume_held(Some(answer)),
            Message::Over(over) => self.over(over),
            Message::Compiled(id, plan) => self.compiled(id, plan),
            Message::Landed(number, result) => self.landed(number, result),
            Message::Shutdown(deadline, done) => self.shut_down(deadline, done),
        }
    }

    /// An event of an attempt; dropped when the attempt is not the job's latest, or has ended.
    fn happened(&mut self, message: RunMessage) {
        let RunMessage { job, attempt, event } = message;
        let Some(live) = self.jobs.get_mut(&job) else {
            return;
        };
        if live.record.attempt != Some(attempt) || !live.has_attempt() {
            return;
        }
        match event {
            RunEvent::Running => self.apply(job, Event::Running, With::default()),
            RunEvent::Checkpoint { checkpoint, stored } => {
                let kept = (!checkpoint.is_final).then_some(checkpoint.epoch);
                let event = Event::Checkpoint(checkpoint.counters.metrics.clone(), kept);
                self.apply(job, event, With { checkpoint: Some((checkpoint, stored)), ..With::default() });
            }
            RunEvent::Committed(epoch) => {
                self.apply(job, Event::Committed, With { committed: epoch, ..With::default() });
            }
            RunEvent::SavepointFailed(why) => {
                self.overlay.checkpoints.savepoint_failed(job, clock(), &why);
                self.apply(job, Event::SavepointFailed(why), With::default());
            }
            RunEvent::RowsMayRepeat => self.apply(job, Event::RowsMayRepeat, With::default()),
            RunEvent::Ended { outcome, metrics } => {
                let run = live.run.take();
                live.untouched &= run.is_some_and(|run| !run.metrics.touched.load(Ordering::Relaxed));
                self.apply(job, Event::Ended(outcome, metrics), With::default());
            }
        }
    }

    /// A stop was asked for. Answered once it is durable; ids that are unknown or have ended are fine.
    pub fn stop(&mut self, id: JobId, request: StopRequest, follow: Option<Follow>) {
        let with = With { follow, ..With::default() };
        let Some(live) = self.jobs.get_mut(&id) else {
            with.follow.into_iter().for_each(|follow| self.after_all(follow));
            return;
        };
        let must_wait =
            matches!(live.plan, Planned::Compiling) && live.record.attempt.is_some() && !live.held;
        if must_wait && !live.record.state.is_end() {
            // A stop overtakes a savepoint, not the other way.
            if live.stop_when_ready != Some(StopRequest::Cancel) {
                live.stop_when_ready = Some(request);
                Arc::make_mut(&mut live.record).stop_request = Some(request);
            }
            self.save(id, Vec::new(), with.follow.into_iter().collect());
        } else {
            self.apply(id, Event::Stop(request), with);
        }
    }

    /// Decides one event by the table, and sets on its way what follows.
    pub fn apply(&mut self, id: JobId, event: Event, with: With) {
        let now = clock();
        let closing = self.closing.is_some();
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        let facts = live.facts(self.timeline, closing);
        let ended = matches!(event, Event::Ended(..) | Event::Abandoned);
        let record = Arc::make_mut(&mut live.record);
        let (lines, was_pending) = (record.events.len(), record.state == JobState::Pending);
        let Step { save, beside, effect } = transition::advance(record, &facts, event, now);
        for line in &record.events[lines..] {
            self.scribe.info(&live.log, line.at, format!("{}: {}", line.state, line.cause));
        }
        transition::trim(record);
        if was_pending && record.state != JobState::Pending {
            self.slots.dequeue(id);
        }
        let attempt = record.attempt;
        match effect {
            Some(Effect::Launch(Some(RunCommand::Stop))) => live.activity = Activity::WindUp,
            Some(Effect::Launch(_)) => live.activity = Activity::Attempt,
            Some(Effect::Wait(time)) => {
                live.activity = Activity::RetryWait;
                let number = attempt.map_or(0, |attempt| attempt.number);
                self.retries.push(Reverse((Instant::now() + time, id, number)));
            }
            Some(Effect::Command(_) | Effect::Refuse) | None => {
                let over = live.record.state.is_end() || live.record.state == JobState::Pending;
                if ended || over {
                    live.activity = Activity::Rest;
                    live.run = None;
                }
            }
        }
        if live.activity == Activity::Rest && std::mem::take(&mut live.has_slots) {
            self.slots.release(live.record.slots);
        }
        let mut follows: Vec<Follow> = match (effect, attempt) {
            (Some(Effect::Launch(command)), Some(attempt)) => vec![Follow::Launch(id, attempt, command)],
            (Some(Effect::Command(command)), Some(attempt)) => vec![Follow::Command(id, attempt, command)],
            (Some(Effect::Launch(_) | Effect::Command(_) | Effect::Wait(_) | Effect::Refuse) | None, _) => {
                vec![]
            }
        };
        let ops = self.beside(id, beside, with.checkpoint, with.committed, now, &mut follows);
        follows.extend(with.follow);
        match save {
            Save::Now => self.save(id, ops, follows),
            Save::Soon => {
                self.dirty.insert(id);
                if let Some(live) = self.jobs.get(&id) {
                    let record = Arc::clone(&live.record);
                    self.after_all(Follow::Show(record));
                }
                follows.into_iter().for_each(|follow| self.after_all(follow));
            }
            Save::Nothing if ops.is_empty() => {
                follows.into_iter().for_each(|follow| self.after_all(follow));
            }
            Save::Nothing => self.append(ops, Flight { job: Some(id), follows, ..Flight::default() }),
        }
    }

    /// The ops that go with the record.
    fn beside(
        &mut self,
        id: JobId,
        beside: Beside,
        checkpoint: Option<(Box<Checkpoint>, StoredAnswer)>,
        committed: Epoch,
        now: Millis,
        follows: &mut Vec<Follow>,
    ) -> Vec<Op> {
        let Some(live) = self.jobs.get_mut(&id) else {
            return Vec::new();
        };
        match beside {
            Beside::Nothing => Vec::new(),
            Beside::Checkpoint => {
                let Some((checkpoint, sender)) = checkpoint else {
                    return Vec::new();
                };
                let before = live.checkpoint.replace(Arc::new(checkpoint.as_ref().clone()));
                let note = CheckpointNote::of(&checkpoint);
                let epoch = checkpoint.epoch;
                follows.push(Follow::Stored { job: id, epoch, sender, before, note });
                vec![Op::Checkpoint { job: id, checkpoint }]
            }
            Beside::Committed => {
                live.committed = live.committed.max(committed);
                vec![Op::Committed { job: id, epoch: committed }]
            }
            Beside::Beginning => {
                let beginning = Checkpoint {
                    epoch: Epoch(0),
                    attempt: live.record.attempt.unwrap_or(AttemptId { timeline: self.timeline, number: 0 }),
                    at: now,
                    is_final: false,
                    is_savepoint: true,
                    state: Vec::new(),
                    prepared: Vec::new(),
                    counters: Counters::default(),
                };
                live.checkpoint = Some(Arc::new(beginning.clone()));
                vec![Op::Checkpoint { job: id, checkpoint: Box::new(beginning) }]
            }
            Beside::DropCheckpoint => {
                live.checkpoint = None;
                vec![Op::DropCheckpoint { job: id }]
            }
        }
    }

    /// Stores the record and `ops`; shows it, and does what follows, when they are durable.
    pub fn save(&mut self, id: JobId, mut ops: Vec<Op>, mut follows: Vec<Follow>) {
        let Some(live) = self.jobs.get(&id) else {
            return;
        };
        ops.insert(0, Op::Record(Box::new(live.record.as_ref().clone())));
        let last = if live.record.state.is_end() {
            Follow::Leave(id)
        } else {
            Follow::Show(Arc::clone(&live.record))
        };
        follows.insert(0, last);
        self.dirty.remove(&id);
        if let Some(unsaved) = self.unsaved.remove(&id) {
            follows.splice(0..0, unsaved);
        }
        self.append(ops, Flight { job: Some(id), follows, ..Flight::default() });
    }
}
