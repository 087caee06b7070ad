//! Signals that ask the process to end.

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
