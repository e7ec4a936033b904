//! A clock whose pauses take no time, and random numbers that can be repeated.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standing_core::clock::{Clock, Random, Sleep, SystemClock};
use time::OffsetDateTime;

type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// A clock that stands still but for the pauses that are asked of it: those are noted and over at
/// once.
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<State>>);

struct State {
    utc: OffsetDateTime,
    elapsed: Duration,
    pauses: Vec<Duration>,
    hook: Option<Arc<Hook>>,
}

impl Default for ManualClock {
    /// Starts at the time of day, so that servers with a real clock take its time stamps.
    fn default() -> Self {
        Self::at(SystemClock::default().utc())
    }
}

impl ManualClock {
    /// A clock that shows `utc`.
    pub fn at(utc: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(State {
            utc,
            elapsed: Duration::ZERO,
            pauses: Vec::new(),
            hook: None,
        })))
    }

    /// Calls `hook` with the number of each pause, counted from 1, while it lasts.
    #[must_use]
    pub fn with_hook(self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.state().hook = Some(Arc::new(Box::new(hook)));
        self
    }

    /// The pauses so far.
    pub fn pauses(&self) -> Vec<Duration> {
        self.state().pauses.clone()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.elapsed += by;
        state.utc += by;
    }

    /// Sets the time of day, as a user does who corrects a wrong clock.
    pub fn set(&self, utc: OffsetDateTime) {
        self.state().utc = utc;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").finish_non_exhaustive()
    }
}

impl Clock for ManualClock {
    fn utc(&self) -> OffsetDateTime {
        self.state().utc
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    fn sleep(&self, time: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(async move {
            let (number, hook) = {
                let mut state = clock.state();
                state.pauses.push(time);
                (state.pauses.len(), state.hook.clone())
            };
            if let Some(hook) = hook {
                hook(number);
            }
            clock.advance(time);
            tokio::task::yield_now().await;
        })
    }
}

/// Random numbers that follow from a seed.
#[derive(Debug)]
pub struct Seeded(Mutex<u64>);

impl Seeded {
    /// Numbers that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64: no secret hangs on these.
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^= word >> 31;
            for (byte, random) in chunk.iter_mut().zip(word.to_le_bytes()) {
                *byte = random;
            }
        }
        Ok(())
    }
}

/// The largest random numbers there are, so that pauses show their bounds.
#[derive(Debug, Clone, Copy)]
pub struct Largest;

impl Random for Largest {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        bytes.fill(u8::MAX);
        Ok(())
    }
}
