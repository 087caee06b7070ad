//! The node's tags: what is stored of them, and which ones count. Pure.
//!
//! The store holds a list and can't tell "never set" from "cleared". So that a clearing wins over the configuration
//! after a restart, it is stored as one tag without a name, which nobody can ask for.

type Tags = Vec<(String, String)>;

/// What is stored for these tags.
pub(super) fn stored(tags: &Tags) -> Tags {
    if tags.is_empty() { vec![(String::new(), String::new())] } else { tags.clone() }
}

/// The tags that count: the stored ones, and before any was stored those of the configuration.
pub(super) fn effective(stored: Tags, configured: &Tags) -> Tags {
    if stored.is_empty() {
        return configured.clone();
    }
    stored.into_iter().filter(|(name, _)| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_wins_even_when_it_is_nothing() {
        let tags = |name: &str| vec![(name.to_owned(), "x".to_owned())];
        assert_eq!(effective(Vec::new(), &tags("configured")), tags("configured"));
        assert_eq!(effective(stored(&tags("own")), &tags("configured")), tags("own"));
        assert_eq!(effective(stored(&Vec::new()), &tags("configured")), []);
    }
}
