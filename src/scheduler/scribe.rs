//! Writes into job logs, apart from the scheduler's task: it never waits for a disk.

use crate::model::Millis;
use crate::runtime::{JobLog, thread};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// How many lines are taken at once; those of one job are written together.
const BATCH: usize = 1024;
/// How many lines may wait; more are lost, with a word in the server's log.
const WAITING: usize = 1 << 20;

/// Level of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Warn,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Info => "INFO",
            Level::Warn => "WARN",
        }
    }
}

struct Line {
    log: Arc<JobLog>,
    level: Level,
    at: Millis,
    /// `None`: the log is removed.
    text: Option<String>,
}

/// The writer; a thread that ends with it.
pub(super) struct Scribe {
    lines: Option<Sender<Line>>,
    waiting: Arc<AtomicUsize>,
    is_full: Cell<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Scribe {
    /// Starts it. Without a thread (the system has none left) lines are lost, with a word in the server's log.
    pub fn start() -> Self {
        let (lines, taken) = channel();
        let (waiting, is_full) = (Arc::new(AtomicUsize::new(0)), Cell::new(false));
        let written = Arc::clone(&waiting);
        match thread("job-logs", move || write(&taken, &written)) {
            Ok(thread) => Self { lines: Some(lines), waiting, is_full, thread: Some(thread) },
            Err(error) => {
                tracing::error!(%error, "no thread for job logs; what the scheduler would write there is lost");
                Self { lines: None, waiting, is_full, thread: None }
            }
        }
    }

    /// Writes a line at INFO.
    pub fn info(&self, log: &Arc<JobLog>, at: Millis, text: String) {
        self.line(log, Level::Info, at, text);
    }

    /// Removes a log, behind the lines that were written to it.
    pub fn remove(&self, log: Arc<JobLog>) {
        if let Some(lines) = &self.lines {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _gone = lines.send(Line { log, level: Level::Info, at: 0, text: None });
        }
    }

    /// Writes a line at that level.
    pub fn line(&self, log: &Arc<JobLog>, level: Level, at: Millis, text: String) {
        let Some(lines) = &self.lines else {
            return;
        };
        let is_full = self.waiting.load(Ordering::Relaxed) >= WAITING;
        if is_full != self.is_full.replace(is_full) && is_full {
            tracing::warn!("job logs are not written fast enough; lines are lost");
        }
        if !is_full {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _gone = lines.send(Line { log: Arc::clone(log), level, at, text: Some(text) });
        }
    }

    /// Writes what is left; blocking.
    pub fn close(mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the job logs panicked");
        }
    }
}

fn write(lines: &Receiver<Line>, waiting: &AtomicUsize) {
    let mut blocks: HashMap<*const JobLog, (Arc<JobLog>, String, u64)> = HashMap::new();
    while let Ok(first) = lines.recv() {
        let mut taken = 0;
        let mut removed = Vec::new();
        for line in std::iter::once(first).chain(lines.try_iter().take(BATCH)) {
            taken += 1;
            let Some(text) = line.text else {
                removed.push(line.log);
                continue;
            };
            let block = blocks
                .entry(Arc::as_ptr(&line.log))
                .or_insert_with(|| (Arc::clone(&line.log), String::new(), 0));
            block.1.push_str(&JobLog::prefix_at(line.level.name(), line.at));
            block.1.push_str(&text);
            block.1.push('\n');
            block.2 += 1 + text.matches('\n').count() as u64;
        }
        for (_, (log, text, count)) in blocks.drain() {
            log.block(text.as_bytes(), count);
        }
        for log in removed {
            if let Err(error) = log.remove() {
                tracing::warn!(%error, path = ?log.path(), "the log of a deleted job stays");
            }
        }
        waiting.fetch_sub(taken, Ordering::Relaxed);
    }
}
