//! Why a running job failed: who is to blame, whether to try again, and where it happened.

use super::Problem;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Blame {
    /// The job or its data: a wrong option, a value that can't be read, a failed assertion.
    User,
    /// The world outside: a disk, a network, a database.
    External,
    /// Ourselves: a panic, a broken invariant.
    Internal,
}

/// Whether a new attempt may help. The retry policy reads this, never a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// A new attempt may help.
    May,
    /// A new attempt can't help.
    Never,
}

/// A failure of a running job. `message` is one line for the user; `causes` are the deeper reasons, outermost
/// first, and never repeat `message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Who has to act.
    pub blame: Blame,
    /// Whether a new attempt may help.
    pub retry: Retry,
    /// Name of the vertex (`Source[0]-FakeSource`), filled in by the engine.
    pub vertex: Option<String>,
    /// What happened, in one line, without secrets.
    pub message: String,
    /// Deeper reasons, outermost first.
    pub causes: Vec<String>,
}

impl Fault {
    /// The job or its data is wrong. Data problems are retried like any failure, as the job's retry options ask,
    /// because a file or table may be mended meanwhile.
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(Blame::User, Retry::May, message)
    }

    /// Something outside failed; a new attempt may help.
    pub fn external(message: impl Into<String>) -> Self {
        Self::new(Blame::External, Retry::May, message)
    }

    /// We are wrong; no retry, loud.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Blame::Internal, Retry::Never, message)
    }

    fn new(blame: Blame, retry: Retry, message: impl Into<String>) -> Self {
        Self { blame, retry, vertex: None, message: message.into(), causes: Vec::new() }
    }

    /// Adds `cause` and the errors below it.
    #[must_use]
    pub fn caused_by(mut self, cause: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Says that a new attempt can't help.
    #[must_use]
    pub fn final_one(mut self) -> Self {
        self.retry = Retry::Never;
        self
    }

    /// The same as a problem of the job, at its vertex.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let lines: Vec<&str> =
            std::iter::once(&self.message).chain(&self.causes).map(String::as_str).collect();
        Problem::new(self.vertex.clone().unwrap_or_default(), lines.join(": "))
    }

    /// Names the vertex, unless it is named already.
    #[must_use]
    pub fn at(mut self, vertex: &str) -> Self {
        self.vertex.get_or_insert_with(|| vertex.to_owned());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(vertex) = &self.vertex {
            write!(f, "{vertex}: ")?;
        }
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, "\n  caused by: {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
