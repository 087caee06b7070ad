//! The threads that jobs run on, apart from those of HTTP and timers.
//!
//! An executor run by a fixed number of worker threads, and a watchdog over them. A task whose poll doesn't return
//! within the call limit is *stuck*: its owner is told, its thread is given up and replaced by a new one, and counted.
//! A thread that was given up ends when its poll returns after all.
#![allow(clippy::disallowed_methods, reason = "the pool starts its own worker threads")]

use super::tasks::{Ended, panic_text};
use async_executor::Executor;
use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Called once when a task is stuck, on the watchdog's thread.
type OnStuck = Arc<dyn Fn() + Send + Sync>;

/// The pool. Cloning shares it; it ends with its last clone.
#[derive(Clone)]
pub struct JobPool(Arc<Shared>);

struct Shared {
    executor: Arc<Executor<'static>>,
    workers: Mutex<Vec<Arc<Worker>>>,
    /// Threads that have not ended, those that were given up included.
    running: Mutex<usize>,
    one_ended: Condvar,
    closed: AtomicBool,
    runtime: tokio::runtime::Handle,
    limit: Duration,
    given_up: AtomicU64,
    number: AtomicUsize,
}

/// One thread: what it polls now, and since when.
#[derive(Default)]
struct Worker {
    polling: Mutex<Option<(Instant, OnStuck)>>,
    given_up: AtomicBool,
    retire: Notify,
}

thread_local! {
    static WORKER: std::cell::RefCell<Option<Arc<Worker>>> = const { std::cell::RefCell::new(None) };
}

/// A task on the pool; dropped means cancelled. Awaiting it gives its result.
pub struct PoolTask<T>(async_executor::Task<Result<T, Ended>>);

impl<T> PoolTask<T> {
    /// Cancels the task; answers when its future is gone, which is after the poll that runs now, if one does.
    pub async fn cancel(self) {
        // What it had answered by then is of no interest to who cancels.
        let _answer = self.0.cancel().await;
    }
}

impl<T> Future for PoolTask<T> {
    type Output = Result<T, Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl JobPool {
    /// A pool of `threads` workers. `runtime` serves timers and blocking work of the tasks; a poll that takes longer
    /// than `limit` is stuck.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn new(threads: usize, limit: Duration, runtime: tokio::runtime::Handle) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            executor: Arc::new(Executor::new()),
            workers: Mutex::default(),
            running: Mutex::default(),
            one_ended: Condvar::new(),
            closed: AtomicBool::new(false),
            runtime,
            limit,
            given_up: AtomicU64::new(0),
            number: AtomicUsize::new(0),
        });
        for _ in 0..threads.max(1) {
            Shared::start_worker(&shared)?;
        }
        let watched = Arc::downgrade(&shared);
        std::thread::Builder::new().name("job-watchdog".into()).spawn(move || watch(&watched))?;
        Ok(Self(shared))
    }

    /// How long one poll may take before its task is stuck.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.0.limit
    }

    /// Threads that were given up because a call on them didn't return in time.
    #[must_use]
    pub fn threads_given_up(&self) -> u64 {
        self.0.given_up.load(Ordering::Relaxed)
    }

    /// Ends the threads: nothing is polled any more, and what was not finished stays so. Blocks until the polls that are under
    /// way return, at most for `patience`; whether all have. Only then may the runtime go: a poll would find no timer.
    #[must_use]
    pub fn close(&self, patience: Duration) -> bool {
        self.0.closed.store(true, Ordering::Release);
        self.0.retire();
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.one_ended.wait_timeout_while(running, patience, |running| *running > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }

    /// Runs a task. `on_stuck` is told when one of its polls doesn't return in time.
    pub fn spawn<F>(&self, future: F, on_stuck: impl Fn() + Send + Sync + 'static) -> PoolTask<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let guarded = Watched { future: Box::pin(future), on_stuck: Arc::new(on_stuck) };
        let caught = AssertUnwindSafe(guarded)
            .catch_unwind()
            .map(|result| result.map_err(|payload| Ended::Panicked(panic_text(payload.as_ref()))));
        PoolTask(self.0.executor.spawn(caught))
    }
}

impl Shared {
    fn start_worker(shared: &Arc<Self>) -> std::io::Result<()> {
        let worker = Arc::new(Worker::default());
        let number = shared.number.fetch_add(1, Ordering::Relaxed);
        let (executor, runtime) = (Arc::clone(&shared.executor), shared.runtime.clone());
        let own = Arc::clone(&worker);
        let counted = Counted::new(shared);
        std::thread::Builder::new().name(format!("job-{number}")).spawn(move || {
            let _counted = counted;
            WORKER.set(Some(Arc::clone(&own)));
            let _timers = runtime.enter();
            futures::executor::block_on(executor.run(own.retire.notified()));
        })?;
        shared.workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        Ok(())
    }

    fn retire(&self) {
        for worker in self.workers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            worker.retire.notify_one();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.retire();
    }
}

