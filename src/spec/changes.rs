//! What differs between two texts of a job: the one that stored a checkpoint, and the one that goes on from it.

use super::json::{JsonMode, parse_json};
use crate::options::{Map, Tree};
use std::collections::BTreeSet;

/// The paths at which two resolved texts differ: `source[0].schema.fields.age`. Values are left out: they may be secret.
/// A text that can't be read any more has no differences to name.
#[must_use]
pub fn changes(before: &str, after: &str) -> Vec<String> {
    let read = |text: &str| parse_json(text.as_bytes(), JsonMode::Strict, "").ok();
    let mut paths = Vec::new();
    if let (Some(before), Some(after)) = (read(before), read(after)) {
        compare(String::new(), &before, &after, &mut paths);
    }
    paths
}

/// Texts come from the parser, which limits their depth.
fn compare(path: String, before: &Tree, after: &Tree, paths: &mut Vec<String>) {
    match (before, after) {
        (Tree::Map(before), Tree::Map(after)) => {
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(path, value(before, key), value(after, key), paths);
            }
        }
        (Tree::List(before), Tree::List(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(format!("{path}[{index}]"), before, after, paths);
            }
        }
        _ if before == after => {}
        _ => paths.push(path),
    }
}

fn value<'m>(map: &'m Map, key: &str) -> &'m Tree {
    map.get(key).unwrap_or(&Tree::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_places_and_no_values() {
        let before = r#"{"env":{"parallelism":1},"source":[{"a":1,"password":"x"}],"sink":[{"b":[1,2]}]}"#;
        let after = r#"{"env":{},"source":[{"a":1,"password":"y"}],"sink":[{"b":[1]}]}"#;
        assert_eq!(changes(before, after), ["env.parallelism", "sink[0].b", "source[0].password"]);
        assert!(changes(before, before).is_empty());
    }
}
