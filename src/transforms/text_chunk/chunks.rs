//! Cuts a text into pieces of a size, at separators where it can.
//!
//! The text is cut behind each first separator; what is still too long behind each second one, and so on, at last by
//! size alone. Neighbours are then joined as long as they fit. Separators stay with what they end, so that without
//! overlap the pieces in a row are the text. Sizes are in characters (code points).

use std::borrow::Cow;

/// How texts are cut.
#[derive(Clone, Debug)]
pub(super) struct Cutter {
    /// Best first, none empty.
    pub separators: Vec<String>,
    /// Characters of a piece at most; 1 or more.
    pub size: usize,
    /// Characters shared with the piece before at most; below `size`.
    pub overlap: usize,
}

/// A part of a text and its length in characters.
type Part<'t> = (&'t str, usize);

impl Cutter {
    /// The pieces of a text.
    pub fn cut<'t>(&self, text: &'t str) -> Vec<Cow<'t, str>> {
        if self.separators.is_empty() {
            return self
                .by_size(text, self.overlap)
                .into_iter()
                .map(|(part, _)| Cow::Borrowed(part))
                .collect();
        }
        self.joined(&self.parts(text))
    }

    /// Parts that fit, none of which needs to be cut on. The stack holds what is to be looked at, the next part last,
    /// with the number of the separator that is tried on it.
    fn parts<'t>(&self, text: &'t str) -> Vec<Part<'t>> {
        let mut parts = Vec::new();
        let mut stack = vec![(text, 0)];
        while let Some((part, level)) = stack.pop() {
            // the first separator cuts in any case
            let length = part.chars().count();
            if level > 0 && length <= self.size {
                parts.push((part, length));
                continue;
            }
            match self.separators.get(level) {
                Some(separator) => {
                    let pieces: Vec<&str> = part.split_inclusive(separator.as_str()).collect();
                    stack.extend(pieces.into_iter().rev().map(|piece| (piece, level + 1)));
                }
                None => parts.extend(self.by_size(part, 0)),
            }
        }
        parts
    }

    /// Windows of the size.
    fn by_size<'t>(&self, text: &'t str, overlap: usize) -> Vec<Part<'t>> {
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let length = starts.len() - 1;
        let mut parts = Vec::new();
        let mut from = 0;
        while from < length {
            let to = (from + self.size).min(length);
            parts.push((&text[starts[from]..starts[to]], to - from));
            if to == length {
                break;
            }
            from += self.size - overlap;
        }
        parts
    }

    /// Neighbours joined as long as they fit; each piece begins with the last whole parts of the one before, as many
    /// as the overlap allows.
    fn joined<'t>(&self, parts: &[Part<'t>]) -> Vec<Cow<'t, str>> {
        let mut pieces = Vec::new();
        let (mut from, mut length) = (0, 0);
        for (at, (_, own)) in parts.iter().enumerate() {
            if length > 0 && length + own > self.size {
                pieces.push(concat(&parts[from..at]));
                let budget = self.overlap.min(self.size - own);
                length = 0;
                from = at;
                while from > 0 && length + parts[from - 1].1 <= budget {
                    from -= 1;
                    length += parts[from].1;
                }
            }
            length += own;
        }
        if length > 0 {
            pieces.push(concat(&parts[from..]));
        }
        pieces
    }
}

fn concat<'t>(parts: &[Part<'t>]) -> Cow<'t, str> {
    match parts {
        [(only, _)] => Cow::Borrowed(only),
        parts => Cow::Owned(parts.iter().map(|(part, _)| *part).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str, separators: &[&str], size: usize, overlap: usize) -> Vec<String> {
        let separators = separators.iter().map(|s| (*s).to_owned()).collect();
        Cutter { separators, size, overlap }.cut(text).into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn pieces() {
        for (text, separators, size, overlap, wanted) in [
            ("abcdef", &[][..], 4, 0, vec!["abcd", "ef"]),
            ("abcdef", &[], 4, 2, vec!["abcd", "cdef"]),
            ("😀😀😀", &[], 2, 1, vec!["😀😀", "😀😀"]),
            ("a b c d", &[" "], 4, 0, vec!["a b ", "c d"]),
            ("a b c d", &[" "], 4, 2, vec!["a b ", "b c ", "c d"]),
            ("one two", &[" "], 2, 0, vec!["on", "e ", "tw", "o"]),
            ("one two three", &[". ", " "], 8, 3, vec!["one two ", "three"]),
            ("x.\n\ny y. z", &["\n\n", ". ", " "], 5, 0, vec!["x.\n\n", "y y. ", "z"]),
            ("short", &[" "], 100, 0, vec!["short"]),
            ("  ", &[" "], 1, 0, vec![" ", " "]),
        ] {
            assert_eq!(cut(text, separators, size, overlap), wanted, "{text:?} {size} {overlap}");
        }
    }

    proptest! {
        #[test]
        fn pieces_fit_and_are_the_text(text in "[a-c😀 .\n]{1,60}", size in 1usize..12, overlap in 0usize..12) {
            let separators = ["\n", ". ", " "];
            let pieces = cut(&text, &separators, size, 0);
            prop_assert_eq!(pieces.concat(), text.clone());
            for pieces in [pieces, cut(&text, &separators, size, overlap % size), cut(&text, &[], size, overlap % size)] {
                prop_assert!(pieces.iter().all(|p| !p.is_empty() && p.chars().count() <= size), "{:?}", pieces);
            }
        }
    }
}
