//! What a provider's handler returns: a response, or an error that becomes one.

use std::borrow::Cow;
use std::time::Duration;

use crate::log::OK;

/// A response in the provider's format.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// The code for the log.
    pub code: Cow<'static, str>,
    pub credentials: CredentialCheck,
    /// Whether a retry may succeed.
    pub retryable: bool,
}

impl Response {
    pub(crate) fn success(status: u16, headers: Vec<(&'static str, String)>, body: String) -> Self {
        Self::error(ErrorResponse::new(status, OK, ""), headers, body)
    }

    /// A response with the status, the code and the credential check of `error`.
    pub(crate) fn error(
        error: ErrorResponse,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Self {
        Self {
            status: error.status,
            headers,
            body,
            code: error.code,
            credentials: error.credentials,
            retryable: error.retryable,
        }
    }

    /// The response to a body that exceeds the limits of all providers.
    pub(crate) fn body_too_large() -> Self {
        let error = ErrorResponse::new(413, "HTTP 413", "").unauthenticated();
        Self::error(error, Vec::new(), String::new())
    }
}

/// The result of verifying a request's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialCheck {
    Passed,
    Failed,
    /// Everything but the time is right. A fault that shifts the clock causes this too, and then
    /// the client is not to blame.
    OutsideTimeWindow,
}

/// Why a request fails.
#[derive(Debug)]
pub(crate) struct ErrorResponse {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: Cow<'static, str>,
    pub credentials: CredentialCheck,
    /// Whether a retry may succeed.
    pub retryable: bool,
    /// When to retry, if the response says so.
    pub retry_after: Option<Duration>,
}

impl ErrorResponse {
    /// An error of a request whose credentials are right.
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            credentials: CredentialCheck::Passed,
            retryable: false,
            retry_after: None,
        }
    }

    /// An error that a fault requested.
    pub(crate) fn injected(status: u16, code: &str) -> Self {
        Self::new(status, code.to_owned(), "Asked for by the sandbox's user.")
    }

    /// Marks the credentials as wrong, or as not verified.
    pub(crate) fn unauthenticated(self) -> Self {
        Self {
            credentials: CredentialCheck::Failed,
            ..self
        }
    }

    /// Marks the credentials as right except for their time.
    pub(crate) fn outside_time_window(self) -> Self {
        Self {
            credentials: CredentialCheck::OutsideTimeWindow,
            ..self
        }
    }

    pub(crate) fn retryable(self, after: Option<Duration>) -> Self {
        Self {
            retryable: true,
            retry_after: after,
            ..self
        }
    }

    /// The `Retry-After` header in whole seconds, if the error has a time to retry.
    pub(crate) fn retry_after_header(&self) -> Option<(&'static str, String)> {
        self.retry_after
            .map(|wait| ("retry-after", wait.as_secs().to_string()))
    }
}
