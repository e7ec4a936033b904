//! Deterministic random numbers: everything that a sandbox generates follows from one seed.

/// The seed of all randomness in a sandbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(pub u64);

/// One independent sequence of random numbers for each kind of generated data, so that two draws
/// for the same customer are unrelated.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Persona = 1,
    Name,
    Joined,
    Credit,
    Left,
    Contact,
    Ids,
    RequestId,
    Fault,
    Chaos,
    Account,
    Token,
    Report,
}

impl Seed {
    /// The random number at `index` of the stream.
    pub(crate) fn draw(self, stream: Stream, index: u64) -> u64 {
        let start = splitmix64(self.0 ^ splitmix64(stream as u64));
        splitmix64(start.wrapping_add(index.wrapping_mul(GOLDEN)))
    }

    /// Two draws, formatted as a UUID.
    pub(crate) fn uuid(self, stream: Stream, index: u64) -> String {
        let high = self.draw(stream, index * 2);
        let low = self.draw(stream, index * 2 + 1);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff,
        )
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// One step of the splitmix64 generator.
pub(crate) fn splitmix64(state: u64) -> u64 {
    let mut word = state.wrapping_add(GOLDEN);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

/// A hash of `bytes` that is the same on every machine and in every release. It is not
/// cryptographic.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |sum, byte| {
        splitmix64(sum ^ u64::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_equals_the_reference_implementation() {
        // First outputs of the reference implementation for the state 1234567.
        assert_eq!(splitmix64(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(
            splitmix64(1_234_567u64.wrapping_add(GOLDEN)),
            3_203_168_211_198_807_973
        );
    }
}
