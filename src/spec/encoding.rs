//! Bytes of a job's file → text.

/// The text of `bytes`. What is no UTF-8 becomes U+FFFD: one for each longest part that could have begun a
/// character, and one for a whole encoded surrogate.
pub fn decode_lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (good, bad) = match std::str::from_utf8(rest) {
            Ok(all) => (all, 0),
            Err(error) => {
                let good = std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default();
                (good, error.error_len().unwrap_or(rest.len() - good.len()))
            }
        };
        text.push_str(good);
        rest = &rest[good.len()..];
        if bad > 0 {
            text.push(char::REPLACEMENT_CHARACTER);
            rest = &rest[surrogate(rest).unwrap_or(bad)..];
        }
    }
    text
}

/// Length of the surrogate, or of the part of one, at the start of `bytes`.
fn surrogate(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => Some(3),
        [0xed, 0xa0..=0xbf, ..] => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode_lossy;

    #[test]
    fn what_is_no_utf8() {
        for (bytes, text) in [
            (b"ab" as &[u8], "ab"),
            (b"a\xffb", "a\u{fffd}b"),
            (b"\xe4\xbd\"", "\u{fffd}\""),
            (b"\xed\xa0\x80!", "\u{fffd}!"),
            (b"\xf4\x90\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xf0\x9f\x98", "\u{fffd}"),
            ("é\u{1f600}".as_bytes(), "é\u{1f600}"),
        ] {
            assert_eq!(decode_lossy(bytes), text);
        }
    }
}
