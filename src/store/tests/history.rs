//! A random history of requests, and what a store should hold after any part of it.
//!
//! Requests are handed over one after the other, of several clients in turn and without waiting for each; so
//! whatever a store holds at any time is what a first part of them makes, and at least what was answered.

use super::*;
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// What is known of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    pub record: Option<JobRecord>,
    pub texts: Option<JobTexts>,
    pub checkpoint: Option<Checkpoint>,
    pub committed: Epoch,
}

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub jobs: BTreeMap<JobId, Known>,
    pub tags: Vec<(String, String)>,
    pub id_floor: i64,
}

impl State {
    pub fn apply(&mut self, ops: &[Op]) {
        for op in ops {
            match op.clone() {
                Op::Submitted { record, texts } => {
                    let known = self.jobs.entry(record.id).or_default();
                    (known.record, known.texts) = (Some(*record), Some(*texts));
                }
                Op::Record(record) => {
                    let job = record.id;
                    self.jobs.entry(job).or_default().record = Some(*record);
                }
                Op::Checkpoint { job, checkpoint } => {
                    self.jobs.entry(job).or_default().checkpoint = Some(*checkpoint);
                }
                Op::Committed { job, epoch } => self.jobs.entry(job).or_default().committed = epoch,
                Op::DropCheckpoint { job } => {
                    let known = self.jobs.entry(job).or_default();
                    (known.checkpoint, known.committed) = (None, Epoch::default());
                }
                Op::Tags(tags) => self.tags = tags,
                Op::IdFloor(floor) => self.id_floor = self.id_floor.max(floor),
                Op::Forget { job } => drop(self.jobs.remove(&job)),
                Op::Resumed => {}
            }
        }
    }

    /// Without what no reader can see: a committed epoch without a checkpoint.
    pub fn visible(mut self) -> Self {
        for known in self.jobs.values_mut().filter(|known| known.checkpoint.is_none()) {
            known.committed = Epoch::default();
        }
        self
    }

    /// What a store that has just been opened holds, by every way there is to ask it.
    pub fn of(opened: &Opened) -> Self {
        let Opened { store, recovered } = opened;
        let state = Self::read(store, recovered.tags.clone(), recovered.id_floor);
        let is_live = |known: &&Known| known.record.as_ref().is_some_and(|record| !record.state.is_end());
        let live: Vec<Known> = state.jobs.values().filter(is_live).cloned().collect();
        let told: Vec<Known> = (recovered.live.iter().cloned())
            .map(|RecoveredJob { record, texts, checkpoint, committed }| Known {
                record: Some(record),
                texts: Some(texts),
                checkpoint,
                committed,
            })
            .collect();
        assert_eq!(told, live, "what the scheduler is told is what readers see");
        state
    }

    /// What a store holds; tags and floor can't be asked for.
    pub fn read(store: &Store, tags: Vec<(String, String)>, id_floor: i64) -> Self {
        let reader = store.reader();
        let mut jobs = BTreeMap::new();
        for job in reader.ids(JobId(i64::MIN)..=JobId(i64::MAX)).unwrap() {
            let (checkpoint, committed) = reader.checkpoint(job).unwrap().unzip();
            jobs.insert(
                job,
                Known {
                    record: reader.record(job).unwrap(),
                    texts: reader.texts(job).unwrap(),
                    checkpoint,
                    committed: committed.unwrap_or_default(),
                },
            );
        }
        let with: Vec<JobId> =
            jobs.iter().filter(|(_, known)| known.checkpoint.is_some()).map(|(job, _)| *job).collect();
        assert_eq!(reader.checkpoint_ids().unwrap(), with);
        let mut ended: Vec<JobRecord> = jobs.values().filter_map(|known| known.record.clone()).collect();
        ended.retain(|record| record.state.is_end());
        ended.sort_by_key(|record| (record.ended, record.id));
        let all = EndedQuery { limit: usize::MAX, ..EndedQuery::default() };
        assert_eq!(reader.ended(&all).unwrap().records, ended);
        // Counts are settled by then.
        until("the index has caught up", || store.status().index_lag == 0);
        assert_eq!(reader.counts().total(), ended.len() as u64);
        Self { jobs, tags, id_floor }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Recorded,
    Refused,
    /// Nobody knows before the next start.
    Unknown(String),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    pub ops: Vec<Op>,
    /// The moment at which it was handed over.
    pub sent: usize,
    /// The moment at which it was answered.
    pub answered: Option<(usize, Answer)>,
}

/// The requests to one store, in order.
#[derive(Clone)]
pub struct History<Clock> {
    requests: Arc<Mutex<Vec<Request>>>,
    clock: Clock,
    base: State,
    /// What requests are drawn from: the state as if all of them had been recorded.
    drawn: State,
    number: u64,
    /// Whether requests are only about what is recorded for certain: else a refusal leaves jobs without a text.
    pub is_careful: bool,
}

impl<Clock: Fn() -> usize + Clone + Send + 'static> History<Clock> {
    /// Numbers of requests begin behind `number`.
    pub fn new(base: State, number: u64, clock: Clock) -> Self {
        Self { requests: Arc::default(), clock, drawn: base.clone(), base, number, is_careful: false }
    }

