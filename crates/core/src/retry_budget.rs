//! The retry budget, a token bucket that every retry pays from.

use std::sync::atomic::{AtomicU32, Ordering};

/// The price of a retry after a transient error.
pub(crate) const TRANSIENT_PRICE: u32 = 14;

/// The price of a retry after a throttled request.
pub(crate) const THROTTLED_PRICE: u32 = 5;

/// The tokens that a success without a retry returns.
const SUCCESS_REFUND: u32 = 1;

/// The default number of tokens.
pub(crate) const FULL: u32 = 500;

/// Tokens that retries are paid with, shared by the clones of a client: when everything fails,
/// retries dry up instead of multiplying the load. A first attempt is never held up.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU32,
    full: u32,
}

impl Budget {
    /// A budget of `full` tokens.
    pub(crate) fn new(full: u32) -> Self {
        Self {
            left: AtomicU32::new(full),
            full,
        }
    }

    /// Pays for a retry; returns the price, or `None` if fewer tokens are left.
    pub(crate) fn pay(&self, price: u32) -> Option<u32> {
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                left.checked_sub(price)
            })
            .ok()
            .map(|_| price)
    }

    /// Refunds the price of the retry that succeeded, or one token for a success without a retry.
    pub(crate) fn success(&self, paid: Option<u32>) {
        self.refund(paid.unwrap_or(SUCCESS_REFUND));
    }

    /// Returns tokens, up to the full budget.
    pub(crate) fn refund(&self, tokens: u32) {
        let refilled = |left: u32| Some(left.saturating_add(tokens).min(self.full));
        // The closure never declines, so there is no failure to handle.
        let _ = self
            .left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, refilled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_budget_refuses_retries_until_successes_refill_it() {
        let budget = Budget::new(FULL);
        let mut paid = 0;
        while budget.pay(TRANSIENT_PRICE).is_some() {
            paid += 1;
        }
        assert_eq!(paid, 35);
        assert_eq!(budget.pay(THROTTLED_PRICE), Some(5), "10 were left");
        assert_eq!(budget.pay(THROTTLED_PRICE), Some(5));
        assert_eq!(budget.pay(THROTTLED_PRICE), None);
        budget.success(Some(5));
        assert_eq!(budget.pay(THROTTLED_PRICE), Some(5));
        for _ in 0..5 {
            budget.success(None);
        }
        assert_eq!(budget.pay(THROTTLED_PRICE), Some(5));
        budget.refund(10_000);
        assert_eq!(
            budget.left.load(Ordering::Relaxed),
            FULL,
            "never more than full"
        );
    }
}
