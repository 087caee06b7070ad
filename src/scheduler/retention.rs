//! What of ended jobs is older, or more, than the configuration keeps.

use crate::model::{JobId, Millis};
use std::time::Duration;

/// How much of one kind is kept. Each limit that is set suffices to delete something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// What is at most so old; `None`: all.
    pub age: Option<Duration>,
    /// That of the newest so many jobs; `None`: all.
    pub count: Option<u64>,
    /// The newest so many bytes; `None`: all.
    pub bytes: Option<u64>,
}

/// What is kept of ended jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Records; with one go the texts, the checkpoint and the log of its job.
    pub records: Limits,
    /// Logs.
    pub logs: Limits,
    /// Checkpoints: a job without one can't be started with a savepoint any more.
    pub checkpoints: Limits,
}

/// What is kept of one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The job.
    pub job: JobId,
    /// How old it is: when the job ended.
    pub at: Option<Millis>,
    /// Its bytes.
    pub bytes: u64,
}

/// All that is there of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Jobs.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Total {
    /// The total of items.
    #[must_use]
    pub fn of(items: &[Item]) -> Self {
        Self { count: items.len() as u64, bytes: items.iter().map(|item| item.bytes).sum() }
    }
}

impl Limits {
    /// Whether all is kept.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        *self == Self::default()
    }

    /// Those that are over at `now`, of the `oldest` of a total.
    #[must_use]
    pub fn over(&self, oldest: &[Item], total: Total, now: Millis) -> Vec<Item> {
        let too_many = self.count.map_or(0, |keep| total.count.saturating_sub(keep));
        let before = self.age.map(|age| now.saturating_sub(age.as_millis() as Millis));
        let is_old = |at: Option<Millis>| before.zip(at).is_some_and(|(before, at)| at < before);
        let mut bytes = total.bytes;
        let over = oldest.iter().zip(0..).take_while(|(item, place)| {
            let is_over = *place < too_many || is_old(item.at) || self.bytes.is_some_and(|keep| bytes > keep);
            bytes = bytes.saturating_sub(item.bytes);
            is_over
        });
        over.map(|(item, _)| *item).collect()
    }
}

impl Retention {
    /// Whether all is kept.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_number_and_bytes_each_suffice() {
        let oldest: Vec<_> =
            (1..=4).map(|n| Item { job: JobId(n), at: Some(n * 1000), bytes: 10 * n as u64 }).collect();
        let over = |age: Option<u64>, count, bytes| {
            let limits = Limits { age: age.map(Duration::from_millis), count, bytes };
            limits.over(&oldest, Total::of(&oldest), 5000).len()
        };
        assert_eq!(over(None, None, None), 0);
        assert_eq!(over(None, Some(3), None), 1);
        assert_eq!(over(Some(2500), None, None), 2, "those of 1000 and 2000");
        assert_eq!(over(Some(2500), Some(1), None), 3);
        assert_eq!(over(Some(3000), Some(9), None), 1, "of the same age as allowed is not over");
        assert_eq!(over(None, None, Some(100)), 0, "they are 100 bytes");
        assert_eq!(over(None, None, Some(99)), 1);
        assert_eq!(over(None, None, Some(90)), 1);
        assert_eq!(over(None, None, Some(40)), 3, "the newest is kept");
        assert_eq!(over(None, None, Some(0)), 4);
    }
}
