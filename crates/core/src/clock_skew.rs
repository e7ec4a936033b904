//! The correction of this machine's clock, learnt from the `Date` headers of responses.
//!
//! A correction counts as confirmed if a later response asks for the same one. If a request that was
//! signed with a correction is rejected for its time, the `Date` headers do not come from the clock that
//! checks signatures; the local clock is used then, until that is rejected as well.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::provider::RawResponse;

/// One instant by this machine's wall clock and monotonic clock, without a correction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockReading {
    pub(crate) utc: OffsetDateTime,
    pub(crate) elapsed: Duration,
}

/// The correction, which every response updates.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew(Mutex<Learnt>);

#[derive(Debug, Default)]
struct Learnt {
    millis: i64,
    /// The time of the last response that asked for the correction in use.
    confirmed: Option<ClockReading>,
    /// Whether dates are ignored: a request was rejected for a time that agreed with them.
    doubted: bool,
}

impl Learnt {
    fn learn(&mut self, measured: Option<i64>, now: ClockReading) {
        if let Some(skew) = measured.filter(|_| !self.doubted) {
            let agrees = skew.abs_diff(self.millis) < ClockSkew::SMALLEST.unsigned_abs();
            self.confirmed = agrees.then_some(now);
            self.millis = skew;
        }
    }

    /// Whether another correction was learnt since `used` was read.
    fn differs_from(&self, used: time::Duration) -> bool {
        (time::Duration::milliseconds(self.millis) - used)
            .whole_milliseconds()
            .unsigned_abs()
            >= u128::from(ClockSkew::SMALLEST.unsigned_abs())
    }
}

/// The times of a request that the provider rejected for its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RejectedTime {
    /// The correction that the request was signed with.
    pub(crate) used: time::Duration,
    /// The correction that the response's date asks for, in milliseconds.
    pub(crate) measured: Option<i64>,
    /// The time at which the response arrived.
    pub(crate) now: ClockReading,
    /// Whether an earlier attempt of the call was rejected for its time.
    pub(crate) clock_retried: bool,
}

impl ClockSkew {
    /// Smaller differences, in milliseconds, are attributed to the network.
    const SMALLEST: i64 = 30_000;
    /// Larger differences, in milliseconds, are attributed to the server's clock.
    const LARGEST: i64 = 24 * 60 * 60 * 1000;
    /// After a longer round trip the midpoint is too inaccurate.
    const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(15);
    /// How long a confirmation counts.
    const CONFIRMED_FOR: Duration = Duration::from_secs(60);

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time to add to this machine's clock.
    pub(crate) fn correction(&self) -> time::Duration {
        time::Duration::milliseconds(self.learnt().millis)
    }

    /// Whether a recent response confirmed the correction, and this machine's clock was not set since.
    pub(crate) fn is_confirmed(&self, now: ClockReading) -> bool {
        self.learnt().confirmed.is_some_and(|then| {
            let passed = now.elapsed.saturating_sub(then.elapsed);
            let set_by = (now.utc - then.utc - passed).unsigned_abs();
            passed < Self::CONFIRMED_FOR
                && set_by < Duration::from_millis(Self::SMALLEST.unsigned_abs())
        })
    }

    /// The correction that a response asks for, in milliseconds. `now` is read after the response: if the
    /// clock was set meanwhile, its new time counts.
    pub(crate) fn measure(
        response: &RawResponse,
        now: OffsetDateTime,
        round_trip: Duration,
    ) -> Option<i64> {
        // A response from a cache has an old date.
        if response.header("age").is_some() {
            return None;
        }
        let date = httpdate::parse_http_date(response.header("date")?).ok()?;
        Self::between(date.into(), now, round_trip)
    }

    pub(crate) fn learn(&self, measured: Option<i64>, now: ClockReading) {
        self.learnt().learn(measured, now);
    }

    /// Takes a rejection of the time into account, and returns whether a better time is known for a retry.
    ///
    /// If a learnt correction is itself rejected, the `Date` header does not come from the clock that
    /// checks signatures: fall back to the local clock. If that is rejected as well, trust `Date` again.
    pub(crate) fn learn_from_rejection(&self, rejected: RejectedTime) -> bool {
        let mut learnt = self.learnt();
        if std::mem::take(&mut learnt.doubted) {
            learnt.learn(rejected.measured, rejected.now);
        } else if !rejected.clock_retried
            && !rejected.used.is_zero()
            && !learnt.differs_from(rejected.used)
        {
            *learnt = Learnt {
                doubted: true,
                ..Learnt::default()
            };
        }
        !rejected.clock_retried && learnt.differs_from(rejected.used)
    }

