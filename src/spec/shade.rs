//! Shaded options: secrets in a job's text that are encoded (base64, the engine's) or encrypted (aes256, ours).
//!
//! aes256 is AES-256-GCM with a key of the server; each value is `aes256:` and the base64 of nonce (12 bytes), text and
//! tag (16 bytes). The nonce is random, so that equal secrets don't look equal.

use super::job_spec::check_roots;
use crate::model::{Problem, SHADED};
use crate::options::{Map, Tree};
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
use std::sync::Arc;

/// Further options that aes256 touches. A text for base64 has them in the clear, as older engines left them.
const ENCRYPTED: [&str; 2] = ["access_key", "secret_key"];
/// What an encrypted value begins with.
const PREFIX: &str = "aes256:";
/// Bytes of a nonce.
const NONCE: usize = 12;

/// Standard base64; padding is written, and read where it is there.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Decode,
    Encode,
}

/// What `env."shade.identifier"` names; anything else is none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Codec {
    None,
    Base64,
    Aes256,
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Codec::None => "default",
            Codec::Base64 => "base64",
            Codec::Aes256 => "aes256",
        }
    }
}

/// Decodes and encodes the secrets of jobs; the default has no key, and can't do aes256.
#[derive(Clone, Default)]
pub struct Shade(Option<Arc<Aes256Gcm>>);

impl fmt::Debug for Shade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Shade(key)" } else { "Shade(no key)" })
    }
}

impl Shade {
    /// One that can't do aes256.
    #[must_use]
    pub const fn without_key() -> Self {
        Self(None)
    }

