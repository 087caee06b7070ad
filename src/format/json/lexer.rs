//! Cuts JSON into tokens, strictly by the grammar.

/// How deep values may nest.
pub(super) const MAX_DEPTH: usize = 512;

/// A value that was checked; slices point into the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a [u8]),
    /// What stands between the quotes; `escaped`: there is a backslash in it.
    Text {
        raw: &'a [u8],
        escaped: bool,
    },
    /// With its brackets.
    Array(&'a [u8]),
    /// With its braces.
    Object(&'a [u8]),
}

/// A place in a text.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    /// The next value, whole.
    pub(super) fn value(&mut self) -> Result<Token<'a>, String> {
        self.value_at(0)
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Calls `each` with every element; `array` is a token's slice.
    pub(super) fn elements(
        array: &'a [u8],
        mut each: impl FnMut(Token<'a>) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut lexer = Self { input: array, at: 1 };
        if lexer.next_is(b']') {
            return Ok(());
        }
        loop {
            each(lexer.value_at(1)?)?;
            if !lexer.goes_on(b']')? {
                return Ok(());
            }
        }
    }

    /// Calls `each` with every key (a text's slice, and whether it has escapes) and value.
    pub(super) fn entries(
        object: &'a [u8],
        mut each: impl FnMut((&'a [u8], bool), Token<'a>) -> Result<(), String>,
    ) -> Result<(), String> {
        Lexer::new(object).object_with(0, &mut each).map(|_| ())
    }

    /// Like `entries` for the object that begins here, checked on the way.
    pub(super) fn object_with(
        &mut self,
        depth: usize,
        each: &mut impl FnMut((&'a [u8], bool), Token<'a>) -> Result<(), String>,
    ) -> Result<Token<'a>, String> {
        self.blanks();
        let start = self.at;
        self.at += 1;
        if self.next_is(b'}') {
            return Ok(Token::Object(&self.input[start..self.at]));
        }
        loop {
            self.blanks();
            if self.input.get(self.at) != Some(&b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.text()?;
            if !self.next_is(b':') {
                return Err(self.unexpected("\":\""));
            }
            let value = self.value_at(depth + 1)?;
            each(key, value)?;
            if !self.goes_on(b'}')? {
                return Ok(Token::Object(&self.input[start..self.at]));
            }
        }
    }

    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.input.get(self.at).copied()
    }

    fn value_at(&mut self, depth: usize) -> Result<Token<'a>, String> {
        if depth > MAX_DEPTH {
            return Err(format!("JSON nests deeper than {MAX_DEPTH} levels"));
        }
        match self.peek() {
            Some(b'"') => self.text().map(|(raw, escaped)| Token::Text { raw, escaped }),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => self.object_with(depth, &mut |_, _| Ok(())),
            Some(b'[') => self.array(depth),
            Some(b'n') => self.word(b"null", Token::Null),
            Some(b't') => self.word(b"true", Token::Bool(true)),
            Some(b'f') => self.word(b"false", Token::Bool(false)),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Token<'a>, String> {
        let start = self.at;
        self.at += 1;
        if !self.next_is(b']') {
            loop {
                self.value_at(depth + 1)?;
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        Ok(Token::Array(&self.input[start..self.at]))
    }

    fn word(&mut self, word: &[u8], token: Token<'a>) -> Result<Token<'a>, String> {
        let end = self.at + word.len();
        let alone = self.input.get(end).is_none_or(|b| !b.is_ascii_alphanumeric());
        if !alone || self.input.get(self.at..end) != Some(word) {
            return Err(self.unexpected("a value"));
        }
        self.at = end;
        Ok(token)
    }

    fn number(&mut self) -> Result<Token<'a>, String> {
        let start = self.at;
        self.at += usize::from(self.input[start] == b'-');
        let whole = self.digits();
        let zero = self.input.get(self.at - whole) == Some(&b'0') && whole > 1;
        let mut right = whole > 0 && !zero;
        if right && self.input.get(self.at) == Some(&b'.') {
            self.at += 1;
            right = self.digits() > 0;
        }
        if right && matches!(self.input.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.input.get(self.at), Some(b'+' | b'-')));
            right = self.digits() > 0;
        }
        let ends = self.input.get(self.at).is_none_or(|b| b" \t\r\n,:]}{[\"".contains(b));
        if !right || !ends {
            self.at = start;
            return Err(self.unexpected("a number as JSON writes it"));
        }
        Ok(Token::Number(&self.input[start..self.at]))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.input.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    /// The text that begins here with its quote.
    fn text(&mut self) -> Result<(&'a [u8], bool), String> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.input.get(self.at) {
                Some(b'"') => {
                    let raw = &self.input[start..self.at];
                    self.at += 1;
                    return Ok((raw, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(b) if *b >= b' ' => self.at += 1,
                Some(_) => return Err(self.unexpected("control characters as escapes (\\n, \\u0001)")),
                None => return Err("a text lacks its closing quote".into()),
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let length = match self.input.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u')
                if self
                    .input
                    .get(self.at + 2..self.at + 6)
                    .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
            {
                6
            }
            _ => return Err(self.unexpected("an escape that JSON knows (\\n, \\u0001)")),
        };
        self.at += length;
        Ok(())
    }

    fn blanks(&mut self) {
        while matches!(self.input.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn next_is(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Behind an element: whether another one follows.
    fn goes_on(&mut self, end: u8) -> Result<bool, String> {
        if self.next_is(b',') {
            Ok(true)
        } else if self.next_is(end) {
            Ok(false)
        } else {
            Err(self.unexpected(&format!("\",\" or \"{}\"", char::from(end))))
        }
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.input.get(self.at..) {
            // more than one character might be a secret
            Some(rest @ [_, ..]) => {
                let first = String::from_utf8_lossy(&rest[..rest.len().min(4)]).chars().next();
                let first = first.unwrap_or(char::REPLACEMENT_CHARACTER);
                format!("not JSON: {first:?} at position {}, where {wanted} is wanted", self.at + 1)
            }
            _ => format!("not JSON: the text ends where {wanted} is wanted"),
        }
    }
}

/// Appends a text without its escapes; a lone surrogate becomes U+FFFD.
pub(super) fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let (plain, length) = match rest.get(at + 1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'u') => match (unit(rest, at), unit(rest, at + 6)) {
                (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                    let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                (Some(code), _) => (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
                (None, _) => (char::REPLACEMENT_CHARACTER, 2),
            },
            Some(b) => (char::from(*b), 2),
            None => (char::REPLACEMENT_CHARACTER, 1),
        };
        out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
        rest = rest.get(at + length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// The UTF-16 unit of the `\uXXXX` at a place.
fn unit(text: &[u8], at: usize) -> Option<u32> {
    let escape = text.get(at..at + 6)?;
    let hex = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u32::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_passes() {
        for text in [
            "1",
            "-0.5e+3",
            "\"a\\u00e9\\\"\"",
            "[1, [2], {}]",
            "{\"a\": {\"b\": null}, \"c\": []}",
            "true",
            "5 x",
        ] {
            assert!(Lexer::new(text.as_bytes()).value().is_ok(), "{text}");
        }
        for text in [
            "",
            "01",
            "+1",
            "1.",
            ".5",
            "1e",
            "-",
            "NaN",
            "'a'",
            "{a:1}",
            "{\"a\":1",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "nul",
            "truex",
            "\"a",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12\"",
            "1x",
            "{,}",
            "]",
        ] {
            assert!(Lexer::new(text.as_bytes()).value().is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Lexer::new(deep.as_bytes()).value().unwrap_err().contains("deeper"));
    }

    #[test]
    fn escapes() {
        let mut out = Vec::new();
        unescape(br#"a\n\"\\\/\ud83d\ude00\ud83d!\u00e9"#, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "a\n\"\\/😀\u{FFFD}!é");
    }
}
