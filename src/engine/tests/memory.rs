//! A scripted sink: a two-phase target in memory that outlives attempts, or one that only writes.

use super::script::ids;
use crate::model::{AttemptId, Epoch, Fault, Prepared};
use crate::plugin::{
    Committer, Guarantee, RunContext, SinkDef, SinkRun, Staged, State, Writer, decode, encode,
};
use crate::table::Batch;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Rows by the name that they were staged under.
type Parts = BTreeMap<String, Vec<i64>>;

/// What the sink does wrong, and what it has.
#[derive(Default)]
pub struct Target {
    /// Staged and visible parts.
    pub parts: Mutex<(Parts, Parts)>,
    /// Rows of a sink that only writes.
    pub written: Mutex<Vec<i64>>,
    pub only_writes: bool,
    /// Writes that fail when they reach this number of batches; 0: none.
    pub fail_at: AtomicU64,
    pub batches: AtomicU64,
    /// Commits that still fail.
    pub failing_commits: AtomicU32,
    /// Why they fail: for ever.
    pub is_final: AtomicBool,
    /// The check at the end fails.
    pub fail_finish: AtomicBool,
    /// Batches that may be written; `None`: all.
    pub gate: Option<Arc<Semaphore>>,
    /// Writing never returns.
    pub block: AtomicBool,
    pub prepared_targets: AtomicU32,
    /// Instances that wrote each row.
    pub writers: Mutex<BTreeMap<i64, usize>>,
}

impl Target {
    /// Everything visible, sorted.
    pub fn visible(&self) -> Vec<i64> {
        let mut rows: Vec<i64> = match self.only_writes {
            true => self.written.lock().unwrap().clone(),
            false => self.parts.lock().unwrap().1.values().flatten().copied().collect(),
        };
        rows.sort_unstable();
        rows
    }

    /// Names of staged parts.
    pub fn staged(&self) -> Vec<String> {
        self.parts.lock().unwrap().0.keys().cloned().collect()
    }
}

/// Shares a target with its writers and committers.
pub struct Memory(pub Arc<Target>);

#[async_trait]
impl SinkDef for Memory {
    fn guarantee(&self) -> Guarantee {
        if self.0.only_writes { Guarantee::AtLeastOnce } else { Guarantee::ExactlyOnce }
    }

    async fn prepare_target(&self, _: &RunContext) -> Result<(), Fault> {
        self.0.prepared_targets.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn start(&self, context: &RunContext) -> Result<Box<dyn SinkRun>, Fault> {
        Ok(Box::new(Run { target: Arc::clone(&self.0), attempt: context.attempt }))
    }

    async fn committer(&self, _: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault> {
        let committer = Box::new(Memory(Arc::clone(&self.0)));
        Ok(if self.0.only_writes { None } else { Some(committer) })
    }
}

struct Run {
    target: Arc<Target>,
    attempt: AttemptId,
}

#[async_trait]
impl SinkRun for Run {
    async fn writer(
        &self,
        instance: usize,
        next: Epoch,
        state: Option<State>,
    ) -> Result<Box<dyn Writer>, Fault> {
        let count = state.map_or(Ok(0), |state| decode(1, &state))?;
        let target = Arc::clone(&self.target);
        Ok(Box::new(Rows { target, attempt: self.attempt, instance, next, rows: Vec::new(), count }))
    }

    async fn finish(&self) -> Result<(), Fault> {
        if self.target.fail_finish.load(Ordering::Relaxed) {
            return Err(Fault::user("row count is 9, wanted are 10"));
        }
        Ok(())
    }
}

struct Rows {
    target: Arc<Target>,
    attempt: AttemptId,
    instance: usize,
    next: Epoch,
    rows: Vec<i64>,
    count: u64,
}

#[async_trait]
impl Writer for Rows {
    async fn write(&mut self, batch: Batch) -> Result<(), Fault> {
        if let Some(gate) = &self.target.gate {
            gate.acquire().await.unwrap().forget();
        }
        while self.target.block.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let number = self.target.batches.fetch_add(1, Ordering::Relaxed) + 1;
        if number == self.target.fail_at.load(Ordering::Relaxed) {
            return Err(Fault::external("disk full"));
        }
        let rows = ids(&batch);
        self.count += rows.len() as u64;
        let mut writers = self.target.writers.lock().unwrap();
        rows.iter().for_each(|row| *writers.entry(*row).or_default() = self.instance);
        drop(writers);
        match self.target.only_writes {
            true => self.target.written.lock().unwrap().extend(rows),
            false => self.rows.extend(rows),
        }
        Ok(())
    }

    async fn prepare(&mut self, epoch: Epoch) -> Result<Vec<Staged>, Fault> {
        assert!(epoch >= self.next, "epochs rise, and go on after a restart");
        self.next = epoch.next();
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        let name = format!("{:05}/{}/{epoch}", self.attempt.number, self.instance);
        let rows = std::mem::take(&mut self.rows);
        let staged = Staged { rows: rows.len() as u64, data: encode(1, &name)? };
        let before = self.target.parts.lock().unwrap().0.insert(name, rows);
        assert!(before.is_none(), "a name is used once");
        Ok(vec![staged])
    }

    fn snapshot(&self) -> Result<Option<State>, Fault> {
        encode(1, &self.count).map(Some)
    }
}

#[async_trait]
impl Committer for Memory {
    async fn commit(&mut self, prepared: &[Prepared]) -> Result<(), Fault> {
        assert!(prepared.is_sorted_by_key(|prepared| prepared.epoch), "commits go in order");
        let failing = &self.0.failing_commits;
        if failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
            let fault = Fault::external("the directory is gone");
            return Err(if self.0.is_final.load(Ordering::Relaxed) { fault.final_one() } else { fault });
        }
        for prepared in prepared {
            let name: String = decode(1, &prepared.data)?;
            let mut parts = self.0.parts.lock().unwrap();
            let Some(rows) = parts.0.remove(&name) else {
                if parts.1.contains_key(&name) {
                    continue;
                }
                return Err(Fault::internal(format!("{name} is neither staged nor visible")).final_one());
            };
            assert_eq!(rows.len() as u64, prepared.rows);
            parts.1.insert(name, rows);
        }
        Ok(())
    }

    async fn take_back(&mut self, up_to: AttemptId, keep: &[Prepared]) -> Result<(), Fault> {
        let keep: Vec<String> = keep.iter().map(|p| decode(1, &p.data)).collect::<Result<_, _>>()?;
        let last = format!("{:05}/~", up_to.number);
        self.0.parts.lock().unwrap().0.retain(|name, _| *name > last || keep.contains(name));
        Ok(())
    }
}
