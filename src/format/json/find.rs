//! Single values within a JSON text, and single values of a column as JSON.

use super::encode::{Inner, push_value};
use super::lenient;
use super::lexer::{Lexer, Token, unescape};
use crate::format::view::View;
use crate::table::DataType;
use arrow::array::Array;
use std::borrow::Cow;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// Into an object, by name.
    Key(String),
    /// Into a list; negative: from its end.
    Index(i64),
}

/// A JSON text that was checked.
#[derive(Clone, Debug)]
pub struct Document<'a>(Cow<'a, [u8]>);

impl<'a> Document<'a> {
    /// Checks a text. What is no JSON is read leniently, as json-smart does: names and texts without quotes or in
    /// single ones, commas too many. What follows the value does not count.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &'a [u8]) -> Result<Self, String> {
        let mut lexer = Lexer::new(text);
        match lexer.value() {
            Ok(_) => Ok(Self(Cow::Borrowed(&text[..lexer.position()]))),
            Err(strict) => lenient::strict(text).map(|text| Self(Cow::Owned(text))).map_err(|_| strict),
        }
    }

    /// The JSON.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.0
    }

    /// The value at the end of a path; `None`: there is none. Of equal keys the last counts.
    #[must_use]
    pub fn find(&self, path: &[PathStep]) -> Option<JsonValue<'_>> {
        let whole = Lexer::new(self.text()).value().ok()?;
        path.iter().try_fold(whole, child).map(JsonValue)
    }
}

/// A value within a [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonValue<'a>(pub(super) Token<'a>);

fn child<'a>(parent: Token<'a>, step: &PathStep) -> Option<Token<'a>> {
    let mut found = None;
    match (parent, step) {
        (Token::Object(span), PathStep::Key(name)) => {
            let mut plain = Vec::new();
            let each = |(raw, escaped): (&'a [u8], bool), value: Token<'a>| {
                plain.clear();
                let key = if escaped {
                    unescape(raw, &mut plain);
                    plain.as_slice()
                } else {
                    raw
                };
                if key == name.as_bytes() {
                    found = Some(value);
                }
                Ok(())
            };
            Lexer::entries(span, each).ok()?;
        }
        (Token::Array(span), PathStep::Index(index)) => {
            let mut at = *index;
            if at < 0 {
                let count = |_: Token<'a>| {
                    at += 1;
                    Ok(())
                };
                Lexer::elements(span, count).ok()?;
            }
            let mut place = 0;
            let each = |value: Token<'a>| {
                if place == at {
                    found = Some(value);
                }
                place += 1;
                Ok(())
            };
            Lexer::elements(span, each).ok()?;
        }
        _ => {}
    }
    found
}

/// Writes single values of a column as JSON; a row is the list of its values.
#[derive(Debug)]
pub struct ValueText<'a> {
    view: View<'a>,
    inner: Inner,
}

impl<'a> ValueText<'a> {
    /// Values of a column of that type; the array must be what [`DataType::to_arrow`] says.
    #[must_use]
    pub fn of(array: &'a dyn Array, data_type: &DataType) -> Self {
        Self { view: View::of(array, data_type), inner: Inner::without_names(data_type) }
    }

    /// Appends the value of a row.
    pub fn push(&self, row: usize, out: &mut Vec<u8>) {
        push_value(out, &self.view, row, &self.inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> PathStep {
        PathStep::Key(name.into())
    }

    #[test]
    fn values_are_found() {
        use PathStep::Index;
        let text =
            r#"{"a": {"b c": [1, "two", {"x": null}]}, "\u0061b": 1.50, "d": 1, "d": 2, "e": ""} rest"#;
        let document = Document::parse(text.as_bytes()).unwrap();
        let number = |text: &'static str| Some(Token::Number(text.as_bytes()));
        let text = |raw: &'static str| Some(Token::Text { raw: raw.as_bytes(), escaped: false });
        for (path, wanted) in [
            (vec![key("a"), key("b c"), Index(0)], number("1")),
            (vec![key("a"), key("b c"), Index(1)], text("two")),
            (vec![key("a"), key("b c"), Index(-1)], Some(Token::Object(b"{\"x\": null}"))),
            (vec![key("a"), key("b c"), Index(2), key("x")], Some(Token::Null)),
            (vec![key("a"), key("b c"), Index(3)], None),
            (vec![key("a"), key("b c"), Index(-4)], None),
            (vec![key("ab")], number("1.50")),
            (vec![key("d")], number("2")),
            (vec![key("e")], text("")),
            (vec![key("a"), Index(0)], None),
            (vec![key("d"), key("x")], None),
        ] {
            assert_eq!(document.find(&path).map(|value| value.0), wanted, "{path:?}");
        }
        assert!(document.text().ends_with(b"}"), "what follows is cut off");
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, part) in
            [("", "ends where a value"), ("{\"a\":", "the text ends"), ("{\"a\" 1}", "position 6")]
        {
            let message = Document::parse(text.as_bytes()).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
