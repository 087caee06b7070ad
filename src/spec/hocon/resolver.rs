//! Fills references in.
//!
//! A reference is looked up from the root of the job, then (in an included text) from the root of that text, then
//! outside: the environment and the variables. What is looked up is resolved on the way, once. A value that refers
//! to its own key sees what the text says of that key before (`path = ${path} [x]`), and only that.

mod lookup;

use super::MAX_DEPTH;
use super::join::join;
use super::merge::{StackIds, objects};
use super::node::{List, Node, Object, Plugin, Reference, Stack};
use super::parser::named;
use super::place::{Files, Mark};
use crate::model::Problem;
use std::collections::HashMap;

/// What stands outside the text under a name: its value, as text.
pub type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Values within values and references that lead to references, at most.
const MAX_STEPS: usize = 300;
/// Values that all references together may make, at most.
const MAX_VALUES: usize = 4_000_000;
/// Bytes of text that all references together may make, at most.
const MAX_BYTES: usize = 256 << 20;

/// Resolves `root`. What is not defined becomes [`Node::Failed`].
///
/// # Errors
/// References that make more than is sensible.
pub fn resolve(root: &Node, files: &Files, outside: Lookup<'_>) -> Result<Node, Box<Problem>> {
    let Node::Object(object) = root else {
        return Ok(root.clone());
    };
    let mut resolver = Resolver {
        root: object,
        files,
        outside,
        ids: StackIds::default(),
        memo: HashMap::new(),
        active: HashMap::new(),
        oldest_used: usize::MAX,
        at: Mark { file: 0, offset: 0 },
        steps: 0,
        values: 0,
        bytes: 0,
    };
    let resolved = match resolver.object_over(None, object) {
        Ok(resolved) => resolved.unwrap_or_default(),
        Err(Stop::Fatal(problem)) => return Err(problem),
        Err(Stop::Cycle) => return Err(Box::new(Problem::new("", "the text refers to itself in a circle"))),
    };
    resolver.check_size(&resolved).map(|()| resolved).map_err(|stop| match stop {
        Stop::Fatal(problem) => problem,
        Stop::Cycle => Box::new(Problem::new("", "the text refers to itself in a circle")),
    })
}

/// Why a value was not resolved.
enum Stop {
    /// It is part of what is being resolved.
    Cycle,
    /// The text as a whole is refused.
    Fatal(Box<Problem>),
}

/// A value, or nothing where an optional reference is not defined.
type Outcome = Result<Option<Node>, Stop>;

/// A stack that is being resolved.
struct Active {
    /// What its lower layers made.
    below: Option<Node>,
    /// Layers from here on can be seen by references within the layer being resolved.
    from: usize,
    /// How many stacks were being resolved when this one was begun.
    order: usize,
}

struct Resolver<'n> {
    root: &'n Object,
    files: &'n Files,
    outside: Lookup<'n>,
    ids: StackIds,
    memo: HashMap<usize, Option<Node>>,
    active: HashMap<usize, Active>,
    /// The oldest active stack whose half-made value was used; what was made of it can't be used elsewhere.
    oldest_used: usize,
    /// The reference that was met last.
    at: Mark,
    steps: usize,
    values: usize,
    bytes: usize,
}

impl<'n> Resolver<'n> {
    fn resolve(&mut self, node: &'n Node) -> Outcome {
        if node.is_resolved() {
            return Ok(Some(node.clone()));
        }
        match node {
            Node::Reference(reference) => self.reference(reference),
            Node::Concat(values, at) => self.concat(values, *at),
            Node::Stack(stack) => self.stack(None, stack),
            Node::Object(object) => self.object_over(None, object),
            Node::List(list) => self.list(list),
            Node::Append(value, _) => {
                let value = self.resolve(value)?;
                Ok(Some(Node::List(List::new(value.into_iter().collect()))))
            }
            Node::Plugin(plugin) => self.plugin(plugin),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text { .. } | Node::Failed(_) => {
                Ok(Some(node.clone()))
            }
        }
    }

    fn list(&mut self, list: &'n List) -> Outcome {
        self.step(1)?;
        let mut items = Vec::with_capacity(list.items.len());
        for item in &list.items {
            items.extend(self.resolve(item)?);
        }
        self.steps -= 1;
        Ok(Some(Node::List(List::new(items))))
    }

