//! Keeping within a documented rate: one queue of slots per operation, shared by clones.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::operation::{OperationInfo, RateLimit};

/// The slots of a client's operations.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    queues: Mutex<HashMap<Key, Queue>>,
    /// Some of those who wait have an earlier slot now.
    moved: Notify,
}

type Key = (&'static str, &'static str);

#[derive(Debug, Default)]
struct Queue {
    /// The first slot that was never given out.
    next: Duration,
    /// Those who wait, first come first, by number and slot.
    waiting: VecDeque<(u64, Duration)>,
    /// The number of the last who came.
    last: u64,
}

impl Queue {
    /// Takes one who waits out of the queue. Its slot, if it is not used, is for the next who waits,
    /// whose own is for the one after, and so on: who comes late never overtakes.
    fn leave(&mut self, number: u64, unused: Option<(Duration, Duration)>) {
        let Some(index) = self.waiting.iter().position(|(known, _)| *known == number) else {
            return;
        };
        let Some((_, mut free)) = self.waiting.remove(index) else {
            return;
        };
        let Some((now, interval)) = unused else {
            return;
        };
        // A slot in the past is no use to those who wait: two of them would come too close.
        if free >= now {
            for (_, at) in self.waiting.iter_mut().skip(index) {
                std::mem::swap(at, &mut free);
            }
        }
        if self.next == free + interval {
            self.next = free;
        }
    }
}

