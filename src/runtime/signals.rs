//! Signals that ask the process to end or to read its files again, and how many files it may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM or Ctrl-C; answers its name. Without signal handlers it waits for ever.
pub async fn stop_signal() -> &'static str {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals can't be caught");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "Ctrl-C",
    }
}

/// SIGHUP, which asks to read files again. Without one of these it ends the process.
pub struct Hangups(Option<tokio::signal::unix::Signal>);

impl Hangups {
    /// From now on SIGHUP is caught.
    #[must_use]
    pub fn catch() -> Self {
        Self(signal(SignalKind::hangup()).ok())
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let came = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if came.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// How many files the process may open; first asks for as many as it is allowed, up to 65536.
#[must_use]
pub fn open_files() -> Option<u64> {
    const ENOUGH: u64 = 65_536;
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    if limit.current.is_some_and(|current| current < wanted)
        && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_ok()
    {
        return Some(wanted);
    }
    limit.current
}
