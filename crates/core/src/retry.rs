//! Whether to try again: pure functions of what happened and what is allowed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::operation::OperationInfo;

/// How far an attempt got, which is all that a retry may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No byte of the request left.
    NotSent,
    /// The provider refused it before any work, for a reason that may pass.
    Refused(Passing),
    /// It may have run.
    Unknown,
    /// Trying again cannot help.
    Final,
}

/// Reasons for a refusal that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Too many requests.
    Throttled,
    /// The time stamp was off. Helped by a correction that was not in use yet.
    Clock { corrected: bool },
    /// The nonce was seen before.
    Nonce,
    /// The token has expired. Helped by another one.
    Token { renewable: bool },
}

/// What the caller allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) attempts: u32,
    pub(crate) retry_metered: bool,
    pub(crate) retry_writes: bool,
}

/// What has been tried in this call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tried {
    /// Attempts that are over.
    pub(crate) attempts: u32,
    pub(crate) clock: bool,
    pub(crate) nonce: bool,
    pub(crate) token: bool,
}

/// How long to pause before another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// After a passing fault.
    Transient,
    /// After a throttled request.
    Throttled,
}

/// Whether to try again, and after what kind of pause.
pub(crate) fn decide(
    outcome: Outcome,
    info: &OperationInfo,
    tried: Tried,
    policy: &Policy,
) -> Option<Pause> {
    if tried.attempts >= policy.attempts {
        return None;
    }
    // The caller's word stands for a repeat of what may cost or change something.
    let opted_in = (!info.metered || policy.retry_metered)
        && (info.metered || info.repeatable() || policy.retry_writes);
    let refused_is_free = !info.metered || policy.retry_metered;
    match outcome {
        Outcome::NotSent => Some(Pause::Transient),
        Outcome::Refused(Passing::Throttled) => refused_is_free.then_some(Pause::Throttled),
        Outcome::Refused(Passing::Clock { corrected }) => {
            (refused_is_free && corrected && !tried.clock).then_some(Pause::Transient)
        }
        Outcome::Refused(Passing::Token { renewable }) => {
            (refused_is_free && renewable && !tried.token).then_some(Pause::Transient)
        }
        // A used nonce may be the trace of a first request that did run.
        Outcome::Refused(Passing::Nonce) => (opted_in && !tried.nonce).then_some(Pause::Transient),
        Outcome::Unknown => (info.repeatable() || opted_in).then_some(Pause::Transient),
        Outcome::Final => None,
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(20);
const HINT_LEEWAY: Duration = Duration::from_secs(5);

/// The pause before attempt `attempts + 1`: random below a bound that doubles, and what the
/// provider asks for, within reason.
pub(crate) fn delay(
    pause: Pause,
    attempts: u32,
    fraction: f64,
    hint: Option<Duration>,
) -> Duration {
    let base = match pause {
        Pause::Transient => Duration::from_millis(50),
        Pause::Throttled => Duration::from_secs(1),
    };
    let doublings = attempts.saturating_sub(1).min(31);
    let bound = base.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let delay = bound.mul_f64(fraction.clamp(0.0, 1.0));
    hint.map_or(delay, |hint| hint.clamp(delay, delay + HINT_LEEWAY))
}

/// Tokens that retries are paid with, shared by the clones of a client: when everything fails,
/// retries dry up instead of multiplying the load. A first attempt is never held up.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU32,
    full: u32,
}

/// The tokens of a client that is told nothing else.
pub(crate) const FULL: u32 = 500;

impl Budget {
    /// A budget of so many tokens.
    pub(crate) fn new(full: u32) -> Self {
        Self {
            left: AtomicU32::new(full),
            full,
        }
    }

    /// Pays for a retry; the price, or nothing if there is too little left.
    pub(crate) fn pay(&self, pause: Pause) -> Option<u32> {
        let price = match pause {
            Pause::Transient => 14,
            Pause::Throttled => 5,
        };
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
                left.checked_sub(price)
            })
            .ok()
            .map(|_| price)
    }

    /// A success: the price of the retry that led to it comes back, else one token.
    pub(crate) fn success(&self, paid: Option<u32>) {
        self.refund(paid.unwrap_or(1));
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
    use crate::operation::{Method, Service};

    static SERVICE: Service = Service::new("p", "s", "h");
    const WRITE: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
    const READ: OperationInfo = WRITE.reads();
    const METERED: OperationInfo = READ.metered();
    const IDEMPOTENT: OperationInfo = WRITE.idempotent();
    const POLICY: Policy = Policy {
        attempts: 3,
        retry_metered: false,
        retry_writes: false,
    };

    #[test]
    fn what_is_tried_again() {
        use Outcome::*;
        use Passing::*;
        let clock = Refused(Clock { corrected: true });
        let token = Refused(Token { renewable: true });
        // outcome: read, write, metered, and metered and write with the caller's word
        for (outcome, want) in [
            (NotSent, [true, true, true, true, true]),
            (Refused(Throttled), [true, true, false, true, true]),
            (clock, [true, true, false, true, true]),
            (token, [true, true, false, true, true]),
            (Refused(Nonce), [true, false, false, true, true]),
            (Unknown, [true, false, false, true, true]),
            (Final, [false, false, false, false, false]),
            (
                Refused(Clock { corrected: false }),
                [false, false, false, false, false],
            ),
            (
                Refused(Token { renewable: false }),
                [false, false, false, false, false],
            ),
        ] {
            let tried = Tried {
                attempts: 1,
                ..Tried::default()
            };
            let metered_word = Policy {
                retry_metered: true,
                ..POLICY
            };
            let write_word = Policy {
                retry_writes: true,
                ..POLICY
            };
            let again = [
                decide(outcome, &READ, tried, &POLICY).is_some(),
                decide(outcome, &WRITE, tried, &POLICY).is_some(),
                decide(outcome, &METERED, tried, &POLICY).is_some(),
                decide(outcome, &METERED, tried, &metered_word).is_some(),
                decide(outcome, &WRITE, tried, &write_word).is_some(),
            ];
            assert_eq!(again, want, "{outcome:?}");
        }
        let tried = Tried {
            attempts: 1,
            ..Tried::default()
        };
        assert!(decide(Unknown, &IDEMPOTENT, tried, &POLICY).is_some());
        let wrong_word = Policy {
            retry_metered: true,
            ..POLICY
        };
        assert!(
            decide(Unknown, &WRITE, tried, &wrong_word).is_none(),
            "a word for one is none for the other"
        );
    }

    #[test]
    fn attempts_are_counted_and_corrections_made_once() {
        let spent = Tried {
            attempts: 3,
            ..Tried::default()
        };
        assert!(decide(Outcome::NotSent, &READ, spent, &POLICY).is_none());
        let single = Policy {
            attempts: 1,
            ..POLICY
        };
        assert!(
            decide(
                Outcome::NotSent,
                &READ,
                Tried {
                    attempts: 1,
                    ..Tried::default()
                },
                &single
            )
            .is_none()
        );
        let tried = Tried {
            attempts: 1,
            clock: true,
            nonce: true,
            token: true,
        };
        for passing in [
            Passing::Clock { corrected: true },
            Passing::Nonce,
            Passing::Token { renewable: true },
        ] {
            assert!(decide(Outcome::Refused(passing), &READ, tried, &POLICY).is_none());
        }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_follow_hints_within_reason() {
        let ms = Duration::from_millis;
        assert_eq!(delay(Pause::Transient, 1, 1.0, None), ms(50));
        assert_eq!(delay(Pause::Transient, 2, 1.0, None), ms(100));
        assert_eq!(delay(Pause::Transient, 2, 0.5, None), ms(50));
        assert_eq!(delay(Pause::Throttled, 1, 1.0, None), ms(1000));
        assert_eq!(delay(Pause::Throttled, 2, 1.0, None), ms(2000));
        assert_eq!(delay(Pause::Throttled, 80, 1.0, None), LONGEST_PAUSE);
        assert_eq!(delay(Pause::Throttled, u32::MAX, 0.0, None), ms(0));
        let hinted = |hint| delay(Pause::Throttled, 1, 1.0, Some(hint));
        assert_eq!(hinted(ms(2000)), ms(2000));
        assert_eq!(hinted(ms(10)), ms(1000));
        assert_eq!(hinted(Duration::from_secs(315_360_000)), ms(6000));
    }

    #[test]
    fn the_budget_runs_dry_and_fills_up_again() {
        let budget = Budget::new(FULL);
        let mut paid = 0;
        while budget.pay(Pause::Transient).is_some() {
            paid += 1;
        }
        assert_eq!(paid, 35);
        assert_eq!(budget.pay(Pause::Throttled), Some(5), "10 were left");
        assert_eq!(budget.pay(Pause::Throttled), Some(5));
        assert_eq!(budget.pay(Pause::Throttled), None);
        budget.success(Some(5));
        assert_eq!(budget.pay(Pause::Throttled), Some(5));
        for _ in 0..5 {
            budget.success(None);
        }
        assert_eq!(budget.pay(Pause::Throttled), Some(5));
        budget.refund(10_000);
        assert_eq!(
            budget.left.load(Ordering::Relaxed),
            FULL,
            "never more than full"
        );
    }
}
