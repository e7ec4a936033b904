//! Faults on demand: what goes wrong, for which requests, and how often.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use standing_sandbox::{Sandbox, fault};
//!
//! let sandbox = Sandbox::builder().start().await?;
//! sandbox.fault(fault::throttle().on("QueryCustomersCredit").times(2));
//! sandbox.fault(fault::cut_body_after(20).on_page(3).with_probability(0.5));
//! # Ok(())
//! # }
//! ```
//!
//! The credentials of a request are verified even if a fault applies, so the log shows whether the
//! request was signed correctly. A fault that replaces the response (a status, a code, a page, a
//! stale connection) keeps the operation from running. With the other faults the operation runs,
//! and uses quota, and the fault affects its response.

use std::time::Duration;

use crate::provider::Provider;

/// One kind of fault and the requests to which it applies: all, unless it is restricted.
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is given to `Sandbox::fault`"]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) provider: Option<Provider>,
    pub(crate) operation: Option<String>,
    pub(crate) page: Option<u64>,
    pub(crate) times: Option<u32>,
    pub(crate) probability: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FaultKind {
    Status(u16),
    Throttle(Option<Duration>),
    Code(String, Option<u16>),
    Latency(Duration),
    Drop,
    Reset,
    CutBody(usize),
    ResetBody(usize),
    Drip(Duration),
    Silent,
    StaleKeepalive,
    /// Seconds by which the server's clock is ahead.
    WrongClock(i64),
    Html502,
    NotJson,
    Redirect(String, u16),
    MutateBetweenPages,
}

/// An HTTP status with an empty body. A number outside of 100 to 999 is no status, and the sandbox
/// sends 500.
pub fn status(status: u16) -> Fault {
    FaultKind::Status(status).into()
}

/// The provider's own error for an exceeded rate limit.
pub fn throttle() -> Fault {
    FaultKind::Throttle(None).into()
}

/// Like [`throttle`], with the time to wait: Alibaba's `x-acs-retry-after` in milliseconds,
/// otherwise `Retry-After` in whole seconds.
pub fn throttle_for(wait: Duration) -> Fault {
    FaultKind::Throttle(Some(wait)).into()
}

/// An error with this code in the provider's envelope, and with the HTTP status that belongs to
/// the code.
pub fn provider_code(code: impl Into<String>) -> Fault {
    FaultKind::Code(code.into(), None).into()
}

/// Like [`provider_code`], with the given HTTP status: several providers report errors under 200.
pub fn provider_code_at(status: u16, code: impl Into<String>) -> Fault {
    FaultKind::Code(code.into(), Some(status)).into()
}

/// The right response, delayed.
pub fn latency(wait: Duration) -> Fault {
    FaultKind::Latency(wait).into()
}

/// The operation runs; the connection closes before the first byte of the response.
pub fn drop_before_response() -> Fault {
    FaultKind::Drop.into()
}

/// The operation runs; the connection is reset before the first byte of the response.
pub fn reset() -> Fault {
    FaultKind::Reset.into()
}

/// The connection closes after this many bytes of the body.
pub fn cut_body_after(bytes: usize) -> Fault {
    FaultKind::CutBody(bytes).into()
}

/// The connection is reset after this many bytes of the body.
pub fn reset_body_after(bytes: usize) -> Fault {
    FaultKind::ResetBody(bytes).into()
}

/// The response arrives one byte at a time, with this pause before each byte but the first.
pub fn drip(pause: Duration) -> Fault {
    FaultKind::Drip(pause).into()
}

/// No response; the connection stays open.
pub fn silent() -> Fault {
    FaultKind::Silent.into()
}

/// A half-open connection: it closes when a second or later request arrives on it, as if the
/// server had closed it before, and the operation does not run. The first request on a connection
/// is not affected and not counted.
pub fn stale_keepalive() -> Fault {
    FaultKind::StaleKeepalive.into()
}

/// The server's clock is ahead by this much when it verifies the request and dates the response.
pub fn wrong_clock(ahead: Duration) -> Fault {
    FaultKind::WrongClock(i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX)).into()
}

/// Like [`wrong_clock`], but behind.
pub fn clock_behind(behind: Duration) -> Fault {
    let seconds = i64::try_from(behind.as_secs()).map_or(i64::MIN, |seconds| -seconds);
    FaultKind::WrongClock(seconds).into()
}

/// A gateway's HTML page with status 502.
pub fn html_502() -> Fault {
    FaultKind::Html502.into()
}

/// Status 200 with the `Content-Type` of JSON and a body that is not JSON.
pub fn not_json() -> Fault {
    FaultKind::NotJson.into()
}

/// A redirect (307) to another URL.
pub fn redirect_to(url: impl Into<String>) -> Fault {
    redirect_with(307, url)
}

/// Like [`redirect_to`], with another status.
pub fn redirect_with(status: u16, url: impl Into<String>) -> Fault {
    FaultKind::Redirect(url.into(), status).into()
}

/// A customer joins before every page but the first, so a walk that starts with the newest
/// customer sees rows twice.
pub fn mutate_between_pages() -> Fault {
    FaultKind::MutateBetweenPages.into()
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self {
            kind,
            provider: None,
            operation: None,
            page: None,
            times: None,
            probability: None,
        }
    }
}

impl Fault {
    /// Applies only at this provider.
    pub fn at(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Applies only to this operation: a name (`QueryCustomersCredit`), or a service and a name
    /// (`ip/QueryCustomersCredit`).
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Applies only to this page; pages count from 1.
    pub fn on_page(mut self, page: u64) -> Self {
        self.page = Some(page);
        self
    }

    /// Applies to this many requests. Defaults to every matching request.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Applies to this share of the matching requests, from 0 to 1, drawn from the seed.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }
}

impl FaultKind {
    /// The name in the log and the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Throttle(_) => "throttle",
            Self::Code(..) => "provider_code",
            Self::Latency(_) => "latency",
            Self::Drop => "drop_before_response",
            Self::Reset => "reset",
            Self::CutBody(_) => "cut_body_after",
            Self::ResetBody(_) => "reset_body_after",
            Self::Drip(_) => "drip",
            Self::Silent => "silent",
            Self::StaleKeepalive => "stale_keepalive",
            Self::WrongClock(_) => "wrong_clock",
            Self::Html502 => "html_502",
            Self::NotJson => "not_json",
            Self::Redirect(..) => "redirect_to",
            Self::MutateBetweenPages => "mutate_between_pages",
        }
    }

    /// Whether the fault replaces the provider's response.
    pub(crate) fn replaces_response(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::Html502
                | Self::NotJson
                | Self::Redirect(..)
                | Self::StaleKeepalive
        )
    }

    /// Whether no byte of a response is sent.
    pub(crate) fn sends_nothing(&self) -> bool {
        matches!(
            self,
            Self::Drop | Self::Reset | Self::Silent | Self::StaleKeepalive
        )
    }

    /// Whether the client receives no usable response.
    pub(crate) fn fails_request(&self) -> bool {
        !matches!(
            self,
            Self::Latency(_) | Self::Drip(_) | Self::MutateBetweenPages | Self::WrongClock(_)
        )
    }
}
