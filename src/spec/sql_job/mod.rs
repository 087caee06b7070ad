//! SQL jobs: `CREATE TABLE … WITH`, `CREATE TABLE … AS SELECT`, `INSERT INTO … SELECT`.
//!
//! `lines` makes statements of the text (comments gone, lines joined) and finds its `/* config` blocks; `token` and
//! `statement` read a statement; `job` knows the tables, checks names, and writes HOCON (`translation`), which the
//! parser of HOCON reads: so values that are HOCON, references, variables and everything behind them are the same.
//!
//! Invariant: every byte of a statement and of the translation knows the byte of the user's text that it was copied
//! from, or stands for; so problems name line and column of that text.

mod job;
mod lines;
mod statement;
#[cfg(test)]
mod tests;
mod token;
mod translation;

use super::hocon::{self, Dialect, Document, Files, Includes, Mark};
use crate::model::Problem;
use std::rc::Rc;

/// What is wrong, and the byte of the user's text where it is.
type SqlError = (usize, String);

/// Parses the text of an SQL job.
///
/// # Errors
/// The first thing that is wrong, with line and column.
pub fn document(
    text: &Rc<str>,
    name: &str,
    includes: &Includes,
    keys: bool,
) -> Result<Document, Vec<Problem>> {
    let translation = job::translate(text).map_err(|(offset, message)| {
        let mut files = Files::default();
        let file = files.add(name, Rc::clone(text));
        vec![*files.problem(Mark { file, offset }, message)]
    })?;
    let mut files = Files::default();
    files.add_translated(name, Rc::clone(text), translation.copied);
    let parsed = hocon::parse(translation.text.into(), files, Dialect::Hocon, includes, keys);
    parsed.map_err(|mut problem| {
        if problem.message.contains("a comma or a new line") {
            problem.hint =
                Some("the lines of a statement are joined, so items of a value need commas".into());
        }
        vec![*problem]
    })
}
