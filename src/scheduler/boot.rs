//! Starting: the jobs that lived when the server ended, and those that a copy holds.

use super::core::{Core, With};
use super::flight::{Flight, Flights, Follow};
use super::handle::{Answer, JobLogs, Message, SchedulerHandle, SchedulerSettings};
use super::ids::Ids;
use super::live::{Live, Planned};
use super::overlay::Overlay;
use super::prune::Pruner;
use super::recover::{self, Boot};
use super::scribe::Scribe;
use super::slots::Slots;
use super::tags;
use super::transition::{self, Event};
use crate::exec::Launcher;
use crate::model::{Fault, JobId, JobState, JobTexts, Op, Problem, StopRequest};
use crate::plan::{self, Plan, Rejection};
use crate::plugin::Registry;
use crate::runtime::{Task, blocking, clock, spawn};
use crate::spec::{self, JsonMode};
use crate::store::{Recovered, RecoveredJob, Store};
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Starts the scheduler on the current tokio runtime. The recovered jobs are in the overlay when this returns; they are
/// compiled and started behind it. The task ends after a shutdown; dropped, it ends at once, and with it all attempts.
pub fn start(
    store: Store,
    recovered: Recovered,
    launcher: Arc<dyn Launcher>,
    registry: Arc<Registry>,
    settings: SchedulerSettings,
) -> (SchedulerHandle, Task<()>) {
    if let JobLogs::Directory(dir) = &settings.logs
        && let Err(error) = std::fs::create_dir_all(dir)
    {
        tracing::error!(%error, dir = %dir.display(), "no directory for job logs; they are lost");
    }
    let (inbox, messages) = mpsc::unbounded_channel();
    let (events, happened) = mpsc::unbounded_channel();
    let overlay = Arc::new(Overlay::default());
    overlay.set_tags(tags::effective(recovered.tags, &settings.tags));
    overlay.set_held(recovered.held.clone());
    let handle = SchedulerHandle { inbox: inbox.clone(), overlay: Arc::clone(&overlay) };
    let mut core = Core {
        timeline: store.timeline(),
        store,
        launcher,
        ids: Ids::new(recovered.id_floor),
        slots: Slots::new(settings.slots, settings.max_running_jobs),
        inbox,
        events,
        overlay,
        scribe: Scribe::start(),
        jobs: HashMap::with_capacity(recovered.live.len()),
        flights: Flights::default(),
        dirty: HashSet::new(),
        unsaved: HashMap::new(),
        lookups: HashMap::new(),
        retries: BinaryHeap::new(),
        tick: Instant::now(),
        pruner: Pruner::new(&settings.retention),
        closing: None,
        compiling: None,
        settings,
    };
    core.learn_given_ids();
    let texts = core.take_over(recovered.live, recovered.held.as_deref());
    core.compile_again(texts, registry);
    if core.settings.resume && recovered.held.is_some() {
        core.resume_held(None);
    }
    core.overlay.set_slots(core.slots.view());
    (handle, spawn(core.run(messages, happened)))
}

/// The plan of a recorded job: from its resolved text and the tables that were discovered then, without I/O.
fn recompile(texts: &JobTexts, registry: &Registry, defaults: &plan::Defaults) -> Result<Plan, Rejection> {
    let tree = spec::parse_json(texts.resolved.as_bytes(), JsonMode::Strict, "").map_err(rejected)?;
    let spec = spec::job_spec(&tree, &defaults.shade).map_err(rejected)?;
    plan::recompile_spec(&spec, &texts.catalogues, registry, defaults)
}

fn rejected(errors: Vec<Problem>) -> Rejection {
    Rejection { errors, warnings: Vec::new() }
}

fn panicked() -> Rejection {
    rejected(vec![Problem::new("", "a plug-in panicked while the job was compiled")])
}

impl Core {
    /// Tells the generator which ids are taken that it would come to.
    fn learn_given_ids(&mut self) {
        match self.store.reader().ids(self.ids.to_come()) {
            Ok(taken) => taken.into_iter().for_each(|id| self.ids.given(id)),
            Err(error) => tracing::error!(%error, "given ids ahead of the generated ones are not known"),
        }
    }

