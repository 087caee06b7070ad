//! Tells how far a long start has come: lines in the log, and words for the service manager.
//!
//! A quick start says nothing here; its greeting says all. Each of the two goes on until it is dropped or has nothing more
//! to tell.

use crate::store::{Progress, StoreGauge};
use std::time::{Duration, Instant};

/// A start that takes no longer is not worth a line.
const QUICK: Duration = Duration::from_millis(250);
/// Time between two lines.
const LINE: Duration = Duration::from_secs(5);
/// How often the loading of the history is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long the service manager waits for the next word before it takes the start for failed.
const EXTENSION: Duration = Duration::from_secs(60);

/// Until the server is ready. `address`: where it answers `/health` meanwhile.
pub(super) async fn while_starting(progress: Progress, address: Option<String>) {
    tokio::time::sleep(QUICK).await;
    if let Some(address) = address {
        tracing::info!("listening on {address}, starting");
    }
    loop {
        let text = progress.read().map_or_else(|| "starting".to_owned(), |now| format!("starting: {now}"));
        tell(&[
            sd_notify::NotifyState::ExtendTimeoutUsec(EXTENSION.as_micros() as u32),
            sd_notify::NotifyState::Status(&text),
        ]);
        tokio::time::sleep(LINE).await;
        tracing::info!("{text}");
    }
}

/// Until the history is there; the server takes jobs meanwhile.
pub(super) async fn while_loading(store: StoreGauge) {
    let (started, mut said) = (Instant::now(), None::<Instant>);
    while let Some(loading) = store.read().loading {
        if started.elapsed() >= LOOK && said.is_none_or(|said| said.elapsed() >= LINE) {
            said = Some(Instant::now());
            let text = format!("jobs are taken; the history is being loaded: {loading}");
            tracing::info!("{text}");
            tell(&[sd_notify::NotifyState::Status(&text)]);
        }
        tokio::time::sleep(LOOK).await;
    }
    if said.is_some() {
        tracing::info!("the history is there after {} s", started.elapsed().as_secs());
    }
    tell(&[sd_notify::NotifyState::Status("ready")]);
}

/// Tells the service manager, where there is one.
pub(super) fn tell(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}
