//! Objects, and the blocks of `source`, `transform` and `sink`.

use super::keys::Key;
use super::{Parsed, Parser};
use crate::spec::hocon::lexer::Dialect;
use crate::spec::hocon::merge::{StackIds, put};
use crate::spec::hocon::node::{List, Node, Object, Plugin};
use crate::spec::hocon::path::path;
use crate::spec::hocon::token::{Kind, Token};

/// The top-level keys whose object is a list of plug-ins.
const PLUGIN_LISTS: [&str; 3] = ["source", "transform", "sink"];

/// A key with its value.
struct Field {
    path: Vec<String>,
    value: Node,
    at: usize,
}

impl Parser<'_> {
    /// Whether the value being read is that of `source`, `transform` or `sink` at the root of the job.
    pub(super) fn at_plugin_list(&self) -> bool {
        !self.dialect.is_json()
            && self.lists == 0
            && matches!(self.path.as_slice(), [key] if PLUGIN_LISTS.contains(&key.as_str()))
    }

    /// Behind a `{`.
    pub(super) fn braced(&mut self) -> Parsed<Node> {
        self.object(true).map(Node::Object)
    }

    /// Behind a `{`, or at the start of a text without braces.
    pub(super) fn object(&mut self, braces: bool) -> Parsed<Object> {
        let mut object = Object::default();
        let mut after_comma = false;
        while let Some(first) = self.next_key(braces, after_comma)? {
            if is_include(&first) {
                self.include_into(&mut object, first.at)?;
            } else {
                let field = self.field(first)?;
                self.add(&mut object, field)?;
            }
            after_comma = self.separated()?;
            if !after_comma && self.closed(braces)? {
                break;
            }
        }
        Ok(object)
    }

    /// Behind the `{` of `source`, `transform` or `sink`: each block is one plug-in, in order, equal names and all.
    /// What is included here has to be readable but adds no plug-in.
    pub(super) fn plugins(&mut self) -> Parsed<Node> {
        let mut plugins = Vec::new();
        while let Some(first) = self.next_key(true, false)? {
            if is_include(&first) {
                self.include(first.at)?;
            } else {
                let way = self.under(Key::Index(plugins.len()), first.at);
                let field = self.field(first)?;
                self.back(way);
                plugins.push(self.plugin(field, plugins.len())?);
            }
            if !self.separated()? && self.closed(true)? {
                break;
            }
        }
        Ok(Node::List(List::new(plugins)))
    }

    fn plugin(&mut self, field: Field, index: usize) -> Parsed<Node> {
        let mut names = field.path.into_iter();
        let name = names.next().unwrap_or_default();
        let inner: Vec<String> = names.collect();
        let path = format!("{}[{index}].{name}", self.path.join("->"));
        let block = nest(inner, field.value, &mut self.shared.ids);
        let at = self.mark(field.at);
        match block {
            Node::Object(block) => Ok(Node::Object(named(block, &name))),
            block if block.is_resolved() || matches!(block, Node::Append(..)) => Err(self
                .problem(field.at, format!("{path} must be a block {name} {{ … }}, not {}", block.kind()))),
            block => Ok(Node::Plugin(Box::new(Plugin { name, block, at, path }))),
        }
    }

    /// The token that the next key starts with; none at the closing brace or, without braces, at the end.
    fn next_key(&mut self, braces: bool, after_comma: bool) -> Parsed<Option<Token>> {
        let token = self.next_on_any_line()?;
        match token.kind {
            Kind::CloseCurly if braces && !(after_comma && self.dialect.is_json()) => Ok(None),
            Kind::End if !braces => {
                self.lexer.put_back(token);
                Ok(None)
            }
            _ => Ok(Some(token)),
        }
    }

    /// Whether the object ends here, where no separator stands.
    fn closed(&mut self, braces: bool) -> Parsed<bool> {
        let token = self.next_on_any_line()?;
        match token.kind {
            Kind::CloseCurly if braces => Ok(true),
            Kind::End if !braces => {
                self.lexer.put_back(token);
                Ok(true)
            }
            _ => {
                let end = if braces { "\"}\"" } else { "the end of the text" };
                let wanted = format!("{end}, a comma or a new line");
                let mut problem = self.unexpected(&token, &wanted);
                problem.hint = Some("a value that holds it needs quotes".to_owned());
                Err(problem)
            }
        }
    }

    fn field(&mut self, first: Token) -> Parsed<Field> {
        let at = first.at;
        let path = self.key(first)?;
        let levels = path.len() - 1;
        self.enter(levels, at)?;
        let outer = self.path.len();
        self.path.extend_from_slice(&path);
        let way = self.under(Key::Names(&path), at);
        let value = self.field_value()?;
        self.back(way);
        self.path.truncate(outer);
        self.leave(levels);
        Ok(Field { path, value, at })
    }

    /// What follows a key.
    fn field_value(&mut self) -> Parsed<Node> {
        let separator = self.next_on_any_line()?;
        let json = self.dialect.is_json();
        match separator.kind {
            Kind::OpenCurly if !json => self.single(separator, ""),
            Kind::Colon => self.value(),
            Kind::Equals if !json => self.value(),
            Kind::PlusEquals if !json => self.appended(separator.at),
            _ => {
                let allowed = if json { "\":\"" } else { "\"=\", \":\", \"+=\" or \"{\"" };
                let key = self.path.last().map(String::as_str).unwrap_or_default();
                Err(self.unexpected(&separator, &format!("{allowed} after the key \"{key}\"")))
            }
        }
    }

    fn key(&mut self, first: Token) -> Parsed<Vec<String>> {
        let at = first.at;
        if self.dialect.is_json() {
            return match first.kind {
                Kind::Quoted(name) => Ok(vec![name]),
                _ => Err(self.unexpected(&first, "a key in quotes")),
            };
        }
        if !first.kind.is_key() {
            return Err(self.unexpected(&first, "a key"));
        }
        let mut tokens = vec![first];
        loop {
            let token = self.next()?;
            if !token.kind.is_key() {
                self.lexer.put_back(token);
                return path(&tokens).map_err(|message| self.problem(at, message));
            }
            tokens.push(token);
        }
    }

    /// Behind `+=`.
    fn appended(&mut self, offset: usize) -> Parsed<Node> {
        if self.lists > 0 {
            return Err(self.problem(offset, "\"+=\" is not allowed inside a list or another \"+=\""));
        }
        if matches!(self.path.as_slice(), [key] if PLUGIN_LISTS.contains(&key.as_str())) {
            return Err(
                self.problem(offset, "plug-ins can't be added with \"+=\"; write all blocks in one place")
            );
        }
        self.lists += 1;
        let value = self.value()?;
        self.lists -= 1;
        Ok(Node::Append(Box::new(value), self.mark(offset)))
    }

    fn add(&mut self, object: &mut Object, field: Field) -> Parsed<()> {
        let mut path = field.path.into_iter();
        let key = path.next().unwrap_or_default();
        let inner: Vec<String> = path.collect();
        match self.dialect {
            Dialect::JsonBody => object.set(key, field.value),
            Dialect::JsonFile | Dialect::JsonStrict if object.get(&key).is_some() => {
                let problem = self.problem(field.at, format!("the key \"{key}\" is there twice"));
                return Err(Box::new(problem.hint("in the body of a request the last one counts")));
            }
            _ => {
                let value = nest(inner, field.value, &mut self.shared.ids);
                put(object, key, value, &mut self.shared.ids);
            }
        }
        Ok(())
    }
}

fn is_include(token: &Token) -> bool {
    matches!(&token.kind, Kind::Bare(text) if text == "include")
}

/// `value` under the keys of `path`.
fn nest(path: Vec<String>, value: Node, ids: &mut StackIds) -> Node {
    path.into_iter().rev().fold(value, |value, key| {
        let mut object = Object::default();
        put(&mut object, key, value, ids);
        Node::Object(object)
    })
}

/// The block of a plug-in with its name in front, unless it gives one itself.
pub fn named(block: Object, name: &str) -> Object {
    if block.get("plugin_name").is_some() {
        return block;
    }
    let mut named = Object { resolved: block.resolved, ..Object::default() };
    named.set("plugin_name".to_owned(), Node::quoted(name));
    named.fields.extend(*block.fields);
    named
}
