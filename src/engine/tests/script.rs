//! Scripted plug-ins: a source of numbered rows that misbehaves where it is told to, and a transform that keeps some.

use crate::model::{Epoch, Fault};
use crate::plugin::{
    Assignment, Enumerator, Out, Position, Read, Reader, RunContext, SourceDef, SourceRun, Split, State,
    Transform, TransformDef, decode, encode,
};
use crate::table::{Batch, CatalogTable, Column, DataType, PrimaryKey, TablePath};
use arrow::array::{AsArray, BooleanArray, Int8Array, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// A table of one column `id`, with a key if wanted.
pub fn table(name: &str, keyed: bool) -> Arc<CatalogTable> {
    let path = TablePath { database: None, schema: None, table: name.into() };
    let mut table = CatalogTable::new("Script", path, vec![Column::new("id", DataType::BigInt)]);
    if keyed {
        table.primary_key = Some(PrimaryKey { name: "pk".into(), columns: vec!["id".into()] });
    }
    Arc::new(table)
}

/// Rows with these numbers.
pub fn batch(table: &Arc<CatalogTable>, ids: Vec<i64>) -> Batch {
    let kinds = table.primary_key.as_ref().map(|_| Int8Array::from(vec![0; ids.len()]));
    let rows = RecordBatch::try_new(table.arrow_schema(), vec![Arc::new(Int64Array::from(ids))]).unwrap();
    Batch { table: Arc::clone(table), kinds, rows, origin: None }
}

/// The numbers of a batch.
pub fn ids(batch: &Batch) -> Vec<i64> {
    batch.rows.column(0).as_primitive::<Int64Type>().values().to_vec()
}

/// What a reader does instead of answering batch `batch` of split `split`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    Fail,
    Panic,
    /// A future that is never ready.
    Never,
    /// A call that doesn't return until `ScriptSource::release`.
    Block,
}

/// A source of `splits` × `batches` × `rows` numbered rows.
pub struct ScriptSource {
    pub table: Arc<CatalogTable>,
    /// Added to every number.
    pub base: i64,
    pub splits: usize,
    pub batches: usize,
    pub rows: usize,
    /// Pause before each batch.
    pub pause: Duration,
    pub trick: Option<(usize, usize, Trick)>,
    /// Batches that may be read; `None`: all.
    pub gate: Option<Arc<Semaphore>>,
    /// Ids of opened splits, with whether they were opened anew.
    pub opened: Mutex<Vec<(String, bool)>>,
    /// The highest epoch that readers were told of.
    pub acknowledged: AtomicU64,
    pub release: AtomicBool,
}

impl ScriptSource {
    pub fn new(name: &str, base: i64, splits: usize, batches: usize, rows: usize) -> Self {
        Self {
            table: table(name, false),
            base,
            splits,
            batches,
            rows,
            pause: Duration::ZERO,
            trick: None,
            gate: None,
            opened: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            release: AtomicBool::new(false),
        }
    }

    /// Every number that it gives, in order.
    pub fn all(&self) -> Vec<i64> {
        (0..(self.splits * self.batches * self.rows) as i64).map(|id| self.base + id).collect()
    }
}

/// Shares a source's script with its enumerators and readers.
pub struct Shared(pub Arc<ScriptSource>);

#[async_trait]
impl SourceDef for Shared {
    async fn discover(&self) -> Result<Vec<CatalogTable>, Fault> {
        Ok(vec![CatalogTable::clone(&self.0.table)])
    }

