//! Identifiers of jobs, attempts and checkpoints.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// UTC milliseconds since 1970-01-01.
pub type Millis = i64;

/// A job's id. Ids that we generate fit 53 bits, so that they survive as JSON numbers; callers may choose any
/// positive 64-bit value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(JobId)
    }
}

/// One attempt to run a job. `timeline` is the store's (a copied directory has another one), so that no two
/// attempts anywhere share a name; it is part of every staging name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptId {
    /// Random id of the store's timeline.
    pub timeline: u64,
    /// Counts from 1 over the life of the job.
    pub number: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.timeline, self.number)
    }
}

/// Number of a checkpoint, from 1, rising by one over the whole life of a job id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
