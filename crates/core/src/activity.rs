//! The attempts of a client so far, for a program that ends before its calls do.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The attempts of a client and its clones so far, over all their calls.
///
/// A call that is dropped, or interrupted by the end of its program, returns no
/// [`Error`](crate::Error) that has these facts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    attempts: u32,
    may_have_run: bool,
}

impl Activity {
    /// The number of attempts, including current ones.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether any operation was or may have been carried out or billed: bytes had left, and nothing
    /// proves that it was not. See [`Error::may_have_run`](crate::Error::may_have_run).
    pub fn may_have_run(&self) -> bool {
        self.may_have_run
    }
}

/// The record that the clones of a client share.
#[derive(Debug, Default)]
pub(crate) struct Log {
    attempts: AtomicU32,
    may_have_run: AtomicBool,
    /// For each current attempt, whether bytes have left.
    current: Mutex<Vec<Arc<AtomicBool>>>,
}

impl Log {
    /// Records the start of an attempt. The transport sets `left` when bytes leave.
    pub(crate) fn attempt(self: &Arc<Self>, left: Arc<AtomicBool>) -> Current {
        self.lock().push(left.clone());
        self.attempts.fetch_add(1, Ordering::Relaxed);
        Current {
            log: self.clone(),
            left,
            may_have_run: None,
        }
    }

    /// The state now.
    pub(crate) fn so_far(&self) -> Activity {
        // The lock ensures that an attempt that ends meanwhile is counted on one side or the other.
        let current = self.lock();
        let left = current.iter().any(|left| left.load(Ordering::Acquire));
        Activity {
            attempts: self.attempts.load(Ordering::Relaxed),
            may_have_run: left || self.may_have_run.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<AtomicBool>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt that has not ended. If it is dropped, it may have run if bytes had left.
pub(crate) struct Current {
    log: Arc<Log>,
    left: Arc<AtomicBool>,
    may_have_run: Option<bool>,
}

impl Current {
    /// Records the end of the attempt.
    pub(crate) fn ended(mut self, may_have_run: bool) {
        self.may_have_run = Some(may_have_run);
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let mut current = self.log.lock();
        let left = || self.left.load(Ordering::Acquire);
        if self.may_have_run.unwrap_or_else(left) {
            self.log.may_have_run.store(true, Ordering::Relaxed);
        }
        current.retain(|left| !Arc::ptr_eq(left, &self.left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(log: &Log) -> (u32, bool) {
        let activity = log.so_far();
        (activity.attempts(), activity.may_have_run())
    }

    #[test]
    fn attempt_whose_bytes_left_may_have_run_until_its_response_proves_otherwise() {
        let log = Arc::new(Log::default());
        assert_eq!(known(&log), (0, false));
        let left = Arc::new(AtomicBool::new(false));
        let attempt = log.attempt(left.clone());
        assert_eq!(known(&log), (1, false));
        left.store(true, Ordering::Release);
        assert_eq!(known(&log), (1, true));
        attempt.ended(false);
        assert_eq!(known(&log), (1, false), "refused before any work");
        drop(log.attempt(Arc::default()));
        assert_eq!(known(&log), (2, false), "dropped before bytes left");
        drop(log.attempt(left));
        assert_eq!(known(&log), (3, true), "dropped after bytes left");
        assert!(log.lock().is_empty());
    }

    #[test]
    fn attempt_that_ended_with_a_response_has_run() {
        let log = Arc::new(Log::default());
        log.attempt(Arc::default()).ended(true);
        assert_eq!(known(&log), (1, true));
    }
}
