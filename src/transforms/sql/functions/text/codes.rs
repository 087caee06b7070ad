//! Texts and their codes: numbers of characters, hexadecimal digits, base64, sounds.

use crate::format::charset::Charset;
use crate::model::shown;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use crate::transforms::sql::functions::arguments::{Text, always_null};
use crate::transforms::sql::functions::output::{numbers, texts, try_texts};
use crate::transforms::sql::functions::utf16;
use arrow::datatypes::Int32Type;
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use std::collections::HashMap;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["ASCII"],
        usage: "ASCII(text)",
        about: "The code of a text's first character (UTF-16); null for an empty text.",
        bind: ascii,
    },
    Function {
        names: &["CHAR", "CHR"],
        usage: "CHAR(code)",
        about: "The character of a code (UTF-16); of a larger number the lower 16 bits.",
        bind: character,
    },
    Function {
        names: &["HEXTORAW"],
        usage: "HEXTORAW(text)",
        about: "The text that is written as four hexadecimal digits for each character.",
        bind: hextoraw,
    },
    Function {
        names: &["RAWTOHEX"],
        usage: "RAWTOHEX(value)",
        about: "Four hexadecimal digits for each character of a text, two for each of bytes.",
        bind: rawtohex,
    },
    Function {
        names: &["TO_BASE64"],
        usage: "TO_BASE64(value[, charset])",
        about: "The base64 form of bytes, or of a text in UTF-8 or another encoding.",
        bind: to_base64,
    },
    Function {
        names: &["FROM_BASE64"],
        usage: "FROM_BASE64(text[, charset])",
        about: "The text in UTF-8 or another encoding whose base64 form is given.",
        bind: from_base64,
    },
    Function {
        names: &["SOUNDEX"],
        usage: "SOUNDEX(text)",
        about: "Four characters that are alike for words that sound alike in English.",
        bind: soundex,
    },
];

fn ascii(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let text = call.text(0);
    Ok(Bound::new(DataType::Int, move |values| {
        let text = text.of(values)?;
        numbers::<Int32Type>(values.rows, |row| {
            let first = text.get(row)?.chars().next()?;
            first.encode_utf16(&mut [0; 2]).first().map(|unit| i32::from(*unit))
        })
    }))
}

fn character(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let code = call.integer(0)?;
    Ok(Bound::new(DataType::String, move |values| {
        let code = code.of(values)?;
        texts(values.rows, values.rows, |row, out| {
            utf16::push_units([code.get(row)? as u16], out);
            Some(())
        })
    }))
}

fn hextoraw(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let text = call.text(0);
    Ok(Bound::new(DataType::String, move |values| {
        let text = text.of(values)?;
        try_texts(values.rows, text.bytes(values.rows) / 4, |row, out| {
            let Some(text) = text.get(row) else {
                return Ok(None);
            };
            let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
            let Some(digits) = digits.filter(|digits| digits.len() % 4 == 0) else {
                return Err(format!(
                    "HEXTORAW takes four hexadecimal digits for each character, not {}",
                    shown(text)
                ));
            };
            let units =
                digits.chunks(4).map(|four| four.iter().fold(0, |unit, digit| unit << 4 | *digit as u16));
            utf16::push_units(units, out);
            Ok(Some(()))
        })
    }))
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends two hexadecimal digits for each byte.
pub(super) fn push_hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    }
}

fn rawtohex(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    if *call.type_of(0) == DataType::Bytes {
        let bytes = call.bytes(0);
        return Ok(Bound::new(DataType::String, move |values| {
            let bytes = bytes.of(values)?;
            texts(values.rows, values.rows * 16, |row, out| {
                push_hex(bytes.get(row)?, out);
                Some(())
            })
        }));
    }
    let text = call.text(0);
    Ok(Bound::new(DataType::String, move |values| {
        let text = text.of(values)?;
        texts(values.rows, text.bytes(values.rows) * 4, |row, out| {
            text.get(row)?.encode_utf16().for_each(|unit| push_hex(&unit.to_be_bytes(), out));
            Some(())
        })
    }))
}

/// The encodings that a call names: one by a literal, found while it is bound, or one for each row.
enum Charsets {
    Literal(Charset),
    Column(Text),
}

