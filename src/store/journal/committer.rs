//! The one thread that writes the journal: takes all that waits, one write, one sync; then publishes and answers.

use super::frame;
use super::io;
use super::segment::{self, FRAMES_AT, Link, Segment};
use crate::model::{JobId, Op};
use crate::runtime::{self, failpoint};
use crate::store::error::StoreError;
use crate::store::record::{Encoded, Encoder};
use crate::store::space::Space;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// Requests of one write at most.
const BATCH: usize = 512;
/// Bytes of one write, after which no further request is taken.
const BATCH_BYTES: usize = 8 << 20;
/// After so long without a request a seal is written.
const IDLE: Duration = Duration::from_millis(50);

/// Told once what became of a request: its sequence, after it is on the disk and visible to readers.
pub type OnDurable = Box<dyn FnOnce(Result<u64, StoreError>) + Send>;

/// A request that is on the disk, and where.
#[derive(Debug)]
pub struct Published {
    /// Its sequence.
    pub sequence: u64,
    /// The segment of its frame.
    pub segment: u64,
    /// The byte at which the frame begins.
    pub offset: u64,
    /// Its ops; their parts lie in the frame in this order.
    pub ops: Vec<Op>,
}

/// Figures of the journal's files, readable at any time.
#[derive(Debug, Default)]
pub struct Files {
    /// Segments.
    pub segments: AtomicU64,
    /// Bytes of all segments.
    pub bytes: AtomicU64,
    /// The last sequence on the disk.
    pub durable: AtomicU64,
    /// Why nothing is recorded any more.
    pub failed: OnceLock<String>,
}

/// A request under way. Whatever happens to it, its callback is called exactly once.
struct Request {
    ops: Vec<Op>,
    on_durable: Option<OnDurable>,
}

impl Request {
    fn answer(&mut self, result: Result<u64, StoreError>) {
        let Some(callback) = self.on_durable.take() else { return };
        if catch_unwind(AssertUnwindSafe(|| callback(result))).is_err() {
            tracing::error!("a callback of the store panicked; the store goes on");
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.answer(Err(StoreError::Closed));
    }
}

/// The running journal.
pub struct Journal {
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<Link>>,
    files: Arc<Files>,
}

impl Journal {
    /// Starts the thread; it goes on in `segment`, which is on the disk, behind the sequence that `segment` ends with.
    /// `publish` makes a durable batch visible to readers, before the callbacks; `rotations` is told of new segments.
    pub fn start(
        segment: Segment,
        journal: PathBuf,
        segment_bytes: u64,
        files: Arc<Files>,
        space: Arc<Space>,
        publish: impl FnMut(Vec<Published>) + Send + 'static,
        rotations: Option<Sender<u64>>,
    ) -> Result<Self, StoreError> {
        let (requests, waiting) = mpsc::channel();
        let durable = segment.link().last_sequence;
        files.durable.store(durable, Ordering::Release);
        let number = segment.header().number;
        let held = segment.header().held.clone();
        let committer = Committer {
            segment,
            journal: journal.clone(),
            segment_bytes,
            durable,
            number,
            held,
            sealed: true,
            encoder: Encoder::default(),
            files: Arc::clone(&files),
            space,
            refused: HashSet::new(),
            publish: Box::new(publish),
            rotations,
        };
        let thread = runtime::thread("store-commit", move || committer.run(&waiting));
        let thread = thread.map_err(|error| StoreError::io("start a thread for", &journal, error))?;
        Ok(Self { requests: Some(requests), thread: Some(thread), files })
    }

    /// Hands over a request; returns at once.
    pub fn append(&self, ops: Vec<Op>, on_durable: OnDurable) {
        let request = Request { ops, on_durable: Some(on_durable) };
        if let Some(requests) = &self.requests
            && let Err(refused) = requests.send(request)
        {
            drop(refused);
        }
    }

