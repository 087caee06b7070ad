//! DES in CBC mode with PKCS#5 padding, as base64: the cipher of the Java engine's bundled functions, with its fixed
//! initial vector. For texts that were encrypted so; new ones are safer with AES.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::always_null;
use crate::transforms::sql::functions::output::try_texts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use des::Des;
use des::cipher::block_padding::Pkcs7;
use des::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["DES_ENCRYPT"],
        usage: "DES_ENCRYPT(password, text)",
        about: "A text encrypted with DES/CBC/PKCS5 and the first 8 bytes of the password, as base64.",
        bind: |call| bind(call, "DES_ENCRYPT", encrypt),
    },
    Function {
        names: &["DES_DECRYPT"],
        usage: "DES_DECRYPT(password, text)",
        about: "The text that DES_ENCRYPT encrypted with the same password; one that it did not encrypt stays as it is.",
        bind: |call| bind(call, "DES_DECRYPT", decrypt),
    },
];

/// Bytes of a key, and of a block.
const BLOCK: usize = 8;

const VECTOR: [u8; BLOCK] = *b"12345678";

type Convert = fn(&[u8; BLOCK], &str, &mut String);

fn bind(call: &Call<'_>, name: &'static str, convert: Convert) -> Result<Bound, String> {
    call.arity(2..=2)?;
    for index in 0..2 {
        if !matches!(call.type_of(index), DataType::String | DataType::Null) {
            return Err(call.wrong_type(index, "a text"));
        }
    }
    if let Some(password) = call.literal_text(0) {
        key_of(&password, name)?;
    }
    if call.is_null(0) {
        return Err(format!("the password of {name} is null"));
    }
    if call.is_null(1) {
        return Ok(always_null(DataType::String));
    }
    let (password, text) = (call.text(0), call.text(1));
    Ok(Bound::new(DataType::String, move |values| {
        let (password, text) = (password.of(values)?, text.of(values)?);
        try_texts(values.rows, text.bytes(values.rows) * 2, |row, out| {
            let Some(text) = text.get(row) else { return Ok(None) };
            let password = password.get(row).ok_or_else(|| format!("the password of {name} is null"))?;
            convert(key_of(password, name)?, text, out);
            Ok(Some(()))
        })
    }))
}

fn key_of<'a>(password: &'a str, name: &str) -> Result<&'a [u8; BLOCK], String> {
    password.as_bytes().first_chunk().ok_or_else(|| {
        format!("the password of {name} has {} bytes; at least {BLOCK} are needed", password.len())
    })
}

fn encrypt(key: &[u8; BLOCK], text: &str, out: &mut String) {
    let cipher = cbc::Encryptor::<Des>::new(key.into(), &VECTOR.into());
    STANDARD.encode_string(cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes()), out);
}

fn decrypt(key: &[u8; BLOCK], text: &str, out: &mut String) {
    let cipher = cbc::Decryptor::<Des>::new(key.into(), &VECTOR.into());
    let decrypted =
        STANDARD.decode(text).ok().and_then(|bytes| cipher.decrypt_padded_vec::<Pkcs7>(&bytes).ok());
    match decrypted {
        Some(bytes) => out.push_str(&String::from_utf8_lossy(&bytes)),
        None => out.push_str(text),
    }
}
