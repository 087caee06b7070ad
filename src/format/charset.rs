//! Other encodings than UTF-8, by Java's names of them.
//!
//! A [`CharsetDecoder`] stands in front of a format's decoder, a [`CharsetEncoder`] behind its encoder. Decoding is
//! a function of the bytes alone, however they are cut; so a place in such a file is a place in its UTF-8 text, to
//! be found again by decoding from the beginning and dropping what was used.

use encoding_rs::{
    Decoder, DecoderResult, Encoder, EncoderResult, Encoding, GB18030, REPLACEMENT, UTF_8, UTF_16BE,
    UTF_16LE, X_USER_DEFINED,
};

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Utf8,
    /// Each byte is the character of its number, up to this one.
    Direct(u8),
    /// The mark at the beginning says the order of bytes; big end first without it, and in writing.
    Utf16,
    Utf16Be,
    Utf16Le,
    Other(&'static Encoding),
}

impl Charset {
    /// The encoding of that name (`GBK`, `latin1`, `UTF-16LE`, `windows-1252` …), in any letter case.
    ///
    /// # Errors
    /// An unknown name.
    pub fn of(name: &str) -> Result<Self, String> {
        let lower = name.to_ascii_lowercase();
        let kind = match lower.as_str() {
            "utf-8" | "utf8" | "unicode-1-1-utf-8" => Kind::Utf8,
            "iso-8859-1" | "iso8859-1" | "iso8859_1" | "iso_8859-1" | "8859_1" | "latin1" | "l1" | "cp819" | "ibm819"
            | "ibm-819" | "iso-ir-100" | "csisolatin1" => Kind::Direct(0xFF),
            "us-ascii" | "ascii" | "ascii7" | "iso646-us" | "646" | "us" | "cp367" | "iso-ir-6" => Kind::Direct(0x7F),
            "utf-16" | "utf16" | "utf_16" | "unicode" | "unicodebig" => Kind::Utf16,
            "utf-16be" | "utf_16be" | "unicodebigunmarked" => Kind::Utf16Be,
            "utf-16le" | "utf_16le" | "unicodelittleunmarked" => Kind::Utf16Le,
            "cp936" | "ms936" | "gb2312" | "gb2312-80" | "euc_cn" | "euc-cn" => Kind::Other(encoding_rs::GBK),
            "ms932" | "sjis" | "windows-31j" => Kind::Other(encoding_rs::SHIFT_JIS),
            "euc_jp" | "eucjis" => Kind::Other(encoding_rs::EUC_JP),
            "euc_kr" | "ms949" => Kind::Other(encoding_rs::EUC_KR),
            "ms950" | "big5_hkscs" => Kind::Other(encoding_rs::BIG5),
            "gb18030" | "gb18030-2000" => Kind::Other(GB18030),
            other => Kind::Other(by_label(other).ok_or_else(|| {
                format!("\"{name}\" is no known encoding; known are UTF-8, UTF-16, GBK, GB18030, Big5, ISO-8859-1 …, windows-1252 …, Shift_JIS, EUC-JP, EUC-KR")
            })?),
        };
        Ok(Self(kind))
    }

    /// Whether bytes need no conversion.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        self.0 == Kind::Utf8
    }

    /// Reads bytes of this encoding.
    #[must_use]
    pub fn decoder(&self) -> CharsetDecoder {
        let decoder = match self.0 {
            Kind::Direct(highest) => Decoding::Direct(highest),
            Kind::Utf8 => Decoding::By(UTF_8.new_decoder_without_bom_handling()),
            Kind::Utf16 => Decoding::Unmarked(Vec::new()),
            Kind::Utf16Be => Decoding::By(UTF_16BE.new_decoder_without_bom_handling()),
            Kind::Utf16Le => Decoding::By(UTF_16LE.new_decoder_without_bom_handling()),
            Kind::Other(encoding) => Decoding::By(encoding.new_decoder_without_bom_handling()),
        };
        CharsetDecoder(decoder)
    }

    /// Writes bytes of this encoding.
    #[must_use]
    pub fn encoder(&self) -> CharsetEncoder {
        let encoder = match self.0 {
            Kind::Other(encoding) => Some(encoding.new_encoder()),
            _ => None,
        };
        CharsetEncoder { kind: self.0, encoder, begun: false }
    }
}

