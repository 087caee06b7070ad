//! A statement → tokens.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// Text in `'`.
    Text,
    /// A name in backticks or `"`.
    Quoted,
    /// Any other character.
    Symbol(char),
}

/// A token and its bytes in the statement, quotes included.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub range: Range<usize>,
}

/// The tokens of a statement; quotes in it are known to close.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let length = match c {
            '\'' | '"' | '`' => quoted(&text[at..], c),
            c if is_word(c) => text[at..].find(|c| !is_word(c)).unwrap_or(text.len() - at),
            c => c.len_utf8(),
        };
        let kind = match c {
            '\'' => Some(Kind::Text),
            '"' | '`' => Some(Kind::Quoted),
            c if is_word(c) => Some(Kind::Word),
            c if c.is_whitespace() => None,
            c => Some(Kind::Symbol(c)),
        };
        found.extend(kind.map(|kind| Token { kind, range: at..at + length }));
        at += length;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Length of the quoted text that starts `text`; two quotes in it are one.
fn quoted(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = text[at..].find(quote) {
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}
