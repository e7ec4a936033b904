//! Keeping within a documented rate: one queue of slots per operation, shared by clones.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::operation::{OperationInfo, RateLimit};

/// The slots of a client's operations.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    queues: Mutex<HashMap<Key, Queue>>,
}

type Key = (&'static str, &'static str);

#[derive(Debug, Default)]
struct Queue {
    /// The first slot that was never given out.
    next: Duration,
    /// Slots before it that came back unused.
    free: Vec<Duration>,
}

/// A slot that was taken. It comes back when it is dropped unused, so that calls that are given up
/// do not hold up those that are not.
#[derive(Debug)]
#[must_use]
pub(crate) struct Slot<'p> {
    pace: &'p Pace,
    key: Key,
    at: Duration,
    interval: Duration,
    used: bool,
    /// How long to wait for it, seen from when it was taken.
    pub(crate) wait: Duration,
}

impl Slot<'_> {
    /// The request goes out.
    pub(crate) fn used(mut self) {
        self.used = true;
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if self.used {
            return;
        }
        let mut queues = self.pace.lock();
        let queue = queues.entry(self.key).or_default();
        if queue.next == self.at + self.interval {
            queue.next = self.at;
        } else {
            queue.free.push(self.at);
        }
    }
}

impl Pace {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next slot, seen from `now`. A wait beyond `patience` takes no slot and is returned
    /// as an error.
    pub(crate) fn take(
        &self,
        info: &OperationInfo,
        rate: RateLimit,
        now: Duration,
        patience: Duration,
    ) -> Result<Slot<'_>, Duration> {
        let key = (info.service.name, info.name);
        let mut queues = self.lock();
        let queue = queues.entry(key).or_default();
        queue.free.retain(|slot| *slot >= now);
        let free = queue.free.iter().copied().min();
        let at = free.unwrap_or(now.max(queue.next));
        let wait = at.saturating_sub(now);
        if wait > patience {
            return Err(wait);
        }
        let interval = interval(rate);
        match free {
            Some(_) => queue.free.retain(|slot| *slot != at),
            None => queue.next = at + interval,
        }
        drop(queues);
        Ok(Slot {
            pace: self,
            key,
            at,
            interval,
            used: false,
            wait,
        })
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

    fn take(pace: &Pace, now: u64) -> Duration {
        let slot = pace
            .take(&INFO, RATE, Duration::from_millis(now), Duration::MAX)
            .unwrap();
        let wait = slot.wait;
        slot.used();
        wait
    }

    #[test]
    fn slots_are_spread_and_never_saved_up() {
        let pace = Pace::default();
        let at = Duration::from_millis;
        let taken = [take(&pace, 0), take(&pace, 0), take(&pace, 0)];
        assert_eq!(taken, [at(0), at(51), at(102)]);
        let rested = [take(&pace, 100_000), take(&pace, 100_000)];
        assert_eq!(rested, [at(0), at(51)], "a long rest is no stock");
        assert_eq!(take(&pace, 100_102), at(0));
    }

    #[test]
    fn no_slot_is_taken_by_who_cannot_wait() {
        let pace = Pace::default();
        let now = Duration::ZERO;
        assert_eq!(take(&pace, 0), now);
        let wait = Duration::from_millis(51);
        assert_eq!(pace.take(&INFO, RATE, now, now).unwrap_err(), wait);
        assert_eq!(pace.take(&INFO, RATE, now, wait).unwrap().wait, wait);
    }

    #[test]
    fn slots_that_are_given_up_are_given_out_again() {
        let pace = Pace::default();
        let at = Duration::from_millis;
        let slot = |now| pace.take(&INFO, RATE, at(now), Duration::MAX).unwrap();
        slot(0).used();
        let (second, third, fourth) = (slot(0), slot(0), slot(0));
        drop(second);
        assert_eq!(take(&pace, 0), at(51), "the hole is filled first");
        drop(fourth);
        assert_eq!(take(&pace, 0), at(153), "the end moves back");
        drop(third);
        assert_eq!(take(&pace, 150), at(54), "what has passed is no use");
        let waiting: Vec<_> = (0..200).map(|_| slot(10_000)).collect();
        drop(waiting);
        assert_eq!(take(&pace, 10_000), at(0), "200 who gave up cost nothing");
    }
}
