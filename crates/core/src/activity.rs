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

    /// Whether any operation was or may have been carried out or billed: bytes were sent, and
    /// nothing proves that it was not. See [`Error::may_have_run`](crate::Error::may_have_run).
    pub fn may_have_run(&self) -> bool {
        self.may_have_run
    }
}

/// Counts the attempts of a client and its clones.
#[derive(Debug, Default)]
pub(crate) struct ActivityTracker {
    attempts: AtomicU32,
    may_have_run: AtomicBool,
    /// For each ongoing attempt, whether a byte may have been sent.
    ongoing: Mutex<Vec<Arc<AtomicBool>>>,
}

impl ActivityTracker {
    /// Records the start of an attempt. The transport sets `sent` when bytes leave.
    pub(crate) fn start_attempt(self: &Arc<Self>, sent: Arc<AtomicBool>) -> OngoingAttempt {
        self.lock().push(sent.clone());
        self.attempts.fetch_add(1, Ordering::Relaxed);
        OngoingAttempt {
            tracker: self.clone(),
            sent,
            may_have_run: None,
        }
    }

    /// The activity until now.
    pub(crate) fn activity(&self) -> Activity {
        // The lock ensures that an attempt that ends meanwhile is counted on one side or the other.
        let ongoing = self.lock();
        let sent = ongoing.iter().any(|sent| sent.load(Ordering::Acquire));
        Activity {
            attempts: self.attempts.load(Ordering::Relaxed),
            may_have_run: sent || self.may_have_run.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<AtomicBool>>> {
        self.ongoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt that has not ended. If it is dropped, it may have run if bytes had left.
pub(crate) struct OngoingAttempt {
    tracker: Arc<ActivityTracker>,
    sent: Arc<AtomicBool>,
    may_have_run: Option<bool>,
}

impl OngoingAttempt {
    /// Records the end of the attempt.
    pub(crate) fn end(mut self, may_have_run: bool) {
        self.may_have_run = Some(may_have_run);
    }
}

impl Drop for OngoingAttempt {
    fn drop(&mut self) {
        let mut ongoing = self.tracker.lock();
        let sent = || self.sent.load(Ordering::Acquire);
        if self.may_have_run.unwrap_or_else(sent) {
            self.tracker.may_have_run.store(true, Ordering::Relaxed);
        }
        ongoing.retain(|sent| !Arc::ptr_eq(sent, &self.sent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(tracker: &ActivityTracker) -> (u32, bool) {
        let activity = tracker.activity();
        (activity.attempts(), activity.may_have_run())
    }

    #[test]
    fn attempt_whose_bytes_left_may_have_run_until_its_response_proves_otherwise() {
        let tracker = Arc::new(ActivityTracker::default());
        assert_eq!(known(&tracker), (0, false));
        let sent = Arc::new(AtomicBool::new(false));
        let attempt = tracker.start_attempt(sent.clone());
        assert_eq!(known(&tracker), (1, false));
        sent.store(true, Ordering::Release);
        assert_eq!(known(&tracker), (1, true));
        attempt.end(false);
        assert_eq!(known(&tracker), (1, false), "refused before any work");
        drop(tracker.start_attempt(Arc::default()));
        assert_eq!(known(&tracker), (2, false), "dropped before bytes left");
        drop(tracker.start_attempt(sent));
        assert_eq!(known(&tracker), (3, true), "dropped after bytes left");
        assert!(tracker.lock().is_empty());
    }

    #[test]
    fn attempt_that_ended_with_a_response_has_run() {
        let tracker = Arc::new(ActivityTracker::default());
        tracker.start_attempt(Arc::default()).end(true);
        assert_eq!(known(&tracker), (1, true));
    }
}
