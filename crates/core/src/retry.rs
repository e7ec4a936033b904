//! Decides whether a call is retried, after what pause, on which connection.

use std::time::Duration;

use crate::attempt_error::{Outcome, Rejection};
use crate::error::ErrorKind;
use crate::operation::OperationInfo;
use crate::retry_budget::{THROTTLED_COST, TRANSIENT_COST};
use crate::transport::Connection;

/// The retries that the caller allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// The largest number of attempts.
    pub(crate) attempts: u32,
    pub(crate) retry_metered: bool,
    pub(crate) retry_writes: bool,
}

/// What a call has tried so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RetryState {
    /// The number of attempts that were given to the transport.
    pub(crate) attempts: u32,
    /// Whether the call was retried with a corrected time.
    pub(crate) clock_retried: bool,
    /// Whether the call was retried with a new nonce.
    pub(crate) nonce_retried: bool,
    /// Whether the call was retried with a new token.
    pub(crate) token_retried: bool,
}

impl RetryState {
    /// Records a retry after an attempt with this outcome. Each of the three reasons below is retried
    /// once; see [`retry_reason`].
    pub(crate) fn record(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Rejected(Rejection::Clock { .. }) => self.clock_retried = true,
            Outcome::Rejected(Rejection::NonceReplayed) => self.nonce_retried = true,
            Outcome::Rejected(Rejection::TokenExpired { .. }) => self.token_retried = true,
            _ => {}
        }
    }
}

/// Why a call is retried; it decides the pause before the retry, and its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryReason {
    /// A transient error.
    Transient,
    /// Too many requests.
    Throttled,
}

impl RetryReason {
    /// The tokens that the retry costs.
    pub(crate) fn cost(self) -> u32 {
        match self {
            Self::Transient => TRANSIENT_COST,
            Self::Throttled => THROTTLED_COST,
        }
    }
}

/// Decides whether the client itself retries a call after an attempt, and why; `None` means no retry.
pub(crate) fn retry_reason(
    outcome: Outcome,
    info: &OperationInfo,
    state: RetryState,
    policy: &Policy,
) -> Option<RetryReason> {
    if state.attempts >= policy.attempts {
        return None;
    }
    // Repeating a call that is billed or has side effects requires the caller's opt-in.
    let billing_allowed = !info.metered || policy.retry_metered;
    let effect_allowed = info.repeat_changes_nothing() || policy.retry_writes;
    let may_repeat = billing_allowed && effect_allowed;
    // A rejection before any work changes nothing, but may be billed.
    let may_repeat_rejected = billing_allowed;
    let (reason, allowed) = match outcome {
        Outcome::NotSent => (RetryReason::Transient, true),
        Outcome::Rejected(Rejection::Throttled) => (RetryReason::Throttled, may_repeat_rejected),
        Outcome::Rejected(Rejection::Clock { corrected }) => (
            RetryReason::Transient,
            may_repeat_rejected && corrected && !state.clock_retried,
        ),
        Outcome::Rejected(Rejection::TokenExpired { renewable }) => (
            RetryReason::Transient,
            may_repeat_rejected && renewable && !state.token_retried,
        ),
        // A known nonce can mean that an earlier request with it did run.
        Outcome::Rejected(Rejection::NonceReplayed) => {
            (RetryReason::Transient, may_repeat && !state.nonce_retried)
        }
        Outcome::Unknown => (RetryReason::Transient, may_repeat),
        Outcome::Final => (RetryReason::Transient, false),
    };
    allowed.then_some(reason)
}

/// Whether a later retry by the caller is reasonable and safe. Unlike [`retry_reason`], it does not
/// depend on what the caller allows the client, nor on the retries that were made.
pub(crate) fn is_retryable(outcome: Outcome, info: &OperationInfo) -> bool {
    match outcome {
        Outcome::NotSent | Outcome::Rejected(Rejection::Throttled) => true,
        Outcome::Unknown | Outcome::Rejected(Rejection::NonceReplayed) => info.repeatable(),
        Outcome::Rejected(Rejection::Clock { corrected }) => corrected,
        Outcome::Rejected(Rejection::TokenExpired { renewable }) => renewable,
        Outcome::Final => false,
    }
}

