//! What is wrong with the contents of a table, named by the option below the table's own.

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// `rows[2].fields[1]`; empty: the table as a whole.
    pub key: String,
    /// What was given and what is allowed.
    pub message: String,
}

impl Wrong {
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

/// `rows[2].fields[1]: …`.
impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let colon = if self.key.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", self.key, self.message)
    }
}
