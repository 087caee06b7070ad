//! Reads each layer, normalises it to the nested spelling, and merges them.

use super::known::{FLAT, READ, WITHOUT_EFFECT};
use super::{ConfigError, Flags};
use crate::model::{Problem, nearest};
use figment::providers::{Format, Yaml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use std::path::Path;

/// The defaults; the same file that users read.
const DEFAULTS: &str = include_str!("../../config/seatunnel.yaml");
/// Prefix of environment variables.
const PREFIX: &str = "SEIKAN_ENGINE__";

/// One layer: the dictionary under `seatunnel.engine`, nested.
struct Layer {
    name: String,
    engine: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.engine.clone())]))
    }
}

/// All layers merged, and the keys that have no effect.
pub(super) fn merged(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: &Flags,
) -> Result<(Figment, Vec<Problem>), ConfigError> {
    let mut warnings = Vec::new();
    let mut figment = Figment::new().merge(yaml("the defaults", DEFAULTS, &mut warnings)?);
    if let Some(path) = file {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("the configuration {name} can't be read: {error}")))?;
        figment = figment.merge(yaml(&name, &text, &mut warnings)?);
    }
    for (variable, value) in environment {
        let Some(key) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let mut engine = Dict::new();
        let path = key.to_ascii_lowercase().replace("__", ".").replace('_', "-");
        // A value is read as YAML, as it would be in the file.
        let parsed = Yaml::string(&format!("value: {value}")).data().ok();
        let parsed = parsed.and_then(|mut data| data.remove(&Profile::Default)?.remove("value"));
        insert(&mut engine, &path, parsed.unwrap_or_else(|| Value::from(value)));
        figment = figment.merge(normalised(&format!("the environment ({variable})"), engine, &mut warnings));
    }
    let mut engine = Dict::new();
    if let Some(dir) = &flags.data_dir {
        insert(&mut engine, "store.data-dir", Value::from(dir.display().to_string()));
    }
    if let Some(address) = flags.listen {
        insert(&mut engine, "http.host", Value::from(address.ip().to_string()));
        insert(&mut engine, "http.port", Value::from(address.port()));
    }
    Ok((figment.merge(Layer { name: "the command line".to_owned(), engine }), warnings))
}

fn yaml(name: &str, text: &str, warnings: &mut Vec<Problem>) -> Result<Layer, ConfigError> {
    let data = Yaml::string(text).data().map_err(|error| {
        ConfigError(format!("the configuration {name} is no YAML: {}", error.to_string().replace('\n', " ")))
    })?;
    let mut root = data.into_values().next().unwrap_or_default();
    if let Some(value) = root.remove("seatunnel") {
        root = value.into_dict().unwrap_or_default();
    }
    let engine = match root.remove("engine") {
        None => Dict::new(),
        Some(value) => value
            .into_dict()
            .ok_or_else(|| ConfigError(format!("{name}: seatunnel.engine is not a section of keys")))?,
    };
    for key in root.keys() {
        warnings.push(Problem::new(format!("{name}: seatunnel.{key}"), "is not known; it is ignored"));
    }
    Ok(normalised(name, engine, warnings))
}

/// Moves flat spellings to their nested place, unless that is taken, and notes keys without effect.
fn normalised(name: &str, mut engine: Dict, warnings: &mut Vec<Problem>) -> Layer {
    for (flat, nested) in FLAT {
        if let Some(value) = engine.remove(*flat)
            && find(&engine, nested).is_none()
        {
            insert(&mut engine, nested, value);
        }
    }
    let mut keys = Vec::new();
    list(&engine, "", &mut keys);
    for key in keys {
        let is = |known: &&str| key == **known || key.starts_with(&format!("{known}."));
        if READ.iter().any(is) {
            continue;
        }
        let path = format!("{name}: seatunnel.engine.{key}");
        warnings.push(if WITHOUT_EFFECT.iter().any(is) {
            Problem::new(path, "has no effect here")
        } else {
            let problem = Problem::new(path, "is not known; it is ignored");
            match nearest(&key, READ.iter().copied()) {
                Some(near) => problem.hint(format!("did you mean \"{near}\"?")),
                None => problem,
            }
        });
    }
    Layer { name: name.to_owned(), engine }
}

/// Every key with a value that is no section, dotted.
fn list(dict: &Dict, prefix: &str, keys: &mut Vec<String>) {
    for (key, value) in dict {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value.as_dict() {
            Some(inner) if !inner.is_empty() => list(inner, &path, keys),
            _ => keys.push(path),
        }
    }
}

fn find<'d>(dict: &'d Dict, path: &str) -> Option<&'d Value> {
    match path.split_once('.') {
        None => dict.get(path),
        Some((first, rest)) => find(dict.get(first)?.as_dict()?, rest),
    }
}

fn insert(dict: &mut Dict, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            dict.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let mut inner = dict.remove(first).and_then(Value::into_dict).unwrap_or_default();
            insert(&mut inner, rest, value);
            dict.insert(first.to_owned(), Value::from(inner));
        }
    }
}
