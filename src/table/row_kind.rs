//! What a row means: an insert, or one part of a change.

use serde::{Deserialize, Serialize};

/// Kind of a row; the number is its value in [`Batch::kinds`](super::Batch::kinds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i8)]
pub enum RowKind {
    /// `+I`.
    Insert = 0,
    /// `-U`: the row before an update.
    UpdateBefore = 1,
    /// `+U`: the row after an update.
    UpdateAfter = 2,
    /// `-D`.
    Delete = 3,
}

impl RowKind {
    /// All kinds, by number.
    pub const ALL: [RowKind; 4] =
        [RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete];

    /// The kind of that number; unknown numbers are inserts (a batch never holds any).
    #[must_use]
    pub fn of_number(number: i8) -> Self {
        Self::ALL.into_iter().find(|kind| *kind as i8 == number).unwrap_or(RowKind::Insert)
    }

    /// The kind of that full name, spelled exactly.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// `INSERT`, `UPDATE_BEFORE`, `UPDATE_AFTER`, `DELETE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RowKind::Insert => "INSERT",
            RowKind::UpdateBefore => "UPDATE_BEFORE",
            RowKind::UpdateAfter => "UPDATE_AFTER",
            RowKind::Delete => "DELETE",
        }
    }

    /// `+I`, `-U`, `+U`, `-D`.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            RowKind::Insert => "+I",
            RowKind::UpdateBefore => "-U",
            RowKind::UpdateAfter => "+U",
            RowKind::Delete => "-D",
        }
    }
}
