//! Texts that are nearly JSON → JSON, by the rules of json-smart's permissive mode.

use super::encode::push_quoted_bytes;
use super::lexer::{Lexer, MAX_DEPTH, Token, unescape};

/// The JSON that a text means: names and texts without quotes or in single ones, raw control characters and commas
/// too many are allowed.
///
/// # Errors
/// It is none by these rules either.
pub(super) fn strict(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut reader = Reader { input: text, at: 0, out: Vec::with_capacity(text.len() + 16) };
    reader.value(b"", 0)?;
    Ok(reader.out)
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// A value; a bare word ends at one of `stops`.
    fn value(&mut self, stops: &[u8], depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("JSON nests deeper than {MAX_DEPTH} levels"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(quote @ (b'"' | b'\'')) => self.quoted(quote),
            Some(b':' | b',' | b'}' | b']') => Err(format!("no value at position {}", self.at + 1)),
            Some(_) => {
                self.bare(stops);
                Ok(())
            }
            None => Err("the text ends where a value is wanted".into()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), String> {
        self.at += 1;
        self.out.push(b'{');
        let mut first = true;
        while let Some(byte) = self.peek() {
            match byte {
                b'}' => return self.close(b'}'),
                b',' => self.at += 1,
                _ => {
                    if !std::mem::replace(&mut first, false) {
                        self.out.push(b',');
                    }
                    match byte {
                        b'"' | b'\'' => self.quoted(byte)?,
                        b':' | b'{' | b'[' | b']' => {
                            return Err(format!("no name at position {}", self.at + 1));
                        }
                        _ => {
                            let name = self.word(b":");
                            push_quoted_bytes(&mut self.out, name);
                        }
                    }
                    if self.peek() != Some(b':') {
                        return Err(format!("no \":\" at position {}", self.at + 1));
                    }
                    self.at += 1;
                    self.out.push(b':');
                    self.value(b",}", depth + 1)?;
                    self.check_end(b'}')?;
                }
            }
        }
        Err("an object is not closed".into())
    }

    fn array(&mut self, depth: usize) -> Result<(), String> {
        self.at += 1;
        self.out.push(b'[');
        let mut first = true;
        while let Some(byte) = self.peek() {
            match byte {
                b']' => return self.close(b']'),
                b',' => self.at += 1,
                _ => {
                    if !std::mem::replace(&mut first, false) {
                        self.out.push(b',');
                    }
                    self.value(b",]", depth + 1)?;
                    self.check_end(b']')?;
                }
            }
        }
        Err("a list is not closed".into())
    }

    fn close(&mut self, end: u8) -> Result<(), String> {
        self.at += 1;
        self.out.push(end);
        Ok(())
    }

    fn check_end(&mut self, end: u8) -> Result<(), String> {
        match self.peek() {
            Some(byte) if byte == b',' || byte == end => Ok(()),
            _ => Err(format!("neither \",\" nor \"{}\" at position {}", char::from(end), self.at + 1)),
        }
    }

    /// A text in quotes of one kind.
    fn quoted(&mut self, quote: u8) -> Result<(), String> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.input.get(end) {
                Some(b'\\') => end += 2,
                Some(byte) if *byte == quote => break,
                Some(_) => end += 1,
                None => return Err("a text lacks its closing quote".into()),
            }
        }
        let mut plain = Vec::with_capacity(end - start);
        unescape(&self.input[start..end], &mut plain);
        push_quoted_bytes(&mut self.out, &plain);
        self.at = end + 1;
        Ok(())
    }

    /// A word without quotes: a number, `true`, `false`, `null`, else a text.
    fn bare(&mut self, stops: &[u8]) {
        let word = self.word(stops);
        let mut lexer = Lexer::new(word);
        match lexer.value() {
            Ok(Token::Null | Token::Bool(_) | Token::Number(_)) if lexer.position() == word.len() => {
                self.out.extend_from_slice(word);
            }
            _ => push_quoted_bytes(&mut self.out, word),
        }
    }

    /// What stands before the next stop, trimmed.
    fn word(&mut self, stops: &[u8]) -> &'a [u8] {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| stops.contains(byte)).unwrap_or(rest.len());
        self.at += end;
        rest[..end].trim_ascii()
    }

    fn peek(&mut self) -> Option<u8> {
        while self.input.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.input.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::strict;

    #[test]
    fn nearly_json_is_read() {
        for (text, wanted) in [
            ("{a: b c , 'd':'e\\'f', \"g\": -1.5}", r#"{"a":"b c","d":"e'f","g":-1.5}"#),
            ("[1, true,, null, x1, 01,]", r#"[1,true,null,"x1","01"]"#),
            ("{a:16:12:43}", r#"{"a":"16:12:43"}"#),
            ("{,a:{b:[ ]},}", r#"{"a":{"b":[]}}"#),
            ("\"a\nb\"", r#""a\nb""#),
            ("plain words", r#""plain words""#),
        ] {
            let read = strict(text.as_bytes()).map(|json| String::from_utf8(json).unwrap());
            assert_eq!(read.as_deref(), Ok(wanted), "{text}");
        }
        let deep = "[".repeat(100_000);
        for text in ["", "{", "[1", "{a}", "{a:}", "{a:1", "'a", "{a:\"b\" c}", "]", ":", "{{}:1}", &deep] {
            assert!(strict(text.as_bytes()).is_err(), "{}", &text[..text.len().min(20)]);
        }
    }
}
