//! Key tokens → paths. `->` separates, a dot does not.

use super::lexer::is_blank;
use super::token::{Kind, Token};

/// The parts of the path that `tokens` (of a key, or within `${…}`) spell.
///
/// `->` separates only where it is part of a word (`a->b`, `a-> b`) or follows quotes (`"a"->b`): in `a -> b`,
/// `->a` and `5->b` it is text. What stands in quotes is taken as written.
///
/// # Errors
/// No token, or an empty part that is not written as `""`.
pub fn path(tokens: &[Token]) -> Result<Vec<String>, String> {
    if tokens.is_empty() {
        return Err("expected a name or a path here".to_owned());
    }
    let mut parts = vec![Part::default()];
    let mut rest = tokens.iter().peekable();
    while let Some(token) = rest.next() {
        let part = last(&mut parts);
        match &token.kind {
            Kind::Quoted(text) => {
                part.text.push_str(text);
                part.quoted = true;
            }
            kind => {
                let text = spelling(kind);
                let arrow = rest
                    .peek()
                    .map(|next| spelling(&next.kind))
                    .filter(|next| part.quoted && text.ends_with('-') && next.starts_with('>'));
                match arrow {
                    Some(next) if part.joins_arrow(text) => {
                        part.text.push_str(&text[..text.len() - 1]);
                        parts.push(Part { behind_arrow: true, ..Part::default() });
                        add(&mut parts, &next[1..]);
                        rest.next();
                    }
                    _ => add(&mut parts, text),
                }
            }
        }
    }
    if parts.iter().any(|part| part.text.is_empty() && !part.quoted) {
        return Err("a part of this path is empty: \"->\" stands at its start or end, or twice in a row \
                    (write \"\" for an empty name)"
            .to_owned());
    }
    Ok(parts.into_iter().map(|part| part.text).collect())
}

#[derive(Default)]
struct Part {
    text: String,
    quoted: bool,
    behind_arrow: bool,
}

impl Part {
    /// Whether `->`, of which `dash` ends with the dash, is read as part of one word with what stands before it.
    /// A number swallows the dash, blanks and literals end a word.
    fn joins_arrow(&self, dash: &str) -> bool {
        let whole = format!("{}{dash}", self.text);
        let mut run = whole.rsplit(is_blank).next().unwrap_or_default();
        loop {
            if let Some(rest) = ["true", "false", "null"].iter().find_map(|word| run.strip_prefix(word)) {
                run = rest;
                continue;
            }
            if !run.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
                return !run.is_empty();
            }
            run = run.trim_start_matches(|c: char| c.is_ascii_digit() || "eE+-.".contains(c));
        }
    }
}

fn last(parts: &mut Vec<Part>) -> &mut Part {
    if parts.is_empty() {
        parts.push(Part::default());
    }
    let end = parts.len() - 1;
    &mut parts[end]
}

/// Adds text without quotes; blanks right behind an arrow are dropped.
fn add(parts: &mut Vec<Part>, text: &str) {
    for (index, piece) in text.split("->").enumerate() {
        if index > 0 {
            parts.push(Part { behind_arrow: true, ..Part::default() });
        }
        let part = last(parts);
        if part.behind_arrow && part.text.is_empty() && !part.quoted && piece.chars().all(is_blank) {
            continue;
        }
        part.text.push_str(piece);
    }
}

/// A token as the text spells it.
fn spelling(kind: &Kind) -> &str {
    match kind {
        Kind::Quoted(text) | Kind::Bare(text) => text,
        Kind::Number(number) => number.text(),
        Kind::Bool(true) => "true",
        Kind::Bool(false) => "false",
        Kind::Null => "null",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::hocon::lexer::{Dialect, Lexer};

    fn parts(text: &str) -> Result<Vec<String>, String> {
        let mut lexer = Lexer::new(text.into(), Dialect::Hocon);
        let mut tokens = Vec::new();
        loop {
            let token = lexer.next().map_err(|(_, message)| message)?;
            if token.kind == Kind::End {
                return path(&tokens);
            }
            tokens.push(token);
        }
    }

    #[test]
    fn arrows_separate_within_words_only() {
        for (text, wanted) in [
            ("a->b", &["a", "b"] as &[&str]),
            ("a-> b", &["a", "b"]),
            ("a ->b", &["a ->b"]),
            ("a -> b", &["a -> b"]),
            ("->a", &["->a"]),
            ("5->b", &["5->b"]),
            ("a-5->b", &["a-5", "b"]),
            ("a->5", &["a", "5"]),
            ("\"a\"->b->c", &["a", "b", "c"]),
            ("\"a\"->\"b\"", &["a", "b"]),
            ("\"a\"-> \"b\"", &["a", "b"]),
            ("\"a->b\"->c", &["a->b", "c"]),
            ("\"a b\"->c", &["a b", "c"]),
            ("\"5\"->c", &["5->c"]),
            ("\"true\"->c", &["true->c"]),
            ("\"a-5\"->c", &["a-5", "c"]),
            ("\"\"->a", &["->a"]),
            ("\"\"", &[""]),
            ("\"a\".\"b\"", &["a.b"]),
            ("x->y z", &["x", "y z"]),
        ] {
            assert_eq!(parts(text).unwrap(), wanted, "{text}");
        }
        for text in ["", "a->", "a->->b"] {
            assert!(parts(text).is_err(), "{text}");
        }
    }
}
