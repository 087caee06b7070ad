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

/// What of the wanted tags a node doesn't have; `None`: it has them all.
pub(super) fn missing(wanted: &Tags, tags: &Tags) -> Option<String> {
    let missing: Tags = wanted.iter().filter(|tag| !tags.contains(tag)).cloned().collect();
    (!missing.is_empty()).then(|| shown(&missing))
}

/// Tags as messages show them.
pub(super) fn shown(tags: &Tags) -> String {
    let tags: Vec<String> = tags.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
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

    #[test]
    fn a_node_must_have_every_wanted_tag() {
        let tags = |names: &[(&str, &str)]| -> Tags {
            names.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let node = tags(&[("zone", "north"), ("team", "blue")]);
        for (wanted, lacks) in [
            (tags(&[]), None),
            (tags(&[("team", "blue")]), None),
            (tags(&[("team", "blue"), ("zone", "north")]), None),
            (tags(&[("team", "red"), ("zone", "north")]), Some("team = red")),
            (tags(&[("team", "Blue"), ("rack", "")]), Some("team = Blue, rack = ")),
        ] {
            assert_eq!(missing(&wanted, &node).as_deref(), lacks);
        }
        assert_eq!(missing(&tags(&[("a", "b")]), &Vec::new()).as_deref(), Some("a = b"));
        assert_eq!(shown(&Vec::new()), "none");
    }
}
