//! Accepting jobs.

use super::core::Core;
use super::flight::{Flight, Follow};
use super::handle::{Found, JobLogs, Message, Submission, SubmitAnswer, SubmitError, Submitted};
use super::live::{Live, Planned};
use super::scribe::Level;
use super::tags;
use super::transition::{self, Activity, Effect, Event};
use crate::model::{EventKind, JobId, JobRecord, JobState, JobTexts, MetricsSnapshot, Millis, Op};
use crate::plan::Plan;
use crate::runtime::{JobLog, Task, blocking, clock};
use crate::spec;
use crate::store::{StoreError, StoreReader};
use std::collections::VecDeque;
use std::sync::Arc;

/// A question to the store about an id, and who waits for it.
pub(super) struct Lookup {
    /// Held until it is answered; dropped with the scheduler.
    _asked: Task<()>,
    waiting: VecDeque<(Box<Submission>, SubmitAnswer)>,
}

impl Core {
    /// A submission. An id that lives is answered as it is; an id that a caller chose and that doesn't live is looked
    /// up in the store first, apart from this task.
    pub(super) fn submit(&mut self, submission: Box<Submission>, answer: SubmitAnswer) {
        if self.closing.is_some() {
            return refuse(answer, SubmitError::Closing);
        }
        let Some(id) = submission.id else {
            return self.accept(submission, None, answer);
        };
        if let Some(live) = self.jobs.get_mut(&id) {
            if live.record.state.is_end() {
                live.followers.push((submission, answer));
            } else if submission.key.is_some() && !is_same(&live.record, &submission) {
                refuse(answer, SubmitError::OtherRequest { id });
            } else {
                self.already_lives(id, answer);
            }
        } else if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.waiting.push_back((submission, answer));
        } else if let Some(waiting) = self.pruner.deleting.get_mut(&id) {
            waiting.push((submission, answer));
        } else {
            self.ids.given(id);
            let (reader, inbox) = (self.store.reader(), self.inbox.clone());
            let wants_checkpoint = submission.from_savepoint;
            let asked = blocking(move || {
                let found = look_up(&reader, id, wants_checkpoint);
                let _gone = inbox.send(Message::Found(id, found));
            });
            self.lookups.insert(id, Lookup { _asked: asked, waiting: [(submission, answer)].into() });
        }
    }

    /// The same id again: the same answer, nothing started.
    fn already_lives(&mut self, id: JobId, answer: SubmitAnswer) {
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        let record = Arc::make_mut(&mut live.record);
        record.note(clock(), EventKind::Noted, "submitted again while it lives; nothing was started");
        transition::trim(record);
        let submitted = Submitted { id, name: record.name.clone() };
        self.save(id, Vec::new(), vec![Follow::Submitted(answer, submitted)]);
    }

    /// The store has answered about an id. The first submission takes it; those behind are looked at anew.
    pub(super) fn found(&mut self, id: JobId, found: Result<Box<Found>, StoreError>) {
        let Some(mut lookup) = self.lookups.remove(&id) else {
            return;
        };
        let Some((submission, answer)) = lookup.waiting.pop_front() else {
            return;
        };
        match found {
            Err(StoreError::Loading(loading)) => refuse(answer, SubmitError::Loading { id, loading }),
            Err(error) => refuse(answer, SubmitError::Store(error.to_string())),
            Ok(found) if !submission.from_savepoint && found.record.is_none() => {
                self.accept(submission, None, answer);
            }
            Ok(found) if !submission.from_savepoint => {
                let record = found.record.filter(|_| submission.key.is_some());
                match record {
                    Some(record) if is_same(&record, &submission) => {
                        // A client that hung up is not told.
                        let _gone = answer.send(Ok(Submitted { id, name: record.name }));
                    }
                    Some(_) => refuse(answer, SubmitError::OtherRequest { id }),
                    None => refuse(answer, SubmitError::AlreadySubmitted { id }),
                }
            }
            Ok(found) if found.checkpoint.is_some() => self.accept(submission, Some(found), answer),
            Ok(found) => refuse(answer, SubmitError::NoCheckpoint { id, with: found.with_checkpoint }),
        }
        lookup.waiting.into_iter().for_each(|(submission, answer)| self.submit(submission, answer));
    }

    /// Accepts a job, restored from what was found under its id if anything was. With a free slot its first attempt is
    /// recorded in the same append.
    fn accept(&mut self, submission: Box<Submission>, found: Option<Box<Found>>, answer: SubmitAnswer) {
        if self.closing.is_some() {
            return refuse(answer, SubmitError::Closing);
        }
        if let Some(reason) = self.store.no_space() {
            return refuse(answer, SubmitError::NoSpace(reason));
        }
        let tags = self.overlay.tags();
        if let Some(missing) = tags::missing(&submission.plan.settings.tag_filter, &tags) {
            return refuse(answer, SubmitError::OtherTags { missing, tags: tags::shown(&tags) });
        }
        let needed = submission.plan.slots;
        if let Some(total) = self.slots.too_few_for(needed) {
            return refuse(answer, SubmitError::NoSlots { needed, total });
        }
        let has_slots = self.slots.take(needed);
        if !has_slots && self.settings.reject_when_full {
            return refuse(answer, SubmitError::Full(self.slots.refusal(needed)));
        }
        let now = clock();
        let (id, floor) = match submission.id {
            Some(id) => (id, None),
            None => {
                let generated = self.ids.next(now);
                (generated.id, generated.floor)
            }
        };
        let Submission { id: _, name, from_savepoint, origin, key, texts, plan, warnings } = *submission;
        let mut record = JobRecord { key, ..new_record(id, name, origin, &plan, now) };
        let waiting = (!has_slots).then(|| self.slots.reason(needed));
        let texts: JobTexts = texts;
        let log = self.log_of(id);
        let mut said: Vec<(Level, String)> =
            warnings.iter().map(|warning| (Level::Warn, warning.to_string())).collect();
        if let Some(before) = found.as_ref().and_then(|found| found.resolved.as_deref()) {
            let changed = spec::changes(before, &texts.resolved);
            if !changed.is_empty() {
                let text = "the job is not as it was when its checkpoint was stored; what the checkpoint holds is used as \
                            far as it fits. Changed:";
                said.push((Level::Warn, format!("{text} {}", changed.join(", "))));
            }
        }
        record.from_savepoint = from_savepoint;
        let mut live = Live::new(record, Planned::Ready(Arc::new(plan)), log);
        if let Some(found) = found {
            restore(&mut live, *found);
        }
        let record = Arc::make_mut(&mut live.record);
        let lines = record.events.len();
        let cause = if from_savepoint { "submitted, to go on from its checkpoint" } else { "submitted" };
        record.note(now, EventKind::Submitted, cause);
        let mut follows = Vec::with_capacity(4);
        let mut launch = None;
        if has_slots {
            let facts = live.facts(self.timeline, false);
            let step = transition::advance(Arc::make_mut(&mut live.record), &facts, Event::Admitted, now);
            (live.activity, live.has_slots) = (Activity::Attempt, true);
            if let (Some(Effect::Launch(command)), Some(attempt)) = (step.effect, live.record.attempt) {
                launch = Some(Follow::Launch(id, attempt, command));
            }
        } else {
            let record = Arc::make_mut(&mut live.record);
            record.state = JobState::Pending;
            record.waiting = waiting;
            self.slots.enqueue(id, needed);
        }
        let record = Arc::make_mut(&mut live.record);
        let events = &record.events[lines..];
        said.extend(events.iter().map(|event| (Level::Info, format!("{}: {}", event.state, event.cause))));
        transition::trim(record);
        let submitted = Submitted { id, name: record.name.clone() };
        let mut ops = Vec::with_capacity(2);
        ops.extend(floor.map(Op::IdFloor));
        ops.push(Op::Submitted { record: Box::new(record.clone()), texts: Box::new(texts) });
        follows.push(Follow::Log(Arc::clone(&live.log), now, said));
        follows.push(Follow::Show(Arc::clone(&live.record)));
        follows.push(Follow::Submitted(answer, submitted));
        follows.extend(launch);
        self.jobs.insert(id, live);
        self.append(ops, Flight { job: Some(id), has_floor: floor.is_some(), accepts: true, follows });
    }

    /// A job that could not be recorded: as if it had never come.
    pub(super) fn forget(&mut self, id: JobId) {
        self.slots.dequeue(id);
        self.dirty.remove(&id);
        self.unsaved.remove(&id);
        let Some(live) = self.jobs.remove(&id) else {
            return;
        };
        if live.has_slots {
            self.slots.release(live.record.slots);
        }
        live.followers.into_iter().for_each(|(submission, answer)| self.submit(submission, answer));
    }

    /// The job's own log.
    pub(super) fn log_of(&self, id: JobId) -> Arc<JobLog> {
        Arc::new(match &self.settings.logs {
            JobLogs::Directory(dir) => {
                JobLog::to_file(dir.join(JobLog::file_name(id.0)), self.settings.log_limits)
            }
            JobLogs::Stdout => JobLog::to_stdout(),
        })
    }
}

