//! Why a job is refused: every problem at once.

use crate::model::{Problem, Problems};
use std::fmt;

/// A job that can't be compiled: what is wrong with it, and what is merely odd. `errors` is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What has to be mended.
    pub errors: Vec<Problem>,
    /// What is ignored (unknown options and the like).
    pub warnings: Vec<Problem>,
}

impl Rejection {
    /// The problems collected so far, if there is any error among them; else the warnings alone.
    pub(super) fn check(problems: Problems) -> Result<Vec<Problem>, Self> {
        let (errors, warnings) = problems.into_parts();
        if errors.is_empty() { Ok(warnings) } else { Err(Self { errors, warnings }) }
    }
}

/// All errors, one per line.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.errors.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejection {}
