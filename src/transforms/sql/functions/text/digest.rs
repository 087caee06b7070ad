//! Texts → sums and keys.

use super::codes::push_hex;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::always_null;
use crate::transforms::sql::functions::output::{numbers, texts};
use arrow::datatypes::Int64Type;
use md5::{Digest, Md5};
use uuid::Uuid;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["MD5"],
        usage: "MD5(value)",
        about: "The MD5 sum of bytes, or of a text in UTF-8, as 32 small hexadecimal digits.",
        bind: md5,
    },
    Function {
        names: &["MURMUR64"],
        usage: "MURMUR64(text)",
        about: "The first half of the 128-bit MurmurHash3 (x64, seed 0) of a text in UTF-8.",
        bind: murmur64,
    },
    Function { names: &["UUID"], usage: "UUID()", about: "A new random UUID for each row.", bind: uuid },
];

fn md5(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    if call.is_null(0) {
        return Ok(always_null(DataType::String));
    }
    let bytes = call.bytes(0);
    Ok(Bound::new(DataType::String, move |values| {
        let bytes = bytes.of(values)?;
        texts(values.rows, values.rows * 32, |row, out| {
            push_hex(&Md5::digest(bytes.get(row)?), out);
            Some(())
        })
    }))
}

fn murmur64(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let text = call.text(0);
    Ok(Bound::new(DataType::BigInt, move |values| {
        let text = text.of(values)?;
        numbers::<Int64Type>(values.rows, |row| Some(murmur3(text.get(row)?.as_bytes()) as i64))
    }))
}

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

fn mixed(word: u64, first: u64, turn: u32, second: u64) -> u64 {
    word.wrapping_mul(first).rotate_left(turn).wrapping_mul(second)
}

fn finished(mut hash: u64) -> u64 {
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

/// The first 64 bits of MurmurHash3_x64_128 with seed 0.
fn murmur3(bytes: &[u8]) -> u64 {
    let (mut h1, mut h2) = (0_u64, 0_u64);
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        let block = u128::from_le_bytes(*block);
        h1 ^= mixed(block as u64, C1, 31, C2);
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mixed((block >> 64) as u64, C2, 33, C1);
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let mut last = [0; 16];
    last[..tail.len()].copy_from_slice(tail);
    let last = u128::from_le_bytes(last);
    h1 ^= mixed(last as u64, C1, 31, C2);
    h2 ^= mixed((last >> 64) as u64, C2, 33, C1);
    let length = bytes.len() as u64;
    (h1, h2) = (h1 ^ length, h2 ^ length);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    finished(h1).wrapping_add(finished(h2))
}

fn uuid(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(0..=0)?;
    let mut bound = Bound::new(DataType::String, |values| {
        texts(values.rows, values.rows * 36, |_, out| {
            out.push_str(Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            Some(())
        })
    });
    bound.is_volatile = true;
    Ok(bound)
}
