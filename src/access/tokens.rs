//! Tokens: what is given to a client, and what a file keeps of it.
//!
//! A token is 256 random bits as text. The file has a line for each, `NAME ROLE sha256:HEX`; empty lines, and what
//! begins with `#`, are passed over. As a token can't be guessed, a plain hash of it tells nothing.

use super::role::Role;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use subtle::{Choice, ConstantTimeEq};

/// What tokens begin with, so that one is known when it is found where it should not be.
const PREFIX: &str = "seikan_";

pub(super) type Hash = [u8; 32];

pub(super) fn hash(secret: &[u8]) -> Hash {
    Sha256::digest(secret).into()
}

/// A new token.
#[must_use]
pub fn create_token() -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// The line of a file for a token.
///
/// # Errors
/// A name that a file can't hold.
pub fn token_line(name: &str, role: Role, token: &str) -> Result<String, String> {
    if !is_name(name) {
        return Err(format!("{name:?} can't name a token; allowed: letters, digits, dots, - and _"));
    }
    let hex = hash(token.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    });
    Ok(format!("{name} {role} sha256:{hex}"))
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// The tokens of a file.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    name: String,
    role: Role,
    hash: Hash,
}

impl Tokens {
    /// # Errors
    /// The first line that can't be used; never what stands in it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut entries: Vec<Entry> = Vec::new();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = Entry::parse(line).map_err(|why| format!("line {number}: {why}"))?;
            if let Some(twin) = entries.iter().find(|other| other.name == entry.name) {
                return Err(format!("line {number}: there is a token named {:?} already", twin.name));
            }
            entries.push(entry);
        }
        Ok(Self(entries))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Who has that token: name and role. Looks at all of them, whichever it is.
    pub(super) fn find(&self, token: &[u8]) -> Option<(&str, Role)> {
        let hash = hash(token);
        let mut found = None;
        for entry in &self.0 {
            let same: Choice = entry.hash.ct_eq(&hash);
            if bool::from(same) {
                found = Some((entry.name.as_str(), entry.role));
            }
        }
        found
    }
}

impl Entry {
    fn parse(line: &str) -> Result<Self, String> {
        let mut parts = line.split_whitespace();
        let (Some(name), Some(role), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("is no NAME ROLE sha256:HEX, as `seikan token create` prints it".to_owned());
        };
        if !is_name(name) {
            return Err("its name has other signs than letters, digits, dots, - and _".to_owned());
        }
        let role = Role::of_name(role).ok_or_else(|| {
            format!("{name}: its role is not known; allowed: {}", Role::ALL.map(Role::name).join(", "))
        })?;
        let hash = hash.strip_prefix("sha256:").and_then(of_hex);
        let hash = hash.ok_or_else(|| format!("{name}: its third word is not sha256: and 64 hex digits"))?;
        Ok(Self { name: name.to_owned(), role, hash })
    }
}

fn of_hex(text: &str) -> Option<Hash> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut hash = Hash::default();
    for (at, byte) in hash.iter_mut().enumerate() {
        let digits = &text[2 * at..2 * at + 2];
        if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_lets_its_token_in_and_no_other() {
        let (ci, ops) = (create_token(), create_token());
        assert_ne!(ci, ops);
        let lines = [
            "# who asks".to_owned(),
            token_line("ci", Role::Operate, &ci).unwrap(),
            String::new(),
            token_line("ops", Role::Admin, &ops).unwrap(),
        ];
        assert!(!lines.concat().contains(&ci[PREFIX.len()..]));
        let tokens = Tokens::parse(&lines.join("\n")).unwrap();
        assert_eq!(tokens.find(ci.as_bytes()), Some(("ci", Role::Operate)));
        assert_eq!(tokens.find(ops.as_bytes()), Some(("ops", Role::Admin)));
        for wrong in ["", "ci", &ci[1..], &format!("{ci} "), &lines[1]] {
            assert_eq!(tokens.find(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn lines_that_cannot_be_used_are_named_and_not_shown() {
        let hex = "0".repeat(64);
        for (text, why) in [
            ("geheim".to_owned(), "line 1: is no NAME ROLE"),
            (format!("\na read sha256:{hex} more"), "line 2: is no NAME ROLE"),
            (format!("a root sha256:{hex}"), "a: its role is not known; allowed: read, operate, admin"),
            ("a read geheim".to_owned(), "a: its third word"),
            (format!("a read sha256:{}", "é".repeat(32)), "a: its third word"),
            (format!("a read sha256:{}", "+f".repeat(32)), "a: its third word"),
            (format!("ä read sha256:{hex}"), "its name has other signs"),
            (format!("a read sha256:{hex}\na admin sha256:{hex}"), "line 2: there is a token named \"a\""),
        ] {
            let error = Tokens::parse(&text).unwrap_err();
            assert!(error.contains(why) && !error.contains("geheim"), "{error}");
        }
        assert!(token_line("a b", Role::Read, "x").is_err());
    }
}
