//! Java's regular expressions: patterns, `$1` replacements, and `split` with a limit.

use super::java_syntax;
use crate::model::{Fault, quoted};
use fancy_regex::{Captures, Regex, RegexBuilder};

/// Steps that a match may go back before it is given up.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// How a pattern is read; all off unless set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Flags {
    /// Letters stand for both cases.
    pub ignore_case: bool,
    /// `.` stands for line ends too.
    pub dot_all: bool,
    /// `^` and `$` match at each line.
    pub multi_line: bool,
}

/// Compiles a pattern.
///
/// # Errors
/// What is wrong with it, and where.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    compile_with(pattern, Flags::default())
}

/// Compiles a pattern that is read with flags.
///
/// # Errors
/// What is wrong with it, and where.
pub(super) fn compile_with(pattern: &str, flags: Flags) -> Result<Regex, String> {
    let build = |pattern: &str| {
        RegexBuilder::new(pattern)
            .backtrack_limit(BACKTRACK_LIMIT)
            .case_insensitive(flags.ignore_case)
            .dot_matches_new_line(flags.dot_all)
            .multi_line(flags.multi_line)
            .build()
    };
    build(&java_syntax::translate(pattern, flags.dot_all)).map_err(|error| {
        // places count in the pattern as it was written
        let error = build(pattern).err().unwrap_or(error);
        format!("{} is no regular expression: {error}", quoted(pattern))
    })
}

/// Bytes by which a replacement may make one text longer.
const GROWTH_LIMIT: usize = 64 << 20;

/// Where Java goes on to search behind a match: an empty match may follow another one, but not itself.
pub(super) fn behind(text: &str, start: usize, end: usize) -> Option<usize> {
    if start < end { Some(end) } else { text[end..].chars().next().map(|c| end + c.len_utf8()) }
}

/// Compiles a pattern that must match a whole text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn compile_whole(pattern: &str) -> Result<Regex, String> {
    compile(pattern)?;
    compile(&format!(r"\A(?:{pattern})\z"))
}

/// Whether the pattern matches.
///
/// # Errors
/// A pattern that goes back without end on this text.
pub(super) fn is_match(text: &str, pattern: &Regex) -> Result<bool, Fault> {
    pattern.is_match(text).map_err(|error| endless(pattern, text, &error))
}

/// The first match with its groups.
///
/// # Errors
/// A pattern that goes back without end on this text.
pub(super) fn captures<'t>(text: &'t str, pattern: &Regex) -> Result<Option<Captures<'t>>, Fault> {
    pattern.captures(text).map_err(|error| endless(pattern, text, &error))
}

/// A part of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
    Named(String),
}

/// A replacement: `$1` and `${name}` stand for groups, a backslash takes the next character as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement(Vec<Part>);

impl Replacement {
    /// Reads a replacement for `pattern`. As in Java `$12` is group 12 if there is one, else group 1 and a `2`.
    ///
    /// # Errors
    /// A group that the pattern doesn't have, a `$` or `\` with nothing behind it.
    pub(super) fn parse(text: &str, pattern: &Regex) -> Result<Self, String> {
        let groups = pattern.captures_len().saturating_sub(1);
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\\' => literal.push(rest.next().ok_or("ends in a backslash with nothing behind it")?),
                '$' => {
                    parts.extend(take(&mut literal));
                    if rest.next_if_eq(&'{').is_some() {
                        let name: String = rest.by_ref().take_while(|c| *c != '}').collect();
                        if !pattern.capture_names().flatten().any(|n| n == name) {
                            return Err(format!("the pattern has no group \"{name}\""));
                        }
                        parts.push(Part::Named(name));
                        continue;
                    }
                    let digit = |c: char| c.to_digit(10).map(|d| d as usize);
                    let mut group =
                        rest.next().and_then(digit).ok_or("holds a $ without a group number behind it")?;
                    if group > groups {
                        return Err(format!("names group {group}, the pattern has {groups}"));
                    }
                    while let Some(next) = rest.peek().copied().and_then(digit) {
                        if group * 10 + next > groups {
                            break;
                        }
                        group = group * 10 + next;
                        rest.next();
                    }
                    parts.push(Part::Group(group));
                }
                other => literal.push(other),
            }
        }
        parts.extend(take(&mut literal));
        Ok(Self(parts))
    }

    fn push(&self, captures: &Captures<'_>, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(group) => out.push_str(captures.get(*group).map_or("", |m| m.as_str())),
                Part::Named(name) => out.push_str(captures.name(name).map_or("", |m| m.as_str())),
            }
        }
    }
}

fn take(literal: &mut String) -> Option<Part> {
    Some(std::mem::take(literal)).filter(|text| !text.is_empty()).map(Part::Text)
}

