//! Tokens → what a statement says.

use super::token::{Kind, Token, tokens};
use std::ops::Range;

/// What is wrong, and the byte of the statement where it is.
type Wrong = (usize, String);

/// An option's key and value, as bytes of the statement between their quotes.
pub type Setting = (Range<usize>, Range<usize>);

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Without quotes.
    pub text: String,
    /// Its first byte in the statement.
    pub at: usize,
}

/// A statement. Ranges are bytes of its text.
#[derive(Debug)]
pub enum Statement {
    /// `CREATE TABLE name WITH ('key' = 'value', …)`; keys and values as they stand between their quotes.
    Table { name: Name, options: Vec<Setting> },
    /// `CREATE TABLE name AS SELECT … FROM input`.
    View { name: Name, input: Name, query: Range<usize> },
    /// `INSERT INTO name SELECT … FROM input`; without a query `SELECT input`.
    Insert { name: Name, input: Name, query: Option<Range<usize>> },
}

/// Reads a statement.
///
/// # Errors
/// What is no statement of a job, with the byte where it is.
pub fn read(text: &str) -> Result<Statement, Wrong> {
    let tokens = tokens(text);
    let mut reader = Reader { text, tokens: &tokens, next: 0 };
    if reader.words(&["CREATE", "TABLE"]) {
        reader.words(&["IF", "NOT", "EXISTS"]);
        let name = reader.name("a table's name")?;
        if reader.is(Kind::Symbol('(')) {
            // Columns: the engine does not look at them either.
            reader.group();
        }
        if reader.words(&["WITH"]) {
            let options = reader.options()?;
            reader.end()?;
            return Ok(Statement::Table { name, options });
        }
        if reader.words(&["AS"]) {
            let (query, rest) = reader.query()?;
            let input = rest.from()?.ok_or_else(|| (query.start, unsupported(text)))?;
            return Ok(Statement::View { name, input, query });
        }
        return Err((reader.at(), format!("{}: expected WITH or AS", unsupported(text))));
    }
    if reader.words(&["INSERT", "INTO"]) {
        let name = reader.name("a table's name")?;
        if reader.is(Kind::Symbol('(')) {
            return Err((reader.at(), "Insert sql must not have columns".into()));
        }
        if !reader.is_word("SELECT") {
            return Err((reader.at(), "Insert sql must have select statement".into()));
        }
        let (query, mut rest) = reader.query()?;
        if let Some(input) = rest.from()? {
            return Ok(Statement::Insert { name, input, query: Some(query) });
        }
        let input = rest.name("a table's name")?;
        if rest.end().is_err() {
            return Err((query.start, format!("Source table must be specified in SQL: {}", cut(text))));
        }
        return Ok(Statement::Insert { name, input, query: None });
    }
    Err((0, unsupported(text)))
}

fn unsupported(text: &str) -> String {
    format!("Unsupported SQL syntax: {}", cut(text))
}

