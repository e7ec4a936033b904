//! The sandbox's clock. No other file reads the system time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that an HTTP date can express: 9999-12-31T23:59:59Z.
const LAST_HTTP_DATE: u64 = 253_402_300_799;

/// The clock of a sandbox: the system time, unless it is set or advanced.
///
/// Everything that depends on time follows it: the validity of signatures, lock-outs, expiry, rate
/// limits and the `Date` header. Faults that delay an answer (latency, drip) wait in real time.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let sandbox = standing_sandbox::Sandbox::builder().start().await?;
/// sandbox.clock().set(UNIX_EPOCH + Duration::from_secs(1_551_113_065));
/// sandbox.clock().advance(Duration::from_secs(60));
/// assert_eq!(sandbox.clock().now(), UNIX_EPOCH + Duration::from_secs(1_551_113_125));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    mode: Arc<Mutex<Mode>>,
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    /// Runs with the system clock, ahead of it by this much.
    Running(Duration),
    Stopped(SystemTime),
}

impl Default for Mode {
    fn default() -> Self {
        Self::Running(Duration::ZERO)
    }
}

impl Clock {
    /// Stops the clock at `time`. Rate limits count a second that does not end until the clock is
    /// advanced.
    pub fn set(&self, time: SystemTime) {
        self.change(|_| Mode::Stopped(clamp(time)));
    }

    /// Moves the clock forward, whether it is stopped or running.
    pub fn advance(&self, by: Duration) {
        self.change(|mode| match mode {
            Mode::Running(ahead) => Mode::Running(ahead.saturating_add(by)),
            Mode::Stopped(time) => Mode::Stopped(saturating_add(time, by)),
        });
    }

    /// Returns to the system time.
    pub fn real(&self) {
        self.change(|_| Mode::default());
    }

    /// The current time of the sandbox.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let mode = *self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        match mode {
            Mode::Running(ahead) => saturating_add(system_time(), ahead),
            Mode::Stopped(time) => time,
        }
    }

    fn change(&self, to: impl FnOnce(Mode) -> Mode) {
        let mut mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        *mode = to(*mode);
    }
}

/// Shifts `time` by `seconds`, within the range of HTTP dates.
pub(crate) fn shift(time: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        clamp(time.checked_sub(by).unwrap_or(UNIX_EPOCH))
    } else {
        saturating_add(time, by)
    }
}

/// Whole seconds since 1970; 0 for an earlier time.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}

fn saturating_add(time: SystemTime, by: Duration) -> SystemTime {
    clamp(
        time.checked_add(by)
            .unwrap_or(UNIX_EPOCH + Duration::from_secs(LAST_HTTP_DATE)),
    )
}

/// Limits `time` to the range of HTTP dates, so that it can be written to a `Date` header.
fn clamp(time: SystemTime) -> SystemTime {
    time.clamp(UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(LAST_HTTP_DATE))
}

#[allow(
    clippy::disallowed_methods,
    reason = "the only function that reads the system time"
)]
fn system_time() -> SystemTime {
    clamp(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn stopped_clock_advances_by_the_given_duration_and_runs_again_when_real() {
        let clock = Clock::default();
        clock.set(at(100));
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), at(105));
        clock.real();
        assert!(clock.now() > at(1_700_000_000));
    }

    #[test]
    fn times_beyond_http_dates_are_clamped() {
        let clock = Clock::default();
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), at(LAST_HTTP_DATE));
        clock.set(at(u64::from(u32::MAX)) + Duration::from_secs(LAST_HTTP_DATE));
        assert_eq!(clock.now(), at(LAST_HTTP_DATE));
        assert_eq!(shift(at(5), -10), at(0));
        assert_eq!(unix_seconds(shift(at(5), 10)), 15);
    }
}
