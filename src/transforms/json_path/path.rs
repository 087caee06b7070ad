//! JSON paths in the dialect of Jayway's library.
//!
//! A path to one place is followed in the text itself; anything else (`*`, `..`, slices, several names, filters) is a query whose
//! result is a list. A path without `$` begins at the root.

use crate::format::json::JsonPath;

/// A compiled path.
#[derive(Clone, Debug)]
pub(super) enum Path {
    /// To one place.
    Plain(JsonPath),
    /// To any number of places.
    Query(serde_json_path::JsonPath),
}

impl Path {
    /// Compiles a path.
    ///
    /// # Errors
    /// What is wrong with it, and at which position.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let whole = match trimmed.strip_prefix('$') {
            Some(_) => trimmed.to_owned(),
            None if trimmed.is_empty() => return Err("is empty".into()),
            None if trimmed.starts_with('[') => format!("${trimmed}"),
            None => format!("$.{trimmed}"),
        };
        if let Ok(path) = JsonPath::parse(&whole) {
            return Ok(Self::Plain(path));
        }
        serde_json_path::JsonPath::parse(&whole)
            .map(Self::Query)
            .map_err(|e| format!("\"{whole}\" is no JSON path: {} at position {}", e.message(), e.position()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_to_one_place() {
        for (text, same) in [
            ("$", "$"),
            ("$.a.b-c[0]", "$['a']['b-c'][0]"),
            ("a.b", "$.a.b"),
            ("[2]", "$[2]"),
            ("$['a b']['it\\'s'][-1]", "$[\"a b\"][\"it's\"][-1]"),
            ("$[\"a.b\"].über", "$['a.b']['über']"),
        ] {
            match Path::parse(text) {
                Ok(Path::Plain(path)) => assert_eq!(path, JsonPath::parse(same).unwrap(), "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn paths_to_several_places_and_to_none() {
        for text in
            ["$.a.*", "$..b", "$.a[0:2]", "$['a','b']", "$[0,1]", "$.a[?(@.b > 1)]", "$.a[?@.b == 'x'].c"]
        {
            assert!(matches!(Path::parse(text), Ok(Path::Query(_))), "{text}");
        }
        for (text, part) in [
            ("", "is empty"),
            ("$.a[", "at position"),
            ("$.a[?(@.b >)]", "at position"),
            ("$x", "at position 1"),
            ("$.a.length()", "at position"),
        ] {
            let message = Path::parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
