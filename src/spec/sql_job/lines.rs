//! Lines → statements and `/* config` blocks.
//!
//! A statement ends at a `;` outside quotes. A line that starts with `--` is dropped wherever it stands, also within a
//! value; ` -- …` is cut off a line, unless quotes around it open and close on that line. `/* … */` is a comment
//! where a line starts with it.

use super::SqlError;
use crate::spec::hocon::Copied;

/// Opens a block of HOCON.
const CONFIG: &str = "/* config";
const COMMENT: &str = "/*";
const COMMENT_END: &str = "*/";

/// Part of the text as it is read: lines joined, comments gone.
#[derive(Debug, Default)]
pub struct Joined {
    /// The text.
    pub text: String,
    /// Where it stands in the user's text.
    pub copied: Copied,
}

impl Joined {
    /// Adds the text that starts at `at`.
    fn push(&mut self, text: &str, at: usize) {
        self.copied.piece(self.text.len(), at);
        self.text.push_str(text);
    }

    /// Adds a line behind `separator`.
    fn line(&mut self, text: &str, at: usize, separator: &str) {
        if !self.text.is_empty() {
            self.push(separator, at.saturating_sub(1));
        }
        self.push(text, at);
    }
}

/// A text, parted.
#[derive(Debug, Default)]
pub struct Parts {
    /// What stands in `/* config` blocks, each with its lines.
    pub configs: Vec<Joined>,
    /// Statements without their `;`, never blank.
    pub statements: Vec<Joined>,
}

/// What the lines are part of.
enum Within {
    Statements,
    Config { at: usize, lines: Joined },
    Comment { at: usize },
}

/// Parts a text.
///
/// # Errors
/// A block, a comment, quotes or a statement without an end.
pub fn parts(text: &str) -> Result<Parts, SqlError> {
    let mut parts = Parts::default();
    let mut within = Within::Statements;
    let mut reading = Reading::default();
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let at = start + (raw.len() - line.len());
        start += raw.len();
        let line = line.trim_end();
        if line.starts_with("--") {
            continue;
        }
        within = match within {
            Within::Config { at: _, lines } if line == COMMENT_END => {
                parts.configs.push(lines);
                Within::Statements
            }
            Within::Config { at: opened, mut lines } => {
                lines.line(line, at, "\n");
                Within::Config { at: opened, lines }
            }
            Within::Comment { at: opened } => match line.find(COMMENT_END) {
                Some(end) => {
                    let behind = end + COMMENT_END.len();
                    reading.line(&line[behind..], at + behind, &mut parts.statements);
                    Within::Statements
                }
                None => Within::Comment { at: opened },
            },
            Within::Statements if line == CONFIG => Within::Config { at, lines: Joined::default() },
            Within::Statements if line.starts_with(COMMENT) => {
                match line[COMMENT.len()..].find(COMMENT_END) {
                    Some(end) => {
                        let behind = COMMENT.len() + end + COMMENT_END.len();
                        reading.line(&line[behind..], at + behind, &mut parts.statements);
                        Within::Statements
                    }
                    None => Within::Comment { at },
                }
            }
            Within::Statements => {
                reading.line(line, at, &mut parts.statements);
                Within::Statements
            }
        };
    }
    match within {
        Within::Statements => {}
        Within::Config { at, .. } => {
            return Err((at, "the block /* config that starts here does not end with a line */".into()));
        }
        Within::Comment { at } => return Err((at, "the comment that starts here does not end".into())),
    }
    reading.end()?;
    Ok(parts)
}

/// The statement that is being read.
#[derive(Default)]
struct Reading {
    statement: Joined,
    /// The quote that is open, and where it opened.
    quote: Option<(char, usize)>,
}

impl Reading {
    fn line(&mut self, line: &str, at: usize, statements: &mut Vec<Joined>) {
        let mut from = 0;
        let mut opened_here = false;
        let line = line.trim_end();
        // Two quotes within a text close it and open it again, which comes to the same.
        for (place, c) in line.char_indices() {
            match self.quote {
                Some((quote, _)) if quote == c => self.quote = None,
                None if matches!(c, '\'' | '"' | '`') => {
                    self.quote = Some((c, at + place));
                    opened_here = true;
                }
                None if c == ';' => {
                    self.add(&line[from..place], at + from);
                    from = place + 1;
                    let done = std::mem::take(&mut self.statement);
                    if !done.text.trim().is_empty() {
                        statements.push(done);
                    }
                }
                Some(_) | None if c == ' ' && line[place..].starts_with(" --") => {
                    let closes = |(quote, _): (char, usize)| opened_here && line[place..].contains(quote);
                    if !self.quote.is_some_and(closes) {
                        self.add(&line[from..place], at + from);
                        return;
                    }
                }
                Some(_) | None => {}
            }
        }
        self.add(&line[from..], at + from);
    }

    fn add(&mut self, text: &str, at: usize) {
        let trimmed = text.trim_start();
        if !trimmed.is_empty() {
            self.statement.line(trimmed.trim_end(), at + (text.len() - trimmed.len()), " ");
        }
    }

    fn end(self) -> Result<(), SqlError> {
        match (self.quote, self.statement.text.is_empty()) {
            (Some((quote, at)), _) => Err((at, format!("the text in {quote} that starts here does not end"))),
            (None, false) => {
                let at = self.statement.copied.original(0);
                Err((at, "the statement that starts here does not end: \";\" is missing".into()))
            }
            (None, true) => Ok(()),
        }
    }
}
