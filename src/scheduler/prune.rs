//! Deleting what is over of ended jobs: records, logs, checkpoints.
//!
//! From time to time the store and the directory of logs are looked through, apart from the scheduler's task, for what is
//! over (`retention`). Of jobs that don't live again by then it is deleted: a record or a checkpoint by an op like any
//! change, the log of a deleted job when that is durable, other logs at once. With a log go the events that lie beside
//! the record: the record is written again without them. What is over of records is found from the
//! oldest, so that a look costs the same whatever the number of jobs; their bytes are counted once, and then kept up to
//! date with those that ended since. A copy whose jobs are held deletes nothing.

use super::core::Core;
use super::flight::{Flight, Follow};
use super::handle::{JobLogs, Message, Submission, SubmitAnswer};
use super::retention::{Item, Limits, Retention, Total};
use crate::model::{JobId, JobRecord, Millis, Op, RECENT_EVENTS};
use crate::runtime::{JobLog, Task, blocking, clock};
use crate::store::{Cursor, EndedQuery, StoreError, StoreReader, bytes_of, checkpoint_bytes};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// The longest time between two looks at records and logs.
const LOOK: Duration = Duration::from_secs(60);
/// The longest time between two looks at checkpoints: each of them is read.
const CHECKPOINT_LOOK: Duration = Duration::from_secs(600);
/// The time between two looks while the history is being loaded.
const LOADING_LOOK: Duration = Duration::from_millis(200);
/// Jobs that are deleted at once.
const AT_ONCE: usize = 500;

/// When the next look is due, and the one under way.
#[derive(Default)]
pub(super) struct Pruner {
    due: Option<Instant>,
    checkpoints_due: Option<Instant>,
    under_way: Option<Task<()>>,
    tally: Tally,
    /// Jobs that ended while it was looked: what was seen of them may be old.
    pub ended_meanwhile: HashSet<JobId>,
    /// Jobs of which something is being deleted, and the submissions under their ids that wait until that is decided.
    pub deleting: HashMap<JobId, Vec<(Box<Submission>, SubmitAnswer)>>,
}

/// The bytes of all ended jobs, as far as they were counted. Jobs that end in the past (the clock was set back) are
/// counted at the next start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    through: Option<Cursor>,
    bytes: u64,
}

/// What is over.
#[derive(Default)]
pub(super) struct Over {
    records: Vec<Item>,
    logs: Vec<Item>,
    /// Records of such jobs without the older events that go with the logs.
    stripped: Vec<JobRecord>,
    checkpoints: Vec<Item>,
    tally: Tally,
}

impl Pruner {
    pub fn new(retention: &Retention) -> Self {
        let due = (!retention.is_endless()).then(Instant::now);
        Self { due, checkpoints_due: due, ..Self::default() }
    }

    /// When to look next: not while it is looked, or deleted, so that nothing is counted or deleted twice.
    pub fn next(&self) -> Option<Instant> {
        self.due.filter(|_| self.under_way.is_none() && self.deleting.is_empty())
    }

    /// Looks at once: what was held until now may be deleted.
    pub fn look_now(&mut self) {
        let now = Instant::now();
        (self.due, self.checkpoints_due) = (self.due.map(|_| now), self.checkpoints_due.map(|_| now));
    }

    /// Counts the bytes anew, because something was not deleted.
    pub fn recount(&mut self) {
        self.tally = Tally::default();
    }
}

/// What one look looks at.
struct Look {
    retention: Retention,
    reader: StoreReader,
    logs: Option<PathBuf>,
    live: HashSet<JobId>,
    tally: Tally,
}

impl Core {
    /// Looks, if it is time.
    pub(super) fn look_for_what_is_over(&mut self, now: Instant) {
        if self.closing.is_some() || self.pruner.next().is_none_or(|due| due > now) {
            return;
        }
        let mut retention = self.settings.retention;
        let often = |limits: &Limits, most: Duration| limits.age.map_or(most, |age| (age / 4).min(most));
        let look = often(&retention.records, LOOK).min(often(&retention.logs, LOOK));
        let look = look.min(often(&retention.checkpoints, LOOK));
        self.pruner.due = Some(now + look);
        if self.store.status().held.is_some() {
            return;
        }
        if self.pruner.checkpoints_due.is_some_and(|due| due > now) {
            retention.checkpoints = Limits::default();
        } else {
            self.pruner.checkpoints_due = Some(now + often(&retention.checkpoints, CHECKPOINT_LOOK));
        }
        let logs = match &self.settings.logs {
            JobLogs::Directory(dir) => Some(dir.clone()),
            JobLogs::Stdout => None,
        };
        let live = self.jobs.keys().copied().collect();
        let look = Look { retention, reader: self.store.reader(), logs, live, tally: self.pruner.tally };
        self.pruner.ended_meanwhile.clear();
        let inbox = self.inbox.clone();
        self.pruner.under_way = Some(blocking(move || {
            let _gone = inbox.send(Message::Over(look.run(clock())));
        }));
    }

