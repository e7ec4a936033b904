//! Keeps calls within a rate limit: one queue of slots for each operation, shared by the clones of a
//! client.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::operation::{OperationInfo, RateLimit};

/// The rate limits that a client keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RatePolicy {
    /// The documented limit of each operation; no limit where none is documented.
    Documented,
    /// The caller's limit, for every operation.
    Fixed(RateLimit),
    /// No limit.
    Unlimited,
}

impl RatePolicy {
    /// The rate limit of an operation's calls.
    pub(crate) fn limit(self, info: &OperationInfo) -> Option<RateLimit> {
        match self {
            Self::Documented => info.rate,
            Self::Fixed(limit) => Some(limit),
            Self::Unlimited => None,
        }
    }
}

/// The queues of a client's operations.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    queues: Mutex<HashMap<Key, Queue>>,
    /// Notifies waiting permits that slots have moved.
    slots_moved: Notify,
}

type Key = (&'static str, &'static str);

#[derive(Debug, Default)]
struct Queue {
    /// The slot of the next permit, unless it has passed by then.
    next_slot: Duration,
    /// The waiting permits in the order of their arrival: number and slot.
    waiting: VecDeque<(u64, Duration)>,
    /// The number of the last permit.
    last_number: u64,
}

impl Queue {
    /// Removes a permit. Returns its place in the queue and its slot.
    fn remove(&mut self, number: u64) -> Option<(usize, Duration)> {
        let index = self
            .waiting
            .iter()
            .position(|(known, _)| *known == number)?;
        let (_, slot) = self.waiting.remove(index)?;
        Some((index, slot))
    }

    /// Passes a slot that was not used on to the permits from `index` on: each gets the slot of the one
    /// before it, so that a later permit never overtakes an earlier one, and the last slot becomes free.
    fn pass_on(&mut self, slot: Duration, index: usize, now: Duration, interval: Duration) {
        let mut free = slot;
        // A slot in the past stays unused: with it, two requests would be sent too close together.
        if free >= now {
            for (_, at) in self.waiting.iter_mut().skip(index) {
                std::mem::swap(at, &mut free);
            }
        }
        if self.next_slot == free + interval {
            self.next_slot = free;
        }
    }
}

/// A slot in a queue. Dropped before use, it returns its slot, so that abandoned calls do not delay
/// others.
#[must_use]
pub(crate) struct Permit<'p> {
    rate_limiter: &'p RateLimiter,
    clock: &'p dyn Clock,
    key: Key,
    number: u64,
    interval: Duration,
    used: bool,
}

impl Permit<'_> {
    /// Keeps the slot, because the request is sent.
    pub(crate) fn mark_used(mut self) {
        self.used = true;
    }

    /// The time until the slot is due.
    fn time_until_due(&self) -> Duration {
        let queues = self.rate_limiter.lock();
        let mut waiting = queues.get(&self.key).into_iter().flat_map(|q| &q.waiting);
        let at = waiting.find(|(number, _)| *number == self.number);
        at.map_or(Duration::ZERO, |(_, at)| {
            at.saturating_sub(self.clock.elapsed())
        })
    }

    /// Waits until the slot is due. An earlier permit that is dropped moves the slot forward.
    pub(crate) async fn wait_until_due(&self) {
        loop {
            let mut moved = pin!(self.rate_limiter.slots_moved.notified());
            let wait = self.time_until_due();
            if wait.is_zero() {
                return;
            }
            let mut sleep = self.clock.sleep(wait);
            let is_due = poll_fn(|context| {
                if sleep.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                moved.as_mut().poll(context).map(|()| false)
            });
            if is_due.await {
                return;
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let now = self.clock.elapsed();
        let mut queues = self.rate_limiter.lock();
        if let Some(queue) = queues.get_mut(&self.key)
            && let Some((index, slot)) = queue.remove(self.number)
            && !self.used
        {
            queue.pass_on(slot, index, now, self.interval);
        }
        drop(queues);
        if !self.used {
            self.rate_limiter.slots_moved.notify_waiters();
        }
    }
}

impl RateLimiter {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next slot of an operation.
    ///
    /// # Errors
    ///
    /// The wait for the next slot, if it is longer than `longest_wait`; no slot is taken.
    pub(crate) fn acquire<'p>(
        &'p self,
        info: &OperationInfo,
        limit: RateLimit,
        clock: &'p dyn Clock,
        longest_wait: Duration,
    ) -> Result<Permit<'p>, Duration> {
        let key = (info.service.name, info.name);
        let now = clock.elapsed();
        let mut queues = self.lock();
        let queue = queues.entry(key).or_default();
        let at = now.max(queue.next_slot);
        let wait = at.saturating_sub(now);
        if wait > longest_wait {
            return Err(wait);
        }
        let interval = interval(limit);
        queue.next_slot = at + interval;
        queue.last_number += 1;
        let number = queue.last_number;
        queue.waiting.push_back((number, at));
        drop(queues);
        Ok(Permit {
            rate_limiter: self,
            clock,
            key,
            number,
            interval,
            used: false,
        })
    }
}

/// A second and a reserve of 2 %, because requests do not travel equally fast.
const SECOND_WITH_RESERVE: Duration = Duration::from_millis(1020);