    fn plugin(&mut self, plugin: &'n Plugin) -> Outcome {
        let block = self.resolve(&plugin.block)?.unwrap_or_default();
        Ok(Some(match block {
            Node::Object(block) => Node::Object(named(block, &plugin.name)),
            failed @ Node::Failed(_) => failed,
            other => {
                let message =
                    format!("{} must be a block {} {{ … }}, not {}", plugin.path, plugin.name, other.kind());
                Node::Failed(self.files.problem(plugin.at, message))
            }
        }))
    }

    fn concat(&mut self, values: &'n [Node], at: Mark) -> Outcome {
        self.step(1)?;
        let mut joined: Option<Node> = None;
        for value in values {
            let Some(right) = self.resolve(value)? else {
                continue;
            };
            joined = Some(match (joined, right) {
                (Some(failed @ Node::Failed(_)), _) | (_, failed @ Node::Failed(_)) => failed,
                (None, right) => right,
                (Some(left), right) => self.joined(left, right, at),
            });
        }
        self.steps -= 1;
        if let Some(value) = &joined {
            self.check_size(value)?;
        }
        Ok(joined)
    }

    fn joined(&mut self, left: Node, right: Node, at: Mark) -> Node {
        match join(left, right, &mut self.ids) {
            Ok(joined) => joined,
            Err(message) => Node::Failed(self.files.problem(at, message)),
        }
    }

    /// Values on top of each other, on top of `below`.
    fn stack(&mut self, below: Option<Node>, stack: &'n Stack) -> Outcome {
        let fresh = below.is_none();
        if fresh && let Some(value) = self.memo.get(&stack.id) {
            return Ok(value.clone());
        }
        if let Some(active) = self.active.get(&stack.id)
            && active.from == stack.layers.len()
        {
            self.oldest_used = self.oldest_used.min(active.order);
            let value = active.below.clone().ok_or(Stop::Cycle)?;
            return Ok(Some(self.over(below, value)));
        }
        self.step(1)?;
        let order = self.active.len();
        let before = std::mem::replace(&mut self.oldest_used, usize::MAX);
        let value = self.fold(below, stack, stack.layers.len());
        let used = std::mem::replace(&mut self.oldest_used, before);
        self.oldest_used = before.min(used);
        let value = value?;
        self.steps -= 1;
        if fresh && used >= order {
            self.memo.insert(stack.id, value.clone());
        }
        Ok(value)
    }

    /// The first `count` layers of `stack` on top of `below`.
    fn fold(&mut self, below: Option<Node>, stack: &'n Stack, count: usize) -> Outcome {
        let mut made = below;
        for (index, layer) in stack.layers.iter().enumerate().take(count) {
            made = match layer {
                Node::Append(value, at) if value.is_resolved() => {
                    self.appended(made, Some(value.as_ref().clone()), *at)
                }
                Node::Object(object) if !object.resolved => {
                    let active = Active { below: made.clone(), from: index, order: self.active.len() };
                    self.during(stack, active, |resolver| resolver.object_over(made, object))?.1
                }
                layer if layer.is_resolved() => Some(self.over(made, layer.clone())),
                layer => {
                    let active = Active { below: made, from: stack.layers.len(), order: self.active.len() };
                    let (below, value) = self.during(stack, active, |resolver| match layer {
                        Node::Append(value, _) => resolver.resolve(value),
                        other => resolver.resolve(other),
                    })?;
                    match (layer, value) {
                        (Node::Append(_, at), value) => self.appended(below, value, *at),
                        (_, Some(value)) => Some(self.over(below, value)),
                        (_, None) => below,
                    }
                }
            };
        }
        Ok(made)
    }

    /// Runs `work` while `stack` is active. Answers what was below, too.
    fn during(
        &mut self,
        stack: &'n Stack,
        active: Active,
        work: impl FnOnce(&mut Self) -> Outcome,
    ) -> Result<(Option<Node>, Option<Node>), Stop> {
        let outer = self.active.insert(stack.id, active);
        let value = work(self);
        let below = match outer {
            Some(outer) => self.active.insert(stack.id, outer),
            None => self.active.remove(&stack.id),
        };
        Ok((below.and_then(|active| active.below), value?))
    }

    fn appended(&mut self, below: Option<Node>, value: Option<Node>, at: Mark) -> Option<Node> {
        let list = Node::List(List::new(value.into_iter().collect()));
        Some(match below {
            None => list,
            Some(failed @ Node::Failed(_)) => failed,
            Some(below) => self.joined(below, list, at),
        })
    }

