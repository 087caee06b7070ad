//! Bytes of a job's text → text. Bytes that are no UTF-8 are taken as the engine takes them, and said.

use crate::model::Problem;

/// The text of `bytes`. What is no UTF-8 becomes U+FFFD: one for each longest part that could have begun a
/// character, and one for a whole encoded surrogate.
#[must_use]
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

/// What is odd about the bytes of a job's text: the first place that is no UTF-8, if one is.
#[must_use]
pub fn no_utf8(bytes: &[u8]) -> Option<Problem> {
    let at = std::str::from_utf8(bytes).err()?.valid_up_to();
    let message = format!("0x{:02x} is no UTF-8; it is read as U+FFFD", bytes[at]);
    Some(Problem::new(format!("byte {at}"), message).hint("save the text as UTF-8"))
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
    use super::{decode_lossy, no_utf8};

    #[test]
    fn the_first_bad_byte_is_named() {
        assert_eq!(no_utf8("é".as_bytes()), None);
        let problem = no_utf8(b"ab\xff\xfe").unwrap();
        assert_eq!(
            problem.to_string(),
            "byte 2: 0xff is no UTF-8; it is read as U+FFFD (save the text as UTF-8)"
        );
        assert!(no_utf8(b"\xe4\xbd").is_some(), "cut off");
    }

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
