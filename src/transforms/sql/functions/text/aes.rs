//! AES in CBC mode with PKCS#5 padding, as base64.
//!
//! A key `base64:…` is 16, 24 or 32 bytes; any other is a passphrase, whose SHA-256 gives the 16 bytes of a key. Without
//! an initial vector a random one stands in front of the cipher text. No error shows a key, a text or a vector.

use super::codes::LENIENT;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::{Text, always_null};
use crate::transforms::sql::functions::output::try_texts;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["AES_ENCRYPT"],
        usage: "AES_ENCRYPT(text, key[, vector])",
        about: "A text encrypted with AES/CBC/PKCS5, as base64. The key is a passphrase or base64:…; without a vector of \
                16 bytes a random one is put in front.",
        bind: encrypt,
    },
    Function {
        names: &["AES_DECRYPT"],
        usage: "AES_DECRYPT(text, key[, vector])",
        about: "The text that AES_ENCRYPT encrypted with the same key and vector.",
        bind: decrypt,
    },
];

/// Bytes of an initial vector, and of a block.
const BLOCK: usize = 16;

/// A key of any of the three lengths.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Short([u8; 16]),
    Middle([u8; 24]),
    Long([u8; 32]),
}

impl Key {
    fn read(text: &str, name: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err(format!("the key of {name} is blank"));
        }
        let Some(encoded) = text.strip_prefix("base64:") else {
            let mut key = [0; 16];
            key.copy_from_slice(&Sha256::digest(text)[..16]);
            return Ok(Key::Short(key));
        };
        let bytes = LENIENT
            .decode(encoded.trim())
            .map_err(|_| format!("the key of {name} is no base64 behind base64:"))?;
        if let Ok(key) = bytes.as_slice().try_into() {
            Ok(Key::Short(key))
        } else if let Ok(key) = bytes.as_slice().try_into() {
            Ok(Key::Middle(key))
        } else if let Ok(key) = bytes.as_slice().try_into() {
            Ok(Key::Long(key))
        } else {
            Err(format!("the key of {name} has {} bytes; a key has 16, 24 or 32", bytes.len()))
        }
    }

    fn encrypt(self, vector: &[u8; BLOCK], text: &[u8]) -> Vec<u8> {
        let vector = vector.into();
        match self {
            Key::Short(key) => {
                cbc::Encryptor::<Aes128>::new(&key.into(), vector).encrypt_padded_vec::<Pkcs7>(text)
            }
            Key::Middle(key) => {
                cbc::Encryptor::<Aes192>::new(&key.into(), vector).encrypt_padded_vec::<Pkcs7>(text)
            }
            Key::Long(key) => {
                cbc::Encryptor::<Aes256>::new(&key.into(), vector).encrypt_padded_vec::<Pkcs7>(text)
            }
        }
    }

    fn decrypt(self, vector: &[u8; BLOCK], text: &[u8]) -> Option<Vec<u8>> {
        let vector = vector.into();
        let text = match self {
            Key::Short(key) => {
                cbc::Decryptor::<Aes128>::new(&key.into(), vector).decrypt_padded_vec::<Pkcs7>(text)
            }
            Key::Middle(key) => {
                cbc::Decryptor::<Aes192>::new(&key.into(), vector).decrypt_padded_vec::<Pkcs7>(text)
            }
            Key::Long(key) => {
                cbc::Decryptor::<Aes256>::new(&key.into(), vector).decrypt_padded_vec::<Pkcs7>(text)
            }
        };
        text.ok()
    }
}

fn vector_of(text: &str, name: &str) -> Result<[u8; BLOCK], String> {
    let bytes = text.as_bytes();
    bytes.try_into().map_err(|_| format!("the vector of {name} has {} bytes; it has {BLOCK}", bytes.len()))
}

/// From a text, the key, and the vector if there is one; appends the result.
type Convert = fn(&str, Key, Option<[u8; BLOCK]>, &mut String) -> Result<(), String>;

