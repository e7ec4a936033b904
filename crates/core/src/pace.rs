//! Keeping within a documented rate: one queue of slots per operation, shared by clones.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::operation::{OperationInfo, RateLimit};

/// The slots of a client's operations.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    next: Mutex<HashMap<(&'static str, &'static str), Duration>>,
}

impl Pace {
    /// Takes the next slot; returns how long to wait for it, seen from `now`. A wait beyond
    /// `patience` takes no slot and is returned as an error.
    pub(crate) fn take(
        &self,
        info: &OperationInfo,
        rate: RateLimit,
        now: Duration,
        patience: Duration,
    ) -> Result<Duration, Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = next.entry((info.service.name, info.name)).or_default();
        let wait = slot.saturating_sub(now);
        if wait > patience {
            return Err(wait);
        }
        *slot = now.max(*slot) + interval(rate);
        Ok(wait)
    }
}

/// The time from slot to slot. Requests do not travel equally fast, so the slots lie a little
/// further apart than the rate allows.
fn interval(rate: RateLimit) -> Duration {
    if rate.requests == 0 {
        return Duration::ZERO;
    }
    Duration::from_millis(u64::from(rate.seconds) * 1020) / rate.requests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Method, Service};

    static SERVICE: Service = Service::new("p", "s", "h");
    const INFO: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
    const RATE: RateLimit = RateLimit::new(20, 1);

    #[test]
    fn slots_are_spread_and_never_saved_up() {
        let pace = Pace::default();
        let at = Duration::from_millis;
        let take = |now| pace.take(&INFO, RATE, at(now), Duration::MAX).unwrap();
        assert_eq!([take(0), take(0), take(0)], [at(0), at(51), at(102)]);
        assert_eq!(
            [take(100_000), take(100_000)],
            [at(0), at(51)],
            "a long rest is no stock"
        );
        assert_eq!(take(100_102), at(0));
    }

    #[test]
    fn no_slot_is_taken_by_who_cannot_wait() {
        let pace = Pace::default();
        let now = Duration::ZERO;
        assert_eq!(pace.take(&INFO, RATE, now, now), Ok(now));
        let wait = Duration::from_millis(51);
        assert_eq!(pace.take(&INFO, RATE, now, now), Err(wait));
        assert_eq!(pace.take(&INFO, RATE, now, wait), Ok(wait));
    }
}
