//! JSON texts, by the same lexer and parser as HOCON.

use super::encoding::decode_lossy;
use super::hocon::{Dialect, Includes};
use super::source::{document, filled, utf8};
use crate::model::Problem;
use crate::options::Tree;

/// How strict a JSON text is read. The root is an object in all of them, and integers beyond 64 bits become texts
/// with all digits (in `File`: an error).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonMode {
    /// A `.json` job file, as the engine reads it: no comments, no key twice; `01`, `1.`, `"""…"""` pass, and bytes
    /// that are no UTF-8 become U+FFFD.
    File,
    /// The body of a request: `#` and `//` comments pass, of equal keys the last one counts.
    Body,
    /// RFC 8259 to the letter, no key twice; also for trees that this program stored, however deep they are.
    Strict,
}

/// Parses a JSON text. Nothing in it is filled in.
///
/// # Errors
/// The first thing that is wrong, with line and column (or the offset of the byte that is no UTF-8).
pub fn parse_json(text: &[u8], mode: JsonMode, name: &str) -> Result<Tree, Vec<Problem>> {
    let dialect = match mode {
        JsonMode::File => Dialect::JsonFile,
        JsonMode::Body => Dialect::JsonBody,
        JsonMode::Strict => Dialect::JsonStrict,
    };
    let text = match mode {
        JsonMode::File => decode_lossy(text),
        JsonMode::Body | JsonMode::Strict => utf8(text).map_err(|problem| vec![problem])?,
    };
    let document = document(text.into(), name, dialect, &Includes::Refused, false)?;
    filled(&document, &|_| None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str, mode: JsonMode) -> Result<String, String> {
        parse_json(text.as_bytes(), mode, "")
            .map(|tree| tree.to_json())
            .map_err(|problems| problems[0].to_string())
    }

    #[test]
    fn modes_differ() {
        for (text, file, body, strict) in [
            (r#"{"a": 1, "a": 2}"#, None, Some(r#"{"a":2}"#), None),
            ("{\"a\": 1} // c", None, Some(r#"{"a":1}"#), None),
            ("[{\"a\": 1}, 2]", None, Some(r#"[{"a":1},2]"#), None),
            ("# c\n{\"a\": 1}", None, Some(r#"{"a":1}"#), None),
            (r#"{"a": 01}"#, Some(r#"{"a":1}"#), None, None),
            (r#"{"a": """x"""}"#, Some(r#"{"a":"x"}"#), None, None),
            (
                r#"{"a": 18446744073709551616}"#,
                None,
                Some(r#"{"a":"18446744073709551616"}"#),
                Some(r#"{"a":"18446744073709551616"}"#),
            ),
            ("{\"a\":\u{a0}1}", Some(r#"{"a":1}"#), Some(r#"{"a":1}"#), None),
            (
                r#"{"a->b": {"c.d": "${x}"}}"#,
                Some(r#"{"a->b":{"c.d":"${x}"}}"#),
                Some(r#"{"a->b":{"c.d":"${x}"}}"#),
                Some(r#"{"a->b":{"c.d":"${x}"}}"#),
            ),
            (r#"{"a": 1,}"#, None, None, None),
            (r#"{"a": [1,]}"#, None, None, None),
            (r#"{a: 1}"#, None, None, None),
            (r#"{"a" = 1}"#, None, None, None),
            (r#"{"a": 1 "b": 2}"#, None, None, None),
            (r#"{"a": "x" "y"}"#, None, None, None),
            (r#"{"a": 1}}"#, None, None, None),
            (r#"[1]"#, None, Some("[1]"), None),
            ("", None, None, None),
        ] {
            for (mode, wanted) in [(JsonMode::File, file), (JsonMode::Body, body), (JsonMode::Strict, strict)]
            {
                assert_eq!(json(text, mode).ok().as_deref(), wanted, "{text} {mode:?}");
            }
        }
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(
            json("{\n \"a\": x}", JsonMode::Strict).unwrap_err(),
            "line 2, column 7: JSON does not allow \"x\" outside quotes"
        );
        let problems = parse_json(b"{\"a\": \"\xff\"}", JsonMode::Body, "").unwrap_err();
        assert_eq!(problems[0].to_string(), "byte 7: the text is no UTF-8: byte 7 is 0xff");
    }
}
