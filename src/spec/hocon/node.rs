//! Values as a text gives them, references and all.

use super::number::Number;
use super::place::Mark;
use crate::model::Problem;
use crate::options::{Map, Tree};
use indexmap::IndexMap;

/// A value. The same type serves before and after references are resolved; [`Node::is_resolved`] tells.
#[derive(Clone, Debug, Default)]
pub enum Node {
    /// `null`.
    #[default]
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text; that without quotes joins with other values in other ways.
    Text {
        /// The text.
        text: String,
        /// Whether it stood in quotes, or was made from several values.
        quoted: bool,
    },
    /// A list.
    List(List),
    /// An object.
    Object(Object),
    /// `${…}`.
    Reference(Box<Reference>),
    /// Values side by side, at least one of which is a reference.
    Concat(Vec<Node>, Mark),
    /// `+=`: what is appended.
    Append(Box<Node>, Mark),
    /// Several values of one key on top of each other, one of which has to be resolved first.
    Stack(Box<Stack>),
    /// A plug-in of `source`, `transform` or `sink` whose block has to be resolved first.
    Plugin(Box<Plugin>),
    /// What can't be resolved; an error unless something stands on top of it.
    Failed(Box<Problem>),
}

/// A list.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Its elements.
    pub items: Vec<Node>,
    /// Whether no element has to be resolved.
    pub resolved: bool,
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its fields, in the order of the text.
    pub fields: Box<IndexMap<String, Node>>,
    /// Whether no field has to be resolved.
    pub resolved: bool,
}

/// `${path}` or `${?path}`.
#[derive(Clone, Debug)]
pub struct Reference {
    /// From the root.
    pub path: Vec<String>,
    /// How many leading parts were added because the text is included below the root.
    pub prefix: usize,
    /// `${?path}`.
    pub optional: bool,
    /// Where it stands.
    pub at: Mark,
}

/// Values on top of each other, the lowest first.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Its number among all stacks of this text.
    pub id: usize,
    /// The values.
    pub layers: Vec<Node>,
}

/// A plug-in.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The key of its block.
    pub name: String,
    /// Its block.
    pub block: Node,
    /// Where the key stands.
    pub at: Mark,
    /// Where it is in the job: `source[0].Jdbc`.
    pub path: String,
}

impl Node {
    /// Text in quotes.
    pub fn quoted(text: impl Into<String>) -> Self {
        Node::Text { text: text.into(), quoted: true }
    }

    /// Whether no part of it has to be resolved.
    pub fn is_resolved(&self) -> bool {
        match self {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text { .. } => true,
            Node::List(list) => list.resolved,
            Node::Object(object) => object.resolved,
            Node::Reference(_)
            | Node::Concat(..)
            | Node::Append(..)
            | Node::Stack(_)
            | Node::Plugin(_)
            | Node::Failed(_) => false,
        }
    }

    /// What kind of value it is, in words for the user.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::Text { .. } => "a text",
            Node::List(_) | Node::Append(..) => "a list",
            Node::Object(_) | Node::Plugin(_) => "an object",
            Node::Reference(_) | Node::Concat(..) | Node::Stack(_) | Node::Failed(_) => "a reference",
        }
    }
}

impl List {
    /// A list of `items`.
    pub fn new(items: Vec<Node>) -> Self {
        let resolved = items.iter().all(Node::is_resolved);
        Self { items, resolved }
    }
}

impl Default for Object {
    fn default() -> Self {
        Self { fields: Box::default(), resolved: true }
    }
}

impl Object {
    /// The field of that name.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.fields.get(key)
    }

    /// Sets a field, whatever it was.
    pub fn set(&mut self, key: String, value: Node) {
        self.resolved &= value.is_resolved();
        self.fields.insert(key, value);
    }
}

/// The tree of a resolved value. Adds a problem for everything that could not be resolved.
pub fn to_tree(node: Node, problems: &mut Vec<Problem>) -> Tree {
    match node {
        Node::Null => Tree::Null,
        Node::Bool(value) => Tree::Bool(value),
        Node::Number(number) => number.to_tree(),
        Node::Text { text, .. } => Tree::Text(text),
        Node::List(list) => Tree::List(list.items.into_iter().map(|item| to_tree(item, problems)).collect()),
        Node::Object(object) => Tree::Map(
            (*object.fields).into_iter().map(|(key, value)| (key, to_tree(value, problems))).collect::<Map>(),
        ),
        Node::Failed(problem) => {
            problems.push(*problem);
            Tree::Null
        }
        Node::Reference(_) | Node::Concat(..) | Node::Append(..) | Node::Stack(_) | Node::Plugin(_) => {
            Tree::Null
        }
    }
}
