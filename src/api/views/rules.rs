//! The options of a block as the engine shows them: types by their Java names.

use crate::options::{Kind, OptionDef, Tree, convert};
use crate::plan::BlockRules;
use serde_json::{Value, json};

/// One block's rules.
pub fn option_rule(rules: &BlockRules) -> Value {
    let options = |required: bool| -> Vec<Value> {
        rules.options().filter(|option| option.required == required).map(option_view).collect()
    };
    let required = match options(true) {
        none if none.is_empty() => Vec::new(),
        options => vec![json!({"ruleType": "ABSOLUTELY_REQUIRED", "options": options})],
    };
    json!({
        "engineType": "seatunnel",
        "pluginType": rules.kind.name(),
        "pluginName": rules.name,
        "optionRule": {
            "optionalOptions": options(false),
            "requiredOptions": required,
            "conditionRules": [],
            "valueConstraints": [],
        },
    })
}

fn option_view(option: &OptionDef) -> Value {
    let (kind, choices) = match option.kind {
        Kind::Text => ("java.lang.String", None),
        Kind::Bool => ("java.lang.Boolean", None),
        Kind::Int => ("java.lang.Integer", None),
        Kind::Long => ("java.lang.Long", None),
        Kind::Double => ("java.lang.Double", None),
        Kind::Choice(choices) => ("java.lang.Enum", Some(choices)),
        Kind::List => ("java.util.List", None),
        Kind::Object => ("java.util.Map", None),
    };
    let mut view = json!({
        "key": option.key,
        "type": kind,
        "description": option.about,
        "fallbackKeys": option.fallbacks,
    });
    if let Some(default) = option.default {
        view["defaultValue"] = default_value(option.kind, default);
    }
    if let Some(choices) = choices {
        view["optionValues"] = json!(choices);
    }
    view
}

/// A default as a value of its type.
fn default_value(kind: Kind, default: &str) -> Value {
    let given = Tree::text(default);
    let value = match kind {
        Kind::Text | Kind::Choice(_) => None,
        Kind::Bool => convert::to_bool(&given).ok().map(Tree::Bool),
        Kind::Int => convert::to_int(&given).ok().map(|number| Tree::Int(number.into())),
        Kind::Long => convert::to_long(&given).ok().map(Tree::Int),
        Kind::Double => convert::to_double(&given).ok().map(Tree::Double),
        Kind::List => convert::to_list(&given).ok().map(Tree::List),
        Kind::Object => convert::to_map(&given).ok().map(Tree::Map),
    };
    json!(value.unwrap_or(given))
}
