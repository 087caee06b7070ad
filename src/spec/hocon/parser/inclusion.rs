//! `include`.

use super::{Parsed, Parser};
use crate::spec::encoding::decode_lossy;
use crate::spec::hocon::include::{Form, Included, Includes, find, is_url};
use crate::spec::hocon::lexer::{Dialect, Lexer};
use crate::spec::hocon::merge::put;
use crate::spec::hocon::node::{Node, Object};
use crate::spec::hocon::token::{Kind, Token};
use std::rc::Rc;

/// Files that include each other, at most.
const MAX_NESTING: usize = 50;
/// Files of one job, at most.
const MAX_FILES: usize = 1_000;
/// Bytes of all files of one job, at most.
const MAX_BYTES: usize = 256 << 20;

impl Parser<'_> {
    /// Behind the word `include`: puts what is included on top of what `object` is so far.
    pub(super) fn include_into(&mut self, object: &mut Object, offset: usize) -> Parsed<()> {
        for (key, value) in *self.include(offset)?.fields {
            put(object, key, value, &mut self.shared.ids);
        }
        Ok(())
    }

    /// Behind the word `include`.
    pub(super) fn include(&mut self, offset: usize) -> Parsed<Object> {
        let first = self.next_on_any_line()?;
        match self.strip(&first, "required(") {
            Some(rest) => {
                self.unread(rest);
                let resource = self.next_on_any_line()?;
                let (form, name) = self.resource(resource)?;
                self.close_parenthesis()?;
                self.read(offset, form, &name, true)
            }
            None => {
                let (form, name) = self.resource(first)?;
                self.read(offset, form, &name, false)
            }
        }
    }

    /// `"…"`, `file("…")`, `classpath("…")` or `url("…")`.
    fn resource(&mut self, first: Token) -> Parsed<(Form, String)> {
        if let Kind::Quoted(name) = first.kind {
            let form = if is_url(&name) { Form::Url } else { Form::Beside };
            return Ok((form, name));
        }
        for (word, form) in [("file(", Form::File), ("classpath(", Form::Beside), ("url(", Form::Url)] {
            if let Some(rest) = self.strip(&first, word) {
                self.unread(rest);
                let token = self.next_on_any_line()?;
                let Kind::Quoted(name) = token.kind else {
                    return Err(self.unexpected(&token, &format!("a text in quotes in {word}…)")));
                };
                self.close_parenthesis()?;
                return Ok((form, name));
            }
        }
        Err(self.unexpected(&first, "\"…\", file(\"…\"), classpath(\"…\") or required(…) after include"))
    }

    fn close_parenthesis(&mut self) -> Parsed<()> {
        let token = self.next_on_any_line()?;
        match self.strip(&token, ")") {
            Some(rest) => {
                self.unread(rest);
                Ok(())
            }
            None => Err(self.unexpected(&token, "\")\"")),
        }
    }

    /// What is left of `token` when it is text that starts with `word`.
    fn strip(&self, token: &Token, word: &str) -> Option<Token> {
        let Kind::Bare(text) = &token.kind else {
            return None;
        };
        let rest = text.strip_prefix(word)?;
        Some(Token { kind: Kind::Bare(rest.to_owned()), at: token.at + word.len() })
    }

    fn unread(&mut self, token: Token) {
        if !matches!(&token.kind, Kind::Bare(text) if text.is_empty()) {
            self.lexer.put_back(token);
        }
    }

    fn read(&mut self, offset: usize, form: Form, name: &str, required: bool) -> Parsed<Object> {
        let Includes::Allowed { beside, working } = &self.includes else {
            return Err(self.problem(
                offset,
                "include is not allowed in a job that is submitted to a server; send the whole text",
            ));
        };
        let dir = match form {
            Form::Beside => beside,
            Form::File => working,
            Form::Url => {
                return Err(self.problem(
                    offset,
                    format!(
                        "include of the URL \"{name}\" is not supported; save it to a file and include that"
                    ),
                ));
            }
        };
        let found = find(dir, name).map_err(|message| self.problem(offset, message))?;
        if required && found.is_empty() {
            let looked_for = dir.join(name);
            return Err(
                self.problem(offset, format!("the required file {} does not exist", looked_for.display()))
            );
        }
        if found.is_empty() {
            let message = format!("{} does not exist; nothing is included", dir.join(name).display());
            let hint = "required(…) makes that an error";
            let missing = self.problem(offset, message).hint(hint);
            self.shared.missing.push(missing);
        }
        let mut merged = Object::default();
        for file in found {
            for (key, value) in *self.included(offset, file)?.fields {
                put(&mut merged, key, value, &mut self.shared.ids);
            }
        }
        Ok(merged)
    }

    /// Parses an included file where it is included.
    fn included(&mut self, offset: usize, file: Included) -> Parsed<Object> {
        let shown = file.path.display().to_string();
        if self.nesting >= MAX_NESTING {
            let message = format!(
                "files include each other more than {MAX_NESTING} deep at {shown}; is there a cycle?"
            );
            return Err(self.problem(offset, message));
        }
        if self.shared.files.count() >= MAX_FILES || self.shared.files.bytes() > MAX_BYTES {
            let message = format!("more than {MAX_FILES} files or {} MB are included", MAX_BYTES >> 20);
            return Err(self.problem(offset, message));
        }
        let Includes::Allowed { working, .. } = &self.includes else {
            return Ok(Object::default());
        };
        let includes = Includes::Allowed {
            beside: file.path.parent().map(Into::into).unwrap_or_default(),
            working: working.clone(),
        };
        let text: Rc<str> = decode_lossy(&file.bytes).into();
        let dialect = if file.is_json { Dialect::JsonFile } else { Dialect::Hocon };
        let mut parser = Parser {
            lexer: Lexer::new(text.clone(), dialect),
            dialect,
            file: self.shared.files.add(&shown, text),
            shared: &mut *self.shared,
            includes,
            nesting: self.nesting + 1,
            path: self.path.clone(),
            prefix: self.path.len(),
            lists: 0,
            in_list: self.in_list || self.lists > 0,
            depth: self.depth,
        };
        match parser.document()? {
            Node::Object(object) => Ok(object),
            _ => Ok(Object::default()),
        }
    }
}
