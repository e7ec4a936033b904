//! The response of a successful call.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use crate::call::Done;
use crate::lenient::Deviation;

/// The response of a successful call: the value, and facts about the call. Derefs to the value.
pub struct Response<T> {
    pub(crate) value: T,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) done: Done,
}

impl<T> Response<T> {
    /// Returns the value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The provider's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.done.request_id.as_deref()
    }

    /// The number of attempts.
    pub fn attempts(&self) -> u32 {
        self.done.attempts
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.done.answer.status()
    }

    /// A header of the answer, if it is present and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.done.answer.header(name)
    }

    /// The time from the start of the last attempt to its answer.
    pub fn round_trip(&self) -> Duration {
        self.done.round_trip
    }

    /// The places where the answer differs from what is documented, and was read nevertheless.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// The whole body as received, envelope and unknown fields included.
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