/// A call of either function, checked.
struct Cipher {
    name: &'static str,
    text: Text,
    key: Text,
    /// A literal one, read once.
    known: Option<Key>,
    vector: Option<Text>,
}

impl Cipher {
    fn bind(call: &Call<'_>, name: &'static str) -> Result<Self, String> {
        call.arity(2..=3)?;
        if let DataType::Array(_)
        | DataType::Map(..)
        | DataType::Row(_)
        | DataType::Bytes
        | DataType::Vector(..) = call.type_of(0)
        {
            return Err(call.wrong_type(0, "a text"));
        }
        for (index, what) in [(1, "key"), (2, "vector")] {
            if call.is_null(index) {
                return Err(format!("the {what} of {name} is null"));
            }
        }
        if let Some(vector) = call.literal_text(2) {
            vector_of(&vector, name)?;
        }
        let known = call.literal_text(1).map(|key| Key::read(&key, name)).transpose()?;
        Ok(Self { name, text: call.text(0), key: call.text(1), known, vector: call.text_if_given(2) })
    }

    fn bound(self, convert: Convert) -> Bound {
        Bound::new(DataType::String, move |values| {
            let (text, key) = (self.text.of(values)?, self.key.of(values)?);
            let vector = self.vector.as_ref().map(|vector| vector.of(values)).transpose()?;
            let null = |what: &str| format!("the {what} of {} is null", self.name);
            try_texts(values.rows, text.bytes(values.rows) * 2, |row, out| {
                let Some(text) = text.get(row) else {
                    return Ok(None);
                };
                let key = match self.known {
                    Some(key) => key,
                    None => Key::read(key.get(row).ok_or_else(|| null("key"))?, self.name)?,
                };
                let vector = match &vector {
                    Some(vector) => {
                        Some(vector_of(vector.get(row).ok_or_else(|| null("vector"))?, self.name)?)
                    }
                    None => None,
                };
                convert(text, key, vector, out).map(Some)
            })
        })
    }
}

fn encrypt(call: &Call<'_>) -> Result<Bound, String> {
    let cipher = Cipher::bind(call, "AES_ENCRYPT")?;
    let is_random = cipher.vector.is_none();
    if call.is_null(0) {
        return Ok(always_null(DataType::String));
    }
    let mut bound = cipher.bound(|text, key, vector, out| {
        match vector {
            Some(vector) => STANDARD.encode_string(key.encrypt(&vector, text.as_bytes()), out),
            None => {
                let vector: [u8; BLOCK] = rand::random();
                let mut encrypted = vector.to_vec();
                encrypted.extend(key.encrypt(&vector, text.as_bytes()));
                STANDARD.encode_string(encrypted, out);
            }
        }
        Ok(())
    });
    bound.is_volatile = is_random;
    Ok(bound)
}

fn decrypt(call: &Call<'_>) -> Result<Bound, String> {
    let cipher = Cipher::bind(call, "AES_DECRYPT")?;
    if call.is_null(0) {
        return Ok(always_null(DataType::String));
    }
    Ok(cipher.bound(|text, key, vector, out| {
        let bytes =
            LENIENT.decode(text).map_err(|_| "what AES_DECRYPT is to decrypt is no base64".to_owned())?;
        let decrypted = match vector {
            Some(vector) => key.decrypt(&vector, &bytes),
            None => match bytes.split_first_chunk::<BLOCK>() {
                Some((vector, rest)) => key.decrypt(vector, rest),
                None => {
                    return Err(format!(
                        "what AES_DECRYPT is to decrypt has {} bytes, too few for a vector of {BLOCK}",
                        bytes.len()
                    ));
                }
            },
        };
        let text = decrypted
            .ok_or("AES_DECRYPT can't decrypt a text: its key or vector is another one, or it is damaged")?;
        out.push_str(&String::from_utf8_lossy(&text));
        Ok(())
    }))
}
