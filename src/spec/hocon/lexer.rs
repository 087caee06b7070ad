//! Text → tokens.

use super::number::{Number, is_json_number};
use super::token::{Kind, Token};
use std::collections::VecDeque;
use std::rc::Rc;

/// Which grammar a text is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The HOCON dialect.
    Hocon,
    /// A `.json` file: no comments, a duplicate key is an error, yet `01`, `1.` and `"""…"""` pass.
    JsonFile,
    /// A request's body: `#` and `//` comments pass, of equal keys the last one counts.
    JsonBody,
    /// JSON to the letter; a duplicate key is an error.
    JsonStrict,
}

impl Dialect {
    /// Whether it is one of the JSON modes.
    pub fn is_json(self) -> bool {
        self != Dialect::Hocon
    }

    fn has_comments(self) -> bool {
        matches!(self, Dialect::Hocon | Dialect::JsonBody)
    }

    fn has_triple_quotes(self) -> bool {
        matches!(self, Dialect::Hocon | Dialect::JsonFile)
    }

    fn has_strict_numbers(self) -> bool {
        matches!(self, Dialect::JsonBody | Dialect::JsonStrict)
    }
}

/// Characters that end a text without quotes and can't stand in one.
const RESERVED: &str = "$\"{}[]:=,+#`^?!@*&\\";

/// What is wrong with the text at a byte offset.
pub type LexError = (usize, String);

/// A blank: what Java and HOCON call white space, newline included.
pub fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{1c}'..=' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}')
}

/// Makes tokens of a text, one at a time.
#[derive(Debug)]
pub struct Lexer {
    text: Rc<str>,
    at: usize,
    dialect: Dialect,
    /// Tokens made but not given out: a value behind its blanks, or what was put back.
    waiting: VecDeque<Token>,
    after_simple: bool,
}

impl Lexer {
    /// Reads `text`.
    pub fn new(text: Rc<str>, dialect: Dialect) -> Self {
        Self { text, at: 0, dialect, waiting: VecDeque::new(), after_simple: false }
    }

    /// Gives `token` back, to be the next one.
    pub fn put_back(&mut self, token: Token) {
        self.waiting.push_front(token);
    }

