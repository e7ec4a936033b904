//! Decides whether a call is retried, after what pause, and at what price.

use std::time::Duration;

use time::OffsetDateTime;

use crate::activity::Current;
use crate::attempt_error::{AttemptError, Outcome, Passing};
use crate::error::ErrorKind;
use crate::operation::OperationInfo;
use crate::provider::RawResponse;
use crate::retry_budget::{Budget, THROTTLED_PRICE, TRANSIENT_PRICE};
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
pub(crate) struct Tried {
    /// The number of attempts that have ended.
    pub(crate) attempts: u32,
    /// Whether a retry with a corrected time was made.
    pub(crate) clock: bool,
    /// Whether a retry with a new nonce was made.
    pub(crate) nonce: bool,
    /// Whether a retry with a new token was made.
    pub(crate) token: bool,
}

/// The kind of pause before a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// After a transient error.
    Transient,
    /// After a throttled request.
    Throttled,
}

impl Pause {
    /// The tokens that the retry costs.
    pub(crate) fn price(self) -> u32 {
        match self {
            Self::Transient => TRANSIENT_PRICE,
            Self::Throttled => THROTTLED_PRICE,
        }
    }
}

/// Decides whether the call is retried, and after what kind of pause.
pub(crate) fn decide(
    outcome: Outcome,
    info: &OperationInfo,
    tried: Tried,
    policy: &Policy,
) -> Option<Pause> {
    if tried.attempts >= policy.attempts {
        return None;
    }
    // Repeating a call that is billed or has side effects requires the caller's opt-in.
    let may_repeat = match (info.metered, info.repeatable()) {
        (true, _) => policy.retry_metered,
        (false, true) => true,
        (false, false) => policy.retry_writes,
    };
    // A refusal before any work changes nothing, but may be billed.
    let may_repeat_refused = !info.metered || policy.retry_metered;
    match outcome {
        Outcome::NotSent => Some(Pause::Transient),
        Outcome::Refused(Passing::Throttled) => may_repeat_refused.then_some(Pause::Throttled),
        Outcome::Refused(Passing::Clock { corrected }) => {
            (may_repeat_refused && corrected && !tried.clock).then_some(Pause::Transient)
        }
        Outcome::Refused(Passing::Token { renewable }) => {
            (may_repeat_refused && renewable && !tried.token).then_some(Pause::Transient)
        }
        // A known nonce can mean that an earlier request with it did run.
        Outcome::Refused(Passing::Nonce) => {
            (may_repeat && !tried.nonce).then_some(Pause::Transient)
        }
        Outcome::Unknown => may_repeat.then_some(Pause::Transient),
        Outcome::Final => None,
    }
}

/// The upper bound of the first pause after a transient error.
const TRANSIENT_BASE: Duration = Duration::from_millis(50);

/// The upper bound of the first pause after a throttled request.
const THROTTLED_BASE: Duration = Duration::from_secs(1);

/// The largest upper bound of a pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// By how much a provider's hint can extend a pause.
const HINT_LEEWAY: Duration = Duration::from_secs(5);

/// Computes the pause before attempt `attempts + 1`: exponential backoff with full jitter, extended to
/// the provider's hint by at most [`HINT_LEEWAY`].
pub(crate) fn delay(
    pause: Pause,
    attempts: u32,
    fraction: f64,
    hint: Option<Duration>,
) -> Duration {
    let base = match pause {
        Pause::Transient => TRANSIENT_BASE,
        Pause::Throttled => THROTTLED_BASE,
    };
    let doublings = attempts.saturating_sub(1).min(u32::BITS - 1);
    let bound = base.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let delay = bound.mul_f64(fraction.clamp(0.0, 1.0));
    hint.map_or(delay, |hint| hint.clamp(delay, delay + HINT_LEEWAY))
}

/// Parses `Retry-After`, as seconds or as a date.
pub(crate) fn retry_after(response: &RawResponse, now: OffsetDateTime) -> Option<Duration> {
    let text = response.header("retry-after")?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = OffsetDateTime::from(httpdate::parse_http_date(text).ok()?);
    (then - now).try_into().ok()
}

/// One attempt of a call: how to make it, and how far it got.
pub(crate) struct Attempt<'b> {
    pub(crate) connection: Connection,
    /// The price of a retry, until the attempt is sent.
    pub(crate) price: Option<Price<'b>>,
    /// The price that was paid when the attempt was sent.
    pub(crate) paid: Option<u32>,
    /// Whether the request was given to the transport, so that the attempt counts.
    pub(crate) sent: bool,
    /// Whether an earlier attempt of the call was refused for its time.
    pub(crate) after_clock: bool,
    /// The entry in the activity log from the start to the end of the attempt.
    pub(crate) current: Option<Current>,
}

