//! What a text is made of.

use super::number::Number;

/// A token and the byte offset where it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it starts.
    pub at: usize,
}

/// Kinds of tokens. Comments and the blanks that join nothing are never made into tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// End of the text.
    End,
    /// `\n`.
    Newline,
    /// `{`.
    OpenCurly,
    /// `}`.
    CloseCurly,
    /// `[`.
    OpenSquare,
    /// `]`.
    CloseSquare,
    /// `,`.
    Comma,
    /// `=`.
    Equals,
    /// `:`.
    Colon,
    /// `+=`.
    PlusEquals,
    /// Quoted text.
    Quoted(String),
    /// Text without quotes; also the blanks between two values of one line.
    Bare(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// `${…}` or `${?…}`.
    Reference {
        /// Whether it may be undefined.
        optional: bool,
        /// The tokens of its path.
        path: Vec<Token>,
    },
}

impl Kind {
    /// Whether it is a value of its own, so that blanks to the next one are part of the text.
    pub fn is_simple(&self) -> bool {
        match self {
            Kind::Quoted(_)
            | Kind::Bare(_)
            | Kind::Number(_)
            | Kind::Bool(_)
            | Kind::Null
            | Kind::Reference { .. } => true,
            Kind::End
            | Kind::Newline
            | Kind::OpenCurly
            | Kind::CloseCurly
            | Kind::OpenSquare
            | Kind::CloseSquare
            | Kind::Comma
            | Kind::Equals
            | Kind::Colon
            | Kind::PlusEquals => false,
        }
    }

    /// Whether a key may be made of it.
    pub fn is_key(&self) -> bool {
        self.is_simple() && !matches!(self, Kind::Reference { .. })
    }

    /// Blanks between two values.
    pub fn is_blank(&self) -> bool {
        matches!(self, Kind::Bare(text) if text.chars().all(super::lexer::is_blank))
    }

    /// The token in words for the user.
    pub fn shown(&self) -> String {
        let fixed = match self {
            Kind::End => "the end of the text",
            Kind::Newline => "the end of the line",
            Kind::OpenCurly => "\"{\"",
            Kind::CloseCurly => "\"}\"",
            Kind::OpenSquare => "\"[\"",
            Kind::CloseSquare => "\"]\"",
            Kind::Comma => "\",\"",
            Kind::Equals => "\"=\"",
            Kind::Colon => "\":\"",
            Kind::PlusEquals => "\"+=\"",
            Kind::Null => "null",
            Kind::Bool(true) => "true",
            Kind::Bool(false) => "false",
            Kind::Reference { .. } => "${…}",
            Kind::Quoted(text) => return format!("the text \"{}\"", cut(text)),
            Kind::Bare(text) => return format!("\"{}\"", cut(text)),
            Kind::Number(number) => return format!("\"{}\"", cut(number.text())),
        };
        fixed.to_owned()
    }
}

/// At most 40 characters of `text`.
fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.escape_debug().to_string()
}
