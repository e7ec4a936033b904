//! Time and randomness of a client, which a test can replace.
//!
//! This is the only file that reads a clock or random numbers. Pauses, the rate limit and deadlines
//! follow the [`Clock`]; a wait for a socket or a credentials source is cut off by tokio's timer.

use std::io;
use std::pin::Pin;
use std::time::{Duration, Instant};

pub use time::OffsetDateTime;

/// The future of a pause, ready when the pause is over.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The source of time of a client. A test can replace it.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, used in signatures.
    fn utc(&self) -> OffsetDateTime;

    /// The time since an arbitrary fixed origin. It never goes backwards.
    fn elapsed(&self) -> Duration;

    /// Pauses for `time`.
    fn sleep(&self, time: Duration) -> Sleep;
}

/// The source of random numbers of a client, for nonces and the jitter of pauses.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    ///
    /// The operating system provides no random bytes.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The operating system's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    origin: Instant,
}

impl Default for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the only place that reads the time"
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
        reason = "the only place that reads the time"
    )]
    fn utc(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the only place that reads the time"
    )]
    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, time: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The operating system's random number generator.
#[derive(Debug, Clone, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::other)
    }
}

/// A random number in `0.0..1.0`.
pub(crate) fn fraction(random: &dyn Random) -> io::Result<f64> {
    let mut bytes = [0; 4];
    random.fill(&mut bytes)?;
    Ok(f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0))
}
