//! Finds what a path leads to, resolving no more than is on the way.

use super::{Node, Outcome, Resolver, Stop};

/// A part of what a path leads to so far; later parts stand on top of earlier ones.
enum Part<'n> {
    /// Not resolved yet.
    Open(&'n Node),
    /// Resolved.
    Made(Node),
}

impl<'n> Resolver<'n> {
    /// The value at `path` from the root, resolved.
    pub(super) fn lookup(&mut self, path: &[String]) -> Outcome {
        let Some((first, rest)) = path.split_first() else {
            return Ok(None);
        };
        let mut parts: Vec<Part<'n>> = self.root.get(first).map(Part::Open).into_iter().collect();
        for key in rest {
            let mut inner = Vec::new();
            for part in parts {
                self.child(part, key, &mut inner)?;
            }
            parts = inner;
        }
        let mut value = None;
        for part in parts {
            value = match part {
                Part::Made(made) => Some(self.over(value, made)),
                Part::Open(node) => self.node_over(value, node)?,
            };
        }
        Ok(value)
    }

    /// Adds what `part` says of `key`. A part that is no object hides what the parts before it say.
    fn child(&mut self, part: Part<'n>, key: &str, inner: &mut Vec<Part<'n>>) -> Result<(), Stop> {
        match part {
            Part::Made(Node::Object(mut object)) => {
                inner.extend(object.fields.swap_remove(key).map(Part::Made))
            }
            Part::Made(failed @ Node::Failed(_)) => inner.push(Part::Made(failed)),
            Part::Open(Node::Object(object)) => inner.extend(object.get(key).map(Part::Open)),
            Part::Open(Node::Stack(stack)) => {
                let (below, from) = match self.active.get(&stack.id) {
                    Some(active) => {
                        self.oldest_used = self.oldest_used.min(active.order);
                        (active.below.clone(), active.from)
                    }
                    None => {
                        let last = stack.layers.iter().rposition(|layer| !matches!(layer, Node::Object(_)));
                        let from = last.map_or(0, |last| last + 1);
                        (self.fold(None, stack, from)?, from)
                    }
                };
                if let Some(below) = below {
                    self.child(Part::Made(below), key, inner)?;
                }
                for layer in &stack.layers[from..] {
                    self.child(Part::Open(layer), key, inner)?;
                }
            }
            Part::Made(_) | Part::Open(_) => inner.clear(),
        }
        Ok(())
    }
}
