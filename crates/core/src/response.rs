//! What a caller gets for a call that succeeds.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use crate::call::Done;
use crate::lenient::Deviation;

/// A successful answer: the value, and what is known of the call. Derefs to the value.
pub struct Response<T> {
    pub(crate) value: T,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) done: Done,
}

impl<T> Response<T> {
    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The id that the provider gave the request.
    pub fn request_id(&self) -> Option<&str> {
        self.done.request_id.as_deref()
    }

    /// How many attempts it took.
    pub fn attempts(&self) -> u32 {
        self.done.attempts
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.done.answer.status()
    }

    /// A header of the answer, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.done.answer.header(name)
    }

    /// The time from the last attempt to its answer.
    pub fn round_trip(&self) -> Duration {
        self.done.round_trip
    }

    /// The liberties that were taken to read the answer: where it differs from what is documented.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// The whole body as it came, envelope and unknown fields included.
    pub fn raw(&self) -> &str {
        self.done.answer.text()
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("request_id", &self.done.request_id)
            .field("attempts", &self.done.attempts)
            .field("status", &self.done.answer.status())
            .field("deviations", &self.deviations.len())
            .finish_non_exhaustive()
    }
}
