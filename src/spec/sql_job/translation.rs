//! HOCON that is written from pieces of statements.

use crate::spec::hocon::Copied;

/// The HOCON of a job, and where its pieces come from.
#[derive(Debug, Default)]
pub struct Translation {
    /// The text.
    pub text: String,
    /// Where it comes from.
    pub copied: Copied,
}

/// A piece of the user's text, as it was joined.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'t> {
    /// The text that it is part of.
    pub text: &'t str,
    /// Where that comes from.
    pub copied: &'t Copied,
    /// Its first byte.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
}

impl<'t> Piece<'t> {
    /// As it stands.
    pub fn as_str(&self) -> &'t str {
        &self.text[self.start..self.end]
    }

    /// Its first byte in the user's text.
    pub fn at(&self) -> usize {
        self.copied.original(self.start)
    }

    /// Each character and its byte in the user's text; of two quotes, only one.
    fn characters(&self) -> impl Iterator<Item = (char, usize)> {
        let mut after_quote = false;
        self.as_str().char_indices().filter_map(move |(offset, c)| {
            after_quote = c == '\'' && !after_quote;
            (c != '\'' || after_quote).then(|| (c, self.copied.original(self.start + offset)))
        })
    }

    /// Without its doubled quotes.
    pub fn unquoted(&self) -> String {
        self.characters().map(|(c, _)| c).collect()
    }
}

impl Translation {
    /// Adds what stands for the byte `at`.
    pub fn put(&mut self, text: &str, at: usize) {
        text.chars().for_each(|c| self.copy(c, at));
    }

    /// Adds a piece as it stands.
    pub fn verbatim(&mut self, piece: &Piece<'_>) {
        for (offset, c) in piece.as_str().char_indices() {
            self.copy(c, piece.copied.original(piece.start + offset));
        }
    }

    /// Adds a piece as it stands as a text in quotes.
    pub fn text(&mut self, piece: &Piece<'_>) {
        self.put("\"", piece.at());
        for (offset, c) in piece.as_str().char_indices() {
            let at = piece.copied.original(piece.start + offset);
            match c {
                '"' => self.put("\\\"", at),
                '\\' => self.put("\\\\", at),
                c if c < ' ' => self.put(&format!("\\u{:04x}", c as u32), at),
                c => self.copy(c, at),
            }
        }
        self.put("\"", piece.at());
    }

    /// Adds a piece as a key: as a path where it looks like one, else in quotes.
    pub fn key(&mut self, piece: &Piece<'_>) {
        let text = piece.unquoted();
        let plain = |c: char| c.is_alphanumeric() || "_-.>".contains(c);
        match text.trim() {
            text if text.chars().all(plain) => self.put(text, piece.at()),
            text => self.quoted(text, piece.at()),
        }
    }

    fn copy(&mut self, c: char, at: usize) {
        self.copied.piece(self.text.len(), at);
        self.text.push(c);
    }

    /// Adds a piece as HOCON, doubled quotes halved.
    pub fn hocon(&mut self, piece: &Piece<'_>) {
        piece.characters().for_each(|(c, at)| self.copy(c, at));
    }

    /// Adds a piece as a text in quotes. Escapes in it are those of HOCON, so `\n` is the end of a line.
    pub fn value(&mut self, piece: &Piece<'_>) {
        self.put("\"", piece.at());
        let mut escaped = false;
        for (c, at) in piece.characters() {
            match c {
                '"' if !escaped => self.put("\\\"", at),
                c if c < ' ' => self.put(&format!("\\u{:04x}", c as u32), at),
                c => self.copy(c, at),
            }
            escaped = c == '\\' && !escaped;
        }
        if escaped {
            self.put("\\", piece.at());
        }
        self.put("\"", piece.at());
    }

    /// Adds a text that the user wrote as a name, in quotes.
    pub fn quoted(&mut self, text: &str, at: usize) {
        let escaped = serde_json::Value::from(text).to_string();
        self.put(&escaped, at);
    }
}
