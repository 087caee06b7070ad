//! Waits for a state, bounded. Nothing else in the tests waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a state may take to come; far more than any does on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

/// Asks until there is an answer.
///
/// # Panics
/// When the bound passes; says what was waited for.
pub fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    until_within(BOUND, what, ask)
}

/// [`until`] with a bound of its own.
pub fn until_within<T>(bound: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < bound, "not within {bound:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Threads that make load until they are stopped; dropping stops them, also when a test fails.
pub struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts `count` threads; each turn of a thread is one call of `turn` with its number. A turn that answers
    /// `false` is the thread's last.
    pub fn start(count: usize, turn: impl Fn(u32) -> bool + Clone + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = |_| {
            let (stop, turn) = (Arc::clone(&stop), turn.clone());
            let turns = move || {
                let _last = (0..).take_while(|_| !stop.load(Ordering::Relaxed)).find(|number| !turn(*number));
            };
            std::thread::Builder::new().spawn(turns).expect("a thread")
        };
        let threads = (0..count).map(thread).collect();
        Self { stop, threads }
    }

    /// Stops the threads and waits for them.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("a thread of the load panicked");
            }
        }
    }
}