    /// How many milliseconds this machine's clock is behind a date, if that can be measured.
    fn between(date: OffsetDateTime, now: OffsetDateTime, round_trip: Duration) -> Option<i64> {
        if round_trip > Self::LONGEST_ROUND_TRIP {
            return None;
        }
        let midpoint = now.checked_sub((round_trip / 2).try_into().ok()?)?;
        let skew = i64::try_from((date - midpoint).whole_milliseconds()).ok()?;
        match skew.saturating_abs() {
            // After a repair of the clock this removes the correction.
            ..Self::SMALLEST => Some(0),
            Self::SMALLEST..=Self::LARGEST => Some(skew),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

    const AT: ClockReading = ClockReading {
        utc: NOW,
        elapsed: Duration::ZERO,
    };

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
    fn skew_between_the_bounds_is_measured_from_the_midpoint() {
        let seconds = time::Duration::seconds;
        let of = |ahead, round_trip| {
            ClockSkew::between(NOW + seconds(ahead), NOW, Duration::from_secs(round_trip))
        };
        for (ahead, round_trip, want) in [
            (0, 0, Some(0)),
            (29, 0, Some(0)),
            (-29, 0, Some(0)),
            (30, 0, Some(30_000)),
            (-1200, 0, Some(-1_200_000)),
            (1200, 10, Some(1_205_000)),
            (24, 14, Some(31_000)),
            (1200, 16, None),
            (86_400, 0, Some(86_400_000)),
            (86_401, 0, None),
            (-86_401, 0, None),
        ] {
            assert_eq!(of(ahead, round_trip), want, "{ahead} {round_trip}");
        }
    }

    #[test]
    fn second_response_that_agrees_confirms_the_skew_for_a_minute() {
        let (seconds, passed) = (time::Duration::seconds, Duration::from_secs);
        let later = |after: u64| ClockReading {
            utc: NOW + passed(after),
            elapsed: passed(after),
        };
        let skew = ClockSkew::default();
        assert!(!skew.is_confirmed(AT), "no response yet");
        skew.learn(Some(0), AT);
        assert!(
            skew.is_confirmed(later(59)),
            "the response agrees with this machine"
        );
        assert!(!skew.is_confirmed(later(60)));
        skew.learn(None, later(50));
        assert!(
            !skew.is_confirmed(later(60)),
            "a response without a date confirms nothing"
        );
        skew.learn(Some(7_200_000), later(1));
        assert!(!skew.is_confirmed(later(1)), "a single response");
        skew.learn(Some(7_210_000), later(2));
        assert!(skew.is_confirmed(later(3)), "two responses that agree");
        for set_by in [3600, -3600] {
            let set = ClockReading {
                utc: NOW + seconds(set_by),
                ..later(3)
            };
            assert!(!skew.is_confirmed(set), "the clock was set since");
        }
        skew.learn(Some(0), later(3));
        assert!(!skew.is_confirmed(later(3)), "they differ again");
    }

    #[test]
    fn skew_follows_every_response_except_cached_and_undated_ones() {
        let skew = ClockSkew::default();
        let learn = |headers: &[(&'static str, &str)]| {
            let measured = ClockSkew::measure(&response(200, headers, ""), NOW, Duration::ZERO);
            skew.learn(measured, AT);
            skew.correction().whole_seconds()
        };
        assert_eq!(learn(&[("date", "Sat, 21 Nov 2026 12:20:00 GMT")]), 1200);
        assert!(skew.learnt().differs_from(time::Duration::ZERO));
        for (date, age) in [
            ("Sat, 21 Nov 2026 12:00:00 GMT", Some("5")),
            ("yesterday", None),
            ("Sat, 21 Nov 1626 12:00:00 GMT", None),
            ("Fri, 21 Nov 2036 12:00:00 GMT", None),
        ] {
            let mut headers = vec![("date", date)];
            headers.extend(age.map(|age| ("age", age)));
            assert_eq!(learn(&headers), 1200, "{date}");
        }
        assert_eq!(learn(&[]), 1200);
        assert_eq!(
            learn(&[("date", "Sat, 21 Nov 2026 12:00:01 GMT")]),
            0,
            "repaired"
        );
    }
}