impl<'b> Attempt<'b> {
    pub(crate) fn first(info: &OperationInfo) -> Self {
        Self {
            connection: connection_for(info),
            price: None,
            paid: None,
            sent: false,
            after_clock: false,
            current: None,
        }
    }

    pub(crate) fn after(
        info: &OperationInfo,
        error: &AttemptError,
        price: Price<'b>,
        tried: Tried,
    ) -> Self {
        let first = Self::first(info);
        Self {
            connection: connection_after(error.kind).unwrap_or(first.connection),
            price: Some(price),
            after_clock: tried.clock,
            ..first
        }
    }
}

/// The connection of a first attempt. A call that cannot be repeated gets a connection of its own: on
/// one that the server is closing, it may have run; and on one with a surplus response of another call,
/// the caller would pay for a wrong result.
fn connection_for(info: &OperationInfo) -> Connection {
    if info.repeatable() {
        Connection::Any
    } else {
        Connection::Fresh
    }
}

/// The connection of a retry: if a connection broke or timed out, other idle ones may be broken too.
fn connection_after(kind: ErrorKind) -> Option<Connection> {
    match kind {
        ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Transport | ErrorKind::Timeout => {
            Some(Connection::Fresh)
        }
        _ => None,
    }
}

/// The tokens paid for a retry that is not sent yet. Dropped, it refunds them.
pub(crate) struct Price<'b> {
    pub(crate) budget: &'b Budget,
    pub(crate) tokens: u32,
    pub(crate) wait: Duration,
}

impl Price<'_> {
    pub(crate) fn spend(mut self) -> u32 {
        std::mem::take(&mut self.tokens)
    }
}

impl Drop for Price<'_> {
    fn drop(&mut self) {
        self.budget.refund(self.tokens);
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use time::macros::datetime;

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
        use Passing::*;
        let clock = Refused(Clock { corrected: true });
        let token = Refused(Token { renewable: true });
        // outcome: read, write, metered; metered with opt-in, write with opt-in
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
            let with_metered = Policy {
                retry_metered: true,
                ..POLICY
            };
            let with_writes = Policy {
                retry_writes: true,
                ..POLICY
            };
            let again = [
                decide(outcome, &READ, tried, &POLICY).is_some(),
                decide(outcome, &WRITE, tried, &POLICY).is_some(),
                decide(outcome, &METERED, tried, &POLICY).is_some(),
                decide(outcome, &METERED, tried, &with_metered).is_some(),
                decide(outcome, &WRITE, tried, &with_writes).is_some(),
            ];
            assert_eq!(again, want, "{outcome:?}");
        }
        let tried = Tried {
            attempts: 1,
            ..Tried::default()
        };
        assert!(decide(Unknown, &IDEMPOTENT, tried, &POLICY).is_some());
        let with_metered = Policy {
            retry_metered: true,
            ..POLICY
        };
        assert!(
            decide(Unknown, &WRITE, tried, &with_metered).is_none(),
            "the opt-in for metered calls does not cover writes"
        );
    }

    #[test]
    fn retry_beyond_the_attempts_or_a_second_correction_is_refused() {
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
    fn pauses_double_up_to_a_bound_and_hints_extend_them_up_to_a_leeway() {
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

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

    fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> RawResponse {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        RawResponse::new(status, HeaderMap::from_iter(headers), body.as_bytes())
    }

    #[test]
    fn retry_after_a_broken_connection_uses_a_fresh_one() {
        for kind in [
            ErrorKind::Connect,
            ErrorKind::Tls,
            ErrorKind::Transport,
            ErrorKind::Timeout,
        ] {
            assert_eq!(connection_after(kind), Some(Connection::Fresh));
        }
        for kind in [ErrorKind::Server, ErrorKind::Throttled, ErrorKind::Clock] {
            assert_eq!(connection_after(kind), None);
        }
    }

    #[test]
    fn retry_after_is_parsed_in_both_forms_and_malformed_ones_are_ignored() {
        for (text, want) in [
            ("2", Some(2)),
            (" 0 ", Some(0)),
            ("Sat, 21 Nov 2026 12:00:03 GMT", Some(3)),
            ("Sat, 21 Nov 2026 11:59:59 GMT", None),
            ("Fri, 21 Nov 2036 12:00:00 GMT", Some(315_619_200)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("", None),
            ("abc", None),
        ] {
            let hint = retry_after(&response(503, &[("retry-after", text)], ""), NOW);
            assert_eq!(hint, want.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&response(503, &[], ""), NOW), None);
    }
}
