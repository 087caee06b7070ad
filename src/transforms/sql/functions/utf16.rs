//! Places in a text as Java counts them: in UTF-16 units, two for a character beyond U+FFFF.
//!
//! A cut through such a character leaves half of it on either side. UTF-8 has no halves; Java writes each as `?`, and so
//! does this.

/// What stands for half of a character.
pub(super) const HALF: char = '?';

/// Units of a text.
#[inline]
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// The unit at which a byte stands that begins a character.
pub(super) fn unit_of(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(0, length)
}

/// The byte where the first character begins that stands at or behind a unit; the text's end if there is none.
pub(super) fn byte_of(text: &str, unit: usize) -> usize {
    if text.is_ascii() {
        return unit.min(text.len());
    }
    let mut at = 0;
    for (byte, c) in text.char_indices() {
        if at >= unit {
            return byte;
        }
        at += c.len_utf16();
    }
    text.len()
}

/// Appends the units from `from` up to before `to`; places behind the end are the end.
pub(super) fn push_slice(text: &str, from: usize, to: usize, out: &mut String) {
    if from >= to {
        return;
    }
    if text.is_ascii() {
        return out.push_str(&text[from.min(text.len())..to.min(text.len())]);
    }
    let mut at = 0;
    for c in text.chars() {
        if at >= to {
            return;
        }
        let end = at + c.len_utf16();
        if at >= from && end <= to {
            out.push(c);
        } else if end > from {
            out.push(HALF);
        }
        at = end;
    }
}

/// Appends what UTF-16 units say; a half that stands alone becomes `?`.
pub(super) fn push_units(units: impl IntoIterator<Item = u16>, out: &mut String) {
    out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(HALF)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_as_java_cuts_them() {
        for (text, from, to, wanted) in [
            ("abc", 1, 2, "b"),
            ("abc", 0, 9, "abc"),
            ("abc", 3, 9, ""),
            ("abc", 2, 1, ""),
            ("你好", 1, 2, "好"),
            ("a😀b", 1, 3, "😀"),
            ("a😀b", 0, 2, "a?"),
            ("a😀b", 2, 4, "?b"),
            ("😀", 1, 1, ""),
        ] {
            let mut out = String::new();
            push_slice(text, from, to, &mut out);
            assert_eq!(out, wanted, "{text} {from} {to}");
        }
    }

    #[test]
    fn places() {
        for (text, unit, byte) in
            [("abc", 2, 2), ("abc", 9, 3), ("你a", 1, 3), ("a😀b", 3, 5), ("a😀b", 2, 5), ("", 4, 0)]
        {
            assert_eq!(byte_of(text, unit), byte, "{text} {unit}");
        }
        assert_eq!((unit_of("a😀b", 5), unit_of("abc", 2), length("a😀")), (3, 2, 3));
        let mut out = String::new();
        push_units([0x41, 0xD83D, 0xDE00, 0xD83D], &mut out);
        assert_eq!(out, "A😀?");
    }
}
