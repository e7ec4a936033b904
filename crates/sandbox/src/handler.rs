//! The interface between the server and the emulation of one provider.

use std::fmt;
use std::time::Duration;

use crate::request::{Request, Target};
use crate::response::Response;

/// The emulation of one provider.
pub(crate) trait Handler: Send + Sync + fmt::Debug + 'static {
    /// Reads what the request asks for, without verifying anything.
    fn target(&self, request: &Request) -> Target;

    /// Verifies the request and answers it.
    fn handle(&self, request: &Request, context: &RequestContext) -> Response;
}

/// The circumstances of one request.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// Seconds since 1970; differs from the sandbox's clock under a fault that shifts it.
    pub now: i64,
    /// The index from which the request id is drawn: unique within a sandbox.
    pub id: u64,
    /// The number of customers: a fault may add some between two pages.
    pub customers: u64,
    /// Whether rate limits apply.
    pub rate_limits: bool,
    /// The error to return in place of running the operation.
    pub injected: Option<InjectedError>,
}

/// An error in the provider's own format that a fault requested.
#[derive(Clone, Debug)]
pub(crate) enum InjectedError {
    /// The rate limit is exceeded; when to retry, if the response says so.
    Throttle(Option<Duration>),
    /// A code, and an HTTP status if it is not the one that belongs to the code.
    Code(String, Option<u16>),
}
