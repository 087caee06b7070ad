//! Java's spelling of regular expressions → that of the library.
//!
//! Where the same characters mean something else in both, the pattern is spelled anew: `\d`, `\w`, `\s` know ASCII
//! alone, `.` stops at every line end, `\Q…\E` quotes, `\p{Alpha}` and its like are ASCII. Groups keep their numbers.
//! `$` means the very end of the text; Java's also matches before a line end that is the last.

/// What `.` doesn't match, and `\R` does.
const LINE_ENDS: &str = r"\n\r\x{85}\x{2028}\x{2029}";

/// The pattern as the library spells it. `dot_all`: `.` stands for line ends too.
pub(super) fn translate(pattern: &str, dot_all: bool) -> String {
    let plain_dot = dot_all || sets_dot_all(pattern);
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut classes = 0_usize;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escape(rest, classes > 0, &mut out),
            '[' => {
                classes += 1;
                out.push('[');
                if let Some(behind) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = behind;
                }
                // the first one does not close
                if let Some(behind) = rest.strip_prefix(']') {
                    out.push_str("\\]");
                    rest = behind;
                }
            }
            ']' => {
                classes = classes.saturating_sub(1);
                out.push(']');
            }
            '.' if classes == 0 && !plain_dot => out.extend(["[^", LINE_ENDS, "]"]),
            other => out.push(other),
        }
    }
    out
}

/// Whether `(?s)` or the like stands somewhere in it.
fn sets_dot_all(pattern: &str) -> bool {
    pattern.match_indices("(?").any(|(at, _)| {
        let flags = pattern[at + 2..].split(|c: char| !c.is_ascii_alphabetic()).next();
        flags.is_some_and(|flags| flags.contains('s'))
    })
}

/// Translates what stands behind a backslash; the rest comes back.
fn escape<'a>(text: &'a str, in_class: bool, out: &mut String) -> &'a str {
    let Some(c) = text.chars().next() else {
        out.push('\\');
        return text;
    };
    let rest = &text[c.len_utf8()..];
    let class = match c {
        'd' | 'D' => Some("0-9"),
        'w' | 'W' => Some("a-zA-Z0-9_"),
        's' | 'S' => Some(r" \t\n\x0B\f\r"),
        'h' | 'H' => Some(r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}"),
        'v' | 'V' => Some(r"\n\x0B\f\r\x{85}\x{2028}\x{2029}"),
        _ => None,
    };
    if let Some(members) = class {
        push_class(members, c.is_ascii_uppercase(), in_class, out);
        return rest;
    }
    match c {
        'Q' => {
            let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            quoted.chars().for_each(|c| push_literal(c, out));
            rest
        }
        // an end without a beginning stands for nothing
        'E' => rest,
        'R' if !in_class => {
            out.extend([r"(?>\r\n|[\x0B\f", LINE_ENDS, "])"]);
            rest
        }
        'Z' if !in_class => {
            out.extend([r"(?=(?:\r\n|[", LINE_ENDS, r"])?\z)"]);
            rest
        }
        'p' | 'P' => property(rest, c == 'P', in_class, out),
        // the library takes these for the ends of words
        '<' | '>' => {
            out.push(c);
            rest
        }
        c if !c.is_ascii() => {
            out.push(c);
            rest
        }
        c => {
            out.push('\\');
            out.push(c);
            rest
        }
    }
}

/// A class of characters, also as a part of another one.
fn push_class(members: &str, negated: bool, in_class: bool, out: &mut String) {
    match (negated, in_class) {
        (false, true) => out.push_str(members),
        (false, false) => out.extend(["[", members, "]"]),
        (true, _) => out.extend(["[^", members, "]"]),
    }
}

/// `{Alpha}` and the like are ASCII in Java; all other properties stay.
fn property<'a>(text: &'a str, negated: bool, in_class: bool, out: &mut String) -> &'a str {
    let name = text.strip_prefix('{').and_then(|text| text.split_once('}'));
    let members = name.and_then(|(name, _)| {
        Some(match name {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "a-zA-Z",
            "Digit" => "0-9",
            "Alnum" => "a-zA-Z0-9",
            "Punct" => r"!-/:-@\[-`{-~",
            "Graph" => "!-~",
            "Print" => " -~",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => r" \t\n\x0B\f\r",
            _ => return None,
        })
    });
    match (members, name) {
        (Some(members), Some((_, rest))) => {
            push_class(members, negated, in_class, out);
            rest
        }
        _ => {
            out.push_str(if negated { "\\P" } else { "\\p" });
            text
        }
    }
}

fn push_literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use crate::transforms::java_regex::compile;

    #[test]
    fn patterns_mean_what_they_mean_in_java() {
        for (pattern, text, found) in [
            (r"\d", "٣", None),
            (r"[\d.]+", "1.5", Some("1.5")),
            (r"\w+", "你a_1", Some("a_1")),
            (r"[^\w]", "a你", Some("你")),
            (r"[\W]", "a-", Some("-")),
            (r"\s", "\u{a0}", None),
            (r"\S+", " \u{a0}x", Some("\u{a0}x")),
            (r"\h", "a\u{a0}", Some("\u{a0}")),
            (r".+", "a\rb", Some("a")),
            (r"(?s).+", "a\nb", Some("a\nb")),
            (r"[.]", "a.", Some(".")),
            (r"[].]+", "a].", Some("].")),
            (r"[^].]", "].a", Some("a")),
            (r"\Qa.b\E+", "a.bb", Some("a.bb")),
            (r"\Q<[", "x<[", Some("<[")),
            (r"\R", "a\r\n", Some("\r\n")),
            (r"b\Z", "ab\n", Some("b")),
            (r"\p{Upper}+", "éÉAB", Some("AB")),
            (r"\P{Alpha}", "a1", Some("1")),
            (r"[\p{Punct}&&[^.]]", "a.,", Some(",")),
            (r"\p{L}+", "1é", Some("é")),
            (r"\p{IsHan}+", "a你好", Some("你好")),
            (r"\<b\>", "<b>", Some("<b>")),
            (r"\u4f60", "你", Some("你")),
            (r"(?<=a)b", "ab", Some("b")),
            (r"a++b", "aab", Some("aab")),
            (r"\。", "。", Some("。")),
        ] {
            let pattern = compile(pattern).unwrap();
            assert_eq!(pattern.find(text).unwrap().map(|m| m.as_str()), found, "{pattern:?} in {text:?}");
        }
    }

    #[test]
    fn errors_name_the_place_in_the_pattern_as_written() {
        for (pattern, place) in
            [(r"\d\d(", "position 5"), (r"..[a", ""), (r"\", ""), (r"\Q(\E)", ""), ("a**", "")]
        {
            let error = compile(pattern).map(|_| ()).unwrap_err();
            assert!(error.contains(&format!("\"{pattern}\"")) && error.contains(place), "{error}");
        }
    }
}
