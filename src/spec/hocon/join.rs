//! Values side by side: texts join, objects merge, lists go on.

use super::lexer::is_blank;
use super::merge::{StackIds, objects};
use super::node::{List, Node, Object};

/// Joins neighbours of `values` as far as they can be joined before references are resolved.
///
/// # Errors
/// Values that can never stand side by side.
pub fn join_all(values: Vec<Node>, ids: &mut StackIds) -> Result<Vec<Node>, String> {
    let mut joined: Vec<Node> = Vec::with_capacity(values.len());
    for right in values {
        match joined.pop() {
            None => joined.push(right),
            Some(left) if is_open(&left) || is_open(&right) => joined.extend([left, right]),
            Some(left) => joined.push(join(left, right, ids)?),
        }
    }
    Ok(joined)
}

/// Whether it is not known yet what this will be.
fn is_open(node: &Node) -> bool {
    matches!(
        node,
        Node::Reference(_)
            | Node::Concat(..)
            | Node::Append(..)
            | Node::Stack(_)
            | Node::Plugin(_)
            | Node::Failed(_)
    )
}

/// Joins two values.
///
/// # Errors
/// An object or list beside anything that is not the same.
pub fn join(left: Node, right: Node, ids: &mut StackIds) -> Result<Node, String> {
    match (left, right) {
        (Node::Object(left), Node::Object(right)) => Ok(Node::Object(objects(left, right, ids))),
        (Node::List(left), Node::List(right)) => Ok(extend(left, right)),
        (Node::Object(left), Node::List(right)) => {
            numbered(left).map(|left| extend(left, right)).ok_or_else(|| no_join("an object", "a list"))
        }
        (Node::List(left), Node::Object(right)) => {
            numbered(right).map(|right| extend(left, right)).ok_or_else(|| no_join("a list", "an object"))
        }
        (left @ (Node::Object(_) | Node::List(_)), Node::Text { text, quoted: false })
            if text.chars().all(is_blank) =>
        {
            Ok(left)
        }
        (left, right) => match (text_of(&left), text_of(&right)) {
            (Some(mut text), Some(more)) => {
                text.push_str(&more);
                Ok(Node::quoted(text))
            }
            _ => Err(no_join(left.kind(), right.kind())),
        },
    }
}

fn no_join(left: &str, right: &str) -> String {
    format!(
        "{left} and {right} can't stand side by side; only texts with texts, objects with objects and lists with lists can"
    )
}

fn extend(mut left: List, right: List) -> Node {
    left.resolved &= right.resolved;
    left.items.extend(right.items);
    Node::List(left)
}

/// An object with keys that are numbers, seen as a list in the order of these.
fn numbered(object: Object) -> Option<List> {
    let mut items: Vec<(u32, Node)> =
        (*object.fields).into_iter().filter_map(|(key, value)| Some((key.parse().ok()?, value))).collect();
    items.sort_by_key(|(index, _)| *index);
    if items.is_empty() { None } else { Some(List::new(items.into_iter().map(|(_, value)| value).collect())) }
}

/// What a value adds to a text: numbers as they were written.
fn text_of(node: &Node) -> Option<String> {
    match node {
        Node::Null => Some("null".to_owned()),
        Node::Bool(value) => Some(value.to_string()),
        Node::Number(number) => Some(number.text().to_owned()),
        Node::Text { text, .. } => Some(text.clone()),
        Node::List(_)
        | Node::Object(_)
        | Node::Reference(_)
        | Node::Concat(..)
        | Node::Append(..)
        | Node::Stack(_)
        | Node::Plugin(_)
        | Node::Failed(_) => None,
    }
}
