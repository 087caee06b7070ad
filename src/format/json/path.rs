//! The value at a path of a JSON text, as text: `$`, `.name`, `[0]`, `['name']`.
//!
//! The text is checked once up to the end of its first value; nothing is built of what the path passes by.

use super::cells::Numbers;
use super::compact::{self, At};
use super::lexer::{Lexer, Token, unescape};

/// A path, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

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
                if end == 0 {
                    return Err(wrong("name"));
                }
                steps.push(Step::Name(behind[..end].to_owned()));
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

    /// Appends the value there: a text as it is, a number or boolean as text, an object or list as compact JSON.
    /// `None` if the text is no JSON, or nothing or null is there.
    pub fn find(&self, json: &str, out: &mut Vec<u8>) -> Option<()> {
        let mut token = Lexer::new(json.as_bytes()).value().ok()?;
        for step in &self.0 {
            token = step.of(token)?;
        }
        match token {
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

impl Step {
    /// Of equal names the last value counts.
    fn of<'a>(&self, token: Token<'a>) -> Option<Token<'a>> {
        let mut found = None;
        match (self, token) {
            (Step::Name(name), Token::Object(object)) => {
                let mut key = Vec::new();
                Lexer::entries(object, |(raw, escaped), value| {
                    let is_it = if escaped {
                        key.clear();
                        unescape(raw, &mut key);
                        key == name.as_bytes()
                    } else {
                        raw == name.as_bytes()
                    };
                    if is_it {
                        found = Some(value);
                    }
                    Ok(())
                })
                .ok()?;
            }
            (Step::Index(index), Token::Array(array)) => {
                let mut at = 0;
                Lexer::elements(array, |value| {
                    if at == *index {
                        found = Some(value);
                    }
                    at += 1;
                    Ok(())
                })
                .ok()?;
            }
            _ => {}
        }
        found
    }
}

/// Where the bracket closes; one in quotes doesn't count.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ']') => return Some(at),
            _ => {}
        }
        None
    })
}

fn bracketed(inside: &str) -> Option<Step> {
    match inside.chars().next()? {
        quote @ ('\'' | '"') => {
            let name = inside.get(1..)?.strip_suffix(quote)?;
            Some(Step::Name(name.to_owned()))
        }
        _ => inside.parse::<i32>().ok().and_then(|index| usize::try_from(index).ok()).map(Step::Index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"a":{"b":[1,2.50,1e20,"x\ty",true,null,{"c":[ 1 , {"d":"e"} ]}]},"a.b":"dot","a]b":1,
        "t":"你","k":1,"k":2,"e\u0041":"escaped","big":123456789012345678901234567890,"empty":""} rest"#;

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
            ("$.a.b[7]", None),
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
            ("$..a", "name at position 2"),
            ("$.a[", "closing ] at position 4"),
            ("$.a[*]", "index or quoted name at position 4"),
            ("$.a[-1]", "index or quoted name at position 4"),
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
