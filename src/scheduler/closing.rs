//! The end: suspend, wait, drop what has not ended, close the store.

use super::core::{Core, With};
use super::transition::{Activity, Event};
use crate::model::JobId;
use crate::runtime::blocking;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long the store may take to make the last records durable, beyond the deadline of the jobs.
const LAST_RECORDS: Duration = Duration::from_secs(10);

/// A shutdown under way.
pub(super) struct Closing {
    /// When the next step is forced.
    pub deadline: Instant,
    /// Whether attempts were dropped already.
    abandoned: bool,
    /// Whether the store is not waited for any more.
    given_up: bool,
    done: Vec<oneshot::Sender<()>>,
}

impl Core {
    /// Takes no new work, and asks every attempt to suspend.
    pub(super) fn shut_down(&mut self, deadline: Duration, done: oneshot::Sender<()>) {
        if let Some(closing) = &mut self.closing {
            closing.done.push(done);
            return;
        }
        let deadline = Instant::now() + deadline;
        self.closing = Some(Closing { deadline, abandoned: false, given_up: false, done: vec![done] });
        let busy = self.jobs.iter().filter(|(_, live)| live.activity != Activity::Rest).map(|(id, _)| *id);
        for id in busy.collect::<Vec<JobId>>() {
            self.apply(id, Event::GoingDown, With::default());
        }
        self.store_what_is_behind();
    }

    /// The deadline is over: attempts that have not ended are dropped, and their jobs go on at the next start.
    pub(super) fn abandon(&mut self) {
        let Some(closing) = &mut self.closing else {
            return;
        };
        closing.deadline = Instant::now() + LAST_RECORDS;
        if std::mem::replace(&mut closing.abandoned, true) {
            tracing::error!("the store has not made the last records durable in time");
            closing.given_up = true;
            return;
        }
        let jobs = self.jobs.iter().filter(|(_, live)| live.has_attempt()).map(|(id, _)| *id);
        for id in jobs.collect::<Vec<JobId>>() {
            tracing::warn!(
                job = id.0,
                "dropped at the deadline of the shutdown; it goes on at the next start"
            );
            self.apply(id, Event::Abandoned, With::default());
        }
        self.store_what_is_behind();
    }

    /// Whether nothing runs any more and everything is durable.
    pub(super) fn is_closed(&self) -> bool {
        self.closing.as_ref().is_some_and(|closing| {
            closing.given_up
                || (self.flights.is_empty() && !self.jobs.values().any(|live| live.has_attempt()))
        })
    }

    /// Closes job logs and the store, apart from this task, and answers.
    pub(super) async fn close(self) {
        let Self { store, scribe, closing, jobs, overlay, .. } = self;
        drop(jobs);
        overlay.close();
        let closed = blocking(move || {
            scribe.close();
            store.close()
        });
        match closed.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the store was not closed in order"),
            Err(ended) => tracing::error!(%ended, "the store was not closed in order"),
        }
        for done in closing.into_iter().flat_map(|closing| closing.done) {
            let _gone = done.send(());
        }
    }
}
