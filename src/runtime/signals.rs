//! Signals that ask the process to end, and its log.

use std::io::IsTerminal;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

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

/// Logs to standard error, at INFO unless `SEIKAN_LOG` says otherwise (`debug`, `seikan::store=debug`, …).
pub fn start_logging() {
    let filter = EnvFilter::try_from_env("SEIKAN_LOG").unwrap_or_else(|_| EnvFilter::new("info,sled=warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would say on standard error that standard error can't be written, and panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    if log.try_init().is_err() {
        tracing::debug!("logging was started before");
    }
}
