//! The retry budget, a token bucket that every retry pays from.

use std::sync::atomic::{AtomicU32, Ordering};

/// The tokens of a retry after a transient error: the full budget pays for 35 of them in a row.
pub(crate) const TRANSIENT_COST: u32 = 14;

/// The tokens of a retry after a throttled request. It costs less, because the provider answers and the
/// pause before it is longer.
pub(crate) const THROTTLED_COST: u32 = 5;

/// The tokens that a success without a retry adds: in the long run, one call in 15 can be retried.
const SUCCESS_REFUND: u32 = 1;

/// The default number of tokens.
pub(crate) const FULL: u32 = 500;

/// Tokens that retries are paid with, shared by the clones of a client: when everything fails,
/// retries dry up instead of multiplying the load. A first attempt is never held up.
#[derive(Debug)]
pub(crate) struct Budget {
    available: AtomicU32,
    full: u32,
}

impl Budget {
    /// A budget of `full` tokens.
    pub(crate) fn new(full: u32) -> Self {
        Self {
            available: AtomicU32::new(full),
            full,
        }
    }

    /// Pays `tokens` for a retry, or returns `None` if fewer are available.
    pub(crate) fn pay(&self, tokens: u32) -> Option<Payment<'_>> {
        self.available
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |available| {
                available.checked_sub(tokens)
            })
            .ok()
            .map(|_| Payment {
                budget: self,
                tokens,
            })
    }

    /// Refunds the tokens of the retry that succeeded, or adds one for a success without a retry.
    pub(crate) fn success(&self, paid: Option<u32>) {
        self.refund(paid.unwrap_or(SUCCESS_REFUND));
    }

    /// Adds tokens, up to the full budget.
    fn refund(&self, tokens: u32) {
        let refilled = |available: u32| Some(available.saturating_add(tokens).min(self.full));
        // The closure never declines, so there is no failure to handle.
        let _ = self
            .available
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, refilled);
    }
}

/// The tokens paid for a retry that has not started yet. If it is dropped, they are refunded.
#[derive(Debug)]
pub(crate) struct Payment<'b> {
    budget: &'b Budget,
    tokens: u32,
}

impl Payment<'_> {
    /// Spends the tokens: the retry starts. Returns their number.
    pub(crate) fn spend(mut self) -> u32 {
        std::mem::take(&mut self.tokens)
    }
}

impl Drop for Payment<'_> {
    fn drop(&mut self) {
        self.budget.refund(self.tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_budget_refuses_retries_until_successes_refill_it() {
        let budget = Budget::new(FULL);
        let pay = |tokens| budget.pay(tokens).map(Payment::spend);
        let mut paid = 0;
        while pay(TRANSIENT_COST).is_some() {
            paid += 1;
        }
        assert_eq!(paid, 35);
        assert_eq!(pay(THROTTLED_COST), Some(5), "10 are available");
        assert_eq!(pay(THROTTLED_COST), Some(5));
        assert_eq!(pay(THROTTLED_COST), None);
        budget.success(Some(5));
        assert_eq!(pay(THROTTLED_COST), Some(5));
        for _ in 0..5 {
            budget.success(None);
        }
        drop(budget.pay(THROTTLED_COST));
        assert_eq!(
            pay(THROTTLED_COST),
            Some(5),
            "a payment that is not spent is refunded"
        );
        budget.refund(10_000);
        assert_eq!(
            budget.available.load(Ordering::Relaxed),
            FULL,
            "never more than full"
        );
    }
}