impl Charsets {
    /// A null name is UTF-8.
    fn bind(call: &Call<'_>, index: usize) -> Result<Self, String> {
        if !call.has(index) || call.is_null(index) {
            return Ok(Self::Literal(Charset::of("UTF-8")?));
        }
        match call.literal_text(index) {
            Some(name) => Ok(Self::Literal(Charset::of(&name)?)),
            None => Ok(Self::Column(call.text(index))),
        }
    }

    /// Calls `with` with the encoding of each row.
    fn each(&self, values: &Values<'_>) -> Result<impl FnMut(usize) -> Result<Charset, String>, String> {
        let names = match self {
            Charsets::Literal(_) => None,
            Charsets::Column(names) => Some(names.of(values)?),
        };
        let mut known: HashMap<String, Charset> = HashMap::new();
        Ok(move |row| match (self, &names) {
            (Charsets::Literal(charset), _) => Ok(*charset),
            (Charsets::Column(_), names) => {
                let name = names.as_ref().and_then(|names| names.get(row)).unwrap_or("UTF-8");
                if let Some(charset) = known.get(name) {
                    return Ok(*charset);
                }
                let charset = Charset::of(name)?;
                known.insert(name.to_owned(), charset);
                Ok(charset)
            }
        })
    }
}

fn to_base64(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=2)?;
    let is_bytes = *call.type_of(0) == DataType::Bytes;
    if is_bytes && call.has(1) {
        return Err(format!("{} takes no encoding for BYTES, which have none", call.name));
    }
    if call.is_null(0) {
        return Ok(always_null(DataType::String));
    }
    let (bytes, charsets) = (call.bytes(0), Charsets::bind(call, 1)?);
    Ok(Bound::new(DataType::String, move |values| {
        let bytes = bytes.of(values)?;
        let mut charset = charsets.each(values)?;
        let mut encoded = Vec::new();
        try_texts(values.rows, values.rows * 16, |row, out| {
            let Some(bytes) = bytes.get(row) else {
                return Ok(None);
            };
            let charset = charset(row)?;
            if charset.is_utf8() {
                STANDARD.encode_string(bytes, out);
            } else {
                encoded.clear();
                let mut encoder = charset.encoder();
                encoder.encode(bytes, &mut encoded);
                encoder.finish(&mut encoded);
                STANDARD.encode_string(&encoded, out);
            }
            Ok(Some(()))
        })
    }))
}

/// Base64 as Java reads it: padding may lack, what the last bits hold doesn't count.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn from_base64(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=2)?;
    if call.is_null(0) {
        return Ok(always_null(DataType::String));
    }
    let (text, charsets) = (call.text(0), Charsets::bind(call, 1)?);
    Ok(Bound::new(DataType::String, move |values| {
        let text = text.of(values)?;
        let mut charset = charsets.each(values)?;
        let (mut bytes, mut decoded) = (Vec::new(), Vec::new());
        try_texts(values.rows, text.bytes(values.rows), |row, out| {
            let Some(text) = text.get(row) else {
                return Ok(None);
            };
            bytes.clear();
            LENIENT
                .decode_vec(text, &mut bytes)
                .map_err(|e| format!("FROM_BASE64 can't read {}: {e}", shown(text)))?;
            decoded.clear();
            charset(row)?.decoder().decode(&bytes, true, &mut decoded);
            out.push_str(&String::from_utf8_lossy(&decoded));
            Ok(Some(()))
        })
    }))
}

/// Sound of each letter; 7 is a vowel, which parts equal sounds, 8 is not heard.
const SOUNDS: &[u8; 26] = b"71237128722455712623718272";

fn soundex(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let text = call.text(0);
    Ok(Bound::new(DataType::String, move |values| {
        let text = text.of(values)?;
        texts(values.rows, values.rows * 4, |row, out| {
            let start = out.len();
            let mut last = b'0';
            for letter in text.get(row)?.bytes().filter(u8::is_ascii_alphabetic) {
                let letter = letter.to_ascii_uppercase();
                let sound = SOUNDS[usize::from(letter - b'A')];
                if out.len() == start {
                    out.push(char::from(letter));
                    last = sound;
                } else if sound <= b'6' && sound != last {
                    out.push(char::from(sound));
                    last = sound;
                } else if sound == b'7' {
                    last = sound;
                }
                if out.len() == start + 4 {
                    break;
                }
            }
            while out.len() < start + 4 {
                out.push('0');
            }
            Some(())
        })
    }))
}
