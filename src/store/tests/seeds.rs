//! Cases drawn at random: case `k` of a run draws from seed + `k`, so that each can be run again alone.
//!
//! `SEIKAN_SEED` sets the seed, else it is drawn; each test names the variables that set how many cases there are, and
//! with which one to begin.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::time::Instant;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}: a whole number is expected")))
}

/// Runs the cases; names the one that panics.
pub fn cases(what: &str, always: u64, count: &str, from: &str, mut case: impl FnMut(&mut SmallRng)) {
    let seed = number("SEIKAN_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let (first, count) = (number(from).unwrap_or(0), number(count).unwrap_or(always));
    println!("{what}: {count} cases, SEIKAN_SEED={seed}");
    let start = Instant::now();
    for k in first..first + count {
        let running = Running { seed, k, from };
        case(&mut SmallRng::seed_from_u64(seed.wrapping_add(k)));
        drop(running);
        if (k + 1 - first).is_multiple_of(50) {
            println!("{what}: up to case {k} after {:?}, SEIKAN_SEED={seed}", start.elapsed());
        }
    }
}

struct Running<'a> {
    seed: u64,
    k: u64,
    from: &'a str,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "it was case {} of SEIKAN_SEED={}: go on there with {}={}",
                self.k, self.seed, self.from, self.k
            );
        }
    }
}