/// At most 60 characters of `text`.
fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[derive(Clone)]
struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Token],
    next: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.next)
    }

    /// The byte of the next token.
    fn at(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.range.start)
    }

    fn is(&self, kind: Kind) -> bool {
        self.peek().is_some_and(|token| token.kind == kind)
    }

    fn is_word(&self, word: &str) -> bool {
        self.word_at(self.next, word)
    }

    fn word_at(&self, index: usize, word: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| {
            token.kind == Kind::Word && self.text[token.range.clone()].eq_ignore_ascii_case(word)
        })
    }

    /// Takes these words, if all of them are next.
    fn words(&mut self, words: &[&str]) -> bool {
        let all = words.iter().enumerate().all(|(index, word)| self.word_at(self.next + index, word));
        if all {
            self.next += words.len();
        }
        all
    }

    /// A name; of one with dots its last part.
    fn name(&mut self, wanted: &str) -> Result<Name, Wrong> {
        let at = self.at();
        loop {
            let Some(token) = self.peek() else {
                return Err((at, format!("expected {wanted}, found the end of the statement")));
            };
            let text = &self.text[token.range.clone()];
            let text = match token.kind {
                Kind::Word => text.to_owned(),
                Kind::Quoted => text[1..text.len() - 1].to_owned(),
                Kind::Text | Kind::Symbol(_) => {
                    return Err((at, format!("expected {wanted}, found {}", cut(text))));
                }
            };
            self.next += 1;
            if !self.is(Kind::Symbol('.')) {
                return Ok(Name { text, at });
            }
            self.next += 1;
        }
    }

    /// Skips what stands in parentheses.
    fn group(&mut self) {
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            self.next += 1;
            match token.kind {
                Kind::Symbol('(') => depth += 1,
                Kind::Symbol(')') if depth == 1 => return,
                Kind::Symbol(')') => depth -= 1,
                _ => {}
            }
        }
    }

    fn symbol(&mut self, wanted: char) -> Result<(), Wrong> {
        if self.is(Kind::Symbol(wanted)) {
            self.next += 1;
            return Ok(());
        }
        Err((self.at(), format!("expected \"{wanted}\" here, found {}", self.shown())))
    }

    fn shown(&self) -> String {
        match self.peek() {
            Some(token) => cut(&self.text[token.range.clone()]),
            None => "the end of the statement".into(),
        }
    }

    fn end(&self) -> Result<(), Wrong> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err((self.at(), format!("expected \";\" here, found {}", self.shown()))),
        }
    }

    /// `('key' = 'value', …)`.
    fn options(&mut self) -> Result<Vec<Setting>, Wrong> {
        self.symbol('(')?;
        let mut options = Vec::new();
        loop {
            if self.is(Kind::Symbol(')')) {
                self.next += 1;
                return Ok(options);
            }
            let key = self.quoted("an option's name in '")?;
            self.symbol('=')?;
            options.push((key, self.quoted("a value in '")?));
            if !self.is(Kind::Symbol(')')) {
                self.symbol(',')?;
            }
        }
    }

    fn quoted(&mut self, wanted: &str) -> Result<Range<usize>, Wrong> {
        match self.peek() {
            Some(token) if token.kind == Kind::Text => {
                self.next += 1;
                Ok(token.range.start + 1..token.range.end - 1)
            }
            _ => Err((self.at(), format!("expected {wanted} here, found {}", self.shown()))),
        }
    }

    /// A `SELECT …`: its bytes, and what stands behind the word.
    fn query(&self) -> Result<(Range<usize>, Self), Wrong> {
        if !self.is_word("SELECT") {
            return Err((self.at(), unsupported(self.text)));
        }
        let behind = Self { next: self.next + 1, ..self.clone() };
        Ok((self.at()..self.text.trim_end().len(), behind))
    }

    /// The table behind the `FROM` that belongs to the query itself, if there is one.
    fn from(&self) -> Result<Option<Name>, Wrong> {
        let mut depth = 0usize;
        for (index, token) in self.tokens.iter().enumerate().skip(self.next) {
            match token.kind {
                Kind::Symbol('(') => depth += 1,
                Kind::Symbol(')') => depth = depth.saturating_sub(1),
                // `a IS DISTINCT FROM b` is an expression
                Kind::Word if depth == 0 && self.word_at(index, "FROM") && !self.is_distinct(index) => {
                    let mut behind = Self { next: index + 1, ..self.clone() };
                    if behind.is(Kind::Symbol('(')) {
                        let message = "a query within a query is not supported; make it a table of its own";
                        return Err((behind.at(), format!("Unsupported syntax: {message}")));
                    }
                    return behind.name("a table's name behind FROM").map(Some);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn is_distinct(&self, from: usize) -> bool {
        from >= 2
            && self.word_at(from - 1, "DISTINCT")
            && ["IS", "NOT"].iter().any(|word| self.word_at(from - 2, word))
    }
}