/// A slot that was taken. It comes back when it is dropped unused, so that calls that are given up
/// do not hold up those that are not.
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
    /// The request goes out.
    pub(crate) fn used(mut self) {
        self.used = true;
    }

    /// How long to wait for it, as it is now.
    fn wait(&self) -> Duration {
        let queues = self.rate_limiter.lock();
        let mut waiting = queues.get(&self.key).into_iter().flat_map(|q| &q.waiting);
        let at = waiting.find(|(number, _)| *number == self.number);
        at.map_or(Duration::ZERO, |(_, at)| {
            at.saturating_sub(self.clock.elapsed())
        })
    }

    /// Waits until it has come, which is earlier when one before it was given up.
    pub(crate) async fn comes(&self) {
        loop {
            let mut moved = pin!(self.rate_limiter.moved.notified());
            let wait = self.wait();
            if wait.is_zero() {
                return;
            }
            let mut sleep = self.clock.sleep(wait);
            let has_come = poll_fn(|context| {
                if sleep.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                moved.as_mut().poll(context).map(|()| false)
            });
            if has_come.await {
                return;
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let now = self.clock.elapsed();
        let unused = (!self.used).then_some((now, self.interval));
        let mut queues = self.rate_limiter.lock();
        if let Some(queue) = queues.get_mut(&self.key) {
            queue.leave(self.number, unused);
        }
        drop(queues);
        if !self.used {
            self.rate_limiter.moved.notify_waiters();
        }
    }
}

impl RateLimiter {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next slot. A wait beyond `patience` takes no slot and is returned as an error.
    pub(crate) fn take<'p>(
        &'p self,
        info: &OperationInfo,
        rate: RateLimit,
        clock: &'p dyn Clock,
        patience: Duration,
    ) -> Result<Permit<'p>, Duration> {
        let key = (info.service.name, info.name);
        let now = clock.elapsed();
        let mut queues = self.lock();
        let queue = queues.entry(key).or_default();
        let at = now.max(queue.next);
        let wait = at.saturating_sub(now);
        if wait > patience {
            return Err(wait);
        }
        let interval = interval(rate);
        queue.next = at + interval;
        queue.last += 1;
        let number = queue.last;
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

    /// A clock that shows what it is set to, and whose pauses never end.
    #[derive(Default)]
    struct Hands(std::sync::atomic::AtomicU64);

    impl Hands {
        fn set(&self, millis: u64) {
            self.0.store(millis, std::sync::atomic::Ordering::Relaxed);
        }
    }

    impl Clock for Hands {
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

    fn permit<'p>(rate_limiter: &'p RateLimiter, clock: &'p Hands) -> Permit<'p> {
        rate_limiter
            .take(&INFO, RATE, clock, Duration::MAX)
            .ok()
            .unwrap()
    }

    fn take(rate_limiter: &RateLimiter, now: u64) -> Duration {
        let clock = Hands::default();
        clock.set(now);
        let permit = permit(rate_limiter, &clock);
        let wait = permit.wait();
        permit.used();
        wait
    }

    #[test]
    fn slots_are_spread_and_never_saved_up() {
        let rate_limiter = RateLimiter::default();
        let at = Duration::from_millis;
        let taken = [
            take(&rate_limiter, 0),
            take(&rate_limiter, 0),
            take(&rate_limiter, 0),
        ];
        assert_eq!(taken, [at(0), at(51), at(102)]);
        let rested = [take(&rate_limiter, 100_000), take(&rate_limiter, 100_000)];
        assert_eq!(rested, [at(0), at(51)], "a long rest is no stock");
        assert_eq!(take(&rate_limiter, 100_102), at(0));
    }

    #[test]
    fn no_slot_is_taken_by_who_cannot_wait() {
        let (rate_limiter, clock) = (RateLimiter::default(), Hands::default());
        assert_eq!(take(&rate_limiter, 0), Duration::ZERO);
        let wait = Duration::from_millis(51);
        let refused = rate_limiter.take(&INFO, RATE, &clock, Duration::ZERO);
        assert_eq!(refused.err(), Some(wait));
        let taken = rate_limiter.take(&INFO, RATE, &clock, wait).ok().unwrap();
        assert_eq!(taken.wait(), wait);
    }

    #[test]
    fn slots_that_are_given_up_are_given_out_again() {
        let (rate_limiter, clock) = (RateLimiter::default(), Hands::default());
        let at = Duration::from_millis;
        permit(&rate_limiter, &clock).used();
        let (second, third) = (permit(&rate_limiter, &clock), permit(&rate_limiter, &clock));
        drop(third);
        assert_eq!(take(&rate_limiter, 0), at(102), "the end moves back");
        drop(second);
        clock.set(150);
        assert_eq!(
            permit(&rate_limiter, &clock).wait(),
            at(3),
            "what has passed is no use"
        );
        clock.set(10_000);
        let waiting: Vec<_> = (0..200).map(|_| permit(&rate_limiter, &clock)).collect();
        drop(waiting);
        assert_eq!(
            take(&rate_limiter, 10_000),
            at(0),
            "200 who gave up cost nothing"
        );
    }

    #[test]
    fn freed_slot_goes_to_earlier_waiters_before_a_latecomer() {
        let (rate_limiter, clock) = (RateLimiter::default(), Hands::default());
        let at = Duration::from_millis;
        permit(&rate_limiter, &clock).used();
        let (second, third, fourth) = (
            permit(&rate_limiter, &clock),
            permit(&rate_limiter, &clock),
            permit(&rate_limiter, &clock),
        );
        assert_eq!(
            [&second, &third, &fourth].map(Permit::wait),
            [51, 102, 153].map(at)
        );
        drop(second);
        let latecomer = permit(&rate_limiter, &clock);
        assert_eq!(
            [&third, &fourth, &latecomer].map(Permit::wait),
            [51, 102, 153].map(at)
        );
        clock.set(60);
        // The slot of the third has passed: those behind it keep theirs.
        drop(third);
        assert_eq!([&fourth, &latecomer].map(Permit::wait), [42, 93].map(at));
        fourth.used();
        drop(latecomer);
        assert_eq!(permit(&rate_limiter, &clock).wait(), at(93));
    }

    #[tokio::test]
    async fn waiter_is_woken_for_an_earlier_slot() {
        let (rate_limiter, clock) = (RateLimiter::default(), Hands::default());
        permit(&rate_limiter, &clock).used();
        let (second, third) = (permit(&rate_limiter, &clock), permit(&rate_limiter, &clock));
        clock.set(51);
        assert_eq!(third.wait(), Duration::from_millis(51));
        let mut comes = pin!(third.comes());
        let pending = poll_fn(|context| Poll::Ready(comes.as_mut().poll(context).is_pending()));
        assert!(pending.await);
        // Its pause never ends by itself.
        drop(second);
        tokio::time::timeout(Duration::from_secs(60), comes)
            .await
            .unwrap();
    }
}