/// Replaces the first or every match; appends the result to `out`.
///
/// # Errors
/// A pattern that goes back without end on this text, a result that is too long.
pub(super) fn replace(
    text: &str,
    pattern: &Regex,
    replacement: &Replacement,
    first_only: bool,
    out: &mut String,
) -> Result<(), Fault> {
    let (begun, mut copied, mut next) = (out.len(), 0, Some(0));
    while let Some(from) = next {
        let found = pattern.captures_from_pos(text, from).map_err(|error| endless(pattern, text, &error))?;
        let Some((captures, whole)) =
            found.and_then(|captures| captures.get(0).map(|whole| (captures, whole)))
        else {
            break;
        };
        out.push_str(&text[copied..whole.start()]);
        replacement.push(&captures, out);
        copied = whole.end();
        if out.len() - begun > text.len() + GROWTH_LIMIT {
            let message =
                format!("a replacement makes a text longer by more than {} MiB", GROWTH_LIMIT >> 20);
            return Err(Fault::user(message).final_one());
        }
        next = behind(text, whole.start(), whole.end()).filter(|_| !first_only);
    }
    out.push_str(&text[copied..]);
    Ok(())
}

/// Splits at matches into at most `limit` parts, the last of which keeps the rest. As in Java, a match of no width at
/// the beginning gives no empty first part.
///
/// # Errors
/// A pattern that goes back without end on this text.
pub(super) fn split<'t>(text: &'t str, pattern: &Regex, limit: usize) -> Result<Vec<&'t str>, Fault> {
    let mut parts = Vec::with_capacity(limit.min(16));
    let (mut start, mut next) = (0, Some(0));
    while let Some(from) = next.filter(|_| parts.len() + 1 < limit) {
        let found = pattern.find_from_pos(text, from).map_err(|error| endless(pattern, text, &error))?;
        let Some(found) = found else {
            break;
        };
        next = behind(text, found.start(), found.end());
        if found.end() == 0 || (found.start() == found.end() && found.start() == text.len()) {
            continue;
        }
        parts.push(&text[start..found.start()]);
        start = found.end();
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// The fault of a pattern that was given up on a text; nothing of the text is shown.
pub(super) fn endless(pattern: &Regex, text: &str, error: &fancy_regex::Error) -> Fault {
    let (pattern, length) = (pattern.as_str(), text.chars().count());
    Fault::user(format!(
        "the regular expression \"{pattern}\" was given up on a text of {length} characters: {error}"
    ))
    .final_one()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str, pattern: &str, replacement: &str, first: bool) -> Result<String, String> {
        let pattern = compile(pattern)?;
        let replacement = Replacement::parse(replacement, &pattern)?;
        let mut out = String::new();
        replace(text, &pattern, &replacement, first, &mut out).map_err(|f| f.to_string())?;
        Ok(out)
    }

    #[test]
    fn replacements() {
        for (text, pattern, replacement, first, wanted) in [
            ("a1b22", r"\d+", "#", false, "a#b#"),
            ("a1b22", r"\d+", "#", true, "a#b22"),
            ("ab", "(a)(b)", "$2$1", false, "ba"),
            ("ab", "(a)b", "$12", false, "a2"),
            ("ab", "(?<x>a)", "[${x}]", false, "[a]b"),
            ("a.b", r"\.", r"\$", false, "a$b"),
            ("abc", "", "-", false, "-a-b-c-"),
            ("axb", "x*", "-", false, "-a--b-"),
            ("你", "", "-", false, "-你-"),
        ] {
            assert_eq!(
                replaced(text, pattern, replacement, first).as_deref(),
                Ok(wanted),
                "{pattern} {replacement}"
            );
        }
        assert!(replaced("a", "a", "$1", false).unwrap_err().contains("group 1"));
        assert!(replaced("a", "a", "$", false).is_err());
        assert!(replaced("a", "(", "", false).unwrap_err().contains("no regular expression"));
        assert!(replaced("a", "a", "\\", false).is_err());
    }

    #[test]
    fn splits_as_java() {
        for (text, pattern, limit, wanted) in [
            ("a b c", " ", 3, vec!["a", "b", "c"]),
            ("a b c", " ", 2, vec!["a", "b c"]),
            ("a", " ", 2, vec!["a"]),
            ("", " ", 2, vec![""]),
            ("a,,b", ",", 5, vec!["a", "", "b"]),
            ("a,b,", ",", 5, vec!["a", "b", ""]),
            ("abc", "", 5, vec!["a", "b", "c", ""]),
            ("a1b2", r"\d", 2, vec!["a", "b2"]),
            ("axb", "x*", 9, vec!["a", "", "b"]),
        ] {
            let parts = split(text, &compile(pattern).unwrap(), limit).unwrap();
            // Java's split of "abc" by nothing with a limit keeps a trailing empty part; a part more is null for users.
            let wanted: Vec<&str> = if pattern.is_empty() { vec!["a", "b", "c"] } else { wanted };
            assert_eq!(parts, wanted, "{text:?} by {pattern:?}");
        }
    }

    #[test]
    fn a_pattern_without_end_is_given_up() {
        let error = replaced(&"a".repeat(60), r"(a+)+\1b", "", false).unwrap_err();
        assert!(error.contains("was given up"), "{error}");
    }
}
