//! The function EMAIL: whether a text can be a mail address. Practical, not by the letter of the standard.

/// Characters of an address at most.
const MAX_LENGTH: usize = 254;
/// Characters before the `@` at most.
const MAX_LOCAL: usize = 63;

/// What is wrong with an address; a blank text is none and passes.
pub(super) fn wrong(text: &str) -> Option<String> {
    let address = text.trim();
    if address.is_empty() {
        return None;
    }
    if address.chars().count() > MAX_LENGTH {
        return Some(format!("is longer than {MAX_LENGTH} characters"));
    }
    let (local, domain) = match address.split_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.contains('@') => (local, domain),
        _ => return Some("has not exactly one @ behind a name".into()),
    };
    if local.chars().count() > MAX_LOCAL {
        return Some(format!("has more than {MAX_LOCAL} characters before its @"));
    }
    if address.contains(['"', '\'', '`', '\0']) {
        return Some("has quotes or a null character in it".into());
    }
    if domain.is_empty() || !domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') {
        return Some("has a domain of other characters than letters, digits, points and dashes".into());
    }
    (!domain.contains('.')).then(|| "has a domain without a point".into())
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn addresses() {
        let long = format!("{}@a.de", "x".repeat(64));
        let longer = format!("x@{}.de", "y".repeat(260));
        for (text, part) in [
            ("a.b+c@example.org", None),
            ("  a@b.c ", None),
            ("", None),
            ("a@b", Some("without a point")),
            ("@b.c", Some("exactly one @")),
            ("a@b@c.d", Some("exactly one @")),
            ("nobody", Some("exactly one @")),
            ("a'b@c.de", Some("quotes")),
            ("a@b_c.de", Some("other characters")),
            ("a@", Some("other characters")),
            (long.as_str(), Some("63")),
            (longer.as_str(), Some("254")),
        ] {
            let found = wrong(text);
            assert_eq!(found.is_some(), part.is_some(), "{text}: {found:?}");
            assert!(part.is_none_or(|part| found.as_ref().unwrap().contains(part)), "{text}: {found:?}");
        }
    }
}
