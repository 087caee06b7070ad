//! Whether a failed attempt is followed by another. Pure.

use crate::model::{Fault, Retry};
use std::time::Duration;

/// `job.retry.times` and `job.retry.interval.seconds` of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RetryPolicy {
    /// Attempts after the first, without progress between them.
    pub times: u32,
    /// Wait before each.
    pub interval: Duration,
}

impl RetryPolicy {
    /// The wait before the next attempt, if there is one, after `retries` of them already.
    pub fn after(&self, retries: u32, fault: &Fault) -> Option<Duration> {
        match fault.retry {
            Retry::May => (retries < self.times).then_some(self.interval),
            Retry::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_asked_for_and_never_against_the_fault() {
        let policy = RetryPolicy { times: 2, interval: Duration::from_secs(3) };
        let fault = Fault::external("disk");
        assert_eq!(policy.after(0, &fault), Some(Duration::from_secs(3)));
        assert_eq!(policy.after(1, &fault), Some(Duration::from_secs(3)));
        assert_eq!(policy.after(2, &fault), None);
        assert_eq!(policy.after(0, &fault.final_one()), None);
        assert_eq!(policy.after(0, &Fault::internal("panic")), None);
        assert_eq!(RetryPolicy::default().after(0, &Fault::user("row 7")), None);
    }
}
