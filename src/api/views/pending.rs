//! Jobs that wait for slots. What the engine calls a task group takes a slot; here that is one pipeline's parallelism.

use super::text::local_time;
use crate::model::{DagInfo, JobId, JobState, Millis};
use crate::scheduler::{LiveJob, SlotView};
use serde_json::{Map, Value, json};

/// Ids that are listed where there may be many.
const IDS: usize = 100;

/// What the view is made of.
pub struct Pending<'a> {
    /// Now.
    pub now: Millis,
    /// Whether times are texts.
    pub pretty: bool,
    /// `WAIT` or `REJECT`.
    pub strategy: &'static str,
    /// Host and port.
    pub address: &'a str,
    /// Tags of this node.
    pub tags: &'a [(String, String)],
    /// Whether this node has the tags that are asked for.
    pub matched: bool,
    /// Slots.
    pub slots: SlotView,
    /// Processor and memory, as shares of 1.
    pub load: (f64, f64),
    /// Those that wait, in the order of the queue.
    pub pending: &'a [LiveJob],
    /// The other live jobs.
    pub running: &'a [LiveJob],
    /// The one job that is asked for.
    pub wanted: Option<JobId>,
    /// So many jobs at most.
    pub limit: usize,
}

/// The wire shape.
#[must_use]
pub fn pending_jobs(of: &Pending<'_>) -> Value {
    let enqueued = of.pending.iter().map(since);
    let mut queue = Map::from_iter([
        ("size".to_owned(), json!(of.pending.len())),
        ("scheduleStrategy".to_owned(), json!(of.strategy)),
    ]);
    for (name, time) in
        [("oldestEnqueueTimestamp", enqueued.clone().min()), ("newestEnqueueTimestamp", enqueued.max())]
    {
        if let Some(time) = time {
            queue.insert(name.to_owned(), of.time(time));
        }
    }
    let lacking: u64 = of.pending.iter().map(|job| u64::from(job.record.slots)).sum();
    queue.insert("lackingTaskGroups".to_owned(), json!(lacking));
    let jobs = of.pending.iter().filter(|job| of.wanted.is_none_or(|wanted| wanted == job.record.id));
    json!({
        "queueSummary": queue,
        "clusterSnapshot": of.cluster(),
        "pendingJobs": jobs.take(of.limit).map(|job| of.job(job)).collect::<Vec<_>>(),
    })
}

/// When it began to wait: its latest change to PENDING, or its submission.
fn since(job: &LiveJob) -> Millis {
    let events = job.record.events.iter().rev().take_while(|event| event.state == JobState::Pending);
    events.last().map_or(job.record.created, |event| event.at)
}

impl Pending<'_> {
    fn time(&self, at: Millis) -> Value {
        if self.pretty { json!(local_time(at)) } else { json!(at) }
    }

    fn cluster(&self) -> Value {
        let slots = if self.matched { self.slots } else { SlotView::default() };
        let assigned = slots.total.saturating_sub(slots.free);
        let worker = || {
            json!({
                "address": self.address,
                "tags": self.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>(),
                "totalSlots": slots.total,
                "freeSlots": slots.free,
                "dynamicSlot": self.slots.total == 0,
                "cpuUsage": self.load.0,
                "memUsage": self.load.1,
                "runningJobIds": self.running_ids(),
            })
        };
        json!({
            "totalSlots": slots.total,
            "freeSlots": slots.free,
            "assignedSlots": assigned,
            "workerCount": u8::from(self.matched),
            "workers": if self.matched { vec![worker()] } else { Vec::new() },
        })
    }

    fn running_ids(&self) -> Vec<i64> {
        self.running.iter().take(IDS).map(|job| job.record.id.0).collect()
    }

    fn job(&self, job: &LiveJob) -> Value {
        let record = &job.record;
        let (enqueued, queued) = (since(job), job.queue_position.is_some());
        let mut view = Map::from_iter([
            ("jobId".to_owned(), json!(record.id.0)),
            ("jobName".to_owned(), json!(record.name)),
            (
                "pendingSourceState".to_owned(),
                json!(if record.attempt.is_none() { "SUBMIT" } else { "RESTORE" }),
            ),
            ("jobStatus".to_owned(), json!(record.state.name())),
            ("enqueueTimestamp".to_owned(), self.time(enqueued)),
            ("checkTime".to_owned(), self.time(self.now)),
            ("waitDurationMs".to_owned(), json!((self.now - enqueued).max(0))),
            // Nobody polls: a job starts when slots are given back.
            ("checkCount".to_owned(), json!(0)),
            ("totalTaskGroups".to_owned(), json!(record.slots)),
            ("allocatedTaskGroups".to_owned(), json!(0)),
            ("lackingTaskGroups".to_owned(), json!(record.slots)),
        ]);
        if let Some(position) = job.queue_position {
            view.insert("queuePosition".to_owned(), json!(position + 1));
        }
        if let Some(waiting) = &record.waiting {
            let reason = if queued { "RESOURCE_NOT_ENOUGH" } else { "REQUEST_FAILED" };
            view.insert("failureReason".to_owned(), json!(reason));
            view.insert("failureMessage".to_owned(), json!(waiting));
        }
        view.insert("blockingJobIds".to_owned(), json!(if queued { self.running_ids() } else { Vec::new() }));
        view.insert("pipelines".to_owned(), pipelines(&record.dag));
        view.insert("lackingTaskGroupDiagnostics".to_owned(), json!([]));
        Value::Object(view)
    }
}

/// What each pipeline needs: the most that one of its vertices runs in parallel.
fn pipelines(dag: &DagInfo) -> Value {
    let needs = |id: &u32| {
        let of = dag.vertices.iter().filter(|vertex| vertex.pipeline == *id);
        let needs = of.map(|vertex| vertex.parallelism).max().unwrap_or(1);
        json!({"pipelineId": id, "totalTaskGroups": needs, "allocatedTaskGroups": 0, "lackingTaskGroups": needs})
    };
    json!(dag.pipelines().iter().map(needs).collect::<Vec<_>>())
}