    /// Deletes what is of jobs that don't live again.
    pub(super) fn over(&mut self, over: Result<Over, StoreError>) {
        self.pruner.under_way = None;
        let Over { mut records, mut logs, mut stripped, mut checkpoints, tally } = match over {
            Ok(over) => over,
            Err(StoreError::Loading(_)) => {
                let soon = Instant::now() + LOADING_LOOK;
                self.pruner.due = Some(soon);
                self.pruner.checkpoints_due = self.pruner.checkpoints_due.map(|_| soon);
                return;
            }
            Err(error) => return tracing::warn!(%error, "old jobs can't be deleted; it is tried again"),
        };
        self.pruner.tally = tally;
        if records.len() == AT_ONCE {
            // There may be more.
            self.pruner.due = Some(Instant::now());
        }
        let is_free = |item: &Item| {
            let lives = self.jobs.contains_key(&item.job) || self.lookups.contains_key(&item.job);
            !lives && !self.pruner.deleting.contains_key(&item.job)
        };
        records.retain(is_free);
        logs.retain(is_free);
        let deleted: HashSet<JobId> = records.iter().map(|item| item.job).collect();
        checkpoints.retain(|item| is_free(item) && !deleted.contains(&item.job));
        let meanwhile = std::mem::take(&mut self.pruner.ended_meanwhile);
        let seen = |job: JobId| logs.iter().any(|item| item.job == job) && !meanwhile.contains(&job);
        stripped.retain(|record| seen(record.id) && !deleted.contains(&record.id));
        let with_events: HashSet<JobId> = stripped.iter().map(|record| record.id).collect();
        checkpoints.retain(|item| !with_events.contains(&item.job));
        for item in logs.iter().filter(|item| !with_events.contains(&item.job)) {
            self.scribe.remove(self.log_of(item.job));
        }
        self.pruner.deleting.extend(with_events.iter().map(|job| (*job, Vec::new())));
        for record in stripped {
            let follows = vec![Follow::Stripped(vec![record.id])];
            self.append(vec![Op::Record(Box::new(record))], Flight { follows, ..Flight::default() });
        }
        self.pruner.deleting.extend(records.iter().chain(&checkpoints).map(|item| (item.job, Vec::new())));
        let of = |items: &[Item]| items.iter().map(|item| item.job).collect::<Vec<_>>();
        if !records.is_empty() {
            self.pruner.tally.bytes -= Total::of(&records).bytes.min(self.pruner.tally.bytes);
            let ops = records.iter().map(|item| Op::Forget { job: item.job }).collect();
            let follows = vec![Follow::Forgotten(of(&records))];
            self.append(ops, Flight { follows, ..Flight::default() });
        }
        for some in checkpoints.chunks(AT_ONCE) {
            let ops = some.iter().map(|item| Op::DropCheckpoint { job: item.job }).collect();
            let follows = vec![Follow::Dropped(of(some))];
            self.append(ops, Flight { follows, ..Flight::default() });
        }
    }

    /// Jobs are deleted, their logs go too; or they are not.
    pub(super) fn forgotten(&mut self, jobs: &[JobId], is_stored: bool) {
        if is_stored {
            jobs.iter().for_each(|job| self.scribe.remove(self.log_of(*job)));
        } else {
            self.pruner.recount();
        }
        self.dropped(jobs);
    }

    /// It is decided what becomes of the checkpoints of these jobs.
    pub(super) fn dropped(&mut self, jobs: &[JobId]) {
        let waiting: Vec<_> =
            jobs.iter().filter_map(|job| self.pruner.deleting.remove(job)).flatten().collect();
        waiting.into_iter().for_each(|(submission, answer)| self.submit(submission, answer));
    }
}

