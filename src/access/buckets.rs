//! A bucket of turns for each client address, in a fixed number of slots.
//!
//! An address has its slot by a keyed hash: two that share one share its turns, which nobody outside can bring about on
//! purpose. A slot is the moment at which its bucket is full again, so that a turn costs one exchange of a number, and no
//! lock. Of an IPv6 address the first 64 bits count: a client has all that follow.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Turns per address.
#[derive(Debug)]
pub struct Buckets {
    slots: Box<[AtomicU64]>,
    key: RandomState,
    started: Instant,
    /// Microseconds in which a turn comes back.
    interval: u64,
    /// Microseconds in which an empty bucket is full again.
    full: u64,
}

impl Buckets {
    /// Buckets of `size` turns, of which one comes back every `interval`.
    #[must_use]
    pub fn new(slots: usize, size: u32, interval: Duration) -> Self {
        let interval = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX / 1024).max(1);
        Self {
            slots: (0..slots.max(1)).map(|_| AtomicU64::new(0)).collect(),
            key: RandomState::new(),
            started: Instant::now(),
            interval,
            full: interval.saturating_mul(u64::from(size.max(1))),
        }
    }

    /// Takes a turn.
    ///
    /// # Errors
    /// The bucket is empty: how long until there is one.
    pub fn take(&self, who: IpAddr, now: Instant) -> Result<(), Duration> {
        let (slot, now) = (self.slot(who), self.at(now));
        let next = |full_at: u64| full_at.max(now).saturating_add(self.interval);
        let limit = now.saturating_add(self.full);
        slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            Some(next(full_at)).filter(|next| *next <= limit)
        })
        .map(|_| ())
        .map_err(|full_at| Duration::from_micros(next(full_at) - limit))
    }

    /// Whether there is a turn; takes none.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn look(&self, who: IpAddr, now: Instant) -> Result<(), Duration> {
        let (full_at, now) = (self.slot(who).load(Ordering::Relaxed), self.at(now));
        let over =
            full_at.max(now).saturating_add(self.interval).saturating_sub(now.saturating_add(self.full));
        if over == 0 { Ok(()) } else { Err(Duration::from_micros(over)) }
    }

    fn at(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_micros()).unwrap_or(u64::MAX / 2)
    }

    fn slot(&self, who: IpAddr) -> &AtomicU64 {
        let key = match who.to_canonical() {
            IpAddr::V4(ip) => u64::from(ip.to_bits()),
            IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
        };
        let hash = self.key.hash_one((who.to_canonical().is_ipv4(), key));
        &self.slots[(hash % self.slots.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn turns_run_out_and_come_back() {
        let buckets = Buckets::new(1 << 12, 3, Duration::from_secs(2));
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let me = ip("10.0.0.1");
        for _ in 0..3 {
            assert_eq!((buckets.look(me, start), buckets.take(me, start)), (Ok(()), Ok(())));
        }
        assert_eq!(buckets.take(me, start), Err(Duration::from_secs(2)));
        assert_eq!(buckets.look(me, at(500)), Err(Duration::from_millis(1500)));
        assert_eq!((buckets.take(me, at(2000)), buckets.take(me, at(2000)).is_ok()), (Ok(()), false));
        // A long rest fills it, and no more than that.
        let full = (0..9).filter(|_| buckets.take(me, at(60_000)).is_ok()).count();
        assert_eq!(full, 3);
    }

    #[test]
    fn a_client_is_its_address_or_its_network() {
        let buckets = Buckets::new(1 << 12, 1, Duration::from_secs(1));
        let now = Instant::now();
        for (who, free) in
            [("10.0.0.1", true), ("::ffff:10.0.0.1", false), ("2001:db8::1", true), ("2001:db8::2", false)]
        {
            assert_eq!(buckets.take(ip(who), now).is_ok(), free, "{who}");
        }
    }

    #[test]
    fn others_are_not_held_up() {
        let buckets = Buckets::new(1 << 12, 1, Duration::from_secs(1000));
        let now = Instant::now();
        let greedy = (0..100).filter(|_| buckets.take(ip("10.0.0.1"), now).is_ok()).count();
        assert_eq!(greedy, 1);
        let served = (0..200u8).filter(|n| buckets.take(IpAddr::from([10, 1, 0, *n]), now).is_ok()).count();
        assert!(served > 150, "{served}");
    }
}
