//! How a message shows a value: in one line, cut, and nothing of what is secret.
//!
//! Every text that quotes a value of a row or of a job comes through here. What holds secrets is known by its name
//! alone ([`is_secret`]): the same rule for options and for columns, fields and keys of rows.

/// What a secret looks like.
pub const MASK: &str = "******";

/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// Options of sources and sinks that a codec touches: at the top level of a block, spelled exactly so.
pub const SHADED: [&str; 4] = ["password", "username", "auth", "token"];

/// Further names of secrets, separators left out.
const SECRET: [&str; 13] = [
    "accesskey",
    "secretkey",
    "apikey",
    "privatekey",
    "passphrase",
    "credential",
    "credentials",
    "sasljaasconfig",
    "community",
    "connectionstring",
    "consumerkey",
    "authorization",
    "passwd",
];

/// Ends of names of secrets, separators left out.
const SECRET_ENDS: [&str; 6] = ["password", "secret", "token", "accesskey", "secretkey", "apikey"];

/// Whether what goes by that name must not be shown. Letter case and `.`, `_`, `-` don't matter.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| !matches!(c, '.' | '_' | '-')).flat_map(char::to_lowercase).collect();
    SHADED.iter().chain(&SECRET).any(|known| plain == *known)
        || SECRET_ENDS.iter().any(|end| plain.ends_with(end))
}

/// Whether a text looks like a JSON document: any of its parts may be a secret.
#[must_use]
pub fn is_document(value: &str) -> bool {
    let value = value.trim_start();
    let list = value.strip_prefix('[').map(str::trim_start);
    value.starts_with('{') || list.is_some_and(|rest| rest.starts_with(['{', '[']))
}

/// A value: quoted, control characters escaped, cut after 60 characters, a document after the first one.
#[must_use]
pub fn shown(value: &str) -> String {
    if is_document(value) {
        return format!("{:?}…", &value.trim_start()[..1]);
    }
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => quoted(&value[..end]) + "…",
        None => quoted(value),
    }
}

/// A text in quotes, as the user wrote it: a backslash stays one. Ends of lines and the like are shown as `\n`.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text))
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_debug()) } else { line.push(c) }
    }
    line
}

/// A value that is no text of its own: not quoted, else as [`shown`].
#[must_use]
pub fn shown_bare(value: &str) -> String {
    let (cut, dots) = match value.char_indices().nth(SHOWN) {
        Some((end, _)) => (&value[..end], "…"),
        None => (value, ""),
    };
    one_line(cut) + dots
}

/// As [`shown`], of bytes, which should be UTF-8.
#[must_use]
pub fn shown_bytes(value: &[u8]) -> String {
    // a character has at most four bytes
    shown(&String::from_utf8_lossy(&value[..value.len().min((SHOWN + 1) * 4)]))
}

/// The value of a column (a field, a key) of that name.
#[must_use]
pub fn shown_of(name: &str, value: &str) -> String {
    if is_secret(name) { MASK.to_owned() } else { shown(value) }
}

/// What is wrong with the value of a column (a field, a key) of that name: `message`, which may quote the value,
/// unless the value is secret.
#[must_use]
pub fn said_of(name: &str, message: String) -> String {
    if is_secret(name) { unfit() } else { message }
}

/// What is said of a secret value that can't be used.
#[must_use]
pub fn unfit() -> String {
    format!("{MASK} is no value that can be used here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_and_escaped() {
        let long = "é".repeat(61);
        let cut = format!("\"{}\"…", "é".repeat(60));
        for (value, text) in [
            ("", "\"\""),
            ("a\n\"b\"\u{1b}[31m", "\"a\\n\"b\"\\u{1b}[31m\""),
            (&long[2..], &*format!("{:?}", &long[2..])),
            (&long, &cut),
            ("{\"a\": 1}", "\"{\"…"),
            (" [ {\"a\": 1}]", "\"[\"…"),
            ("[1]", "\"[1]\""),
        ] {
            assert_eq!(shown(value), text);
            assert_eq!(shown_bytes(value.as_bytes()), text);
        }
        assert_eq!(shown_bare(&format!("[a\n\"b\", {long}")), format!("[a\\n\"b\", {}…", "é".repeat(52)));
        assert_eq!(shown_bytes(b"a\xFF"), "\"a\u{FFFD}\"");
        assert_eq!(shown_bytes("😀".repeat(99).as_bytes()), format!("\"{}\"…", "😀".repeat(60)));
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "password",
            "Password",
            "user_password",
            "access-key",
            "client_secret",
            "security_token",
            "connection_string",
            "api_key",
            "sasl.jaas.config",
        ] {
            assert!(is_secret(name), "{name}");
            assert_eq!(shown_of(name, "hunter2"), MASK);
            assert!(!said_of(name, "\"hunter2\" is no number".into()).contains("hunter2"));
        }
        for name in ["passwords_file", "primary_key", "tokens", "auth_mode", "key", "name", ""] {
            assert!(!is_secret(name), "{name}");
            assert_eq!(shown_of(name, "x"), "\"x\"");
            assert_eq!(said_of(name, "\"x\" is no number".into()), "\"x\" is no number");
        }
    }
}
