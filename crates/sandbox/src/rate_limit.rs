//! Rate limits as the providers count them: in fixed windows of one second.

use std::sync::{Mutex, PoisonError};

/// Counts the requests of each second of the sandbox's clock.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    pub per_second: u32,
    /// The current second, and the requests in it.
    counted: Mutex<(i64, u32)>,
}

impl RateLimiter {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            counted: Mutex::default(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// The number of requests in this second, if the request exceeds the limit.
    pub(crate) fn try_acquire(&self, now: i64) -> Result<(), u32> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != now {
            *counted = (now, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        if counted.1 > self.per_second {
            Err(counted.1)
        } else {
            Ok(())
        }
    }
}
