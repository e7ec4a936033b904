//! How a list changes while it is walked.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

/// How many items back a repetition is noticed.
const ITEMS_REMEMBERED: usize = 2048;

/// How a list changed while it was walked. Items that are added or removed shift the others from page
/// to page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// How often the total differed from that of the page before.
    pub totals_changed: u64,
    /// Items that were delivered a second time, among the last 2048 different ones.
    pub items_repeated: u64,
    /// Pages that were read again because items before them had been removed.
    pub pages_read_again: u64,
}

impl Drift {
    /// Whether no change was noticed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The fingerprints of the latest items, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct RecentItems {
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl RecentItems {
    /// Remembers items and returns how many of them were known.
    pub(super) fn repeated(&mut self, fingerprints: &[u64]) -> u64 {
        let mut repeated = 0;
        for &item in fingerprints {
            if !self.known.insert(item) {
                repeated += 1;
                continue;
            }
            self.order.push_back(item);
            if self.order.len() > ITEMS_REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        repeated
    }
}

/// The fingerprint of an item's JSON, or `None` if the item cannot be written as JSON.
pub(super) fn fingerprint<T: Serialize>(item: &T) -> Option<u64> {
    serde_json::to_vec(item).ok().map(|json| hash(&json))
}

pub(super) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_items_are_counted_in_bounded_memory() {
        let mut recent = RecentItems::default();
        assert_eq!(recent.repeated(&[1, 2, 3, 2]), 1);
        let many: Vec<u64> = (10..10 + 2 * ITEMS_REMEMBERED as u64).collect();
        assert_eq!(recent.repeated(&many), 0);
        assert_eq!(recent.known.len(), ITEMS_REMEMBERED);
        assert_eq!(recent.repeated(&[1]), 0, "too long ago");
    }

    #[test]
    fn item_that_cannot_be_written_has_no_fingerprint() {
        let unwritable = std::collections::BTreeMap::from([(vec![1], 1)]);
        assert_eq!(fingerprint(&unwritable), None);
        assert_eq!(fingerprint(&1), fingerprint(&1));
        assert_ne!(fingerprint(&1), fingerprint(&2));
    }
}
