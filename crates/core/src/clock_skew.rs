//! How far this machine's clock is off, learnt from the `Date` of answers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::provider::RawResponse;

/// An instant by both of a machine's clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant {
    pub(crate) utc: OffsetDateTime,
    pub(crate) elapsed: Duration,
}

/// How far this machine's clock is off, learnt from every answer.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew(Mutex<Learnt>);

#[derive(Debug, Default)]
struct Learnt {
    millis: i64,
    /// When an answer asked for the correction that was in use already.
    confirmed: Option<Instant>,
    /// Dates are not believed: with a time that agreed with them a request was refused.
    doubted: bool,
}

impl Learnt {
    fn learn(&mut self, told: Option<i64>, now: Instant) {
        if let Some(skew) = told.filter(|_| !self.doubted) {
            let agrees = skew.abs_diff(self.millis) < ClockSkew::WORTH_IT.unsigned_abs();
            self.confirmed = agrees.then_some(now);
            self.millis = skew;
        }
    }

    /// Whether a correction was learnt since `used` was taken.
    fn differs_from(&self, used: time::Duration) -> bool {
        (time::Duration::milliseconds(self.millis) - used)
            .whole_milliseconds()
            .unsigned_abs()
            >= u128::from(ClockSkew::WORTH_IT.unsigned_abs())
    }
}

/// The time of a request, and what its answer tells of the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// The correction that the request was signed with.
    pub(crate) used: time::Duration,
    /// The one that the answer's date asks for.
    pub(crate) told: Option<i64>,
    /// When the answer came.
    pub(crate) now: Instant,
    /// The call was refused for its time before.
    pub(crate) again: bool,
}

impl ClockSkew {
    /// Smaller differences are the network's.
    const WORTH_IT: i64 = 30_000;
    /// Larger differences are the server's.
    const BELIEVED: i64 = 24 * 60 * 60 * 1000;
    /// After a longer round trip the midpoint says too little.
    const PROMPT: Duration = Duration::from_secs(15);
    /// How long a confirmed correction counts as confirmed.
    const CONFIRMED: Duration = Duration::from_secs(60);

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to add to this machine's time.
    pub(crate) fn get(&self) -> time::Duration {
        time::Duration::milliseconds(self.learnt().millis)
    }

    /// Whether an answer confirmed the correction a short while ago, and this machine's clock was not
    /// set since.
    pub(crate) fn is_confirmed(&self, now: Instant) -> bool {
        self.learnt().confirmed.is_some_and(|then| {
            let passed = now.elapsed.saturating_sub(then.elapsed);
            let set_by = (now.utc - then.utc - passed).unsigned_abs();
            passed < Self::CONFIRMED
                && set_by < Duration::from_millis(Self::WORTH_IT.unsigned_abs())
        })
    }

    /// What an answer tells of this machine's clock. `now` is read after the answer: a clock that was
    /// set meanwhile is judged as it is now.
    pub(crate) fn told(
        answer: &RawResponse,
        now: OffsetDateTime,
        round_trip: Duration,
    ) -> Option<i64> {
        // What a cache has kept has an old date.
        if answer.header("age").is_some() {
            return None;
        }
        let date = httpdate::parse_http_date(answer.header("date")?).ok()?;
        Self::of(date.into(), now, round_trip)
    }

    pub(crate) fn learn(&self, told: Option<i64>, now: Instant) {
        self.learnt().learn(told, now);
    }

    /// After a refusal of the time: whether there is a better one for another attempt. A correction
    /// that was learnt before and is refused now is none: the dates are not those of the clock that
    /// signatures are checked by, and this machine's own clock is the next best guess, until that is
    /// refused, too.
    pub(crate) fn refused(&self, time: Timing) -> bool {
        let mut learnt = self.learnt();
        if std::mem::take(&mut learnt.doubted) {
            learnt.learn(time.told, time.now);
        } else if !time.again && !time.used.is_zero() && !learnt.differs_from(time.used) {
            *learnt = Learnt {
                doubted: true,
                ..Learnt::default()
            };
        }
        !time.again && learnt.differs_from(time.used)
    }

    /// By how many milliseconds this machine's clock is behind, if an answer of that date tells.
    fn of(date: OffsetDateTime, now: OffsetDateTime, round_trip: Duration) -> Option<i64> {
        if round_trip > Self::PROMPT {
            return None;
        }
        let midpoint = now.checked_sub((round_trip / 2).try_into().ok()?)?;
        let skew = i64::try_from((date - midpoint).whole_milliseconds()).ok()?;
        match skew.saturating_abs() {
            // A repaired clock brings this back to nothing.
            ..Self::WORTH_IT => Some(0),
            Self::WORTH_IT..=Self::BELIEVED => Some(skew),
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

    const AT: Instant = Instant {
        utc: NOW,
        elapsed: Duration::ZERO,
    };

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
    fn skew_is_learnt_from_the_midpoint_within_reason() {
        let seconds = time::Duration::seconds;
        let of = |ahead, round_trip| {
            ClockSkew::of(NOW + seconds(ahead), NOW, Duration::from_secs(round_trip))
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
    fn skew_is_confirmed_by_a_second_answer_for_a_minute() {
        let (seconds, passed) = (time::Duration::seconds, Duration::from_secs);
        let later = |after: u64| Instant {
            utc: NOW + passed(after),
            elapsed: passed(after),
        };
        let skew = ClockSkew::default();
        assert!(!skew.is_confirmed(AT), "no answer came");
        skew.learn(Some(0), AT);
        assert!(
            skew.is_confirmed(later(59)),
            "the answer agrees with this machine"
        );
        assert!(!skew.is_confirmed(later(60)));
        skew.learn(None, later(50));
        assert!(
            !skew.is_confirmed(later(60)),
            "an answer without a date confirms nothing"
        );
        skew.learn(Some(7_200_000), later(1));
        assert!(!skew.is_confirmed(later(1)), "one answer alone");
        skew.learn(Some(7_210_000), later(2));
        assert!(skew.is_confirmed(later(3)), "two answers that agree");
        for set_by in [3600, -3600] {
            let set = Instant {
                utc: NOW + seconds(set_by),
                ..later(3)
            };
            assert!(!skew.is_confirmed(set), "the clock was set meanwhile");
        }
        skew.learn(Some(0), later(3));
        assert!(!skew.is_confirmed(later(3)), "they differ again");
    }

    #[test]
    fn skew_follows_every_answer_but_cached_and_undated_ones() {
        let skew = ClockSkew::default();
        let learn = |headers: &[(&'static str, &str)]| {
            let told = ClockSkew::told(&answer(200, headers, ""), NOW, Duration::ZERO);
            skew.learn(told, AT);
            skew.get().whole_seconds()
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
