//! The sandbox's clock, and the only file that reads the machine's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that an HTTP date can name: 9999-12-31T23:59:59Z.
const LATEST: u64 = 253_402_300_799;

/// The time that a sandbox believes in: that of the machine, until it is told otherwise.
///
/// Everything that depends on time follows it: time windows, lock-outs, expiry, rate limits and the `Date` header.
/// Waiting faults (latency, drip) wait in real time.
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
    reading: Arc<Mutex<Reading>>,
}

#[derive(Clone, Copy, Debug)]
enum Reading {
    /// Runs with the machine's clock, this much ahead of it.
    Running(Duration),
    /// Stands still.
    Stopped(SystemTime),
}

impl Default for Reading {
    fn default() -> Self {
        Self::Running(Duration::ZERO)
    }
}

impl Clock {
    /// Stops the clock at `time`. A stopped clock opens no new rate window until it is advanced.
    pub fn set(&self, time: SystemTime) {
        self.change(|_| Reading::Stopped(bounded(time)));
    }

    /// Moves the clock forward, whether it stands or runs.
    pub fn advance(&self, by: Duration) {
        self.change(|reading| match reading {
            Reading::Running(ahead) => Reading::Running(ahead.saturating_add(by)),
            Reading::Stopped(time) => Reading::Stopped(later(time, by)),
        });
    }

    /// Goes back to the machine's clock.
    pub fn real(&self) {
        self.change(|_| Reading::default());
    }

    /// What the clock says.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let reading = *self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        match reading {
            Reading::Running(ahead) => later(machine(), ahead),
            Reading::Stopped(time) => time,
        }
    }

    fn change(&self, to: impl FnOnce(Reading) -> Reading) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        *reading = to(*reading);
    }
}

/// `time` moved by `seconds`, within what an HTTP date can name.
pub(crate) fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        bounded(time.checked_sub(by).unwrap_or(UNIX_EPOCH))
    } else {
        later(time, by)
    }
}

/// Whole seconds since 1970, as the signing schemes count them.
pub(crate) fn unix(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}

fn later(time: SystemTime, by: Duration) -> SystemTime {
    bounded(
        time.checked_add(by)
            .unwrap_or(UNIX_EPOCH + Duration::from_secs(LATEST)),
    )
}

/// Every time that leaves this file can be written as an HTTP date.
fn bounded(time: SystemTime) -> SystemTime {
    time.clamp(UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(LATEST))
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock"
)]
fn machine() -> SystemTime {
    bounded(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn stands_moves_and_runs_again() {
        let clock = Clock::default();
        clock.set(at(100));
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), at(105));
        clock.real();
        assert!(clock.now() > at(1_700_000_000));
    }

    #[test]
    fn never_leaves_the_years_of_http_dates() {
        let clock = Clock::default();
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), at(LATEST));
        clock.set(at(u64::from(u32::MAX)) + Duration::from_secs(LATEST));
        assert_eq!(clock.now(), at(LATEST));
        assert_eq!(shifted(at(5), -10), at(0));
        assert_eq!(unix(shifted(at(5), 10)), 15);
    }
}
