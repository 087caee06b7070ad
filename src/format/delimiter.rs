//! How a line of a text file is parted: a literal, or a Java regular expression.

use super::FormatError;
use crate::model::shown_bytes;
use fancy_regex::Regex;
use memchr::{memchr_iter, memmem};

/// The separator of a nesting level: U+0001 for columns, U+0002 for what is in them, and so on.
pub(super) const fn level_separator(level: usize) -> u8 {
    level as u8 + 1
}

/// What parts the cells of a line.
#[derive(Debug)]
pub(super) enum Delimiter {
    Byte(u8),
    Literal(Box<memmem::Finder<'static>>),
    Pattern(Box<Regex>),
}

impl Delimiter {
    /// Reads a delimiter option, a Java regular expression; most are plain texts, which are found without one.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        match literal_of(pattern).as_deref() {
            Some([byte]) => Ok(Delimiter::Byte(*byte)),
            Some(bytes @ [_, ..]) => {
                Ok(Delimiter::Literal(Box::new(memmem::Finder::new(bytes).into_owned())))
            }
            _ => translate(pattern)
                .and_then(|p| Regex::new(&p).map_err(|e| e.to_string().replace('\n', " ")))
                .map(|r| Delimiter::Pattern(Box::new(r)))
                .map_err(|reason| {
                    let shown = shown_bytes(pattern.as_bytes());
                    format!("the delimiter {shown} is not a regular expression: {reason}")
                }),
        }
    }

    /// Whether lines must be UTF-8 to be split.
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self, Delimiter::Pattern(_))
    }

    /// Puts the start and end of every cell of `line` into `cells`; see `is_pattern`.
    pub(super) fn split(&self, line: &[u8], cells: &mut Vec<(usize, usize)>) -> Result<(), FormatError> {
        cells.clear();
        let mut start = 0;
        match self {
            Delimiter::Byte(byte) => {
                for at in memchr_iter(*byte, line) {
                    cells.push((start, at));
                    start = at + 1;
                }
            }
            Delimiter::Literal(finder) => {
                for at in finder.find_iter(line) {
                    cells.push((start, at));
                    start = at + finder.needle().len();
                }
            }
            Delimiter::Pattern(regex) => {
                let text = std::str::from_utf8(line).unwrap_or_default();
                for found in regex.find_iter(text) {
                    let found = found
                        .map_err(|e| FormatError::new(format!("the delimiter's expression gave up: {e}")))?;
                    // nothing found at the very beginning parts nothing
                    if found.end() > 0 {
                        cells.push((start, found.start()));
                        start = found.end();
                    }
                }
            }
        }
        cells.push((start, line.len()));
        Ok(())
    }
}

/// The text that a pattern stands for, if it stands for just one.
fn literal_of(pattern: &str) -> Option<Vec<u8>> {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let (c, rest) = escaped(chars.as_str())?;
                text.push(c);
                chars = rest.chars();
            }
            '[' => {
                // a class of one plain character
                let mut inside = chars.as_str().chars();
                let (c, end) = (inside.next()?, inside.next()?);
                if end != ']' || "\\^]&-".contains(c) {
                    return None;
                }
                text.push(c);
                chars = inside;
            }
            '.' | '^' | '$' | '|' | '?' | '*' | '+' | '(' | ')' | '{' | '}' => return None,
            c => text.push(c),
        }
    }
    Some(text.into_bytes())
}

/// The character that an escape (without its backslash) stands for, and what follows it.
fn escaped(text: &str) -> Option<(char, &str)> {
    let first = text.chars().next()?;
    let rest = &text[first.len_utf8()..];
    let hex = |digits: usize| {
        let code = rest.get(..digits).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, &rest[digits..]))
    };
    match first {
        't' => Some(('\t', rest)),
        'n' => Some(('\n', rest)),
        'r' => Some(('\r', rest)),
        'f' => Some(('\u{c}', rest)),
        'a' => Some(('\u{7}', rest)),
        'e' => Some(('\u{1b}', rest)),
        'x' => hex(2),
        'u' => hex(4),
        '0' => {
            let most = if rest.starts_with(['0', '1', '2', '3']) { 3 } else { 2 };
            let digits = rest.bytes().take(most).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let code = u32::from_str_radix(rest.get(..digits)?, 8).ok()?;
            Some((char::from_u32(code)?, &rest[digits..]))
        }
        c if !c.is_ascii_alphanumeric() => Some((c, rest)),
        _ => None,
    }
}

