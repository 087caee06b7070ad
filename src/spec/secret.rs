//! Secrets: which options hold them, and their masking.

use crate::options::Tree;

/// Options of sources and sinks that a codec touches: at the top level of a block, spelled exactly so.
pub(super) const SHADED: [&str; 4] = ["password", "username", "auth", "token"];

/// Further keys whose values are masked, separators left out.
const MASKED: [&str; 13] = [
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

/// What a masked value looks like.
const MASK: &str = "******";

/// Whether the value of an option of that name must not be shown. Letter case and `.`, `_`, `-` don't matter.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    let plain: String =
        key.chars().filter(|c| !matches!(c, '.' | '_' | '-')).flat_map(char::to_lowercase).collect();
    SHADED.iter().chain(&MASKED).any(|name| plain.eq_ignore_ascii_case(name))
        || ["password", "secret", "token", "accesskey", "secretkey", "apikey"]
            .iter()
            .any(|end| plain.ends_with(end))
}

/// The tree with every secret at any depth shown as `******`: for logs, views and messages.
#[must_use]
pub fn masked(tree: &Tree) -> Tree {
    masked_in(tree, &[])
}

/// Options that are secret in the blocks of one plug-in only; elsewhere their names say something else.
const MASKED_IN: [(&str, &[&str]); 1] = [("FieldEncrypt", &["key"])];

/// `own`: further secret options, those of the plug-in that this stands in.
fn masked_in(tree: &Tree, own: &'static [&'static str]) -> Tree {
    match tree {
        Tree::Map(map) => {
            let named = map.get("plugin_name").and_then(Tree::as_text).and_then(of_plugin);
            let own = named.unwrap_or(own);
            let entry = |(key, value): (&String, &Tree)| {
                let hidden = is_secret(key) || own.contains(&key.as_str());
                let shown = match value {
                    Tree::Null => Tree::Null,
                    _ if hidden => Tree::text(MASK),
                    // a block may also stand under its plug-in's name
                    _ => masked_in(value, of_plugin(key).unwrap_or(own)),
                };
                (key.clone(), shown)
            };
            Tree::Map(map.iter().map(entry).collect())
        }
        Tree::List(list) => Tree::List(list.iter().map(|item| masked_in(item, own)).collect()),
        Tree::Null | Tree::Bool(_) | Tree::Int(_) | Tree::Double(_) | Tree::Text(_) => tree.clone(),
    }
}

fn of_plugin(name: &str) -> Option<&'static [&'static str]> {
    MASKED_IN.iter().find(|(plugin, _)| plugin.eq_ignore_ascii_case(name)).map(|(_, keys)| *keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{JsonMode, parse_json};

    fn tree(text: &str) -> Tree {
        parse_json(text.as_bytes(), JsonMode::Strict, "").unwrap()
    }

    #[test]
    fn masking() {
        let shown = masked(&tree(
            r#"{"a": [{"Password": "x", "sasl.jaas.config": "x", "ftp_password": 5, "user": "me", "token": null}]}"#,
        ));
        assert_eq!(
            shown.to_json(),
            r#"{"a":[{"Password":"******","sasl.jaas.config":"******","ftp_password":"******","user":"me","token":null}]}"#
        );
        let job = masked(&tree(
            r#"{"transform": [{"plugin_name": "fieldencrypt", "key": "x", "fields": ["key"], "table_transform": [{"key": "x"}]},
                {"plugin_name": "Copy", "key": "shown"}], "t": {"FieldEncrypt": {"key": 5}, "key": 5}}"#,
        ));
        assert_eq!(
            job.to_json(),
            r#"{"transform":[{"plugin_name":"fieldencrypt","key":"******","fields":["key"],"table_transform":[{"key":"******"}]},{"plugin_name":"Copy","key":"shown"}],"t":{"FieldEncrypt":{"key":"******"},"key":5}}"#
        );
        for key in ["access-key", "client_secret", "security_token", "connection_string", "api_key"] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["passwords_file", "primary_key", "tokens", "auth_mode", "key"] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