    /// Decides what becomes of each recovered job; answers the texts of those that must be compiled again, in the order in
    /// which they are to run: first those that ran, then those that waited.
    fn take_over(&mut self, mut found: Vec<RecoveredJob>, held: Option<&str>) -> Vec<(JobId, JobTexts)> {
        let waited = |state: JobState| matches!(state, JobState::Created | JobState::Pending);
        found.sort_by_key(|job| (waited(job.record.state), job.record.created, job.record.id));
        let now = clock();
        let mut texts = Vec::with_capacity(found.len());
        for RecoveredJob { mut record, texts: job_texts, checkpoint, committed } in found {
            let id = record.id;
            let before = (record.events.len(), record.state, record.waiting.clone());
            let boot = recover::decide(&mut record, checkpoint.as_ref(), held, now);
            let log = self.log_of(id);
            for event in &record.events[before.0..] {
                self.scribe.info(&log, now, format!("{}: {}", event.state, event.cause));
            }
            transition::trim(&mut record);
            let mut live = Live::new(record, Planned::Compiling, log);
            (live.checkpoint, live.committed) = (checkpoint.map(Arc::new), committed);
            let fault = match boot {
                Boot::Queue => {
                    self.enqueue(&mut live);
                    None
                }
                Boot::Hold => {
                    live.held = true;
                    None
                }
                Boot::Stop(request) => {
                    live.stop_when_ready = Some(request);
                    None
                }
                Boot::Fail(fault) => Some(fault),
            };
            if before != (live.record.events.len(), live.record.state, live.record.waiting.clone()) {
                self.dirty.insert(id);
            }
            self.overlay.publish(Arc::clone(&live.record), self.slots.ticket(id));
            self.jobs.insert(id, live);
            match fault {
                Some(fault) => self.apply(id, Event::Unstartable(fault), With::default()),
                None => texts.push((id, job_texts)),
            }
        }
        texts
    }

    /// To the end of the queue; a job that needs more slots than there are waits apart, and holds up nobody.
    fn enqueue(&mut self, live: &mut Live) {
        let record = Arc::make_mut(&mut live.record);
        record.waiting = Some(match self.slots.too_few_for(record.slots) {
            Some(total) => {
                format!(
                    "needs {} slots, this server has {total}; it waits until there are more",
                    record.slots
                )
            }
            None => {
                self.slots.enqueue(record.id, record.slots);
                self.slots.reason(record.slots)
            }
        });
    }

    fn compile_again(&mut self, texts: Vec<(JobId, JobTexts)>, registry: Arc<Registry>) {
        if texts.is_empty() {
            return;
        }
        let (inbox, defaults) = (self.inbox.clone(), self.settings.plan_defaults.clone());
        self.compiling = Some(blocking(move || {
            for (id, texts) in texts {
                let compile = || recompile(&texts, &registry, &defaults);
                // A plug-in that panics here must not keep the jobs behind it from running.
                let plan = catch_unwind(AssertUnwindSafe(compile)).unwrap_or_else(|_| Err(panicked()));
                if inbox.send(Message::Compiled(id, plan.map(Box::new))).is_err() {
                    return;
                }
            }
        }));
    }

    /// A recorded job is compiled again, or can't be any more.
    pub(super) fn compiled(&mut self, id: JobId, plan: Result<Box<Plan>, Rejection>) {
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        let stop = live.stop_when_ready.take();
        let fault = match plan {
            Ok(plan) => {
                live.plan = Planned::Ready(Arc::new(*plan));
                None
            }
            Err(rejection) => {
                live.plan = Planned::Broken;
                let mut fault = Fault::user("the recorded job can't be compiled any more").final_one();
                fault.causes = rejection.errors.iter().map(ToString::to_string).collect();
                Some(fault)
            }
        };
        match (stop, fault) {
            (Some(request), _) => self.apply(id, Event::Stop(request), With::default()),
            (None, Some(fault)) => self.apply(id, Event::Unstartable(fault), With::default()),
            (None, None) => {}
        }
    }

    /// Lets the held jobs of a copy run. Their records first, the word of the operator next, their attempts last: a
    /// crash in between leaves them held.
    pub(super) fn resume_held(&mut self, answer: Option<Answer<usize>>) {
        let now = clock();
        let mut held: Vec<_> = self.jobs.values().filter(|live| live.held).map(|live| &live.record).collect();
        held.sort_unstable_by_key(|record| (record.started.is_none(), record.created, record.id));
        let held: Vec<JobId> = held.into_iter().map(|record| record.id).collect();
        let mut stops: Vec<(JobId, StopRequest)> = Vec::new();
        for id in &held {
            let Some(mut live) = self.jobs.remove(id) else {
                continue;
            };
            live.held = false;
            let checkpoint = live.checkpoint.clone();
            let record = Arc::make_mut(&mut live.record);
            let stop = recover::release(record, checkpoint.as_deref(), now);
            transition::trim(record);
            match stop {
                Some(request) => stops.push((*id, request)),
                None => self.enqueue(&mut live),
            }
            self.jobs.insert(*id, live);
            self.save(*id, Vec::new(), Vec::new());
        }
        let follows = vec![Follow::Resumed(answer, held.len())];
        self.append(vec![Op::Resumed], Flight { follows, ..Flight::default() });
        for (id, request) in stops {
            self.stop(id, request, None);
        }
    }
}
