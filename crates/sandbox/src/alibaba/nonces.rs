//! The nonces that were used while their signatures may be valid.

use std::collections::{HashSet, VecDeque};

/// Used nonces as 64-bit hashes: a million of them take a few tens of megabytes.
#[derive(Debug)]
pub(super) struct Nonces {
    /// How long a nonce is remembered, in seconds.
    lifetime: i64,
    seen: HashSet<u64>,
    /// The nonces and the seconds when they are forgotten, oldest first.
    expiry: VecDeque<(i64, u64)>,
}

impl Nonces {
    pub(super) fn new(lifetime: i64) -> Self {
        Self {
            lifetime,
            seen: HashSet::new(),
            expiry: VecDeque::new(),
        }
    }

    /// Returns whether the nonce is new, and remembers it.
    pub(super) fn insert(&mut self, nonce: u64, now: i64) -> bool {
        while let Some((end, old)) = self.expiry.front().copied()
            && end < now
        {
            self.expiry.pop_front();
            self.seen.remove(&old);
        }
        let new = self.seen.insert(nonce);
        if new {
            let end = now.saturating_add(self.lifetime);
            self.expiry.push_back((end, nonce));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonce_is_accepted_again_only_after_its_lifetime() {
        let mut nonces = Nonces::new(1_800);
        assert!(nonces.insert(1, 100));
        assert!(!nonces.insert(1, 100 + 1_800));
        assert!(nonces.insert(1, 101 + 1_800));
        assert_eq!((nonces.seen.len(), nonces.expiry.len()), (1, 1));
    }
}