/// `windows-1252`, and Java's own spellings `Cp1252`, `ISO8859_15`.
fn by_label(name: &str) -> Option<&'static Encoding> {
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let java = match (name.strip_prefix("cp"), name.strip_prefix("iso8859_")) {
        (Some(number), _) if number.starts_with("125") => format!("windows-{number}"),
        (_, Some(part)) => format!("iso-8859-{part}"),
        _ => name.replace('_', "-"),
    };
    let found = Encoding::for_label(name.as_bytes()).or_else(|| Encoding::for_label(java.as_bytes()));
    found.filter(|e| *e != REPLACEMENT && *e != X_USER_DEFINED && *e != UTF_8)
}

/// Bytes of one file → UTF-8; what is malformed becomes U+FFFD.
#[derive(Debug)]
pub struct CharsetDecoder(Decoding);

enum Decoding {
    Direct(u8),
    /// UTF-16 whose mark has not come yet, and what came of it.
    Unmarked(Vec<u8>),
    By(Decoder),
}

impl std::fmt::Debug for Decoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Decoding::Direct(_) => "Direct",
            Decoding::Unmarked(_) => "Unmarked",
            Decoding::By(_) => "By",
        })
    }
}

impl CharsetDecoder {
    /// Appends the UTF-8 of the next bytes; a character that is cut in two waits inside. `last`: nothing follows.
    pub fn decode(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) {
        match &mut self.0 {
            Decoding::Direct(highest) => {
                let highest = *highest;
                out.reserve(bytes.len());
                for byte in bytes {
                    let c = if *byte <= highest { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            Decoding::Unmarked(begun) => {
                begun.extend_from_slice(bytes);
                if begun.len() < 2 && !last {
                    return;
                }
                let begun = std::mem::take(begun);
                let (encoding, rest) = match begun.as_slice() {
                    [0xFF, 0xFE, rest @ ..] => (UTF_16LE, rest),
                    [0xFE, 0xFF, rest @ ..] => (UTF_16BE, rest),
                    all => (UTF_16BE, all),
                };
                let mut decoder = encoding.new_decoder_without_bom_handling();
                run(&mut decoder, rest, last, out);
                self.0 = Decoding::By(decoder);
            }
            Decoding::By(decoder) => run(decoder, bytes, last, out),
        }
    }
}

fn run(decoder: &mut Decoder, mut bytes: &[u8], last: bool, out: &mut Vec<u8>) {
    loop {
        let from = out.len();
        let room =
            decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len()).max(16);
        out.resize(from + room, 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(bytes, &mut out[from..], last);
        out.truncate(from + written);
        bytes = &bytes[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => out.extend_from_slice("\u{FFFD}".as_bytes()),
        }
    }
}

/// UTF-8 → bytes of one file; what the encoding can't express becomes `?`.
pub struct CharsetEncoder {
    kind: Kind,
    encoder: Option<Encoder>,
    begun: bool,
}

impl std::fmt::Debug for CharsetEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CharsetEncoder").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl CharsetEncoder {
    /// Appends the next text: whole characters, such as what an encoder made of one batch.
    pub fn encode(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(text);
        if text.is_empty() {
            return;
        }
        let begun = std::mem::replace(&mut self.begun, true);
        match self.kind {
            Kind::Utf8 => out.extend_from_slice(text.as_bytes()),
            Kind::Direct(highest) => {
                out.extend(
                    text.chars().map(|c| u8::try_from(c).ok().filter(|b| *b <= highest).unwrap_or(b'?')),
                );
            }
            Kind::Utf16 | Kind::Utf16Be => {
                if !begun && self.kind == Kind::Utf16 {
                    out.extend_from_slice(&[0xFE, 0xFF]);
                }
                out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
            }
            Kind::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Kind::Other(_) => {
                if let Some(encoder) = &mut self.encoder {
                    write(encoder, &text, false, out);
                }
            }
        }
    }

    /// Ends the file; the next text begins another one.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.begun = false;
        if let (Kind::Other(encoding), Some(encoder)) = (self.kind, &mut self.encoder) {
            write(encoder, "", true, out);
            *encoder = encoding.new_encoder();
        }
    }
}

fn write(encoder: &mut Encoder, mut text: &str, last: bool, out: &mut Vec<u8>) {
    loop {
        let from = out.len();
        let room =
            encoder.max_buffer_length_from_utf8_without_replacement(text.len()).unwrap_or(text.len()).max(16);
        out.resize(from + room, 0);
        let (result, read, written) =
            encoder.encode_from_utf8_without_replacement(text, &mut out[from..], last);
        out.truncate(from + written);
        text = &text[read..];
        match result {
            EncoderResult::InputEmpty => return,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(_) => {
                // by the encoder, as some encodings have states
                let mut mark = [0; 16];
                let (_, _, written, _) = encoder.encode_from_utf8("?", &mut mark, false);
                out.extend_from_slice(&mark[..written]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(name: &str, bytes: &[u8]) -> String {
        let whole = {
            let mut out = Vec::new();
            Charset::of(name).unwrap().decoder().decode(bytes, true, &mut out);
            String::from_utf8(out).unwrap()
        };
        let mut decoder = Charset::of(name).unwrap().decoder();
        let mut out = Vec::new();
        for byte in bytes {
            decoder.decode(&[*byte], false, &mut out);
        }
        decoder.decode(&[], true, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), whole, "in pieces: {name}");
        whole
    }

    fn encode(name: &str, pieces: &[&str]) -> Vec<u8> {
        let mut encoder = Charset::of(name).unwrap().encoder();
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| encoder.encode(piece.as_bytes(), &mut out));
        encoder.finish(&mut out);
        out
    }

    #[test]
    fn reading() {
        for (name, bytes, text) in [
            ("gbk", &b"1;\xD6\xD0\xCE\xC4"[..], "1;中文"),
            ("GB18030", b"\xA8\xA6", "é"),
            ("ISO-8859-1", b"\xE9\x80", "é\u{80}"),
            ("latin1", b"\xE9", "é"),
            ("Cp1252", b"\x80", "€"),
            ("US-ASCII", b"a\xE9", "a\u{FFFD}"),
            ("UTF-16", b"\xFF\xFE1\0;\0", "1;"),
            ("UTF-16", b"\0a", "a"),
            ("UTF-16LE", b"a\0\xE9\0", "aé"),
            ("UTF-8", b"a\xFFb", "a\u{FFFD}b"),
            ("SJIS", b"\x93\xFA", "日"),
        ] {
            assert_eq!(decode(name, bytes), text, "{name}");
        }
    }

    #[test]
    fn writing() {
        assert_eq!(encode("ISO-8859-1", &["中é"]), b"?\xE9");
        assert_eq!(encode("GBK", &["中", "é😀"]), b"\xD6\xD0\xA8\xA6?");
        assert_eq!(encode("UTF-16", &["a", "b"]), b"\xFE\xFF\0a\0b");
        assert_eq!(encode("UTF-16LE", &["a"]), b"a\0");
        assert_eq!(encode("ascii", &["aé"]), b"a?");
        assert_eq!(decode("ISO-2022-JP", &encode("ISO-2022-JP", &["日", "本x😀"])), "日本x?");
    }

    #[test]
    fn unknown_names_are_refused() {
        for name in ["", "nope", " utf-8", "iso-2022-cn", "x-user-defined"] {
            assert!(Charset::of(name).unwrap_err().contains("no known encoding"));
        }
    }
}