/// A Java pattern in the words of the regex crate: its classes are ASCII, its octal escapes unknown there.
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut in_class = 0usize;
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        match c {
            '[' => in_class += 1,
            ']' => in_class = in_class.saturating_sub(1),
            '{' if in_class == 0 && !behind.starts_with(|c: char| c.is_ascii_digit()) => {
                return Err("a repetition {…} needs a number".into());
            }
            _ => {}
        }
        if c != '\\' {
            out.push(c);
            rest = behind;
            continue;
        }
        let class = match behind.chars().next() {
            Some('s') => Some("[ \\t\\n\\x0B\\f\\r]"),
            Some('S') => Some("[^ \\t\\n\\x0B\\f\\r]"),
            Some('d') => Some("[0-9]"),
            Some('D') => Some("[^0-9]"),
            Some('w') => Some("[a-zA-Z0-9_]"),
            Some('W') => Some("[^a-zA-Z0-9_]"),
            Some('h') => Some("[ \\t]"),
            _ => None,
        };
        if let Some(class) = class {
            out.push_str(class);
            rest = &behind[1..];
        } else if let Some(quoted) = behind.strip_prefix('Q') {
            let (quoted, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            quoted.chars().for_each(|c| push_quoted(&mut out, c));
            rest = after;
        } else if let Some((c, after)) = escaped(behind) {
            push_quoted(&mut out, c);
            rest = after;
        } else {
            // something that both dialects know (\b, \p{…}, a back reference), or an error
            out.push('\\');
            let next = behind.chars().next().map_or(0, char::len_utf8);
            // \p{…} with its braces
            let brace = behind[next..].strip_prefix('{').and_then(|r| r.find('}')).map_or(0, |at| at + 2);
            out.push_str(&behind[..next + brace]);
            rest = &behind[next + brace..];
        }
    }
    Ok(out)
}

fn push_quoted(out: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pattern: &str, line: &str) -> Vec<String> {
        let mut cells = Vec::new();
        Delimiter::parse(pattern).unwrap().split(line.as_bytes(), &mut cells).unwrap();
        cells.iter().map(|(start, end)| line[*start..*end].to_owned()).collect()
    }

    #[test]
    fn lines_are_split_as_java_splits() {
        for (pattern, line, cells) in [
            (";", "1;x;;", &["1", "x", "", ""][..]),
            ("\\|", "1|x", &["1", "x"]),
            ("[|]", "1|x", &["1", "x"]),
            ("\\|\\|", "1||x|2", &["1", "x|2"]),
            (".", "1.x", &["", "", "", ""]),
            ("|", "1x2", &["1", "x", "2", ""]),
            ("", "1x", &["1", "x", ""]),
            ("\\t", "1\tx", &["1", "x"]),
            ("\\u0001", "1\u{1}x", &["1", "x"]),
            ("\\001", "1\u{1}x", &["1", "x"]),
            ("::", "1::x", &["1", "x"]),
            ("，", "1，x", &["1", "x"]),
            (";|,", "1;x,2", &["1", "x", "2"]),
            ("\\s+", "1  x\t2", &["1", "x", "2"]),
            ("[\\s,]", "1 x,2", &["1", "x", "2"]),
            ("\\\\", "1\\x", &["1", "x"]),
            ("^", "1^x", &["1^x"]),
            (",(?=x)", "1,2,x", &["1,2", "x"]),
            ("\\p{Lu}", "1X2", &["1", "2"]),
            (";{2}", "1;;2;3", &["1", "2;3"]),
            ("\\Q|.\\E", "1|.x", &["1", "x"]),
            (";", "", &[""]),
        ] {
            assert_eq!(split(pattern, line), cells, "{pattern:?}");
        }
    }

    #[test]
    fn broken_patterns_are_refused() {
        for pattern in ["+", "*", "?", "(", "[", "{", "a{"] {
            let error = Delimiter::parse(pattern).unwrap_err();
            assert!(error.starts_with("the delimiter"), "{error}");
        }
    }
}
