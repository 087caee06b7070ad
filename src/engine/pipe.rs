//! Pipes: from the instances of sources to one writer.
//!
//! All pipes that lead to one writer share an [`Inbox`] behind one short lock. Each pipe is bounded by its own bytes
//! and takes from the [`Budget`] of the process; an empty pipe always takes the next item without the budget, and
//! barriers and ends never need any, so that nothing can deadlock: who waits for room waits for a pipe that is not
//! empty, and its reader goes on.

use crate::model::Epoch;
use crate::table::Batch;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Bytes that all pipes of the process may hold, beyond one item each.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0) })
    }

    /// Takes `bytes`, if they are there.
    fn take(self: &Arc<Self>, bytes: usize) -> Option<Permit> {
        let more = |used: usize| used.checked_add(bytes).filter(|total| *total <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Permit { budget: Arc::clone(self), bytes })
    }

    /// Bytes that are taken now.
    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Bytes taken from the budget; given back when dropped.
#[derive(Debug)]
struct Permit {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A batch on its way.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Index of the edge among the flows of the job.
    pub edge: usize,
    /// The rows.
    pub batch: Batch,
    /// Its estimated bytes, if the producer knows them already.
    pub estimate: Option<u64>,
}

/// What a writer finds in its inbox.
#[derive(Debug)]
pub(super) enum Received {
    /// Rows.
    Data(Parcel),
    /// Every input that has not ended delivered this barrier.
    Barrier(Epoch),
    /// Every input has ended.
    End,
}

#[derive(Debug)]
enum Item {
    Data { parcel: Parcel, bytes: usize, permit: Option<Permit> },
    Barrier(Epoch),
    End,
}

#[derive(Debug, Default)]
struct Input {
    queue: VecDeque<Item>,
    bytes: usize,
    /// Its barrier is taken; not read until all others delivered theirs.
    aligned: bool,
    ended: bool,
    producer: Option<Waker>,
}

#[derive(Debug)]
struct State {
    inputs: Vec<Input>,
    /// The input to look at first, so that none starves.
    turn: usize,
    /// The barrier that some inputs delivered.
    barrier: Option<Epoch>,
    consumer: Option<Waker>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    pipe_bytes: usize,
    budget: Arc<Budget>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a producer.
#[derive(Debug)]
pub(super) struct Outlet {
    shared: Arc<Shared>,
    input: usize,
}

/// The end of the writer.
#[derive(Debug)]
pub(super) struct Inbox(Arc<Shared>);

/// An inbox with `inputs` pipes of `pipe_bytes` each.
pub(super) fn inbox(inputs: usize, pipe_bytes: usize, budget: &Arc<Budget>) -> (Inbox, Vec<Outlet>) {
    let state = State {
        inputs: (0..inputs).map(|_| Input::default()).collect(),
        turn: 0,
        barrier: None,
        consumer: None,
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), pipe_bytes, budget: Arc::clone(budget) });
    let outlets = (0..inputs).map(|input| Outlet { shared: Arc::clone(&shared), input }).collect();
    (Inbox(shared), outlets)
}

impl Outlet {
    /// Sends rows; waits for room.
    pub(super) async fn send(&self, parcel: Parcel) {
        let bytes = parcel.batch.memory();
        let mut parcel = Some(parcel);
        poll_fn(|cx| {
            let mut state = self.shared.lock();
            let input = &mut state.inputs[self.input];
            let permit = if input.queue.is_empty() {
                None
            } else {
                let fits = input.bytes.saturating_add(bytes) <= self.shared.pipe_bytes;
                let permit = if fits { self.shared.budget.take(bytes) } else { None };
                if permit.is_none() {
                    input.producer = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                permit
            };
            if let Some(parcel) = parcel.take() {
                input.bytes += bytes;
                input.queue.push_back(Item::Data { parcel, bytes, permit });
            }
            let consumer = state.consumer.take();
            drop(state);
            wake(consumer);
            Poll::Ready(())
        })
        .await;
    }

    /// Sends a barrier; never waits.
    pub(super) fn barrier(&self, epoch: Epoch) {
        self.push(Item::Barrier(epoch));
    }

    /// Says that nothing follows; never waits.
    pub(super) fn end(&self) {
        self.push(Item::End);
    }

    fn push(&self, item: Item) {
        let mut state = self.shared.lock();
        state.inputs[self.input].queue.push_back(item);
        let consumer = state.consumer.take();
        drop(state);
        wake(consumer);
    }

    /// Bytes that wait in this pipe.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.shared.lock().inputs[self.input].bytes
    }
}

impl Inbox {
    /// The next item; cancel-safe.
    pub(super) async fn receive(&mut self) -> Received {
        poll_fn(|cx| {
            loop {
                let mut state = self.0.lock();
                match state.step() {
                    Step::Ready(received) => return Poll::Ready(received),
                    Step::Taken(item, producer) => {
                        drop(state);
                        wake(producer);
                        if let Some(parcel) = item {
                            return Poll::Ready(Received::Data(parcel));
                        }
                    }
                    Step::Empty => {
                        state.consumer = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                }
            }
        })
        .await
    }
}

/// One look at the inputs.
enum Step {
    Ready(Received),
    /// An item was taken (rows, or a mark that only changes the state); its producer may have room now.
    Taken(Option<Parcel>, Option<Waker>),
    Empty,
}

impl State {
    fn step(&mut self) -> Step {
        if let Some(epoch) = self.barrier
            && self.inputs.iter().all(|input| input.aligned || input.ended)
        {
            self.barrier = None;
            self.inputs.iter_mut().for_each(|input| input.aligned = false);
            return Step::Ready(Received::Barrier(epoch));
        }
        let count = self.inputs.len();
        for index in (0..count).map(|offset| (self.turn + offset) % count) {
            let input = &mut self.inputs[index];
            if input.aligned || input.ended {
                continue;
            }
            let Some(item) = input.queue.pop_front() else {
                continue;
            };
            let producer = input.producer.take();
            return match item {
                Item::Data { parcel, bytes, permit } => {
                    input.bytes -= bytes;
                    drop(permit);
                    self.turn = (index + 1) % count;
                    Step::Taken(Some(parcel), producer)
                }
                Item::Barrier(epoch) => {
                    input.aligned = true;
                    self.barrier = Some(epoch);
                    Step::Taken(None, producer)
                }
                Item::End => {
                    input.ended = true;
                    Step::Taken(None, producer)
                }
            };
        }
        if self.inputs.iter().all(|input| input.ended) { Step::Ready(Received::End) } else { Step::Empty }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
