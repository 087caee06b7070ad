//! Trees without their secrets.

use super::Tree;
use crate::model::{MASK, is_secret};

/// Options that are secret in the blocks of one plug-in only; elsewhere their names say something else.
const MASKED_IN: [(&str, &[&str]); 1] = [("FieldEncrypt", &["key"])];

/// The tree with every secret at any depth shown as `******`: for logs, views and messages.
#[must_use]
pub fn masked(tree: &Tree) -> Tree {
    masked_in(tree, &[])
}

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

    fn masked_json(json: &str) -> String {
        masked(&serde_json::from_str(json).unwrap()).to_json()
    }

    #[test]
    fn secrets_at_any_depth() {
        assert_eq!(
            masked_json(
                r#"{"a": [{"Password": "x", "sasl.jaas.config": "x", "ftp_password": 5, "user": "me", "token": null}]}"#
            ),
            r#"{"a":[{"Password":"******","sasl.jaas.config":"******","ftp_password":"******","user":"me","token":null}]}"#
        );
        assert_eq!(
            masked_json(
                r#"{"transform": [{"plugin_name": "fieldencrypt", "key": "x", "fields": ["key"], "table_transform": [{"key": "x"}]},
                {"plugin_name": "Copy", "key": "shown"}], "t": {"FieldEncrypt": {"key": 5}, "key": 5}}"#
            ),
            r#"{"transform":[{"plugin_name":"fieldencrypt","key":"******","fields":["key"],"table_transform":[{"key":"******"}]},{"plugin_name":"Copy","key":"shown"}],"t":{"FieldEncrypt":{"key":"******"},"key":5}}"#
        );
    }
}
