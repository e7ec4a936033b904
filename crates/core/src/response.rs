//! The response of a successful call.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use crate::call::Received;
use crate::lenient::Deviation;

/// The response of a successful call: the value, and facts about the call. Derefs to the value.
pub struct Response<T> {
    pub(crate) value: T,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) received: Received,
    pub(crate) attempts: u32,
}

impl<T> Response<T> {
    /// Returns the value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The provider's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.received.request_id.as_deref()
    }

    /// The number of attempts.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.received.response.status()
    }

    /// A header of the response, if it is present and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.received.response.header(name)
    }

    /// The time from the start of the last attempt to its response.
    pub fn round_trip(&self) -> Duration {
        self.received.round_trip
    }

    /// The places where the response differs from what is documented, and was read nevertheless.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// The whole body as received, envelope and unknown fields included.
    pub fn raw(&self) -> &str {
        self.received.response.text()
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
            .field("request_id", &self.received.request_id)
            .field("attempts", &self.attempts)
            .field("status", &self.received.response.status())
            .field("deviations", &self.deviations.len())
            .finish_non_exhaustive()
    }
}
