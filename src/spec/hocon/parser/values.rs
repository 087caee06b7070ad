//! Values, lists, and values side by side.
//!
//! These functions and those of `fields` call each other once per level of nesting, so their frames are kept small:
//! what does not recurse stands in functions of its own.

use super::keys::Key;
use super::{Parsed, Parser};
use crate::spec::hocon::join::join_all;
use crate::spec::hocon::node::{List, Node, Reference};
use crate::spec::hocon::path::path;
use crate::spec::hocon::token::{Kind, Token};

impl Parser<'_> {
    /// The value behind `=`, `:` or a comma.
    pub(super) fn value(&mut self) -> Parsed<Node> {
        let first = self.next_on_any_line()?;
        self.value_from(first, "a value")
    }

    /// The value that starts with `first`: everything up to the end of the line that can stand side by side.
    fn value_from(&mut self, first: Token, wanted: &str) -> Parsed<Node> {
        let at = first.at;
        let first = self.single(first, wanted)?;
        if self.dialect.is_json() {
            return Ok(first);
        }
        let mut values = vec![first];
        while let Some(token) = self.next_side_by_side()? {
            values.push(self.single(token, wanted)?);
        }
        self.side_by_side(values, at)
    }

    /// The next token, if it starts a value on the same line.
    fn next_side_by_side(&mut self) -> Parsed<Option<Token>> {
        let token = self.next()?;
        if token.kind.is_simple() || matches!(token.kind, Kind::OpenCurly | Kind::OpenSquare) {
            return Ok(Some(token));
        }
        self.lexer.put_back(token);
        Ok(None)
    }

    fn side_by_side(&mut self, values: Vec<Node>, at: usize) -> Parsed<Node> {
        let mut joined =
            join_all(values, &mut self.shared.ids).map_err(|message| self.problem(at, message))?;
        Ok(match joined.pop() {
            Some(only) if joined.is_empty() => only,
            last => {
                joined.extend(last);
                Node::Concat(joined, self.mark(at))
            }
        })
    }

    /// One value that starts with `token`.
    pub(super) fn single(&mut self, token: Token, wanted: &str) -> Parsed<Node> {
        match token.kind {
            Kind::OpenCurly => {
                self.enter(1, token.at)?;
                let value = if self.at_plugin_list() { self.plugins() } else { self.braced() };
                self.leave(1);
                value
            }
            Kind::OpenSquare => {
                self.enter(1, token.at)?;
                self.lists += 1;
                let list = self.list();
                self.lists -= 1;
                self.leave(1);
                list
            }
            _ => self.simple(token, wanted),
        }
    }

    /// One value that holds no others.
    fn simple(&mut self, token: Token, wanted: &str) -> Parsed<Node> {
        Ok(match token.kind {
            Kind::Quoted(text) => Node::quoted(text),
            Kind::Bare(text) => Node::Text { text, quoted: false },
            Kind::Number(number) => Node::Number(number),
            Kind::Bool(value) => Node::Bool(value),
            Kind::Null => Node::Null,
            Kind::Reference { optional, path: tokens } => self.reference(token.at, optional, &tokens)?,
            _ => return Err(self.unexpected(&token, wanted)),
        })
    }

    fn reference(&mut self, offset: usize, optional: bool, tokens: &[Token]) -> Parsed<Node> {
        let own = path(tokens).map_err(|message| self.problem(offset, message))?;
        if self.in_list {
            return Err(self.problem(offset, "a file that is included inside a list can't hold ${…}"));
        }
        let mut path = self.path[..self.prefix].to_vec();
        path.extend(own);
        let reference = Reference { path, prefix: self.prefix, optional, at: self.mark(offset) };
        Ok(Node::Reference(Box::new(reference)))
    }

    /// Behind a `[`.
    fn list(&mut self) -> Parsed<Node> {
        let mut items = Vec::new();
        let mut wanted = "a value or \"]\" in this list";
        loop {
            let token = self.next_on_any_line()?;
            if token.kind == Kind::CloseSquare && (items.is_empty() || !self.dialect.is_json()) {
                break;
            }
            let way = self.under(Key::Index(items.len()), token.at);
            items.push(self.value_from(token, wanted)?);
            self.back(way);
            wanted = "a value after the comma in this list";
            if !self.separated()? && self.closed_list()? {
                break;
            }
        }
        Ok(Node::List(List::new(items)))
    }

    fn closed_list(&mut self) -> Parsed<bool> {
        let token = self.next_on_any_line()?;
        if token.kind == Kind::CloseSquare {
            return Ok(true);
        }
        Err(self.unexpected(&token, "\"]\" or a comma in this list"))
    }
}