/// Whether a submission with a key is the one that the record is of.
fn is_same(record: &JobRecord, submission: &Submission) -> bool {
    submission.key.is_some() && record.key == submission.key
}

fn refuse(answer: SubmitAnswer, error: SubmitError) {
    // A client that hung up is not told.
    let _gone = answer.send(Err(error));
}

/// What is stored under an id.
fn look_up(reader: &StoreReader, id: JobId, wants_checkpoint: bool) -> Result<Box<Found>, StoreError> {
    let record = reader.whole_record(id)?;
    let checkpoint = if wants_checkpoint { reader.checkpoint(id)? } else { None };
    let resolved = if checkpoint.is_some() { reader.texts(id)?.map(|texts| texts.resolved) } else { None };
    let with_checkpoint =
        if wants_checkpoint && checkpoint.is_none() { reader.checkpoint_ids()? } else { Vec::new() };
    Ok(Box::new(Found { record, checkpoint, resolved, with_checkpoint }))
}

/// Goes on where the job's last run under this id ended: attempts, epochs and counts are not reset.
fn restore(live: &mut Live, found: Found) {
    let record = Arc::make_mut(&mut live.record);
    if let Some(before) = found.record {
        record.key = record.key.or(before.key);
        record.attempt = before.attempt;
        live.untouched = record.attempt.is_none();
        record.rows_may_repeat = before.rows_may_repeat;
        record.events = before.events;
    }
    if let Some((checkpoint, committed)) = found.checkpoint {
        record.metrics = checkpoint.counters.metrics.clone();
        live.checkpoint = Some(Arc::new(checkpoint));
        live.committed = committed;
    }
}

fn new_record(id: JobId, name: String, origin: crate::model::Origin, plan: &Plan, now: Millis) -> JobRecord {
    JobRecord {
        id,
        name,
        state: JobState::Created,
        stop_request: None,
        origin,
        created: now,
        started: None,
        ended: None,
        from_savepoint: false,
        attempt: None,
        retries: 0,
        deaths: 0,
        slots: plan.slots,
        waiting: None,
        fault: None,
        savepoint_failure: None,
        rows_may_repeat: false,
        env: plan.settings.env.clone(),
        dag: plan.dag.clone(),
        metrics: MetricsSnapshot::zero(plan.read_tables(), plan.written_tables()),
        accounting: None,
        events: Vec::new(),
        key: None,
    }
}