/// The upper bound of the first pause after a transient error.
const TRANSIENT_BASE: Duration = Duration::from_millis(50);

/// The upper bound of the first pause after a throttled request.
const THROTTLED_BASE: Duration = Duration::from_secs(1);

/// The largest upper bound of a pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// By how much the wait that a provider asks for can extend a pause. After a longer one the retry comes
/// earlier than the provider asks, because one response must not hold a call for minutes.
const RETRY_AFTER_LEEWAY: Duration = Duration::from_secs(5);

/// Computes the pause before attempt `attempts + 1`: exponential backoff with full jitter, extended to
/// the wait that the provider asks for, by at most [`RETRY_AFTER_LEEWAY`].
pub(crate) fn pause(
    reason: RetryReason,
    attempts: u32,
    fraction: f64,
    retry_after: Option<Duration>,
) -> Duration {
    let base = match reason {
        RetryReason::Transient => TRANSIENT_BASE,
        RetryReason::Throttled => THROTTLED_BASE,
    };
    let doublings = attempts.saturating_sub(1).min(u32::BITS - 1);
    let bound = base.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let pause = bound.mul_f64(fraction.clamp(0.0, 1.0));
    retry_after.map_or(pause, |wait| wait.clamp(pause, pause + RETRY_AFTER_LEEWAY))
}

/// The connection of a first attempt. A call that cannot be repeated gets a connection of its own: on
/// one that the server is closing, it may have run; and on one with a surplus response of another call,
/// the caller would pay for a wrong result.
pub(crate) fn first_connection(info: &OperationInfo) -> Connection {
    if info.repeatable() {
        Connection::Pooled
    } else {
        Connection::Fresh
    }
}