    /// Draws a request and hands it over.
    pub fn send(&mut self, store: &Store, random: &mut SmallRng) {
        if self.is_careful {
            self.drawn = self.recorded();
        }
        let mut ops = Vec::new();
        for _ in 0..[1, 1, 1, 2, 3][random.random_range(0..5)] {
            self.number += 1;
            let mut op = draw(&self.drawn, self.number, random);
            if let Op::Record(_) | Op::Checkpoint { .. } | Op::Committed { .. } = op
                && let Some(job) = op_job(&op).filter(|job| self.refused().contains(job))
            {
                op = submission(job.0, self.number, true, random);
            }
            self.drawn.apply(std::slice::from_ref(&op));
            ops.push(op);
        }
        let sent = (self.clock)();
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(Request { ops: ops.clone(), sent, answered: None });
            requests.len() - 1
        };
        let (requests, clock) = (Arc::clone(&self.requests), self.clock.clone());
        store.append(
            ops,
            Box::new(move |result| {
                let answer = match result {
                    Ok(_) => Answer::Recorded,
                    Err(StoreError::Refused(_)) => Answer::Refused,
                    Err(error) => Answer::Unknown(error.to_string()),
                };
                let moment = clock();
                requests.lock().unwrap()[number].answered = Some((moment, answer));
            }),
        );
    }

    /// Jobs whose last submission was refused: nothing goes on from one.
    fn refused(&self) -> BTreeSet<JobId> {
        let mut refused = BTreeSet::new();
        for request in self.requests.lock().unwrap().iter() {
            for op in request.ops.iter().filter(|op| matches!(op, Op::Submitted { .. })) {
                match (&request.answered, op_job(op)) {
                    (Some((_, Answer::Recorded)), Some(job)) => drop(refused.remove(&job)),
                    (Some(_), Some(job)) => drop(refused.insert(job)),
                    (None, _) | (_, None) => {}
                }
            }
        }
        refused
    }

    /// Waits until everything is answered.
    pub fn settle(&self) {
        until("all requests are answered", || self.unanswered() == 0);
    }

    pub fn unanswered(&self) -> usize {
        self.requests.lock().unwrap().iter().filter(|request| request.answered.is_none()).count()
    }

    /// What was answered, folded.
    pub fn recorded(&self) -> State {
        let mut state = self.base.clone();
        let requests = self.requests.lock().unwrap();
        let recorded =
            requests.iter().filter(|request| matches!(request.answered, Some((_, Answer::Recorded))));
        recorded.for_each(|request| state.apply(&request.ops));
        state
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// What a store may hold: the base, and a first part of the requests that were under way.
#[derive(Clone, Default)]
pub struct Expected {
    pub base: State,
    pub under_way: Vec<Vec<Op>>,
}

impl Expected {
    /// What is to be expected of a history at a moment.
    pub fn at(base: &State, requests: &[Request], moment: usize) -> Self {
        let mut expected = Self { base: base.clone(), under_way: Vec::new() };
        for request in requests.iter().filter(|request| request.sent <= moment) {
            match request.answered.as_ref().filter(|(at, _)| *at <= moment) {
                Some((_, Answer::Recorded)) => {
                    assert!(expected.under_way.is_empty(), "answered before an earlier request");
                    expected.base.apply(&request.ops);
                }
                Some((_, Answer::Refused)) => {}
                Some((_, Answer::Unknown(_))) | None => expected.under_way.push(request.ops.clone()),
            }
        }
        expected
    }

    /// Checks what a store holds; how many of the requests under way it holds too, and all that it holds then: no reader
    /// sees an epoch that was committed after its checkpoint was dropped.
    pub fn check(&self, found: &State) -> Result<(usize, State), String> {
        let mut state = self.base.clone();
        let none = &Vec::new();
        for (count, ops) in std::iter::once(none).chain(&self.under_way).enumerate() {
            state.apply(ops);
            if state.clone().visible() == *found {
                return Ok((count, state));
            }
        }
        Err(self.difference(found))
    }

    fn difference(&self, found: &State) -> String {
        let base = self.base.clone().visible();
        let mut lines = vec![format!("{} requests were under way", self.under_way.len())];
        let jobs = base.jobs.keys().chain(found.jobs.keys()).collect::<std::collections::BTreeSet<_>>();
        for job in jobs {
            let (expected, found) = (base.jobs.get(job), found.jobs.get(job));
            if expected != found {
                lines.push(format!("job {job}: answered {}, found {}", brief(expected), brief(found)));
            }
        }
        if base.tags != found.tags || base.id_floor != found.id_floor {
            lines.push(format!(
                "answered {:?} {}, found {:?} {}",
                base.tags, base.id_floor, found.tags, found.id_floor
            ));
        }
        lines.join("\n")
    }
}

fn brief(known: Option<&Known>) -> String {
    let Some(known) = known else { return "nothing".to_owned() };
    let record = known.record.as_ref().map(|record| (record.state, record.retries));
    let texts = known.texts.as_ref().map(|texts| texts.submitted.len());
    let checkpoint = known.checkpoint.as_ref().map(|checkpoint| (checkpoint.epoch, checkpoint.state.len()));
    format!("{record:?} texts {texts:?} checkpoint {checkpoint:?} {:?}", known.committed)
}

/// Text that compression leaves large.
fn noise(bytes: usize, random: &mut SmallRng) -> String {
    (0..bytes).map(|_| char::from(random.random_range(b'!'..=b'~'))).collect()
}

fn size(random: &mut SmallRng) -> usize {
    let most = [20, 200, 900, 3000, 6000][random.random_range(0..5)];
    random.random_range(0..most)
}

/// An op that makes sense after `state`; its number makes it differ from all others.
fn draw(state: &State, number: u64, random: &mut SmallRng) -> Op {
    const STATES: [JobState; 8] = [
        JobState::Scheduled,
        JobState::Running,
        JobState::Running,
        JobState::DoingSavepoint,
        JobState::Finished,
        JobState::Failed,
        JobState::SavepointDone,
        JobState::Canceled,
    ];
    let is_live = |known: &Known| known.record.as_ref().is_some_and(|record| !record.state.is_end());
    let of_live = random.random_bool(0.85);
    let known = state.jobs.iter().filter(|(_, known)| !of_live || is_live(known)).choose(random);
    let client = 1_000_000 * random.random_range(1..=4);
    let Some((job, known)) = known.filter(|_| random.random_bool(0.75)) else {
        let job = client + number as i64;
        return submission(job, number, false, random);
    };
    match random.random_range(0..20) {
        0 => Op::Tags(vec![("number".to_owned(), number.to_string())]),
        1 | 2 => Op::IdFloor(number as i64),
        3 => submission(job.0, number, true, random),
        4 | 5 => Op::DropCheckpoint { job: *job },
        6..=9 if known.checkpoint.is_some() => {
            Op::Committed { job: *job, epoch: Epoch(known.committed.0.max(number)) }
        }
        6..=11 => {
            let mut op = checkpoint(job.0, number, size(random));
            if let Op::Checkpoint { checkpoint, .. } = &mut op {
                checkpoint.at = number as i64;
            }
            op
        }
        _ => {
            let mut record = record(job.0, *STATES.choose(random).unwrap_or(&JobState::Running));
            record.retries = number as u32;
            if let Some(before) = &known.record {
                (record.created, record.from_savepoint) = (before.created, before.from_savepoint);
            }
            record.waiting = Some(noise(size(random), random));
            Op::Record(Box::new(record))
        }
    }
}

fn op_job(op: &Op) -> Option<JobId> {
    match op {
        Op::Submitted { record, .. } | Op::Record(record) => Some(record.id),
        Op::Checkpoint { job, .. }
        | Op::Committed { job, .. }
        | Op::DropCheckpoint { job }
        | Op::Forget { job } => Some(*job),
        Op::Tags(_) | Op::IdFloor(_) | Op::Resumed => None,
    }
}

/// A job that is there already goes on from its savepoint.
fn submission(job: i64, number: u64, from_savepoint: bool, random: &mut SmallRng) -> Op {
    let mut record = record(job, JobState::Pending);
    (record.created, record.from_savepoint) = (number as i64, from_savepoint);
    record.retries = number as u32;
    let mut texts = texts(job, 5);
    texts.submitted = noise(size(random), random);
    Op::Submitted { record: Box::new(record), texts: Box::new(texts) }
}