    async fn start(&self, _: &RunContext, _: &[Arc<CatalogTable>]) -> Result<Box<dyn SourceRun>, Fault> {
        Ok(Box::new(Shared(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl SourceRun for Shared {
    async fn enumerator(&self, state: Option<State>) -> Result<Box<dyn Enumerator>, Fault> {
        let next = state.map_or(Ok(0), |state| decode(1, &state))?;
        Ok(Box::new(Splits { script: Arc::clone(&self.0), next }))
    }

    async fn reader(&self, _: usize) -> Result<Box<dyn Reader>, Fault> {
        Ok(Box::new(Rows { script: Arc::clone(&self.0), split: 0, next: 0, done: 0 }))
    }

    fn total(&self) -> Option<u64> {
        Some((self.0.splits * self.0.batches * self.0.rows) as u64)
    }
}

struct Splits {
    script: Arc<ScriptSource>,
    next: usize,
}

#[async_trait]
impl Enumerator for Splits {
    /// Two at a time, and now and then a pause.
    async fn next(&mut self) -> Result<Assignment, Fault> {
        if self.next >= self.script.splits {
            return Ok(Assignment::Done);
        }
        if self.next % 4 == 2 {
            self.next += 1;
            let split = Split { id: format!("s{}", self.next - 1), data: encode(1, &(self.next - 1))? };
            return Ok(Assignment::Splits(vec![split]));
        }
        let end = (self.next + 2).min(self.script.splits);
        let splits = (self.next..end)
            .map(|n| Ok(Split { id: format!("s{n}"), data: encode(1, &n)? }))
            .collect::<Result<_, Fault>>()?;
        self.next = end;
        tokio::task::yield_now().await;
        Ok(Assignment::Splits(splits))
    }

    fn snapshot(&self) -> Result<State, Fault> {
        encode(1, &self.next)
    }
}

struct Rows {
    script: Arc<ScriptSource>,
    split: usize,
    next: usize,
    done: u64,
}

#[async_trait]
impl Reader for Rows {
    async fn open(&mut self, split: &Split, position: Option<&Position>) -> Result<(), Fault> {
        self.split = decode(1, &split.data)?;
        self.next = position.map_or(Ok(0), |position| decode(1, position))?;
        self.script.opened.lock().unwrap().push((split.id.clone(), position.is_none()));
        Ok(())
    }

    async fn next(&mut self) -> Result<Read, Fault> {
        let script = Arc::clone(&self.script);
        if self.next >= script.batches {
            return Ok(Read::SplitDone);
        }
        if let Some((split, batch, trick)) = script.trick
            && (split, batch) == (self.split, self.next)
        {
            match trick {
                Trick::Fail => return Err(Fault::user("line 7: bad number")),
                Trick::Panic => panic!("on purpose"),
                Trick::Never => std::future::pending().await,
                Trick::Block => {
                    while !script.release.load(Ordering::Relaxed) {
                        std::thread::park_timeout(Duration::from_millis(1));
                    }
                }
            }
        }
        if let Some(gate) = &script.gate {
            let Ok(permit) = gate.try_acquire() else {
                return Ok(Read::Idle(Instant::now() + Duration::from_millis(1)));
            };
            permit.forget();
        }
        if !script.pause.is_zero() {
            // A source that is slow; nothing waits for this.
            let mut pace = tokio::time::interval(script.pause);
            pace.tick().await;
            pace.tick().await;
        }
        let first = script.base + ((self.split * script.batches + self.next) * script.rows) as i64;
        self.next += 1;
        self.done += script.rows as u64;
        Ok(Read::Batch(batch(&script.table, (first..first + script.rows as i64).collect())))
    }

    fn position(&self) -> Result<Position, Fault> {
        encode(1, &self.next)
    }

    fn done(&self) -> u64 {
        self.done
    }

    async fn committed(&mut self, epoch: Epoch) -> Result<(), Fault> {
        self.script.acknowledged.fetch_max(epoch.0, Ordering::Relaxed);
        Ok(())
    }
}

/// Keeps the rows whose number leaves no rest; counts the rows that it ever saw, over restarts, in its state.
pub struct Keep {
    pub divisor: i64,
    /// The highest count of any instance.
    pub seen: Arc<AtomicU64>,
}

impl TransformDef for Keep {
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
        Ok(vec![input.clone()])
    }

    fn start(
        &self,
        _: &RunContext,
        _: &[CatalogTable],
        state: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        let count = state.map_or(Ok(0), |state| decode(1, &state))?;
        Ok(Box::new(Keeping { divisor: self.divisor, count, seen: Arc::clone(&self.seen) }))
    }
}

struct Keeping {
    divisor: i64,
    count: u64,
    seen: Arc<AtomicU64>,
}

#[async_trait]
impl Transform for Keeping {
    async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault> {
        self.count += batch.len() as u64;
        self.seen.fetch_max(self.count, Ordering::Relaxed);
        let keep: BooleanArray = ids(&batch).iter().map(|id| Some(id % self.divisor == 0)).collect();
        let rows = filter_record_batch(&batch.rows, &keep).unwrap();
        let kinds = batch.kinds.as_ref().map(|_| Int8Array::from(vec![0; rows.num_rows()]));
        out.drop_rows(batch.len() - rows.num_rows());
        // In two parts, as a transform may.
        let half = rows.num_rows() / 2;
        for (offset, length) in [(0, half), (half, rows.num_rows() - half)] {
            out.push(Batch {
                table: batch.table.clone(),
                kinds: kinds.as_ref().map(|kinds| kinds.slice(offset, length)),
                rows: rows.slice(offset, length),
                origin: None,
            });
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Option<State>, Fault> {
        encode(1, &self.count).map(Some)
    }
}