    /// Writes what waits, seals, and ends the thread; how a successor names the last segment.
    pub fn stop(&mut self) -> Result<Link, StoreError> {
        self.requests = None;
        let ended = self.thread.take().ok_or(StoreError::Closed)?.join();
        let ended = ended.map_err(|_| StoreError::Failed("its thread panicked".to_owned()))?;
        match self.files.failed.get() {
            Some(reason) => Err(StoreError::Failed(reason.clone())),
            None => Ok(ended),
        }
    }
}

struct Committer {
    segment: Segment,
    journal: PathBuf,
    segment_bytes: u64,
    durable: u64,
    /// The highest number that a segment was given.
    number: u64,
    held: Option<String>,
    /// Whether what is written vouches for everything that is durable.
    sealed: bool,
    encoder: Encoder,
    files: Arc<Files>,
    space: Arc<Space>,
    /// Jobs whose submission was refused: what was sent about them before that was known is refused too.
    refused: HashSet<JobId>,
    publish: Box<dyn FnMut(Vec<Published>) + Send>,
    /// Told the number of each new segment: those before it are sealed.
    rotations: Option<Sender<u64>>,
}

/// How a write ended badly.
enum Failure {
    /// The bytes may be there in part; what is durable is known.
    Write(StoreError),
    /// The disk's state is not known any more.
    Sync(StoreError),
}

impl Committer {
    fn run(mut self, waiting: &Receiver<Request>) -> Link {
        loop {
            let first = match self.sealed {
                true => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => waiting.recv_timeout(IDLE),
            };
            match first {
                Ok(first) => self.take(first, waiting),
                Err(RecvTimeoutError::Timeout) => self.seal(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if !self.sealed {
            self.seal();
        }
        if self.files.failed.get().is_none()
            && let Err(error) = self.segment.sync(self.durable)
        {
            self.fail(&error);
        }
        self.segment.link()
    }

    /// One batch: `first` and all that waits behind it.
    fn take(&mut self, first: Request, waiting: &Receiver<Request>) {
        let mut batch = Vec::new();
        let mut refused = Vec::new();
        let (mut bytes, mut next) = (0, Some(first));
        while let Some(request) = next.take() {
            match self.encoder.encode(&request.ops) {
                Ok(encoded) => {
                    bytes += encoded.payload.len();
                    batch.push((request, encoded));
                }
                Err(error) => refused.push((request, error)),
            }
            if batch.len() + refused.len() < BATCH && bytes < BATCH_BYTES {
                next = waiting.try_recv().ok();
            }
        }
        self.commit(batch);
        for (request, error) in refused {
            self.refuse(request, error);
        }
    }

    /// Writes the batch and answers it. When there is no space, what lets running jobs end is written once more, in the
    /// room that the reserve gave.
    fn commit(&mut self, batch: Vec<(Request, Encoded)>) {
        let mut batch = self.admitted(batch);
        while !batch.is_empty() {
            let was_full = self.space.is_full();
            let failure = match self.files.failed.get() {
                Some(reason) => StoreError::Failed(reason.clone()),
                None => match self.write(&batch) {
                    Ok(offsets) => return self.announce(batch, &offsets),
                    Err(failure) => self.recover(failure),
                },
            };
            if matches!(failure, StoreError::Refused(_)) && !was_full && self.space.is_full() {
                batch = self.admitted(batch);
                continue;
            }
            for (request, _) in std::mem::take(&mut batch) {
                self.refuse(request, failure.clone());
            }
        }
    }

    /// Refuses what can't be taken now: what is about jobs that were refused; and while the disk is full new jobs, and
    /// what would leave too little room for the ends of others.
    fn admitted(&mut self, batch: Vec<(Request, Encoded)>) -> Vec<(Request, Encoded)> {
        let full =
            self.space.is_full().then(|| (self.space.refusal().unwrap_or_default(), self.space.room()));
        if (full.is_none() && self.refused.is_empty()) || self.files.failed.get().is_some() {
            return batch;
        }
        let (reason, (mut room, kept)) = full.unwrap_or((String::new(), (u64::MAX, 0)));
        let mut admitted = Vec::with_capacity(batch.len());
        for (request, encoded) in batch {
            let size = frame::length(encoded.parts.len(), encoded.payload.len()) as u64 + FRAMES_AT;
            let left = room.saturating_sub(if may_wait(&request.ops) { kept } else { 0 });
            if is_orphan(&request.ops, &self.refused) {
                self.refuse(request, StoreError::Refused("its job was not recorded".to_owned()));
            } else if !reason.is_empty() && (submitted(&request.ops).next().is_some() || size > left) {
                self.refuse(request, StoreError::Refused(reason.clone()));
            } else {
                room = room.saturating_sub(size);
                admitted.push((request, encoded));
            }
        }
        admitted
    }

    fn refuse(&mut self, mut request: Request, error: StoreError) {
        self.refused.extend(submitted(&request.ops));
        request.answer(Err(error));
    }

    /// Puts the batch on the disk; where each frame begins.
    fn write(&mut self, batch: &[(Request, Encoded)]) -> Result<Vec<u64>, Failure> {
        let point = |name| failpoint::reach(name).map_err(|error| injected(&error));
        let size =
            batch.iter().map(|(_, e)| frame::length(e.parts.len(), e.payload.len()) as u64).sum::<u64>();
        let fresh = self.segment.has_frames() && self.segment.length() + size > self.segment_bytes;
        if fresh {
            point("store.before-rotate").map_err(Failure::Write)?;
            self.segment = self.create().map_err(Failure::Write)?;
            point("store.rotated").map_err(Failure::Write)?;
        }
        let mut sequence = self.durable;
        let mut offsets = Vec::with_capacity(batch.len());
        for (_, encoded) in batch {
            sequence += 1;
            offsets.push(self.segment.push(sequence, self.durable, &encoded.parts, &encoded.payload));
        }
        let before = self.segment.written();
        point("store.before-write").map_err(Failure::Write)?;
        self.segment.write().map_err(Failure::Write)?;
        point("store.written").map_err(Failure::Sync)?;
        self.segment.sync(sequence).map_err(Failure::Sync)?;
        if fresh {
            point("store.before-directory-sync").map_err(Failure::Sync)?;
            io::sync_dir(&self.journal).map_err(Failure::Sync)?;
            self.files.segments.fetch_add(1, Ordering::Relaxed);
            self.rotated();
        }
        point("store.synced").map_err(Failure::Sync)?;
        self.files.bytes.fetch_add(self.segment.written() - before, Ordering::Relaxed);
        (self.durable, self.sealed) = (sequence, false);
        self.files.durable.store(sequence, Ordering::Release);
        Ok(offsets)
    }

    /// Makes a durable batch visible, then answers, in order.
    fn announce(&mut self, batch: Vec<(Request, Encoded)>, offsets: &[u64]) {
        let first = self.durable + 1 - batch.len() as u64;
        let segment = self.segment.header().number;
        let mut requests: Vec<Request> = batch.into_iter().map(|(request, _)| request).collect();
        let places = requests.iter_mut().zip(offsets).zip(first..);
        let published: Vec<Published> = places
            .map(|((request, offset), sequence)| {
                let ops = std::mem::take(&mut request.ops);
                Published { sequence, segment, offset: *offset, ops }
            })
            .collect();
        if published.iter().flat_map(|request| &request.ops).any(|op| matches!(op, Op::Resumed)) {
            self.held = None;
        }
        if !self.refused.is_empty() {
            for job in published.iter().flat_map(|request| submitted(&request.ops)) {
                self.refused.remove(&job);
            }
        }
        (self.publish)(published);
        for (request, sequence) in requests.iter_mut().zip(first..) {
            request.answer(Ok(sequence));
        }
    }

    /// The next segment; nothing of it is written yet.
    fn create(&mut self) -> Result<Segment, StoreError> {
        // A segment of which nothing is durable is passed over: its successor names the one before it.
        let link = match self.segment.written() {
            0 => self.segment.header().link,
            _ => Some(self.segment.link()),
        };
        self.number += 1;
        let header = segment::Header {
            number: self.number,
            first_sequence: self.durable + 1,
            salt: segment::random()?,
            link,
            held: self.held.clone(),
            made: runtime::clock(),
            ..self.segment.header().clone()
        };
        Segment::create(&segment::path(&self.journal, self.number), header)
    }

    fn rotated(&self) {
        if let Some(rotations) = &self.rotations {
            // Whoever listened is gone: nothing is folded any more, and nothing is lost by that.
            let _gone = rotations.send(self.segment.header().number);
        }
    }

    /// After a failed write: a new segment that cuts off what was half written lets the batch be refused for certain.
    /// When there is no space, the reserve makes room for it. After a failed sync, or if the new segment fails too, the
    /// journal has failed for good.
    fn recover(&mut self, failure: Failure) -> StoreError {
        let error = match failure {
            Failure::Sync(error) => {
                tracing::error!(
                    "a sync of the journal failed: what the disk holds of the last changes is not known any more; the \
                     server ends, and its next start reads what is there"
                );
                return self.fail(&error);
            }
            Failure::Write(error) => error,
        };
        tracing::warn!(%error, "a write to the journal failed; what was half written is cut off by a new segment");
        self.segment.discard();
        if error.is_full() {
            self.space.release();
        }
        let cut_off = self.cut_off().or_else(|again| match again.is_full() && self.space.release() {
            true => self.cut_off(),
            false => Err(again),
        });
        match cut_off {
            Ok(()) => StoreError::Refused(error.to_string()),
            Err(again) => {
                tracing::error!(error = %again, "what was half written can't be cut off");
                self.fail(&error)
            }
        }
    }

    fn cut_off(&mut self) -> Result<(), StoreError> {
        failpoint::reach("store.before-cut-off").map_err(|error| injected(&error))?;
        let mut segment = self.create()?;
        segment.push_seal(self.durable);
        segment.write()?;
        segment.sync(self.durable)?;
        io::sync_dir(&self.journal)?;
        self.files.segments.fetch_add(1, Ordering::Relaxed);
        self.files.bytes.fetch_add(segment.written(), Ordering::Relaxed);
        (self.segment, self.sealed) = (segment, true);
        self.rotated();
        Ok(())
    }

    fn fail(&mut self, error: &StoreError) -> StoreError {
        tracing::error!(%error, "the journal has failed; nothing is recorded until a restart");
        self.sealed = true;
        StoreError::Failed(self.files.failed.get_or_init(|| error.to_string()).clone())
    }

    /// Lets the end of the segment vouch for all before it. Not synced: lost, it is only missed after a power cut.
    fn seal(&mut self) {
        self.sealed = true;
        if self.files.failed.get().is_some() {
            return;
        }
        let point = failpoint::reach("store.before-seal").map_err(|error| injected(&error));
        self.segment.push_seal(self.durable);
        let before = self.segment.written();
        match point.and_then(|()| self.segment.write()) {
            Ok(()) => {
                self.segment.settle(self.durable);
                self.files.bytes.fetch_add(self.segment.written() - before, Ordering::Relaxed);
            }
            Err(error) => {
                self.recover(Failure::Write(error));
            }
        }
    }
}

/// The jobs that the ops accept.
fn submitted(ops: &[Op]) -> impl Iterator<Item = JobId> {
    ops.iter().filter_map(|op| match op {
        Op::Submitted { record, .. } => Some(record.id),
        Op::Record(_)
        | Op::Checkpoint { .. }
        | Op::Committed { .. }
        | Op::DropCheckpoint { .. }
        | Op::Tags(_)
        | Op::IdFloor(_)
        | Op::Resumed
        | Op::Forget { .. } => None,
    })
}

/// Whether the ops go on from one of the submissions that were refused.
fn is_orphan(ops: &[Op], refused: &HashSet<JobId>) -> bool {
    let goes_on = |op: &Op| match op {
        Op::Record(record) => refused.contains(&record.id),
        Op::Checkpoint { job, .. } | Op::Committed { job, .. } => refused.contains(job),
        Op::Submitted { .. }
        | Op::DropCheckpoint { .. }
        | Op::Tags(_)
        | Op::IdFloor(_)
        | Op::Resumed
        | Op::Forget { .. } => false,
    };
    submitted(ops).next().is_none() && ops.iter().any(goes_on)
}

/// Whether the ops hold a checkpoint that ends nothing: refused, its attempt goes on from the one before.
fn may_wait(ops: &[Op]) -> bool {
    ops.iter().any(|op| matches!(op, Op::Checkpoint { checkpoint, .. } if !checkpoint.is_final && !checkpoint.is_savepoint))
}

fn injected(error: &failpoint::Injected) -> StoreError {
    match error.is_full {
        true => {
            StoreError::writing("write", Path::new("the journal"), &std::io::ErrorKind::StorageFull.into())
        }
        false => StoreError::Failed(error.to_string()),
    }
}
