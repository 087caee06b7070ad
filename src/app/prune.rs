//! What the configuration keeps of ended jobs, and `seikan prune`: a running server's pruning, told in advance, or done
//! once in a directory whose server is stopped.

use super::server::store_options;
use crate::config::{Config, KeptConfig};
use crate::model::{JobId, Millis, Op};
use crate::runtime::{JobLog, LogLimits, clock};
use crate::scheduler::{Item, Limits, Retention, Total, logs_over, without_older_events};
use crate::store::{BackupError, Inventory, Store, StoreError, inventory};
use std::collections::HashSet;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// Jobs that are deleted with one write.
const AT_ONCE: usize = 500;

/// What the configuration keeps.
#[must_use]
pub fn retention(config: &Config) -> Retention {
    let age = |minutes: Option<u64>| minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let limits = |kept: &KeptConfig| Limits {
        age: age(kept.expire_minutes),
        count: kept.max_jobs,
        bytes: kept.max_bytes,
    };
    Retention {
        records: Limits {
            age: age(config.history_job_expire_minutes),
            count: config.store.max_ended_jobs,
            bytes: config.store.max_ended_bytes,
        },
        logs: limits(&config.logs.kept),
        checkpoints: limits(&config.checkpoint.kept),
    }
}

/// What is over in a data directory.
#[derive(Clone, Debug, Default)]
pub struct Over {
    /// Ended jobs in it.
    pub ended: u64,
    /// Records, with texts and checkpoints.
    pub records: Part,
    /// Logs, those of the records among them.
    pub logs: Part,
    /// Checkpoints of jobs whose records stay.
    pub checkpoints: Part,
    /// Why a server would delete nothing: it is a copy whose jobs are held.
    pub held: Option<String>,
}

/// What is over of one kind, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// One for each job.
    pub items: Vec<Item>,
}

impl Part {
    /// Jobs, and bytes.
    #[must_use]
    pub fn total(&self) -> Total {
        Total::of(&self.items)
    }

    /// The oldest time and the newest.
    #[must_use]
    pub fn times(&self) -> Option<(Millis, Millis)> {
        let times = || self.items.iter().filter_map(|item| item.at);
        times().min().zip(times().max())
    }
}

/// Says what is over in the data directory, which is not changed; a server may be running on it.
///
/// # Errors
/// It is no data directory, or can't be read.
pub fn look(config: &Config) -> Result<Over, BackupError> {
    let dir = &config.store.data_dir;
    Ok(decide(dir, &retention(config), &inventory(dir)?, clock()))
}

/// Deletes what is over in the data directory, whose server must be stopped. Blocks.
///
/// # Errors
/// It is no data directory, is in use, holds a copy whose jobs are held, or can't be read or written.
pub fn prune(config: &Config) -> Result<Over, BackupError> {
    let dir = &config.store.data_dir;
    // Opening would make a data directory of whatever is there.
    let before = inventory(dir)?;
    if let Some(reason) = before.held {
        return Err(BackupError::Unusable(format!(
            "{reason}; nothing is deleted in it until `serve --resume`"
        )));
    }
    let opened = Store::open(dir, &store_options(config, false)).map_err(|error| match error {
        StoreError::Locked { .. } => BackupError::Unusable(format!(
            "{}: a server is running on it: the running server prunes by itself, as its configuration says; --dry-run \
             can be used beside it",
            dir.display()
        )),
        error => BackupError::Store(error),
    })?;
    let store = opened.store;
    let over = decide(dir, &retention(config), &inventory(dir)?, clock());
    let forget = over.records.items.iter().map(|item| Op::Forget { job: item.job });
    let drop = over.checkpoints.items.iter().map(|item| Op::DropCheckpoint { job: item.job });
    let deleted: HashSet<JobId> = over.records.items.iter().map(|item| item.job).collect();
    let mut ops: Vec<Op> = forget.chain(drop).collect();
    for item in over.logs.items.iter().filter(|item| !deleted.contains(&item.job)) {
        // With a log go the events that lie beside the record.
        let record = without_older_events(store.reader().whole_record(item.job)?);
        ops.extend(record.map(|record| Op::Record(Box::new(record))));
    }
    for some in ops.chunks(AT_ONCE) {
        let (tell, told) = mpsc::channel();
        let on_durable = move |result| {
            // It is waited for below.
            let _sent = tell.send(result);
        };
        store.append(some.to_vec(), Box::new(on_durable));
        told.recv().map_err(|_| StoreError::Closed)??;
    }
    for item in &over.logs.items {
        let path = dir.join(JobLog::DIRECTORY).join(JobLog::file_name(item.job.0));
        let removed = JobLog::to_file(path.clone(), LogLimits::default()).remove();
        removed.map_err(|error| {
            BackupError::Unusable(format!("{}: can't be removed: {error}", path.display()))
        })?;
    }
    store.close()?;
    Ok(over)
}

fn decide(dir: &Path, retention: &Retention, found: &Inventory, now: Millis) -> Over {
    let item = |job: JobId, at: Millis, bytes: u64| Item { job, at: Some(at), bytes };
    let ended: Vec<Item> = found.ended.iter().map(|job| item(job.job, job.ended, job.bytes)).collect();
    let records = retention.records.over(&ended, Total::of(&ended), now);
    let deleted: HashSet<JobId> = records.iter().map(|item| item.job).collect();
    let stored = found.ended.iter().filter_map(|job| Some(item(job.job, job.ended, job.checkpoint?)));
    let stored: Vec<Item> = stored.collect();
    let mut checkpoints = retention.checkpoints.over(&stored, Total::of(&stored), now);
    checkpoints.retain(|item| !deleted.contains(&item.job));
    let dir = dir.join(JobLog::DIRECTORY);
    let is_live = |job: JobId| found.live.contains(&job);
    let mut logs = logs_over(&retention.logs, &dir, is_live, now);
    // No limit, and all but those of deleted jobs counted as live: these.
    let all = Limits { count: Some(0), ..Limits::default() };
    let over: HashSet<JobId> = logs.iter().map(|item| item.job).collect();
    logs.extend(logs_over(&all, &dir, |job| !deleted.contains(&job) || over.contains(&job), now));
    logs.sort_unstable_by_key(|item| (item.at, item.job));
    Over {
        ended: ended.len() as u64,
        records: Part { items: records },
        logs: Part { items: logs },
        checkpoints: Part { items: checkpoints },
        held: found.held.clone(),
    }
}
