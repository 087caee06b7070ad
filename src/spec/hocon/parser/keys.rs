//! Where each key of a text stands: a tree beside the tree of values, kept only when somebody wants to tell a user.
//!
//! What a reference brings in has no keys here; its place is that of the key above. Of keys that are given twice the
//! last one counts.

use crate::spec::hocon::place::Mark;
use indexmap::IndexMap;

/// A step down from an object or a list.
#[derive(Clone, Copy, Debug)]
pub enum Key<'k> {
    /// The parts of a key's path.
    Names(&'k [String]),
    /// An element of a list, or a plug-in of `source`, `transform` and `sink`.
    Index(usize),
}

/// The marks of all keys. Its first node is the root.
#[derive(Debug)]
pub struct KeyMarks {
    nodes: Vec<Node>,
    here: usize,
}

#[derive(Debug, Default)]
struct Node {
    mark: Option<Mark>,
    below: IndexMap<String, usize>,
}

impl Default for KeyMarks {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], here: 0 }
    }
}

impl KeyMarks {
    /// Goes below `key`; answers the way back for [`KeyMarks::up`].
    pub(super) fn down(&mut self, key: Key<'_>, mark: Mark) -> usize {
        let way = self.here;
        match key {
            Key::Names(names) => names.iter().for_each(|name| self.step(name.clone(), mark)),
            Key::Index(index) => self.step(format!("[{index}]"), mark),
        }
        way
    }

    /// Goes back.
    pub(super) fn up(&mut self, way: usize) {
        self.here = way;
    }

    fn step(&mut self, name: String, mark: Mark) {
        let new = self.nodes.len();
        let below = *self.nodes[self.here].below.entry(name).or_insert(new);
        if below == new {
            self.nodes.push(Node::default());
        }
        self.nodes[below].mark = Some(mark);
        self.here = below;
    }

    /// Where the key of `path` stands (`source[0].FakeSource.row.num`), or the nearest one above it that stands
    /// anywhere.
    pub fn find(&self, path: &str) -> Option<Mark> {
        let (mut here, mut rest, mut mark) = (0, path, None);
        while let Some((below, left)) = self.next(here, rest).or_else(|| self.without_name(here, rest)) {
            (here, rest) = (below, left);
            mark = self.nodes[here].mark.or(mark);
        }
        mark
    }

    /// The longest key below `here` that `path` starts with, and what is left of the path. A key may hold dots.
    fn next<'p>(&self, here: usize, path: &'p str) -> Option<(usize, &'p str)> {
        let path = path.strip_prefix('.').unwrap_or(path);
        let ends = path.char_indices().filter(|(at, c)| *at > 0 && matches!(c, '.' | '[')).map(|(at, _)| at);
        let ends: Vec<usize> = ends.chain([path.len()]).collect();
        let found = |end: &usize| Some((*self.nodes[here].below.get(&path[..*end])?, &path[*end..]));
        ends.iter().rev().find_map(found)
    }

    /// A block of a list has its plug-in's name in its path, but not in its text.
    fn without_name<'p>(&self, here: usize, path: &'p str) -> Option<(usize, &'p str)> {
        if !self.nodes[here].below.contains_key("plugin_name") {
            return None;
        }
        let behind = path.char_indices().filter(|(at, c)| *at > 0 && *c == '.').map(|(at, _)| &path[at..]);
        behind.filter_map(|rest| self.next(here, rest)).next()
    }
}
