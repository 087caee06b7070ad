//! `FieldEncrypt`: encrypts or decrypts text columns with AES in CBC mode.
//!
//! An encrypted value is base64 of a random initial vector and the padded cipher text, so that equal texts differ.
//! Nulls and blank texts stay as they are. Neither keys nor values stand in an error.

use super::row_errors::{ROW_ERRORS, RowErrors, column_fault};
use super::rows::marked;
use super::stateless::{Columns, Stateless, all, column, with_columns};
use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, DataType};
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;
use std::sync::Arc;

const FIELDS: OptionDef =
    OptionDef::new("fields", Kind::List, "the text columns to encrypt or decrypt").required();
const KEY: OptionDef =
    OptionDef::new("key", Kind::Text, "the key: base64 of 16, 24 or 32 bytes, `base64:` may stand before it")
        .required();
const ALGORITHM: OptionDef =
    OptionDef::new("algorithm", Kind::Choice(&["AES_CBC"]), "the cipher: AES in CBC mode")
        .default("AES_CBC")
        .without_effect("there is one cipher");
const MODE: OptionDef =
    OptionDef::new("mode", Kind::Choice(&["ENCRYPT", "DECRYPT"]), "what is done").default("ENCRYPT");
const MAX_LENGTH: OptionDef =
    OptionDef::new("max_field_length", Kind::Int, "characters that a value may have at most")
        .default("10485760");

/// Bytes of an initial vector, and of a block.
const BLOCK: usize = 16;

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "FieldEncrypt"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[FIELDS, KEY, ALGORITHM, MODE, MAX_LENGTH, ROW_ERRORS]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let (fields, key) = (options.texts(&FIELDS), options.text(&KEY));
        let (algorithm, mode) = (options.choice(&ALGORITHM), options.choice(&MODE));
        let (max_length, errors) = (options.int(&MAX_LENGTH), RowErrors::read(options));
        let key = key.and_then(|key| Key::parse(&key).map_err(|e| options.error(KEY.key, e)).ok());
        let fields = fields.filter(|fields| {
            if fields.is_empty() {
                options.error(FIELDS.key, "names no column");
            }
            !fields.is_empty()
        });
        let max_length = max_length.and_then(|length| match usize::try_from(length) {
            Ok(length) if length > 0 => Some(length),
            _ => {
                options.error(MAX_LENGTH.key, format!("{length} is not allowed; allowed: 1 or more"));
                None
            }
        });
        algorithm?;
        let encrypt = mode? == "ENCRYPT";
        let (fields, key, max_length, errors) = (fields?, key?, max_length?, errors?);
        Some(Arc::new(Stateless(FieldEncrypt { fields, key, encrypt, max_length, errors })))
    }
}

/// A key of one of the lengths that AES has.
#[derive(Clone)]
enum Key {
    Bits128([u8; 16]),
    Bits192([u8; 24]),
    Bits256([u8; 32]),
}

impl Key {
    /// The message never shows the key.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("base64:").unwrap_or(text).trim();
        let bytes = STANDARD.decode(text).map_err(|_| "is not base64 (with its padding)")?;
        let wrong = || format!("has {} bytes; allowed: 16, 24 or 32", bytes.len());
        match bytes.len() {
            16 => bytes.as_slice().try_into().map(Self::Bits128).map_err(|_| wrong()),
            24 => bytes.as_slice().try_into().map(Self::Bits192).map_err(|_| wrong()),
            32 => bytes.as_slice().try_into().map(Self::Bits256).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    fn encrypt(&self, plain: &str) -> String {
        let mut iv = [0; BLOCK];
        rand::rng().fill_bytes(&mut iv);
        let plain = plain.as_bytes();
        let cipher = match self {
            Key::Bits128(key) => {
                cbc::Encryptor::<Aes128>::new(key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain)
            }
            Key::Bits192(key) => {
                cbc::Encryptor::<Aes192>::new(key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain)
            }
            Key::Bits256(key) => {
                cbc::Encryptor::<Aes256>::new(key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(plain)
            }
        };
        STANDARD.encode([iv.as_slice(), &cipher].concat())
    }

    fn decrypt(&self, text: &str) -> Result<String, String> {
        let bytes = STANDARD.decode(text).map_err(|_| "is not base64 (with its padding)")?;
        let Some((iv, cipher)) = bytes.split_first_chunk::<BLOCK>() else {
            return Err(format!("has {} bytes, fewer than the initial vector's {BLOCK}", bytes.len()));
        };
        let plain = match self {
            Key::Bits128(key) => {
                cbc::Decryptor::<Aes128>::new(key.into(), iv.into()).decrypt_padded_vec::<Pkcs7>(cipher)
            }
            Key::Bits192(key) => {
                cbc::Decryptor::<Aes192>::new(key.into(), iv.into()).decrypt_padded_vec::<Pkcs7>(cipher)
            }
            Key::Bits256(key) => {
                cbc::Decryptor::<Aes256>::new(key.into(), iv.into()).decrypt_padded_vec::<Pkcs7>(cipher)
            }
        };
        let plain = plain.map_err(|_| "was encrypted with another key, or is damaged")?;
        String::from_utf8(plain).map_err(|_| "was encrypted with another key, or is no text".into())
    }
}

#[derive(Clone)]
struct FieldEncrypt {
    fields: Vec<String>,
    key: Key,
    encrypt: bool,
    max_length: usize,
    errors: RowErrors,
}

impl FieldEncrypt {
    fn convert(&self, text: &str) -> Result<String, String> {
        // a text has never more characters than bytes
        if text.len() > self.max_length {
            let length = text.encode_utf16().count();
            if length > self.max_length {
                return Err(format!(
                    "has {length} characters; {} allows {}",
                    MAX_LENGTH.key, self.max_length
                ));
            }
        }
        if self.encrypt { Ok(self.key.encrypt(text)) } else { self.key.decrypt(text) }
    }
}

impl Columns for FieldEncrypt {
    type Step = Vec<usize>;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Vec<usize>), Vec<String>> {
        let place = |name: &String| {
            let place = column(input, FIELDS.key, name)?;
            let data_type = &input.columns[place].data_type;
            if *data_type != DataType::String {
                let key = FIELDS.key;
                return Err(format!("{key}: column \"{name}\" is {data_type}; only STRING is allowed"));
            }
            Ok(place)
        };
        Ok((input.clone(), all(self.fields.iter().map(place))?))
    }

    fn hides(&self, column: &str) -> bool {
        self.fields.iter().any(|field| field == column)
    }

    fn apply(
        &self,
        step: &Vec<usize>,
        output: &Arc<CatalogTable>,
        batch: Batch,
    ) -> Result<Option<Batch>, Fault> {
        let mut columns: Vec<ArrayRef> = batch.rows.columns().to_vec();
        let mut keep = vec![true; batch.len()];
        for place in step {
            let texts = batch.rows.column(*place).as_string::<i32>();
            let mut converted = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
            for (row, text) in texts.iter().enumerate() {
                match text {
                    Some(text) if !text.trim().is_empty() => match self.convert(text) {
                        Ok(text) => converted.append_value(text),
                        Err(_) if self.errors == RowErrors::Skip => {
                            keep[row] = false;
                            converted.append_null();
                        }
                        Err(message) => {
                            let name = &output.columns[*place].name;
                            return Err(column_fault(name, &format!("the value {message}")));
                        }
                    },
                    unchanged => converted.append_option(unchanged),
                }
            }
            columns[*place] = Arc::new(converted.finish());
        }
        marked(with_columns(&batch, output, columns)?, &BooleanArray::from(keep))
    }
}
