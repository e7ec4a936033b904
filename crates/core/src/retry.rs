//! Whether to try again, after what pause, at what price.

use std::time::Duration;

use time::OffsetDateTime;

use crate::activity::Current;
use crate::attempt_error::{AttemptError, Outcome, Passing};
use crate::error::ErrorKind;
use crate::operation::OperationInfo;
use crate::provider::RawResponse;
use crate::retry_budget::{Budget, THROTTLED_PRICE, TRANSIENT_PRICE};
use crate::transport::Connection;

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

impl Pause {
    /// The tokens that the retry costs.
    pub(crate) fn price(self) -> u32 {
        match self {
            Self::Transient => TRANSIENT_PRICE,
            Self::Throttled => THROTTLED_PRICE,
        }
    }
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

/// The bound of the first pause after a passing fault.
const TRANSIENT_BASE: Duration = Duration::from_millis(50);

/// The bound of the first pause after a throttled request.
const THROTTLED_BASE: Duration = Duration::from_secs(1);

/// The bound stops doubling here.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How much longer than the computed pause a hint of the provider can make it.
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
        Pause::Transient => TRANSIENT_BASE,
        Pause::Throttled => THROTTLED_BASE,
    };
    let doublings = attempts.saturating_sub(1).min(31);
    let bound = base.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let delay = bound.mul_f64(fraction.clamp(0.0, 1.0));
    hint.map_or(delay, |hint| hint.clamp(delay, delay + HINT_LEEWAY))
}

/// `Retry-After` in its two forms.
pub(crate) fn retry_after(answer: &RawResponse, now: OffsetDateTime) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = OffsetDateTime::from(httpdate::parse_http_date(text).ok()?);
    (then - now).try_into().ok()
}

/// One attempt of a call: how it is to be made, and what came of that.
pub(crate) struct Attempt<'b> {
    pub(crate) connection: Connection,
    /// What it costs if it is a further one, until it is sent.
    pub(crate) price: Option<Price<'b>>,
    /// What it did cost.
    pub(crate) paid: Option<u32>,
    /// It counts: something was given to the transport.
    pub(crate) sent: bool,
    /// An earlier one of this call was refused for its time.
    pub(crate) after_clock: bool,
    /// From when it is sent until it ends.
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
        failure: &AttemptError,
        price: Price<'b>,
        tried: Tried,
    ) -> Self {
        let first = Self::first(info);
        Self {
            connection: connection_after(failure.kind).unwrap_or(first.connection),
            price: Some(price),
            after_clock: tried.clock,
            ..first
        }
    }
}

/// A call that cannot be repeated gets a connection of its own: on one that the server is closing it
/// might have run, and an answer left over from another call would be paid for.
fn connection_for(info: &OperationInfo) -> Connection {
    if info.repeatable() {
        Connection::Any
    } else {
        Connection::Fresh
    }
}

/// Where a connection broke, or never answered, the next attempt does not trust another old one.
fn connection_after(failure: ErrorKind) -> Option<Connection> {
    match failure {
        ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Transport | ErrorKind::Timeout => {
            Some(Connection::Fresh)
        }
        _ => None,
    }
}

/// Tokens paid for an attempt that is still to come; they come back if it never does.
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

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> RawResponse {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        RawResponse::new(status, HeaderMap::from_iter(headers), body.as_bytes())
    }

    #[test]
    fn a_broken_connection_is_followed_by_a_fresh_one() {
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
    fn hints_are_read_in_both_forms_and_nonsense_is_none() {
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
            let hint = retry_after(&answer(503, &[("retry-after", text)], ""), NOW);
            assert_eq!(hint, want.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&answer(503, &[], ""), NOW), None);
    }
}
