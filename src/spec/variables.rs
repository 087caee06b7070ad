//! Variables: `-i name=value` on the command line, and `"${name:default}"` within texts.

use crate::model::Problem;
use crate::options::{Map, Tree};

/// Placeholders that sinks fill in per table; no variable may take their names, and they are left alone here.
const RESERVED: [&str; 8] = [
    "database_name",
    "schema_name",
    "table_name",
    "schema_full_name",
    "table_full_name",
    "primary_key",
    "unique_key",
    "field_names",
];

/// Reads the values of `-i`: `name=value`, several of them separated by commas. Commas within `"…"` or `[…]`
/// belong to the value. A value without any `=` is ignored, as the engine does.
///
/// # Errors
/// A part that is no `name=value` behind a comma, an empty name, a reserved name.
pub fn variables(args: &[String]) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs = Vec::new();
    for arg in args.iter().filter(|arg| arg.contains('=')) {
        for part in split(arg) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(Problem::new(
                    format!("-i {arg}"),
                    format!("\"{part}\" is not name=value; put a value with commas in [...] or \"...\""),
                ));
            };
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    match check_names(&pairs) {
        Ok(()) => Ok(pairs),
        Err(mut problems) => Err(problems.swap_remove(0)),
    }
}

/// Parts between commas, trimmed; quotes and brackets stay. Without a comma there is nothing to part: the whole stays
/// as it is, blanks included.
fn split(arg: &str) -> Vec<&str> {
    if !arg.contains(',') {
        return vec![arg];
    }
    let (mut quoted, mut bracketed, mut start) = (false, false, 0);
    let mut parts = Vec::new();
    for (at, c) in arg.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' => bracketed = true,
            ']' => bracketed = false,
            ',' if !quoted && !bracketed => {
                parts.push(arg[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < arg.len() {
        parts.push(arg[start..].trim());
    }
    parts
}

/// Checks the names of variables.
///
/// # Errors
/// All names that can't be one.
pub fn check_names(variables: &[(String, String)]) -> Result<(), Vec<Problem>> {
    let problems: Vec<Problem> = variables
        .iter()
        .filter_map(|(name, value)| {
            if name.is_empty() {
                let message = format!("a variable needs a name in front of \"=\", given is \"={value}\"");
                Some(Problem::new("variables", message))
            } else if RESERVED.contains(&name.as_str()) {
                let message = format!(
                    "System placeholders cannot be used. Incorrect config parameter: {name} (sinks fill it in; reserved are {})",
                    RESERVED.join(", ")
                );
                Some(Problem::new("variables", message))
            } else {
                None
            }
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The value of a variable; of equal names the last one counts.
pub fn value_of<'v>(variables: &'v [(String, String)], name: &str) -> Option<&'v str> {
    variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Fills `${name}` and `${name:default}` in within texts: in objects and plug-ins at the root and below, and in
/// texts directly within lists there. Texts at the root and objects within other lists stay as they are.
pub fn fill(tree: &mut Tree, variables: &[(String, String)]) {
    let Tree::Map(root) = tree else {
        return;
    };
    for value in root.values_mut() {
        match value {
            Tree::Map(map) => fill_map(map, variables),
            Tree::List(list) => {
                for element in list {
                    if let Tree::Map(map) = element {
                        fill_map(map, variables);
                    }
                }
            }
            Tree::Null | Tree::Bool(_) | Tree::Int(_) | Tree::Double(_) | Tree::Text(_) => {}
        }
    }
}

fn fill_map(map: &mut Map, variables: &[(String, String)]) {
    for value in map.values_mut() {
        match value {
            Tree::Text(text) => fill_text(text, variables),
            Tree::Map(map) => fill_map(map, variables),
            Tree::List(list) => {
                for element in list {
                    if let Tree::Text(text) = element {
                        fill_text(text, variables);
                    }
                }
            }
            Tree::Null | Tree::Bool(_) | Tree::Int(_) | Tree::Double(_) => {}
        }
    }
}

fn fill_text(text: &mut String, variables: &[(String, String)]) {
    if !text.contains("${") {
        return;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("${").filter(|start| rest[*start..].contains('}')) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let length = match Placeholder::read(from, variables) {
            Some(placeholder) => {
                out.push_str(&placeholder.value);
                placeholder.length
            }
            None => {
                out.push('$');
                1
            }
        };
        rest = &from[length..];
    }
    out.push_str(rest);
    *text = out;
}

/// `${name}` or `${name:default}` and what it stands for.
struct Placeholder {
    value: String,
    length: usize,
}

impl Placeholder {
    /// Reads the one that starts `text`, if one does. An empty value counts as none; without value and default the
    /// placeholder stands for itself.
    fn read(text: &str, variables: &[(String, String)]) -> Option<Self> {
        let name_end = text[2..].find([':', '{', '}'])? + 2;
        let name = &text[2..name_end];
        if name.is_empty() {
            return None;
        }
        let (default, length) = match text.as_bytes()[name_end] {
            b'}' => (None, name_end + 1),
            b':' => {
                let (default, length) = default(&text[name_end + 1..], variables)?;
                (Some(default), name_end + 1 + length)
            }
            _ => return None,
        };
        let given = value_of(variables, name).filter(|value| !value.is_empty());
        let value = match (given, default) {
            _ if RESERVED.contains(&name) => text[..length].to_owned(),
            (Some(value), _) => value.to_owned(),
            (None, Some(default)) => default.trim_matches(|c: char| c <= ' ').to_owned(),
            (None, None) => text[..length].to_owned(),
        };
        Some(Self { value, length })
    }
}

/// The default that starts `text` and how long it is, its `}` included. Placeholders without a default of their own
/// that stand in it are filled in.
fn default(text: &str, variables: &[(String, String)]) -> Option<(String, usize)> {
    let first = text.find('}')?;
    let mut out = String::new();
    let mut start = 0;
    while let Some(end) = text[start..].find('}').map(|end| start + end) {
        let piece = &text[start..end];
        let inner = piece.rfind("${").map(|at| (&piece[..at], &piece[at + 2..]));
        match inner.filter(|(_, name)| !name.is_empty() && !name.contains([':', '{'])) {
            Some((before, name)) => {
                out.push_str(before);
                match value_of(variables, name).filter(|value| !value.is_empty()) {
                    Some(value) => out.push_str(value),
                    None => out.push_str(&text[start + before.len()..=end]),
                }
                start = end + 1;
            }
            None => {
                out.push_str(piece);
                return Some((out, end + 1));
            }
        }
    }
    Some((text[..first].to_owned(), first + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(args: &[&str]) -> Result<Vec<(String, String)>, String> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        variables(&args).map_err(|problem| problem.to_string())
    }

    #[test]
    fn arguments() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs(&["a=1", "b=x=y"]).unwrap(), [pair("a", "1"), pair("b", "x=y")]);
        assert_eq!(
            pairs(&["a=1,b=[x,y],c=\"p,q\""]).unwrap(),
            [pair("a", "1"), pair("b", "[x,y]"), pair("c", "\"p,q\"")]
        );
        assert_eq!(pairs(&["a", "b=", ""]).unwrap(), [pair("b", "")]);
        assert_eq!(pairs(&["a= x "]).unwrap(), [pair("a", " x ")]);
        assert_eq!(pairs(&["a= x , b= y "]).unwrap(), [pair("a", " x"), pair("b", " y")]);
        assert!(pairs(&["a=1,2"]).unwrap_err().contains("\"2\" is not name=value"));
        assert!(pairs(&["=1"]).is_err());
        assert!(pairs(&["table_name=t"]).unwrap_err().contains("System placeholders cannot be used"));
    }

    #[test]
    fn texts() {
        let variables = pairs(&["x=val", "e=", "l=[a,b]"]).unwrap();
        for (text, wanted) in [
            ("a ${x} b", "a val b"),
            ("${y:d}", "d"),
            ("${y: d }", "d"),
            ("${y:}", ""),
            ("${e:d}", "d"),
            ("${e}", "${e}"),
            ("${y}", "${y}"),
            ("${ x }", "${ x }"),
            ("${}", "${}"),
            ("${:d}", "${:d}"),
            ("${y:{a}}", "{a}"),
            ("${y:${x}}", "val"),
            ("${y:a${x}b}", "avalb"),
            ("${y:${z}}", "${z}"),
            ("${y:${}", "${"),
            ("${${x}}", "${val}"),
            ("$${x}", "$val"),
            ("${x:d} ${", "val ${"),
            ("${x} ${x ${x}", "val ${x val"),
            ("${table_name:abc}${x}", "${table_name:abc}val"),
            ("${l}", "[a,b]"),
            ("é${x}é", "évalé"),
        ] {
            let mut filled = text.to_owned();
            fill_text(&mut filled, &variables);
            assert_eq!(filled, wanted, "{text}");
        }
    }
}