/// The interval between slots.
fn interval(limit: RateLimit) -> Duration {
    if limit.requests == 0 {
        return Duration::ZERO;
    }
    SECOND_WITH_RESERVE * limit.seconds / limit.requests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Method, Service};

    static SERVICE: Service = Service::new("p", "s", "h");
    const INFO: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
    const RATE: RateLimit = RateLimit::new(20, 1);

    /// A clock that stands still between calls of `set`, and whose sleeps never end.
    #[derive(Default)]
    struct StoppedClock(std::sync::atomic::AtomicU64);

    impl StoppedClock {
        fn set(&self, millis: u64) {
            self.0.store(millis, std::sync::atomic::Ordering::Relaxed);
        }
    }

    impl Clock for StoppedClock {
        fn utc(&self) -> time::OffsetDateTime {
            time::OffsetDateTime::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.0.load(std::sync::atomic::Ordering::Relaxed))
        }

        fn sleep(&self, _: Duration) -> crate::clock::Sleep {
            Box::pin(std::future::pending())
        }
    }

    fn permit<'p>(rate_limiter: &'p RateLimiter, clock: &'p StoppedClock) -> Permit<'p> {
        rate_limiter
            .acquire(&INFO, RATE, clock, Duration::MAX)
            .ok()
            .unwrap()
    }

    fn take(rate_limiter: &RateLimiter, now: u64) -> Duration {
        let clock = StoppedClock::default();
        clock.set(now);
        let permit = permit(rate_limiter, &clock);
        let wait = permit.time_until_due();
        permit.mark_used();
        wait
    }

    #[test]
    fn idle_time_gives_no_slots_in_advance() {
        let rate_limiter = RateLimiter::default();
        let at = Duration::from_millis;
        let taken = [
            take(&rate_limiter, 0),
            take(&rate_limiter, 0),
            take(&rate_limiter, 0),
        ];
        assert_eq!(taken, [at(0), at(51), at(102)]);
        let rested = [take(&rate_limiter, 100_000), take(&rate_limiter, 100_000)];
        assert_eq!(rested, [at(0), at(51)], "unused slots are not saved up");
        assert_eq!(take(&rate_limiter, 100_102), at(0));
    }

    #[test]
    fn take_with_too_long_a_wait_takes_no_slot() {
        let (rate_limiter, clock) = (RateLimiter::default(), StoppedClock::default());
        assert_eq!(take(&rate_limiter, 0), Duration::ZERO);
        let wait = Duration::from_millis(51);
        let refused = rate_limiter.acquire(&INFO, RATE, &clock, Duration::ZERO);
        assert_eq!(refused.err(), Some(wait));
        let taken = rate_limiter
            .acquire(&INFO, RATE, &clock, wait)
            .ok()
            .unwrap();
        assert_eq!(taken.time_until_due(), wait);
    }

    #[test]
    fn dropped_permit_returns_its_slot() {
        let (rate_limiter, clock) = (RateLimiter::default(), StoppedClock::default());
        let at = Duration::from_millis;
        permit(&rate_limiter, &clock).mark_used();
        let (second, third) = (permit(&rate_limiter, &clock), permit(&rate_limiter, &clock));
        drop(third);
        assert_eq!(
            take(&rate_limiter, 0),
            at(102),
            "the end of the queue moves back"
        );
        drop(second);
        clock.set(150);
        assert_eq!(
            permit(&rate_limiter, &clock).time_until_due(),
            at(3),
            "a slot in the past stays unused"
        );
        clock.set(10_000);
        let waiting: Vec<_> = (0..200).map(|_| permit(&rate_limiter, &clock)).collect();
        drop(waiting);
        assert_eq!(
            take(&rate_limiter, 10_000),
            at(0),
            "200 dropped permits cost nothing"
        );
    }

    #[test]
    fn freed_slot_goes_to_waiting_permits_before_a_new_one() {
        let (rate_limiter, clock) = (RateLimiter::default(), StoppedClock::default());
        let at = Duration::from_millis;
        permit(&rate_limiter, &clock).mark_used();
        let (second, third, fourth) = (
            permit(&rate_limiter, &clock),
            permit(&rate_limiter, &clock),
            permit(&rate_limiter, &clock),
        );
        assert_eq!(
            [&second, &third, &fourth].map(Permit::time_until_due),
            [51, 102, 153].map(at)
        );
        drop(second);
        let newcomer = permit(&rate_limiter, &clock);
        assert_eq!(
            [&third, &fourth, &newcomer].map(Permit::time_until_due),
            [51, 102, 153].map(at)
        );
        clock.set(60);
        // The slot of the third is in the past: the permits behind it keep theirs.
        drop(third);
        assert_eq!(
            [&fourth, &newcomer].map(Permit::time_until_due),
            [42, 93].map(at)
        );
        fourth.mark_used();
        drop(newcomer);
        assert_eq!(permit(&rate_limiter, &clock).time_until_due(), at(93));
    }

    #[tokio::test]
    async fn waiting_permit_wakes_when_its_slot_moves_forward() {
        let (rate_limiter, clock) = (RateLimiter::default(), StoppedClock::default());
        permit(&rate_limiter, &clock).mark_used();
        let (second, third) = (permit(&rate_limiter, &clock), permit(&rate_limiter, &clock));
        clock.set(51);
        assert_eq!(third.time_until_due(), Duration::from_millis(51));
        let mut due = pin!(third.wait_until_due());
        let pending = poll_fn(|context| Poll::Ready(due.as_mut().poll(context).is_pending()));
        assert!(pending.await);
        // The sleep of the clock never ends: only the notification wakes it.
        drop(second);
        tokio::time::timeout(Duration::from_secs(60), due)
            .await
            .unwrap();
    }
}
