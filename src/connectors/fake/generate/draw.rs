//! From random bits to numbers and letters.

use arrow::datatypes::i256;
use rand::RngCore;
use rand::rngs::SmallRng;

const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A number below `span` (at least 1). Its bias is `span / 2^64`: nobody sees it.
#[inline]
pub(super) fn below(rng: &mut SmallRng, span: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(span)) >> 64) as u64
}

/// Three numbers below these spans (small ones), from one draw.
#[inline]
pub(super) fn three_below(rng: &mut SmallRng, spans: [usize; 3]) -> [usize; 3] {
    let bits = rng.next_u64();
    let part = |shift: u32, span: usize| (((bits >> shift) & 0x1f_ffff) as usize * span) >> 21;
    [part(0, spans[0]), part(21, spans[1]), part(42, spans[2])]
}

/// A float in [0, 1).
#[inline]
pub(super) fn unit_f32(rng: &mut SmallRng) -> f32 {
    (rng.next_u32() >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
}

/// A double in [0, 1).
#[inline]
pub(super) fn unit_f64(rng: &mut SmallRng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// That many ASCII letters; four from each draw.
pub(super) fn letters(rng: &mut SmallRng, count: usize) -> Vec<u8> {
    let mut out = vec![0u8; count];
    for chunk in out.chunks_mut(4) {
        let mut bits = rng.next_u64();
        for letter in chunk {
            *letter = LETTERS[((bits & 0xffff) as usize * LETTERS.len()) >> 16];
            bits >>= 16;
        }
    }
    out
}

/// A whole number of up to `digits` random decimal digits, at most 38.
pub(super) fn digits(rng: &mut SmallRng, digits: u32) -> i128 {
    let mut value = 0i128;
    let mut left = digits;
    while left > 0 {
        let some = left.min(18);
        let span = 10u64.pow(some);
        value = value * i128::from(span) + i128::from(below(rng, span));
        left -= some;
    }
    value
}

/// A whole number of up to `digits` random decimal digits, at most 76.
pub(super) fn wide_digits(rng: &mut SmallRng, count: u32) -> i256 {
    let low = count.min(38);
    let shift = i256::from_i128(10i128.pow(low));
    let high = i256::from_i128(digits(rng, count - low));
    high.wrapping_mul(shift).wrapping_add(i256::from_i128(digits(rng, low)))
}
