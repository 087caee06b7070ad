//! Who may hold a connection open: as many as there is room for, and of one address no more than its share.
//!
//! Asked when a connection opens and closes, never for a request. What is kept is bounded by the connections.

use crate::config::LimitsConfig;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places for connections.
#[derive(Debug)]
pub(super) struct Places {
    all: usize,
    of_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of_address: HashMap<IpAddr, usize>,
}

impl Places {
    pub(super) fn new(limits: &LimitsConfig) -> Arc<Self> {
        let of_address = limits.connections_per_address.unwrap_or(limits.connections);
        Arc::new(Self { all: limits.connections, of_address, taken: Mutex::default() })
    }

    /// A place for a connection of that address, kept until it is dropped; `None`: there is none.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr) -> Option<Place> {
        let mut taken = self.taken();
        if taken.all >= self.all {
            return None;
        }
        let of_address = taken.of_address.entry(from).or_default();
        if *of_address >= self.of_address {
            return None;
        }
        *of_address += 1;
        taken.all += 1;
        Some(Place { places: Arc::clone(self), from })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    from: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(count) = taken.of_address.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                taken.of_address.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn places_are_shared_out_and_given_back() {
        let mut limits = Config::defaults().unwrap().http.limits;
        (limits.connections, limits.connections_per_address) = (3, Some(2));
        let places = Places::new(&limits);
        let [a, b] = [1, 2].map(|n| IpAddr::from([10, 0, 0, n]));
        let mut held: Vec<Place> = [a, a].into_iter().filter_map(|from| places.take(from)).collect();
        assert_eq!(held.len(), 2);
        assert!(places.take(a).is_none(), "its share is taken");
        held.push(places.take(b).unwrap());
        assert!(places.take(b).is_none(), "all are taken");
        held.remove(0);
        held.push(places.take(b).unwrap());
        held.clear();
        let taken = places.taken();
        assert!(taken.all == 0 && taken.of_address.is_empty(), "{taken:?}");
    }
}