    /// With the key that a file holds: 32 bytes, as 64 hex digits or as base64.
    ///
    /// # Errors
    /// It holds something else; never shows it.
    pub fn with_key(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let hex = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
        let key: Option<Vec<u8>> = match text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit()) {
            true => (0..32).map(hex).collect(),
            false => BASE64.decode(text).ok(),
        };
        let key = key.and_then(|key| Aes256Gcm::new_from_slice(&key).ok());
        let key = key.ok_or(
            "it holds no key; allowed: 32 bytes as 64 hex digits (openssl rand -hex 32) or as base64",
        )?;
        Ok(Self(Some(Arc::new(key))))
    }

    /// The job with its shaded options decoded. Numbers and booleans among these options become texts.
    ///
    /// # Errors
    /// What [`job_spec`](super::job_spec()) says of the roots, and options that are not encoded, or with another key.
    pub fn decrypt(&self, tree: &Tree) -> Result<Tree, Vec<Problem>> {
        self.shade(tree, Direction::Decode)
    }

    /// The job with its secrets encoded by the codec that it names. base64 encodes twice what is encoded already, aes256
    /// leaves it as it is. Order, unknown keys and empty lists stay.
    ///
    /// # Errors
    /// What [`job_spec`](super::job_spec()) says of the roots, and options that can't be encoded.
    pub fn encrypt(&self, tree: &Tree) -> Result<Tree, Vec<Problem>> {
        self.shade(tree, Direction::Encode)
    }

    fn shade(&self, tree: &Tree, direction: Direction) -> Result<Tree, Vec<Problem>> {
        let mut problems = check_roots(tree);
        let env = tree.as_map().and_then(|root| root.get("env")).and_then(Tree::as_map);
        let codec = match env.and_then(|env| env.get("shade.identifier")).and_then(Tree::as_text) {
            Some("base64") => Codec::Base64,
            Some("aes256") => Codec::Aes256,
            Some(_) | None => Codec::None,
        };
        let mut keys: Vec<&str> = SHADED.to_vec();
        let mut roles = vec!["source", "sink"];
        if codec == Codec::Aes256 {
            keys.extend(ENCRYPTED);
            roles.push("transform");
        }
        if let Some(more) = env.and_then(|env| env.get("shade.options")).and_then(Tree::as_list) {
            for key in more.iter().filter_map(Tree::as_text) {
                // Twice in the list is still coded once.
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let mut shaded = tree.clone();
        if let Tree::Map(root) = &mut shaded {
            for role in roles {
                let Some(Tree::List(blocks)) = root.get_mut(role) else {
                    continue;
                };
                for (index, block) in blocks.iter_mut().enumerate() {
                    let Tree::Map(block) = block else {
                        continue;
                    };
                    let path = block_path(role, index, block);
                    for key in &keys {
                        if let Some(value) = block.get_mut(*key)
                            && let Err(message) = self.value(value, codec, direction)
                        {
                            problems.push(Problem::new(format!("{path}.{key}"), message));
                        }
                    }
                }
            }
        }
        if problems.is_empty() { Ok(shaded) } else { Err(problems) }
    }

    fn value(&self, value: &mut Tree, codec: Codec, direction: Direction) -> Result<(), String> {
        match value {
            Tree::Null => Ok(()),
            Tree::Text(text) => {
                match codec {
                    Codec::None => {}
                    Codec::Base64 => *text = base64_text(text, direction)?,
                    Codec::Aes256 => *text = self.aes256_text(text, direction)?,
                }
                Ok(())
            }
            Tree::Bool(_) | Tree::Int(_) | Tree::Double(_) => {
                *value = Tree::Text(value.to_json());
                self.value(value, codec, direction)
            }
            Tree::List(_) | Tree::Map(_) if codec == Codec::None => Ok(()),
            Tree::List(list) => list.iter_mut().try_for_each(|element| self.value(element, codec, direction)),
            Tree::Map(_) => Err(format!(
                "must be a text: an object can't be encoded (shade.identifier = {})",
                codec.name()
            )),
        }
    }

    /// The text decrypted or encrypted. No message shows it.
    fn aes256_text(&self, text: &str, direction: Direction) -> Result<String, String> {
        let key = self.0.as_ref().ok_or(
            "needs a key, as shade.identifier = aes256: seatunnel.engine.shade-key-file (or the variable \
             SEIKAN_ENGINE__SHADE_KEY_FILE) names its file",
        )?;
        match (text.strip_prefix(PREFIX), direction) {
            (Some(encrypted), _) => {
                let decrypted = decrypted(key, encrypted)?;
                Ok(if direction == Direction::Encode { text.to_owned() } else { decrypted })
            }
            (None, Direction::Decode) => {
                Err("is not encrypted, as shade.identifier = aes256 says it is: POST /encrypt-config does it"
                    .to_owned())
            }
            (None, Direction::Encode) => {
                let nonce: [u8; NONCE] = rand::random();
                let sealed = key.encrypt(&Nonce::from(nonce), text.as_bytes());
                let sealed = sealed.map_err(|_| "is too long to be encrypted".to_owned())?;
                Ok(format!("{PREFIX}{}", BASE64.encode([nonce.as_slice(), &sealed].concat())))
            }
        }
    }
}

fn decrypted(key: &Aes256Gcm, encrypted: &str) -> Result<String, String> {
    let wrong = || "can't be decrypted: it is damaged, or was encrypted with another key".to_owned();
    let bytes = BASE64.decode(encrypted).map_err(|_| wrong())?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
    let opened = key.decrypt(&Nonce::from(*nonce), sealed).map_err(|_| wrong())?;
    String::from_utf8(opened).map_err(|_| "is encrypted, of something that is no UTF-8 text".to_owned())
}

/// Where a block stands: `source[0].Jdbc`.
pub fn block_path(role: &str, index: usize, block: &Map) -> String {
    match block.get("plugin_name").and_then(Tree::as_text) {
        Some(name) => format!("{role}[{index}].{name}"),
        None => format!("{role}[{index}]"),
    }
}

/// The text decoded or encoded. The message never shows it.
fn base64_text(text: &str, direction: Direction) -> Result<String, String> {
    if direction == Direction::Encode {
        return Ok(BASE64.encode(text));
    }
    let bytes = BASE64.decode(text).map_err(|error| {
        let place = match error {
            base64::DecodeError::InvalidByte(offset, byte) => {
                format!("Illegal base64 character {byte:x} at position {offset}")
            }
            base64::DecodeError::InvalidLength(length) => format!("its length {length} is impossible"),
            base64::DecodeError::InvalidLastSymbol(offset, _) => format!("position {offset} is cut off"),
            base64::DecodeError::InvalidPadding => "its padding is wrong".to_owned(),
        };
        format!("is not base64, as shade.identifier = base64 says it is: {place}")
    })?;
    String::from_utf8(bytes).map_err(|_| "is base64 of something that is no UTF-8 text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{JsonMode, parse_json};

    fn tree(text: &str) -> Tree {
        parse_json(text.as_bytes(), JsonMode::Strict, "").unwrap()
    }

    fn job(identifier: &str, options: &str) -> Tree {
        tree(&format!(
            r#"{{"env": {{"shade.identifier": "{identifier}"}}, "source": [{{"plugin_name": "A", {options}}}], "sink": [{{"plugin_name": "B", "n": {{"password": "c2VjcmV0"}}}}]}}"#
        ))
    }

    fn first(tree: &Tree) -> String {
        tree.as_map().unwrap()["source"].as_list().unwrap()[0].to_json()
    }

    #[test]
    fn known_samples() {
        let shaded = job(
            "base64",
            r#""username": "c2VhdHVubmVs", "password": "c2VhdHVubmVsX3Bhc3N3b3Jk", "other": "eA==""#,
        );
        let plain =
            job("base64", r#""username": "seatunnel", "password": "seatunnel_password", "other": "eA==""#);
        assert_eq!(Shade::default().decrypt(&shaded).unwrap(), plain);
        assert_eq!(Shade::default().encrypt(&plain).unwrap(), shaded);
        assert_eq!(Shade::default().encrypt(&plain).unwrap().to_json(), shaded.to_json());
    }

    #[test]
    fn without_codec_only_scalars_become_texts() {
        for identifier in ["default", "unknown", "BASE64"] {
            let job = job(identifier, r#""password": 5, "token": true, "auth": 1.0, "username": null"#);
            assert_eq!(
                first(&Shade::default().decrypt(&job).unwrap()),
                r#"{"plugin_name":"A","password":"5","token":"true","auth":"1","username":null}"#
            );
        }
        let nested = job("default", r#""auth": {"a": 1}"#);
        assert_eq!(Shade::default().decrypt(&nested).unwrap(), nested);
    }

    #[test]
    fn more_options_and_lists() {
        let text = r#"{"env": {"shade.identifier": "base64", "shade.options": ["f1", "a.b", "f1"]},
            "source": [{"plugin_name": "A", "f1": ["eA==", "eQ"], "a.b": "eg==", "secret_key": "plain"}], "sink": [{}]}"#;
        assert_eq!(
            first(&Shade::default().decrypt(&tree(text)).unwrap()),
            r#"{"plugin_name":"A","f1":["x","y"],"a.b":"z","secret_key":"plain"}"#
        );
    }

    #[test]
    fn messages_name_the_option_and_not_the_value() {
        let problems = Shade::default()
            .decrypt(&job("base64", r#""password": "hunter_2", "token": {}, "auth": "/w==""#))
            .unwrap_err();
        let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(
            texts[0],
            "source[0].A.password: is not base64, as shade.identifier = base64 says it is: Illegal base64 character 5f at position 6"
        );
        assert!(texts[1].starts_with("source[0].A.auth: is base64 of something"));
        assert!(texts[2].starts_with("source[0].A.token: must be a text"));
        assert!(texts.iter().all(|text| !text.contains("hunter")));
    }

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn aes256_goes_there_and_back_and_shows_nothing() {
        let shade = Shade::with_key(KEY).unwrap();
        let plain = tree(
            r#"{"env": {"shade.identifier": "aes256", "shade.options": ["f"]},
            "source": [{"plugin_name": "A", "password": "hunter2", "token": 7, "f": ["hunter2", null], "n": {"token": "x"}}],
            "transform": [{"plugin_name": "T", "access_key": "ä"}], "sink": [{"secret_key": "hunter2", "other": "hunter2x"}]}"#,
        );
        let shaded = shade.encrypt(&plain).unwrap();
        let text = shaded.to_json();
        assert!(!text.contains("hunter2\"") && text.contains("hunter2x"), "{text}");
        assert_eq!(text.matches("\"aes256:").count(), 5, "{text}");
        let values: Vec<&str> = text.split('"').filter(|part| part.starts_with(PREFIX)).collect();
        assert_ne!(values[0], values[2], "equal secrets look different");
        assert_eq!(shade.encrypt(&shaded).unwrap(), shaded, "nothing is encrypted twice");
        let back = shade.decrypt(&shaded).unwrap().to_json();
        assert_eq!(back, plain.to_json().replace("7", "\"7\""));
        assert_eq!(format!("{shade:?} {:?}", Shade::default()), "Shade(key) Shade(no key)");

        for (other, why) in [
            (Shade::default(), "needs a key"),
            (Shade::with_key(&KEY.replace('0', "1")).unwrap(), "another key"),
        ] {
            for problems in [other.decrypt(&shaded).unwrap_err(), other.encrypt(&shaded).unwrap_err()] {
                assert_eq!(problems[0].path, "source[0].A.password");
                assert!(problems.iter().all(|problem| problem.to_string().contains(why)), "{problems:?}");
            }
        }
    }

    #[test]
    fn what_was_not_encrypted_or_was_changed_is_refused_and_not_shown() {
        let shade = Shade::with_key(KEY).unwrap();
        let sealed = shade.aes256_text("hunter2", Direction::Encode).unwrap();
        let mut changed = BASE64.decode(&sealed[PREFIX.len()..]).unwrap();
        changed[NONCE] ^= 1;
        for (text, why) in [
            ("hunter2".to_owned(), "is not encrypted"),
            ("aes256:".to_owned(), "damaged"),
            ("aes256:hunter2".to_owned(), "damaged"),
            (sealed[..sealed.len() - 4].to_owned(), "damaged"),
            (format!("aes256:{}", BASE64.encode(changed)), "damaged"),
        ] {
            let job = job("aes256", &format!(r#""password": "{text}""#));
            let problem = shade.decrypt(&job).unwrap_err()[0].to_string();
            assert!(problem.starts_with("source[0].A.password: ") && problem.contains(why), "{problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn keys() {
        let base64 = BASE64.encode([7; 32]);
        for good in [KEY, &format!(" {}\n", KEY.to_uppercase()), &base64, base64.trim_end_matches('=')] {
            assert!(Shade::with_key(good).is_ok(), "{good}");
        }
        for bad in ["", "geheim", &KEY[1..], &format!("{KEY}00"), &BASE64.encode([7; 16])] {
            let error = Shade::with_key(bad).unwrap_err();
            assert!(error.contains("it holds no key") && !error.contains("geheim"), "{error}");
        }
    }
}
