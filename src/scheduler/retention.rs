//! Which ended jobs are older, or more, than the configuration keeps.

use crate::model::{JobId, Millis};
use std::time::Duration;

/// Which ended jobs are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Those that ended at most so long ago; `None`: all.
    pub age: Option<Duration>,
    /// The newest so many; `None`: all.
    pub jobs: Option<u64>,
}

impl Retention {
    /// Whether all are kept.
    pub(super) fn is_endless(&self) -> bool {
        self.age.is_none() && self.jobs.is_none()
    }

    /// Those that are over at `now`, of the `oldest` ended jobs (id and end) of `total`.
    pub(super) fn over(&self, oldest: &[(JobId, Option<Millis>)], total: u64, now: Millis) -> Vec<JobId> {
        let too_many = self.jobs.map_or(0, |keep| total.saturating_sub(keep));
        let before = self.age.map(|age| now.saturating_sub(age.as_millis() as Millis));
        let is_old = |ended: Option<Millis>| before.zip(ended).is_some_and(|(before, ended)| ended < before);
        let jobs = oldest.iter().zip(0..);
        let over = jobs.take_while(|((_, ended), place)| *place < too_many || is_old(*ended));
        over.map(|((job, _), _)| *job).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_and_number_each_suffice() {
        let oldest: Vec<_> = (1..=4).map(|n| (JobId(n), Some(n * 1000))).collect();
        let over = |age: Option<u64>, jobs| {
            let retention = Retention { age: age.map(Duration::from_millis), jobs };
            retention.over(&oldest, 4, 5000).len()
        };
        assert_eq!(over(None, None), 0);
        assert_eq!(over(None, Some(3)), 1);
        assert_eq!(over(Some(2500), None), 2, "those of 1000 and 2000");
        assert_eq!(over(Some(2500), Some(1)), 3);
        assert_eq!(over(Some(3000), Some(9)), 1, "of the same age as allowed is not over");
    }
}
