//! The only file that reads a clock, sleeps, or draws random numbers.

use std::io;
use std::pin::Pin;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// A pause; ready when it is over.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Time as a client sees it. Tests put their own in its place.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, as it goes into signatures.
    fn utc(&self) -> OffsetDateTime;

    /// Time since an origin of the clock's own, which never goes backwards.
    fn elapsed(&self) -> Duration;

    /// Pauses for so long.
    fn sleep(&self, time: Duration) -> Sleep;
}

/// Random numbers as a client sees them: nonces and the jitter of pauses.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// The system has no randomness to give.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The system's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    origin: Instant,
}

impl Default for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where time comes from"
    )]
    fn default() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where time comes from"
    )]
    fn utc(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where time comes from"
    )]
    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, time: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The system's random numbers.
#[derive(Debug, Clone, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::other)
    }
}

/// A number from 0 up to, but not including, 1.
pub(crate) fn fraction(random: &dyn Random) -> io::Result<f64> {
    let mut bytes = [0; 4];
    random.fill(&mut bytes)?;
    Ok(f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0))
}