    /// `object` on top of `below`, key by key.
    fn object_over(&mut self, below: Option<Node>, object: &'n Object) -> Outcome {
        self.step(1)?;
        let mut made = match below {
            Some(Node::Object(below)) => below,
            Some(failed @ Node::Failed(_)) => return Ok(Some(failed)),
            _ => Object::default(),
        };
        for (key, node) in object.fields.iter() {
            let below = made.get(key).cloned();
            if let Some(value) = self.node_over(below, node)? {
                made.set(key.clone(), value);
            }
        }
        made.resolved = made.fields.values().all(Node::is_resolved);
        self.steps -= 1;
        Ok(Some(Node::Object(made)))
    }

    fn node_over(&mut self, below: Option<Node>, node: &'n Node) -> Outcome {
        match node {
            Node::Stack(stack) => self.stack(below, stack),
            Node::Object(object) if !object.resolved => self.object_over(below, object),
            other => {
                let value = self.resolve(other)?;
                Ok(match value {
                    Some(value) => Some(self.over(below, value)),
                    None => below,
                })
            }
        }
    }

    /// One resolved value on top of another.
    fn over(&mut self, below: Option<Node>, value: Node) -> Node {
        match (below, value) {
            (Some(Node::Object(below)), Node::Object(value)) => {
                Node::Object(objects(below, value, &mut self.ids))
            }
            (Some(failed @ Node::Failed(_)), Node::Object(_)) => failed,
            (_, value) => value,
        }
    }

    fn reference(&mut self, reference: &'n Reference) -> Outcome {
        let steps = self.steps;
        self.at = reference.at;
        self.step(2)?;
        let own = &reference.path[reference.prefix..];
        let mut found = self.lookup(&reference.path);
        if matches!(found, Ok(None)) && reference.prefix > 0 {
            found = self.lookup(own);
        }
        self.steps = steps;
        self.at = reference.at;
        let name = own.join("->");
        match found {
            Ok(Some(value)) => {
                self.check_size(&value)?;
                Ok(Some(value))
            }
            Ok(None) => match self.outer_value(own) {
                None if !reference.optional => {
                    let message = format!(
                        "${{{name}}} is not defined: neither by this text (names count from its root) nor as a variable"
                    );
                    Ok(Some(Node::Failed(self.files.problem(reference.at, message))))
                }
                value => Ok(value),
            },
            Err(Stop::Cycle) if reference.optional => Ok(None),
            Err(Stop::Cycle) => {
                let message = format!("${{{name}}} refers to itself, directly or in a circle");
                Ok(Some(Node::Failed(self.files.problem(reference.at, message))))
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// A value of the environment or a variable. Parts of its name are joined with dots; `[a,b]` is a list.
    fn outer_value(&self, path: &[String]) -> Option<Node> {
        if path.iter().any(|part| part.contains('.')) {
            return None;
        }
        let text = (self.outside)(&path.join("."))?;
        let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
            return Some(Node::quoted(text));
        };
        let inner = inner.trim_end_matches(',');
        let items = if inner.is_empty() { Vec::new() } else { inner.split(',').map(Node::quoted).collect() };
        Some(Node::List(List::new(items)))
    }

    fn step(&mut self, steps: usize) -> Result<(), Stop> {
        self.steps += steps;
        if self.steps > MAX_STEPS {
            return Err(self.fatal(format!(
                "references lead through too many others, or stand too deep in each other, here (limit: about {} of them)",
                MAX_STEPS / 3
            )));
        }
        Ok(())
    }

    /// Counts what a reference brought in, and how deep it is.
    fn check_size(&mut self, value: &Node) -> Result<(), Stop> {
        let depth = self.count(value);
        if depth > MAX_DEPTH {
            return Err(self.fatal(format!(
                "references make objects and lists nested more than {MAX_DEPTH} deep, which is the limit"
            )));
        }
        if self.values > MAX_VALUES || self.bytes > MAX_BYTES {
            return Err(self.fatal(format!(
                "references multiply this text to more than {MAX_VALUES} values or {} MB, which is the limit",
                MAX_BYTES >> 20
            )));
        }
        Ok(())
    }

    fn count(&mut self, value: &Node) -> usize {
        self.values += 1;
        match value {
            Node::Text { text, .. } => {
                self.bytes += text.len();
                0
            }
            Node::List(list) => 1 + list.items.iter().map(|item| self.count(item)).max().unwrap_or(0),
            Node::Object(object) => {
                1 + object.fields.values().map(|value| self.count(value)).max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn fatal(&self, message: String) -> Stop {
        Stop::Fatal(self.files.problem(self.at, message))
    }
}
