//! Tokens → values with references.

mod fields;
mod inclusion;
mod keys;
mod values;

use super::MAX_DEPTH;
use super::include::Includes;
use super::lexer::{Dialect, Lexer};
use super::merge::StackIds;
use super::node::Node;
use super::place::{Files, Mark};
use super::token::{Kind, Token};
use crate::model::Problem;
use keys::Key;
use std::rc::Rc;

pub use fields::named;
pub use keys::KeyMarks;

/// A value, or what is wrong with the text.
type Parsed<T> = Result<T, Box<Problem>>;

/// What all files of one job share.
#[derive(Debug, Default)]
struct Shared {
    files: Files,
    ids: StackIds,
    keys: Option<KeyMarks>,
    missing: Vec<Problem>,
}

/// Reads one file.
struct Parser<'s> {
    lexer: Lexer,
    dialect: Dialect,
    file: usize,
    shared: &'s mut Shared,
    includes: Includes,
    /// Files around this one.
    nesting: usize,
    /// Where the value being read stands, from the root of the job.
    path: Vec<String>,
    /// How many leading parts of `path` are the place where this file is included.
    prefix: usize,
    /// Lists and `+=` of this file around the value being read.
    lists: usize,
    /// Whether this file is included inside a list.
    in_list: bool,
    /// Objects and lists around the value being read, in all files.
    depth: usize,
}

/// A text that was parsed.
#[derive(Debug)]
pub struct Document {
    /// Its root.
    pub root: Node,
    /// The texts that marks refer to.
    pub files: Files,
    /// Where each key stands, if that was asked for.
    pub keys: Option<KeyMarks>,
    /// Files that it includes and that don't exist.
    pub missing: Vec<Problem>,
}

/// Parses `text`, which is the only one of `files`. With `keys`, where each key stands is kept.
///
/// # Errors
/// The first thing that is wrong, with line and column.
pub fn parse(
    text: Rc<str>,
    files: Files,
    dialect: Dialect,
    includes: &Includes,
    keys: bool,
) -> Parsed<Document> {
    let mut shared = Shared { files, keys: keys.then(KeyMarks::default), ..Shared::default() };
    let file = 0;
    let mut parser = Parser {
        lexer: Lexer::new(text, dialect),
        dialect,
        file,
        shared: &mut shared,
        includes: includes.clone(),
        nesting: 0,
        path: Vec::new(),
        prefix: 0,
        lists: 0,
        in_list: false,
        depth: 0,
    };
    let root = parser.document()?;
    Ok(Document { root, files: shared.files, keys: shared.keys, missing: shared.missing })
}

impl Parser<'_> {
    /// A whole text: an object, with or without its braces; the body of a request may be a list, too.
    fn document(&mut self) -> Parsed<Node> {
        let first = self.next_on_any_line()?;
        let root = match first.kind {
            Kind::OpenCurly => Node::Object(self.object(true)?),
            Kind::OpenSquare if self.dialect == Dialect::JsonBody => {
                self.lexer.put_back(first);
                self.value()?
            }
            Kind::OpenSquare => {
                return Err(self.problem(first.at, "the text must be an object, not a list"));
            }
            Kind::End if self.dialect.is_json() => return Err(self.problem(first.at, "the text is empty")),
            _ if self.dialect.is_json() => return Err(self.unexpected(&first, "\"{\"")),
            _ => {
                self.lexer.put_back(first);
                Node::Object(self.object(false)?)
            }
        };
        let end = self.next_on_any_line()?;
        if end.kind != Kind::End {
            return Err(self.unexpected(&end, "the end of the text"));
        }
        Ok(root)
    }

    fn next(&mut self) -> Parsed<Token> {
        self.lexer.next().map_err(|(offset, message)| self.problem(offset, message))
    }

    /// The next token that is no end of a line and no blank.
    fn next_on_any_line(&mut self) -> Parsed<Token> {
        loop {
            let token = self.next()?;
            if token.kind != Kind::Newline && !token.kind.is_blank() {
                return Ok(token);
            }
        }
    }

    /// Whether what follows is separated from what came: a comma, or the end of the line (not in JSON).
    fn separated(&mut self) -> Parsed<bool> {
        let mut separated = false;
        loop {
            let token = self.next()?;
            match token.kind {
                Kind::Comma => return Ok(true),
                Kind::Newline => separated = !self.dialect.is_json(),
                _ => {
                    self.lexer.put_back(token);
                    return Ok(separated);
                }
            }
        }
    }

    /// Goes `levels` down.
    fn enter(&mut self, levels: usize, offset: usize) -> Parsed<()> {
        self.depth += levels;
        if self.depth > MAX_DEPTH {
            return Err(self.problem(
                offset,
                format!("objects and lists are nested more than {MAX_DEPTH} deep here, which is the limit"),
            ));
        }
        Ok(())
    }

    fn leave(&mut self, levels: usize) {
        self.depth -= levels;
    }

    /// Notes that what is read next stands under `key`, which is at `offset`. Answers the way back.
    fn under(&mut self, key: Key<'_>, offset: usize) -> usize {
        let mark = self.mark(offset);
        self.shared.keys.as_mut().map_or(0, |keys| keys.down(key, mark))
    }

    /// What is read next stands where it did before.
    fn back(&mut self, way: usize) {
        if let Some(keys) = &mut self.shared.keys {
            keys.up(way);
        }
    }

    fn mark(&self, offset: usize) -> Mark {
        Mark { file: self.file, offset }
    }

    #[cold]
    fn unexpected(&self, token: &Token, wanted: &str) -> Box<Problem> {
        self.problem(token.at, format!("expected {wanted}, found {}", token.kind.shown()))
    }

    #[cold]
    fn problem(&self, offset: usize, message: impl Into<String>) -> Box<Problem> {
        self.shared.files.problem(self.mark(offset), message)
    }
}
