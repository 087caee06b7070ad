//! Rows that can't be transformed: the option that says what becomes of them, and how an error shows their values.

use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};

/// The option of every transform that can fail on a row.
pub(super) const ROW_ERRORS: OptionDef = OptionDef::new(
    "row_error_handle_way",
    Kind::Choice(&["FAIL", "SKIP"]),
    "what a row that can't be transformed does: it fails the job, or is dropped",
)
.default("FAIL");

/// How much of a value an error shows.
const SHOWN: usize = 60;

/// What becomes of a row that can't be transformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowErrors {
    /// It fails the job.
    Fail,
    /// It is dropped.
    Skip,
}

impl RowErrors {
    /// Reads the option.
    pub(super) fn read(options: &Options<'_>) -> Option<Self> {
        options.choice(&ROW_ERRORS).map(|way| if way == "SKIP" { Self::Skip } else { Self::Fail })
    }
}

/// The failure of one row: `row` counts within its batch, from 0.
pub(super) fn row_fault(row: usize, column: &str, message: &str) -> Fault {
    Fault::user(format!("row {} of its batch, column \"{column}\": {message}", row + 1))
}

/// A value as errors show it: quoted, cut after 60 characters.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