    /// The next token.
    pub fn next(&mut self) -> Result<Token, LexError> {
        if let Some(token) = self.waiting.pop_front() {
            return Ok(token);
        }
        let start = self.at;
        self.skip_blanks();
        let blanks = start..self.at;
        let token = self.pull()?;
        let simple = token.kind.is_simple();
        let joins = self.after_simple && simple && !blanks.is_empty() && !self.dialect.is_json();
        self.after_simple = simple;
        if joins {
            let text = self.text[blanks].to_owned();
            self.waiting.push_back(token);
            return Ok(Token { kind: Kind::Bare(text), at: start });
        }
        Ok(token)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Skips blanks and comments up to the end of the line.
    fn skip_blanks(&mut self) {
        while let Some(c) = self.peek() {
            if c != '\n' && is_blank(c) && (self.dialect != Dialect::JsonStrict || "\t\r ".contains(c)) {
                self.at += c.len_utf8();
            } else if self.at_comment() {
                let rest = &self.text[self.at..];
                self.at += rest.find('\n').unwrap_or(rest.len());
                return;
            } else {
                return;
            }
        }
    }

    fn at_comment(&self) -> bool {
        let rest = &self.text[self.at..];
        self.dialect.has_comments() && (rest.starts_with('#') || rest.starts_with("//"))
    }

    fn pull(&mut self) -> Result<Token, LexError> {
        let at = self.at;
        let Some(c) = self.bump() else {
            return Ok(Token { kind: Kind::End, at });
        };
        let kind = match c {
            '\n' => Kind::Newline,
            '{' => Kind::OpenCurly,
            '}' => Kind::CloseCurly,
            '[' => Kind::OpenSquare,
            ']' => Kind::CloseSquare,
            ',' => Kind::Comma,
            '=' => Kind::Equals,
            ':' => Kind::Colon,
            '"' => Kind::Quoted(self.quoted(at)?),
            '$' => self.reference(at)?,
            '+' if self.peek() == Some('=') => {
                self.at += 1;
                Kind::PlusEquals
            }
            '0'..='9' | '-' => self.number(at)?,
            _ if RESERVED.contains(c) => return Err(reserved(at, c)),
            _ => self.bare(at)?,
        };
        Ok(Token { kind, at })
    }

    /// A number, or a text that starts like one.
    fn number(&mut self, at: usize) -> Result<Kind, LexError> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '+' | '-' | '.');
        while self.peek().is_some_and(is_part) {
            self.at += 1;
        }
        let text = &self.text[at..self.at];
        if self.dialect.has_strict_numbers() {
            return match Number::parse(text) {
                _ if !is_json_number(text) => Err((at, format!("\"{text}\" is not a JSON number"))),
                Some(number) => Ok(Kind::Number(number)),
                None => Ok(Kind::Quoted(text.to_owned())),
            };
        }
        match Number::parse(text) {
            Some(number) => Ok(Kind::Number(number)),
            None => match text.find('+') {
                Some(plus) => Err(reserved(at + plus, '+')),
                None => self.bare_kind(at),
            },
        }
    }

    /// A text without quotes. `true`, `false` and `null` are literals at its start, whatever follows (`truex` is
    /// the literal and the text `x`, which join to a text).
    fn bare(&mut self, at: usize) -> Result<Kind, LexError> {
        self.at = at;
        let rest = &self.text[at..];
        for (word, kind) in [("true", Kind::Bool(true)), ("false", Kind::Bool(false)), ("null", Kind::Null)] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        while let Some(c) = self.peek() {
            if RESERVED.contains(c) || is_blank(c) || self.at_comment() {
                break;
            }
            self.at += c.len_utf8();
        }
        if self.at == at {
            // a blank of another kind in strict JSON
            self.bump();
        }
        self.bare_kind(at)
    }

    fn bare_kind(&self, at: usize) -> Result<Kind, LexError> {
        let kind = Kind::Bare(self.text[at..self.at].to_owned());
        if self.dialect.is_json() {
            let text = &self.text[at..self.at];
            return Err((
                at,
                match is_json_number(text) {
                    true => format!("the number {text} is too large for 64 bits; put it in quotes"),
                    false => format!("JSON does not allow {} outside quotes", kind.shown()),
                },
            ));
        }
        Ok(kind)
    }

    /// Behind a quote: the rest of a text in quotes.
    fn quoted(&mut self, at: usize) -> Result<String, LexError> {
        if self.dialect.has_triple_quotes() && self.text[self.at..].starts_with("\"\"") {
            self.at += 2;
            return self.triple_quoted(at);
        }
        let mut out = String::new();
        loop {
            let here = self.at;
            match self.bump() {
                None => return Err((at, "the text in quotes that starts here does not end".to_owned())),
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escape(here)?),
                Some(c) if c < ' ' => {
                    let name = match c {
                        '\n' => "the end of the line".to_owned(),
                        '\t' => "a tab (write \\t)".to_owned(),
                        other => format!("the control character \\u{:04x}", other as u32),
                    };
                    return Err((
                        here,
                        format!(
                            "{name} is not allowed within quotes; close the quotes, or use an escape or \"\"\"…\"\"\""
                        ),
                    ));
                }
                Some(c) => out.push(c),
            }
        }
    }

    /// Behind a backslash.
    fn escape(&mut self, at: usize) -> Result<char, LexError> {
        Ok(match self.bump() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let high = self.hex(at)?;
                if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
                    let before = self.at;
                    self.at += 2;
                    let low = self.hex(before)?;
                    if (0xdc00..0xe000).contains(&low) {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = before;
                }
                match char::from_u32(high) {
                    Some(c) => c,
                    None if self.dialect == Dialect::JsonStrict => {
                        return Err((at, "half of a surrogate pair".to_owned()));
                    }
                    None => char::REPLACEMENT_CHARACTER,
                }
            }
            other => {
                let given =
                    other.map_or_else(|| "nothing".to_owned(), |c| format!("\"{}\"", c.escape_debug()));
                return Err((
                    at,
                    format!(
                        "a backslash and {given} is no escape; allowed: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX (write \\\\ for a backslash)"
                    ),
                ));
            }
        })
    }

    fn hex(&mut self, at: usize) -> Result<u32, LexError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        self.at += 4;
        code.ok_or_else(|| (at, "\\u wants four hexadecimal digits".to_owned()))
    }

    /// Behind three quotes: everything up to the next three; of more than three in a row the first ones belong to
    /// the text.
    fn triple_quoted(&mut self, at: usize) -> Result<String, LexError> {
        let rest = &self.text[self.at..];
        let Some(end) = rest.find("\"\"\"") else {
            return Err((at, "the text in \"\"\" that starts here does not end".to_owned()));
        };
        let extra = rest[end + 3..].bytes().take_while(|b| *b == b'"').count();
        self.at += end + 3 + extra;
        Ok(rest[..end + extra].to_owned())
    }

    /// Behind a `$`.
    fn reference(&mut self, at: usize) -> Result<Kind, LexError> {
        if self.dialect.is_json() {
            return Err((at, "JSON does not allow ${…} outside quotes".to_owned()));
        }
        if self.bump() != Some('{') {
            return Err((at, "\"$\" is only allowed as ${…}; put the text in quotes".to_owned()));
        }
        let optional = self.peek() == Some('?');
        if optional {
            self.at += 1;
        }
        let mut path = Vec::new();
        let mut after_simple = false;
        loop {
            let start = self.at;
            self.skip_blanks();
            let blanks = start..self.at;
            if self.peek() == Some('$') {
                return Err((self.at, "a ${…} within a ${…} is not allowed".to_owned()));
            }
            let token = self.pull()?;
            match token.kind {
                Kind::CloseCurly => return Ok(Kind::Reference { optional, path }),
                Kind::Colon => {
                    return Err((
                        token.at,
                        "\":\" is not allowed in ${…}; a default needs quotes around it all: \"${name:default}\""
                            .to_owned(),
                    ));
                }
                ref kind if kind.is_key() => {
                    if after_simple && !blanks.is_empty() {
                        path.push(Token { kind: Kind::Bare(self.text[blanks].to_owned()), at: start });
                    }
                    after_simple = true;
                    path.push(token);
                }
                Kind::End | Kind::Newline => {
                    return Err((at, "the ${ that starts here is not closed".to_owned()));
                }
                other => return Err((token.at, format!("{} is not allowed in ${{…}}", other.shown()))),
            }
        }
    }
}

fn reserved(at: usize, c: char) -> LexError {
    (at, format!("\"{}\" is not allowed outside quotes", c.escape_debug()))
}
