//! Values of one key on top of each other: objects merge, anything else replaces.

use super::node::{Node, Object, Stack};

/// Gives out the numbers of stacks.
#[derive(Debug, Default)]
pub struct StackIds(usize);

impl StackIds {
    fn stack(&mut self, layers: Vec<Node>) -> Node {
        self.0 += 1;
        Node::Stack(Box::new(Stack { id: self.0, layers }))
    }
}

/// Puts `new` on top of what `key` of `object` is so far. The key keeps its first place.
pub fn put(object: &mut Object, key: String, new: Node, ids: &mut StackIds) {
    let old = object.fields.get_mut(&key).map(std::mem::take);
    let value = on_top(old, new, ids);
    object.set(key, value);
}

fn on_top(old: Option<Node>, new: Node, ids: &mut StackIds) -> Node {
    match (old, new) {
        (Some(Node::Object(old)), Node::Object(new)) => Node::Object(objects(old, new, ids)),
        (Some(Node::Stack(mut stack)), Node::Object(new)) => {
            match stack.layers.pop() {
                Some(Node::Object(top)) => stack.layers.push(Node::Object(objects(top, new, ids))),
                top => {
                    stack.layers.extend(top);
                    stack.layers.push(Node::Object(new));
                }
            }
            Node::Stack(stack)
        }
        (_, new @ Node::Object(_)) => new,
        (_, new) if new.is_resolved() => new,
        (Some(Node::Stack(mut stack)), new) => {
            stack.layers.push(new);
            Node::Stack(stack)
        }
        (old, new) => {
            let mut layers: Vec<Node> = old.into_iter().collect();
            layers.push(new);
            ids.stack(layers)
        }
    }
}

/// `new` on top of `old`, key by key.
pub fn objects(old: Object, new: Object, ids: &mut StackIds) -> Object {
    let mut merged = old;
    for (key, value) in *new.fields {
        // a stack may be moved as a whole onto nothing, but not onto another value
        match value {
            Node::Stack(stack) if merged.fields.contains_key(&key) => {
                for layer in stack.layers {
                    put(&mut merged, key.clone(), layer, ids);
                }
            }
            value => put_value(&mut merged, key, value, ids),
        }
    }
    merged
}

fn put_value(object: &mut Object, key: String, value: Node, ids: &mut StackIds) {
    if object.fields.contains_key(&key) || !matches!(value, Node::Stack(_)) {
        put(object, key, value, ids);
    } else {
        object.set(key, value);
    }
}
