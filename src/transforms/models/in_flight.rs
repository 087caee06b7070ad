//! Several calls under way at once, answers in the order of the questions.

use futures::StreamExt;
use futures::stream;
use std::future::Future;

/// Calls for each item, `at_once` calls under way; a slow one holds up no other. The first failure ends them all.
pub(super) async fn in_flight<T, R, E, F>(
    items: Vec<T>,
    at_once: usize,
    call: impl Fn(T) -> F,
) -> Result<Vec<R>, E>
where
    F: Future<Output = Result<R, E>>,
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
