//! Secrets: decoding and encoding of shaded options.

use super::job_spec::check_roots;
use crate::model::{Problem, SHADED};
use crate::options::{Map, Tree};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

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

/// The job with its shaded options decoded (`env."shade.identifier" = base64`; any other codec is none). Numbers and
/// booleans among these options become texts.
///
/// # Errors
/// What [`job_spec`](super::job_spec()) says of the roots, and options that are not encoded.
pub fn decrypt(tree: &Tree) -> Result<Tree, Vec<Problem>> {
    shade(tree, Direction::Decode)
}

/// The job with its secrets encoded by the codec that it names; encoding what is encoded encodes it twice. Order,
/// unknown keys and empty lists stay.
///
/// # Errors
/// What [`job_spec`](super::job_spec()) says of the roots, and options that can't be encoded.
pub fn encrypt(tree: &Tree) -> Result<Tree, Vec<Problem>> {
    shade(tree, Direction::Encode)
}

fn shade(tree: &Tree, direction: Direction) -> Result<Tree, Vec<Problem>> {
    let mut problems = check_roots(tree);
    let env = tree.as_map().and_then(|root| root.get("env")).and_then(Tree::as_map);
    let coded = env.and_then(|env| env.get("shade.identifier")).and_then(Tree::as_text) == Some("base64");
    let mut keys: Vec<String> = SHADED.iter().map(|key| (*key).to_owned()).collect();
    if let Some(more) = env.and_then(|env| env.get("shade.options")).and_then(Tree::as_list) {
        keys.extend(more.iter().filter_map(Tree::as_text).map(str::to_owned));
    }
    let mut shaded = tree.clone();
    if let Tree::Map(root) = &mut shaded {
        for role in ["source", "sink"] {
            let Some(Tree::List(blocks)) = root.get_mut(role) else {
                continue;
            };
            for (index, block) in blocks.iter_mut().enumerate() {
                let Tree::Map(block) = block else {
                    continue;
                };
                let path = block_path(role, index, block);
                for key in &keys {
                    if let Some(value) = block.get_mut(key)
                        && let Err(message) = shade_value(value, coded, direction)
                    {
                        problems.push(Problem::new(format!("{path}.{key}"), message));
                    }
                }
            }
        }
    }
    if problems.is_empty() { Ok(shaded) } else { Err(problems) }
}

/// Where a block stands: `source[0].Jdbc`.
pub fn block_path(role: &str, index: usize, block: &Map) -> String {
    match block.get("plugin_name").and_then(Tree::as_text) {
        Some(name) => format!("{role}[{index}].{name}"),
        None => format!("{role}[{index}]"),
    }
}

fn shade_value(value: &mut Tree, coded: bool, direction: Direction) -> Result<(), String> {
    match value {
        Tree::Null => Ok(()),
        Tree::Text(text) if coded => {
            *text = shade_text(text, direction)?;
            Ok(())
        }
        Tree::Text(_) => Ok(()),
        Tree::Bool(_) | Tree::Int(_) | Tree::Double(_) => {
            *value = Tree::Text(value.to_json());
            shade_value(value, coded, direction)
        }
        Tree::List(list) if coded => {
            list.iter_mut().try_for_each(|element| shade_value(element, coded, direction))
        }
        Tree::Map(_) if coded => {
            Err("must be a text: an object can't be encoded (shade.identifier = base64)".to_owned())
        }
        Tree::List(_) | Tree::Map(_) => Ok(()),
    }
}

/// The text decoded or encoded. The message never shows it.
fn shade_text(text: &str, direction: Direction) -> Result<String, String> {
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
        assert_eq!(decrypt(&shaded).unwrap(), plain);
        assert_eq!(encrypt(&plain).unwrap(), shaded);
        assert_eq!(encrypt(&plain).unwrap().to_json(), shaded.to_json());
    }

    #[test]
    fn without_codec_only_scalars_become_texts() {
        for identifier in ["default", "unknown", "BASE64"] {
            let job = job(identifier, r#""password": 5, "token": true, "auth": 1.0, "username": null"#);
            assert_eq!(
                first(&decrypt(&job).unwrap()),
                r#"{"plugin_name":"A","password":"5","token":"true","auth":"1","username":null}"#
            );
        }
        let nested = job("default", r#""auth": {"a": 1}"#);
        assert_eq!(decrypt(&nested).unwrap(), nested);
    }

    #[test]
    fn more_options_and_lists() {
        let text = r#"{"env": {"shade.identifier": "base64", "shade.options": ["f1", "a.b"]},
            "source": [{"plugin_name": "A", "f1": ["eA==", "eQ"], "a.b": "eg==", "secret_key": "plain"}], "sink": [{}]}"#;
        assert_eq!(
            first(&decrypt(&tree(text)).unwrap()),
            r#"{"plugin_name":"A","f1":["x","y"],"a.b":"z","secret_key":"plain"}"#
        );
    }

    #[test]
    fn messages_name_the_option_and_not_the_value() {
        let problems =
            decrypt(&job("base64", r#""password": "hunter_2", "token": {}, "auth": "/w==""#)).unwrap_err();
        let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(
            texts[0],
            "source[0].A.password: is not base64, as shade.identifier = base64 says it is: Illegal base64 character 5f at position 6"
        );
        assert!(texts[1].starts_with("source[0].A.auth: is base64 of something"));
        assert!(texts[2].starts_with("source[0].A.token: must be a text"));
        assert!(texts.iter().all(|text| !text.contains("hunter")));
    }
}
