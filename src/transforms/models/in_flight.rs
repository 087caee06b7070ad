//! Several calls under way at once, answers in the order of the questions.

use crate::model::Fault;
use futures::StreamExt;
use futures::stream;
use std::future::Future;

/// Calls for each item, `at_once` calls under way; a slow one holds up no other. The first fault ends them all.
pub(super) async fn in_flight<T, R, F>(
    items: Vec<T>,
    at_once: usize,
    call: impl Fn(T) -> F,
) -> Result<Vec<R>, Fault>
where
    F: Future<Output = Result<R, Fault>>,
{
    let mut answers = Vec::with_capacity(items.len());
    let calls = items.into_iter().enumerate().map(|(at, item)| {
        let asked = call(item);
        async move { (at, asked.await) }
    });
    let mut running = stream::iter(calls).buffer_unordered(at_once.max(1));
    while let Some((at, answer)) = running.next().await {
        answers.push((at, answer?));
    }
    answers.sort_unstable_by_key(|(at, _)| *at);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
