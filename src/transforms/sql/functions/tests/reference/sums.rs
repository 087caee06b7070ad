//! Of bytes.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bit by bit.
pub(in crate::transforms::sql::functions::tests) fn base64(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let six = |bits: &[u8]| (0..6).fold(0, |value, at| value << 1 | bits.get(at).copied().unwrap_or(0));
    let mut out: String = bits.chunks(6).map(|bits| char::from(DIGITS[usize::from(six(bits))])).collect();
    while !out.len().is_multiple_of(4) {
        out.push('=');
    }
    out
}

/// MurmurHash3_x64_128, byte by byte as its tail is defined; the first half.
pub(in crate::transforms::sql::functions::tests) fn murmur(bytes: &[u8]) -> i64 {
    const FIRST: u64 = 9782798678568883157;
    const SECOND: u64 = 5545529020109919103;
    let word = |bytes: &[u8]| {
        (0..8).fold(0_u64, |word, at| word | u64::from(bytes.get(at).copied().unwrap_or(0)) << (8 * at))
    };
    let finish = |mut k: u64| {
        k ^= k >> 33;
        k = k.wrapping_mul(18397679294719823053);
        k ^= k >> 33;
        k = k.wrapping_mul(14181476777654086739);
        k ^ k >> 33
    };
    let (mut h1, mut h2) = (0_u64, 0_u64);
    for block in bytes.chunks(16) {
        let k1 = word(block).wrapping_mul(FIRST).rotate_left(31).wrapping_mul(SECOND);
        let k2 = word(block.get(8..).unwrap_or(&[])).wrapping_mul(SECOND).rotate_left(33).wrapping_mul(FIRST);
        h1 ^= k1;
        if block.len() == 16 {
            h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(1390208809);
            h2 = (h2 ^ k2).rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(944331445);
        } else {
            h2 ^= k2;
        }
    }
    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    finish(h1).wrapping_add(finish(h2)) as i64
}