/// The connection of a retry: if a connection broke or timed out, other idle ones may be broken too.
pub(crate) fn next_connection(info: &OperationInfo, kind: ErrorKind) -> Connection {
    match kind {
        ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Transport | ErrorKind::Timeout => {
            Connection::Fresh
        }
        _ => first_connection(info),
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
    fn outcome_effect_and_policy_decide_about_a_retry() {
        use Outcome::*;
        use Rejection::*;
        let clock = Rejected(Clock { corrected: true });
        let token = Rejected(TokenExpired { renewable: true });
        // outcome: read, write, metered; metered with opt-in, write with opt-in
        for (outcome, want) in [
            (NotSent, [true, true, true, true, true]),
            (Rejected(Throttled), [true, true, false, true, true]),
            (clock, [true, true, false, true, true]),
            (token, [true, true, false, true, true]),
            (Rejected(NonceReplayed), [true, false, false, true, true]),
            (Unknown, [true, false, false, true, true]),
            (Final, [false, false, false, false, false]),
            (
                Rejected(Clock { corrected: false }),
                [false, false, false, false, false],
            ),
            (
                Rejected(TokenExpired { renewable: false }),
                [false, false, false, false, false],
            ),
        ] {
            let state = RetryState {
                attempts: 1,
                ..RetryState::default()
            };
            let with_metered = Policy {
                retry_metered: true,
                ..POLICY
            };
            let with_writes = Policy {
                retry_writes: true,
                ..POLICY
            };
            let again = [
                retry_reason(outcome, &READ, state, &POLICY).is_some(),
                retry_reason(outcome, &WRITE, state, &POLICY).is_some(),
                retry_reason(outcome, &METERED, state, &POLICY).is_some(),
                retry_reason(outcome, &METERED, state, &with_metered).is_some(),
                retry_reason(outcome, &WRITE, state, &with_writes).is_some(),
            ];
            assert_eq!(again, want, "{outcome:?}");
        }
        let state = RetryState {
            attempts: 1,
            ..RetryState::default()
        };
        assert!(retry_reason(Unknown, &IDEMPOTENT, state, &POLICY).is_some());
        let with_metered = Policy {
            retry_metered: true,
            ..POLICY
        };
        assert!(
            retry_reason(Unknown, &WRITE, state, &with_metered).is_none(),
            "the opt-in for metered calls does not cover writes"
        );
        let metered_write = WRITE.metered();
        let both = Policy {
            retry_writes: true,
            ..with_metered
        };
        let with_writes = Policy {
            retry_writes: true,
            ..POLICY
        };
        for (policy, want) in [(with_metered, false), (with_writes, false), (both, true)] {
            let again = retry_reason(Unknown, &metered_write, state, &policy);
            assert_eq!(again.is_some(), want, "{policy:?}");
        }
    }

    #[test]
    fn retry_beyond_the_attempts_or_a_second_correction_is_refused() {
        let spent = RetryState {
            attempts: 3,
            ..RetryState::default()
        };
        assert!(retry_reason(Outcome::NotSent, &READ, spent, &POLICY).is_none());
        let single = Policy {
            attempts: 1,
            ..POLICY
        };
        assert!(
            retry_reason(
                Outcome::NotSent,
                &READ,
                RetryState {
                    attempts: 1,
                    ..RetryState::default()
                },
                &single
            )
            .is_none()
        );
        let state = RetryState {
            attempts: 1,
            clock_retried: true,
            nonce_retried: true,
            token_retried: true,
        };
        for rejection in [
            Rejection::Clock { corrected: true },
            Rejection::NonceReplayed,
            Rejection::TokenExpired { renewable: true },
        ] {
            assert!(retry_reason(Outcome::Rejected(rejection), &READ, state, &POLICY).is_none());
        }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_waits_extend_them_up_to_a_leeway() {
        let ms = Duration::from_millis;
        assert_eq!(pause(RetryReason::Transient, 1, 1.0, None), ms(50));
        assert_eq!(pause(RetryReason::Transient, 2, 1.0, None), ms(100));
        assert_eq!(pause(RetryReason::Transient, 2, 0.5, None), ms(50));
        assert_eq!(pause(RetryReason::Throttled, 1, 1.0, None), ms(1000));
        assert_eq!(pause(RetryReason::Throttled, 2, 1.0, None), ms(2000));
        assert_eq!(pause(RetryReason::Throttled, 80, 1.0, None), LONGEST_PAUSE);
        assert_eq!(pause(RetryReason::Throttled, u32::MAX, 0.0, None), ms(0));
        let with_wait = |wait| pause(RetryReason::Throttled, 1, 1.0, Some(wait));
        assert_eq!(with_wait(ms(2000)), ms(2000));
        assert_eq!(with_wait(ms(10)), ms(1000));
        assert_eq!(with_wait(Duration::from_secs(315_360_000)), ms(6000));
    }

    #[test]
    fn retry_after_a_broken_connection_uses_a_fresh_one() {
        for kind in [
            ErrorKind::Connect,
            ErrorKind::Tls,
            ErrorKind::Transport,
            ErrorKind::Timeout,
        ] {
            assert_eq!(next_connection(&READ, kind), Connection::Fresh);
        }
        for kind in [ErrorKind::Server, ErrorKind::Throttled, ErrorKind::Clock] {
            assert_eq!(next_connection(&READ, kind), Connection::Pooled);
            assert_eq!(next_connection(&WRITE, kind), Connection::Fresh);
        }
    }

    #[test]
    fn later_retry_is_safe_only_if_the_call_cannot_have_run_or_is_repeatable() {
        for (outcome, read, write) in [
            (Outcome::NotSent, true, true),
            (Outcome::Rejected(Rejection::Throttled), true, true),
            (Outcome::Rejected(Rejection::NonceReplayed), true, false),
            (
                Outcome::Rejected(Rejection::Clock { corrected: false }),
                false,
                false,
            ),
            (
                Outcome::Rejected(Rejection::Clock { corrected: true }),
                true,
                true,
            ),
            (
                Outcome::Rejected(Rejection::TokenExpired { renewable: false }),
                false,
                false,
            ),
            (
                Outcome::Rejected(Rejection::TokenExpired { renewable: true }),
                true,
                true,
            ),
            (Outcome::Unknown, true, false),
            (Outcome::Final, false, false),
        ] {
            assert_eq!(is_retryable(outcome, &READ), read, "{outcome:?}");
            assert_eq!(is_retryable(outcome, &WRITE), write, "{outcome:?}");
            assert_eq!(is_retryable(outcome, &READ.metered()), write, "{outcome:?}");
        }
    }
}
