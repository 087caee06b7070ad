//! The random numbers of Java's `java.util.Random`, whose seeds give the same numbers everywhere.

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

/// A sequence of random numbers.
#[derive(Clone, Debug)]
pub(super) struct JavaRandom {
    state: u64,
    /// Of two normal numbers that are made at once, the second.
    normal: Option<f64>,
}

impl JavaRandom {
    /// The sequence of a seed.
    pub(super) fn new(seed: i64) -> Self {
        Self { state: (seed.cast_unsigned() ^ MULTIPLIER) & MASK, normal: None }
    }

    fn next(&mut self, bits: u32) -> u64 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        self.state >> (48 - bits)
    }

    /// The next number from 0 to below 1.
    pub(super) fn next_double(&mut self) -> f64 {
        let high = self.next(26) << 27;
        (high + self.next(27)) as f64 / (1u64 << 53) as f64
    }

    /// The next number of the normal distribution: by the polar method, which makes two.
    pub(super) fn next_gaussian(&mut self) -> f64 {
        if let Some(second) = self.normal.take() {
            return second;
        }
        loop {
            let x = 2.0 * self.next_double() - 1.0;
            let y = 2.0 * self.next_double() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.normal = Some(y * factor);
                return x * factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Java prints for `new Random(seed)`.
    #[test]
    fn as_java_draws_them() {
        for (seed, double) in [(42, 0.727_563_680_032_868_1), (0, 0.730_967_787_376_657)] {
            assert_eq!(JavaRandom::new(seed).next_double(), double, "{seed}");
        }
        for (seed, normal) in [(42, 1.141_905_315_473_054_7), (0, 0.802_533_063_739_030_5)] {
            assert!((JavaRandom::new(seed).next_gaussian() - normal).abs() < 1e-15, "{seed}");
        }
    }
}