/// One thread that runs, until it is dropped. It does not keep the pool alive.
struct Counted(Weak<Shared>);

impl Counted {
    fn new(shared: &Arc<Shared>) -> Self {
        *shared.running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(Arc::downgrade(shared))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            *shared.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
            shared.one_ended.notify_all();
        }
    }
}

/// Notes at each poll, for the watchdog, what the thread is doing.
struct Watched<F: Future> {
    future: Pin<Box<F>>,
    on_stuck: OnStuck,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let worker = WORKER.with_borrow(Option::clone);
        let note = |polling: Option<(Instant, OnStuck)>| {
            if let Some(worker) = &worker {
                *worker.polling.lock().unwrap_or_else(PoisonError::into_inner) = polling;
            }
        };
        note(Some((Instant::now(), Arc::clone(&self.on_stuck))));
        let done = Clear(&note);
        let result = self.future.as_mut().poll(cx);
        drop(done);
        result
    }
}

/// Clears the note also when the poll panics.
struct Clear<'a, N: Fn(Option<(Instant, OnStuck)>)>(&'a N);

impl<N: Fn(Option<(Instant, OnStuck)>)> Drop for Clear<'_, N> {
    fn drop(&mut self) {
        (self.0)(None);
    }
}

/// Looks at the workers a few times per limit, until the pool is gone.
fn watch(pool: &Weak<Shared>) {
    loop {
        let Some(shared) = pool.upgrade().filter(|shared| !shared.closed.load(Ordering::Acquire)) else {
            return;
        };
        let limit = shared.limit;
        let workers = shared.workers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for worker in workers {
            let polling = worker.polling.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some((_, on_stuck)) = polling.filter(|(since, _)| since.elapsed() > limit) else {
                continue;
            };
            if worker.given_up.swap(true, Ordering::Relaxed) {
                continue;
            }
            shared.given_up.fetch_add(1, Ordering::Relaxed);
            worker.retire.notify_one();
            shared
                .workers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|w| !Arc::ptr_eq(w, &worker));
            if let Err(error) = Shared::start_worker(&shared) {
                tracing::error!(%error, "no thread can be started in place of a stuck one");
            }
            on_stuck();
        }
        drop(shared);
        std::thread::sleep((limit / 4).clamp(Duration::from_millis(5), Duration::from_secs(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn pool(limit: Duration) -> (tokio::runtime::Runtime, JobPool) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let pool = JobPool::new(1, limit, runtime.handle().clone()).unwrap();
        (runtime, pool)
    }

    #[test]
    fn a_panic_is_the_tasks_own() {
        let (runtime, pool) = pool(Duration::from_secs(60));
        let task = pool.spawn(async { panic!("on purpose") }, || ());
        let ended: Result<(), Ended> = runtime.block_on(task);
        assert_eq!(ended, Err(Ended::Panicked("on purpose".into())));
        assert_eq!(runtime.block_on(pool.spawn(async { 7 }, || ())), Ok(7));
    }

    /// A poll that sleeps on a timer of the runtime must not come after the runtime's end.
    #[test]
    fn a_closed_pool_polls_nothing_any_more() {
        let (runtime, pool) = pool(Duration::from_secs(60));
        let (polled, polls) = mpsc::channel();
        let task = pool.spawn(
            async move {
                let mut ticks = tokio::time::interval(Duration::from_millis(1));
                loop {
                    let _gone = polled.send(());
                    ticks.tick().await;
                }
            },
            || (),
        );
        polls.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(pool.close(Duration::from_secs(10)));
        while polls.try_recv().is_ok() {}
        runtime.shutdown_background();
        assert_eq!(polls.recv_timeout(Duration::from_millis(50)), Err(mpsc::RecvTimeoutError::Timeout));
        drop(task);
    }

    #[test]
    fn a_pool_with_a_stuck_thread_is_closed_in_bounded_time() {
        let (_runtime, pool) = pool(Duration::from_secs(60));
        let (release, held) = mpsc::channel::<()>();
        let (began, begun) = mpsc::channel();
        let task = pool.spawn(
            async move {
                let _told = began.send(());
                let _released = held.recv();
            },
            || (),
        );
        begun.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(!pool.close(Duration::from_millis(20)));
        drop(release);
        assert!(pool.close(Duration::from_secs(10)));
        drop(task);
    }

    #[test]
    fn a_stuck_thread_is_replaced_and_its_neighbours_go_on() {
        let (runtime, pool) = pool(Duration::from_millis(20));
        let (release, held) = mpsc::channel::<()>();
        let (told, stuck) = mpsc::channel();
        let endless = pool.spawn(
            async move {
                let _released = held.recv();
            },
            move || told.send(()).unwrap(),
        );
        stuck.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(runtime.block_on(pool.spawn(async { 7 }, || ())), Ok(7), "one thread, and it is stuck");
        assert_eq!(pool.threads_given_up(), 1);
        release.send(()).unwrap();
        assert_eq!(runtime.block_on(endless), Ok(()));
    }
}
