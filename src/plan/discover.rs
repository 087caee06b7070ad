//! Second hop: the sources declare their tables. The only I/O before a job is recorded.

use super::{Rejection, ValidJob};
use crate::model::{Fault, Problem};
use crate::plugin::SourceDef;
use crate::table::CatalogTable;
use futures::FutureExt;
use futures::future::join_all;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// How long the sources of a job may take to declare their tables; they are asked all at once.
pub const DISCOVERY_DEADLINE: Duration = Duration::from_secs(30);

/// The tables of each source, in the order of the job. Stored with the job, as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogues(pub(super) Vec<Vec<CatalogTable>>);

/// JSON nested deeper than this is not read back by its parser (which stops at 128).
const MAX_NESTING: usize = 120;

impl Catalogues {
    /// The text that is stored: a list of lists of tables.
    ///
    /// # Errors
    /// Types nested so deep that the text could not be read back.
    pub fn to_json(&self) -> Result<String, Problem> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| Problem::new("source", format!("tables can't be stored: {error}")))?;
        if nesting(&text) > MAX_NESTING {
            return Err(Problem::new("source", "a column's type is nested too deep"));
        }
        Ok(text)
    }

    /// Reads what [`Catalogues::to_json`] wrote.
    ///
    /// # Errors
    /// Another text.
    pub fn from_json(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|error| Problem::new("", format!("stored tables can't be read: {error}")))
    }
}

/// How deep lists and objects are nested in a JSON text.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Asks all sources for their tables, at once and with a deadline.
///
/// # Errors
/// Every source that can't declare its tables, with the reason.
pub async fn discover(job: &ValidJob<'_>) -> Result<Catalogues, Rejection> {
    discover_within(job, DISCOVERY_DEADLINE).await
}

pub(super) async fn discover_within(job: &ValidJob<'_>, deadline: Duration) -> Result<Catalogues, Rejection> {
    let asked = job.sources.iter().map(|source| async {
        let problem = |message: String| Problem::new(&source.path, message);
        let tables =
            tables_of(source.def.as_ref(), deadline).await.map_err(|fault| problem(one_line(&fault)))?;
        check(&tables).map_err(problem)?;
        Ok(tables)
    });
    let (mut tables, mut errors) = (Vec::new(), Vec::new());
    for answer in join_all(asked).await {
        match answer {
            Ok(of_source) => tables.push(of_source),
            Err(problem) => errors.push(problem),
        }
    }
    if errors.is_empty() {
        Ok(Catalogues(tables))
    } else {
        Err(Rejection { errors, warnings: job.warnings.clone() })
    }
}

/// A panic or an endless wait of a plug-in is a problem of this job, not of the server.
async fn tables_of(source: &dyn SourceDef, deadline: Duration) -> Result<Vec<CatalogTable>, Fault> {
    let answer = AssertUnwindSafe(source.discover()).catch_unwind();
    match tokio::time::timeout(deadline, answer).await {
        Ok(Ok(tables)) => tables,
        Ok(Err(_panic)) => Err(Fault::internal("the plug-in panicked while it looked for its tables")),
        Err(_elapsed) => Err(Fault::external(format!("tables could not be found within {deadline:?}"))),
    }
}

fn check(tables: &[CatalogTable]) -> Result<(), String> {
    if tables.is_empty() {
        return Err("declares no table; there is nothing to read".to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    match tables.iter().find(|table| !seen.insert(&table.path)) {
        Some(table) => Err(format!("declares the table \"{}\" twice", table.path)),
        None => Ok(()),
    }
}

fn one_line(fault: &Fault) -> String {
    std::iter::once(&fault.message).chain(&fault.causes).cloned().collect::<Vec<_>>().join(": ")
}
