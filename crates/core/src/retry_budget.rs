//! The tokens that retries are paid with.

use std::sync::atomic::{AtomicU32, Ordering};

/// The price of a retry after a passing fault.
pub(crate) const TRANSIENT_PRICE: u32 = 14;

/// The price of a retry after a throttled request.
pub(crate) const THROTTLED_PRICE: u32 = 5;

/// What a success without a retry puts back.
const SUCCESS_REFUND: u32 = 1;

/// The tokens of a client that is told nothing else.
pub(crate) const FULL: u32 = 500;

/// Tokens that retries are paid with, shared by the clones of a client: when everything fails,
/// retries dry up instead of multiplying the load. A first attempt is never held up.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU32,
    full: u32,
}

impl Budget {
    /// A budget of so many tokens.
    pub(crate) fn new(full: u32) -> Self {
        Self {
            left: AtomicU32::new(full),
            full,
        }
    }

    /// Pays for a retry; the price, or nothing if there is too little left.
    pub(crate) fn pay(&self, price: u32) -> Option<u32> {
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                left.checked_sub(price)
            })
            .ok()
            .map(|_| price)
    }

    /// A success: the price of the retry that led to it comes back, else one token.
    pub(crate) fn success(&self, paid: Option<u32>) {
        self.refund(paid.unwrap_or(SUCCESS_REFUND));
    }

    /// Gives back what was paid for a retry that never went out.
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
    fn the_budget_runs_dry_and_fills_up_again() {
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
