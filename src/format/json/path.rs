//! Paths to one place of a JSON text: `$`, `.name`, `[0]`, `[-1]`, `['name']`.
//!
//! A text is checked once up to the end of its first value; nothing is built of what the path passes by.

use super::cells::Numbers;
use super::compact::{self, At};
use super::find::{JsonValue, child};
use super::lexer::{Lexer, Token, unescape};

/// A path, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<PathStep>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathStep {
    /// Into an object, by name.
    Key(String),
    /// Into a list; negative: from its end.
    Index(i64),
}

/// What a name needs quotes for: it means something else in the wider language of paths.
const NEEDS_QUOTES: &str = "*()?@'\"$,:]&|=<>!";

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// What can't be read, with its place.
    pub fn parse(path: &str) -> Result<Self, String> {
        let mut rest =
            path.strip_prefix('$').ok_or_else(|| format!("the path {path:?} doesn't begin with $"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let place = path[..path.len() - rest.len()].chars().count() + 1;
            let wrong = |wanted: &str| format!("the path {path:?} has no {wanted} at position {place}");
            if let Some(behind) = rest.strip_prefix('.') {
                let end = behind.find(['.', '[']).unwrap_or(behind.len());
                let name = &behind[..end];
                if name.is_empty() || name.contains(|c: char| c.is_whitespace() || NEEDS_QUOTES.contains(c)) {
                    return Err(wrong("plain name"));
                }
                steps.push(PathStep::Key(name.to_owned()));
                rest = &behind[end..];
            } else if let Some(behind) = rest.strip_prefix('[') {
                let end = closing(behind).ok_or_else(|| wrong("closing ]"))?;
                steps.push(bracketed(behind[..end].trim()).ok_or_else(|| wrong("index or quoted name"))?);
                rest = &behind[end + 1..];
            } else {
                return Err(wrong("step (.name, [0], ['name'])"));
            }
        }
        Ok(Self(steps))
    }

    /// The value there; `None`: there is none. Of equal names the last counts.
    pub(super) fn of<'a>(&self, whole: Token<'a>) -> Option<JsonValue<'a>> {
        self.0.iter().try_fold(whole, child).map(JsonValue)
    }

    /// Appends the value there: a text as it is, a number or boolean as text, an object or list as compact JSON.
    /// `None` if the text is no JSON, or nothing or null is there.
    pub fn find(&self, json: &str, out: &mut Vec<u8>) -> Option<()> {
        match self.of(Lexer::new(json.as_bytes()).value().ok()?)?.0 {
            Token::Null => None,
            Token::Text { raw, escaped: false } => {
                out.extend_from_slice(raw);
                Some(())
            }
            Token::Text { raw, .. } => {
                unescape(raw, out);
                Some(())
            }
            other => compact::push(out, other, Numbers::Doubles, At::Top).ok(),
        }
    }
}

/// Where the bracket closes; one in quotes doesn't count.
fn closing(text: &str) -> Option<usize> {
    let (mut quote, mut is_escaped) = (None, false);
    text.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ']') => return Some(at),
            _ => {}
        }
        None
    })
}

/// One index, or one name in quotes, in which a backslash stands before a quote.
fn bracketed(inside: &str) -> Option<PathStep> {
    let quote = inside.chars().next()?;
    if quote != '\'' && quote != '"' {
        let index = inside.parse::<i64>().ok().filter(|_| !inside.starts_with('+'));
        return index.map(PathStep::Index);
    }
    let (mut name, mut chars) = (String::new(), inside[1..].chars());
    loop {
        match chars.next()? {
            '\\' => name.push(chars.next()?),
            c if c == quote => return chars.as_str().is_empty().then_some(PathStep::Key(name)),
            c => name.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"a":{"b":[1,2.50,1e20,"x\ty",true,null,{"c":[ 1 , {"d":"e"} ]}]},"a.b":"dot","a]b":1,
        "t":"你","k":1,"k":2,"e\u0041":"escaped","big":123456789012345678901234567890,"empty":"","it's":"quoted"} rest"#;

    #[test]
    fn values_at_paths() {
        for (path, wanted) in [
            ("$.a.b[0]", Some("1")),
            ("$.a.b[1]", Some("2.5")),
            ("$.a.b[2]", Some("1.0E20")),
            ("$.a.b[3]", Some("x\ty")),
            ("$.a.b[4]", Some("true")),
            ("$.a.b[5]", None),
            ("$.a.b[6].c", Some(r#"[1,{"d":"e"}]"#)),
            ("$['a'][\"b\"][ 6 ]['c'][1].d", Some("e")),
            ("$['a.b']", Some("dot")),
            ("$['a]b']", Some("1")),
            ("$.t", Some("你")),
            ("$.k", Some("2")),
            ("$.eA", Some("escaped")),
            ("$.big", Some("123456789012345678901234567890")),
            ("$.empty", Some("")),
            ("$.a.b[-1].c[0]", Some("1")),
            ("$['it\\'s']", Some("quoted")),
            ("$.a.b[7]", None),
            ("$.a.b[-8]", None),
            ("$.a[0]", None),
            ("$.k.x", None),
            ("$.nothing", None),
        ] {
            let mut out = Vec::new();
            let found = JsonPath::parse(path).unwrap().find(JSON, &mut out);
            assert_eq!(found.map(|()| String::from_utf8(out).unwrap()).as_deref(), wanted, "{path}");
        }
        let mut out = Vec::new();
        assert_eq!(JsonPath::parse("$").unwrap().find("[1, 2]", &mut out), Some(()));
        assert_eq!(out, b"[1,2]");
        for json in ["", "{", "x", "{\"a\":}"] {
            assert_eq!(JsonPath::parse("$").unwrap().find(json, &mut Vec::new()), None, "{json}");
        }
    }

    #[test]
    fn paths_that_are_none() {
        for (path, wanted) in [
            ("", "begin with $"),
            ("a.b", "begin with $"),
            ("$..a", "plain name at position 2"),
            ("$.a.*", "plain name at position 4"),
            ("$.a b", "plain name at position 2"),
            ("$.a[", "closing ] at position 4"),
            ("$.a[*]", "index or quoted name at position 4"),
            ("$.a[+1]", "index or quoted name at position 4"),
            ("$['a','b']", "index or quoted name at position 2"),
            ("$['a", "closing ]"),
            ("$[]", "index or quoted name"),
            ("$[']", "closing ]"),
            ("$a", "step"),
            ("$.", "name at position 2"),
        ] {
            let error = JsonPath::parse(path).unwrap_err();
            assert!(error.contains(wanted), "{path}: {error}");
        }
    }
}
