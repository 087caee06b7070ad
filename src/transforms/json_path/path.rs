//! JSON paths in the dialect of Jayway's library.
//!
//! A path to one place is a list of steps; anything else (`*`, `..`, slices, several names, filters) is a query whose
//! result is a list. A path without `$` begins at the root.

use crate::format::json::PathStep;

/// A compiled path.
#[derive(Clone, Debug)]
pub(super) enum Path {
    /// To one place.
    Plain(Vec<PathStep>),
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
        if let Some(steps) = plain(&whole[1..]) {
            return Ok(Self::Plain(steps));
        }
        serde_json_path::JsonPath::parse(&whole)
            .map(Self::Query)
            .map_err(|e| format!("\"{whole}\" is no JSON path: {} at position {}", e.message(), e.position()))
    }
}

/// The steps of a path to one place, behind its `$`.
fn plain(mut rest: &str) -> Option<Vec<PathStep>> {
    let mut steps = Vec::new();
    while let Some(first) = rest.chars().next() {
        match first {
            '.' => {
                let name = &rest[1..];
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (name, behind) = name.split_at(end);
                let odd = |c: char| c.is_whitespace() || "*()?@'\"$,:]&|=<>!".contains(c);
                if name.is_empty() || name.contains(odd) {
                    return None;
                }
                steps.push(PathStep::Key(name.to_owned()));
                rest = behind;
            }
            '[' => {
                let (step, behind) = bracket(rest[1..].trim_start())?;
                steps.push(step);
                rest = behind;
            }
            _ => return None,
        }
    }
    Some(steps)
}

/// One index or one quoted name, and what stands behind the closing bracket.
fn bracket(inside: &str) -> Option<(PathStep, &str)> {
    let quote = inside.chars().next()?;
    if quote != '\'' && quote != '"' {
        let end = inside.find(']')?;
        let index = inside[..end].trim();
        let digits = index.strip_prefix('-').unwrap_or(index);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        return is_number.then(|| Some((PathStep::Index(index.parse().ok()?), &inside[end + 1..])))?;
    }
    let mut name = String::new();
    let mut chars = inside[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            c if c == quote => {
                let behind = inside[1 + at + 1..].trim_start().strip_prefix(']')?;
                return Some((PathStep::Key(name), behind));
            }
            c => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_to_one_place() {
        let key = |name: &str| PathStep::Key(name.into());
        for (text, wanted) in [
            ("$", vec![]),
            ("$.a.b-c[0]", vec![key("a"), key("b-c"), PathStep::Index(0)]),
            ("a.b", vec![key("a"), key("b")]),
            ("[2]", vec![PathStep::Index(2)]),
            ("$['a b']['it\\'s'][-1]", vec![key("a b"), key("it's"), PathStep::Index(-1)]),
            ("$[\"a.b\"].über", vec![key("a.b"), key("über")]),
        ] {
            match Path::parse(text) {
                Ok(Path::Plain(steps)) => assert_eq!(steps, wanted, "{text}"),
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