impl Look {
    fn run(mut self, now: Millis) -> Result<Over, StoreError> {
        let records = self.records(now)?;
        let checkpoints = self.checkpoints(now)?;
        let logs = match &self.logs {
            Some(dir) if !self.retention.logs.is_endless() => {
                logs_over(&self.retention.logs, dir, |job| self.live.contains(&job), now)
            }
            Some(_) | None => Vec::new(),
        };
        let mut stripped = Vec::new();
        for item in logs.iter().take(AT_ONCE) {
            stripped.extend(without_older_events(readable(self.reader.whole_record(item.job))?.flatten()));
        }
        Ok(Over { records, logs, stripped, checkpoints, tally: self.tally })
    }

    fn records(&mut self, now: Millis) -> Result<Vec<Item>, StoreError> {
        let limits = &self.retention.records;
        if limits.is_endless() {
            return Ok(Vec::new());
        }
        let counts_bytes = limits.bytes.is_some();
        if counts_bytes {
            self.tally.go_on(&self.reader)?;
        }
        let page = self.reader.ended(&EndedQuery { limit: AT_ONCE, ..EndedQuery::default() })?;
        let mut oldest = Vec::with_capacity(page.records.len());
        for record in &page.records {
            let bytes = if counts_bytes { size(&self.reader, record)? } else { 0 };
            oldest.push(Item { job: record.id, at: record.ended, bytes });
        }
        // Too small a number deletes the rest at the next look; too large a one what should stay.
        let total = Total { count: self.reader.ended_at_least(), bytes: self.tally.bytes };
        Ok(limits.over(&oldest, total, now))
    }

    fn checkpoints(&self, now: Millis) -> Result<Vec<Item>, StoreError> {
        let limits = &self.retention.checkpoints;
        if limits.is_endless() {
            return Ok(Vec::new());
        }
        let mut items = Vec::new();
        for job in self.reader.checkpoint_ids()? {
            let Some(record) = self.reader.record(job)?.filter(|record| record.state.is_end()) else {
                continue;
            };
            let stored = if limits.bytes.is_some() { readable(self.reader.checkpoint(job))? } else { None };
            let bytes = stored.flatten().map_or(0, |(checkpoint, _)| checkpoint_bytes(&checkpoint));
            items.push(Item { job, at: record.ended, bytes });
        }
        items.sort_unstable_by_key(|item| (item.at, item.job));
        Ok(limits.over(&items, Total::of(&items), now))
    }
}

impl Tally {
    /// Counts those that ended behind the last one that was counted.
    fn go_on(&mut self, reader: &StoreReader) -> Result<(), StoreError> {
        loop {
            let query = EndedQuery { after: self.through, limit: AT_ONCE, ..EndedQuery::default() };
            let page = reader.ended(&query)?;
            for record in &page.records {
                self.bytes += size(reader, record)?;
                let ended = record.ended.unwrap_or(record.created);
                self.through = Some(Cursor { ended, id: record.id });
            }
            if page.next.is_none() {
                return Ok(());
            }
        }
    }
}

fn size(reader: &StoreReader, record: &JobRecord) -> Result<u64, StoreError> {
    let texts = readable(reader.texts(record.id))?.flatten();
    let checkpoint = readable(reader.checkpoint(record.id))?.flatten();
    Ok(bytes_of(record, texts.as_ref(), checkpoint.as_ref().map(|(checkpoint, _)| checkpoint)))
}

/// What is damaged counts as nothing, and must not keep the rest from being looked at.
fn readable<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Damaged { .. }) => Ok(None),
        read => read.map(Some),
    }
}

/// The record of an ended job without the events that are kept beside it, if it has some.
#[must_use]
pub fn without_older_events(record: Option<JobRecord>) -> Option<JobRecord> {
    let mut record = record.filter(|record| record.state.is_end())?;
    let older = record.events.len().checked_sub(RECENT_EVENTS).filter(|older| *older > 0)?;
    record.events.drain(..older);
    Some(record)
}

/// The logs in `dir` that are over at `now`. Those of live jobs count, and stay.
#[must_use]
pub fn logs_over(limits: &Limits, dir: &Path, is_live: impl Fn(JobId) -> bool, now: Millis) -> Vec<Item> {
    let logs = match JobLog::list(dir) {
        Ok(logs) => logs,
        Err(error) => {
            tracing::warn!(%error, dir = %dir.display(), "the job logs can't be listed; none is deleted");
            return Vec::new();
        }
    };
    let mut items: Vec<Item> = logs
        .into_iter()
        .map(|log| Item { job: JobId(log.job), at: Some(log.changed), bytes: log.bytes })
        .collect();
    let total = Total::of(&items);
    items.retain(|item| !is_live(item.job));
    items.sort_unstable_by_key(|item| (item.at, item.job));
    limits.over(&items, total, now)
}
