//! The error of a call, and its kinds.

use std::borrow::Cow;
use std::fmt;

/// The error of a call: its kind, and the facts that are known.
///
/// `Display` is one line with provider, operation, code, message, request id and attempts. Neither
/// `Display` nor `Debug` contains a secret, a URL query, a body, or a value that the caller sent.
pub struct Error(Box<ErrorParts>);

pub(crate) struct ErrorParts {
    pub(crate) kind: ErrorKind,
    pub(crate) provider: &'static str,
    pub(crate) operation: Cow<'static, str>,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) full_message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    /// A word or two about each attempt before the last.
    pub(crate) earlier_attempts: Vec<String>,
    pub(crate) retryable: bool,
    pub(crate) may_have_run: bool,
    pub(crate) cursor: Option<String>,
}

/// The kinds of errors, by what the caller can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration of the client is invalid; nothing was sent. Correct it.
    Config,
    /// The request violates a limit, by the client's check or the provider's. Correct the request.
    InvalidRequest,
    /// There are no usable credentials. Provide them.
    Credentials,
    /// The provider rejects the credentials. Check them: repeated failures can lock an account.
    Auth,
    /// The account lacks a permission. Ask for it.
    Permission,
    /// A quota is exhausted. Wait for the next period, or raise the quota.
    Quota,
    /// Too many requests. Slow down and retry later.
    Throttled,
    /// The object of the request does not exist.
    NotFound,
    /// The provider rejects the time of the request. Check the clock of this machine.
    Clock,
    /// The provider failed. Retry later.
    Server,
    /// The provider refused the request for a reason that no other kind covers. See the code.
    Service,
    /// The host cannot be reached. Check its name, the network and the proxy.
    Connect,
    /// There is no trusted TLS connection. Check the certificates; a retry does not help, unless an
    /// established connection broke: then [`Error::may_have_run`] is true.
    Tls,
    /// The connection broke.
    Transport,
    /// The attempt or the call exceeded its time limit.
    Timeout,
    /// The response is not valid HTTP.
    Protocol,
    /// The response is a redirect. It is never followed, because the credentials would go with it.
    Redirect,
    /// The response is larger than the limit.
    TooLarge,
    /// The response is a success that cannot be decoded.
    Decode,
    /// A walk over pages cannot continue. The error has the cursor.
    Paging,
}

impl ErrorKind {
    /// The name of the kind, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::InvalidRequest => "invalid_request",
            Self::Credentials => "credentials",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Quota => "quota",
            Self::Throttled => "throttled",
            Self::NotFound => "not_found",
            Self::Clock => "clock",
            Self::Server => "server",
            Self::Service => "service",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Redirect => "redirect",
            Self::TooLarge => "too_large",
            Self::Decode => "decode",
            Self::Paging => "paging",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// Creates an error without a call: nothing was sent.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorParts {
            kind,
            provider: "",
            operation: "".into(),
            code: None,
            message: message.into(),
            full_message: None,
            request_id: None,
            status: None,
            attempts: 0,
            earlier_attempts: Vec::new(),
            retryable: false,
            may_have_run: false,
            cursor: None,
        }))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut ErrorParts)) -> Self {
        change(&mut self.0);
        self
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The name of the provider, in lower case; empty if the error is not about a call.
    pub fn provider(&self) -> &str {
        self.0.provider
    }

    /// The name of the operation; empty if the error is not about a call.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The provider's error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The message of the provider or of the client: at most 1 KiB, with control characters escaped,
    /// and with `[…]` in place of credentials and of values that the caller sent.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The provider's message, unchanged and of any length. It may repeat values that the caller
    /// sent, so `Display` and `Debug` leave it out.
    pub fn full_message(&self) -> Option<&str> {
        self.0.full_message.as_deref()
    }

    /// The id that the provider gave the request; `None` without a response.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The HTTP status of the last response.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The number of attempts, including those that found no connection; 0 if the call ended before its
    /// first attempt, so that nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether a later retry is reasonable and safe.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether the operation may have been carried out, and billed for that, despite the error: bytes were
    /// sent, and no response proves that nothing happened. Whether a provider bills a rejected request
    /// is a question of its own.
    pub fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    /// The cursor from which a walk over pages can resume.
    pub fn cursor(&self) -> Option<&str> {
        self.0.cursor.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        for word in [parts.provider, &parts.operation]
            .into_iter()
            .filter(|word| !word.is_empty())
        {
            write!(f, "{word} ")?;
        }
        write!(f, "{}: ", parts.kind)?;
        if let Some(code) = &parts.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&parts.message)?;
        let mut facts = Vec::new();
        if let Some(id) = &parts.request_id {
            facts.push(format!("request id {id}"));
        }
        if let Some(status) = parts.status {
            facts.push(format!("HTTP {status}"));
        }
        match parts.attempts {
            0 => {}
            1 => facts.push("1 attempt".to_owned()),
            attempts => facts.push(format!("{attempts} attempts")),
        }
        if let Some((last, before)) = parts.earlier_attempts.split_last() {
            let skipped = before.len().saturating_sub(MOST_EARLIER - 1);
            let mut shown: Vec<&str> = before.iter().skip(skipped).map(String::as_str).collect();
            if skipped > 0 {
                shown.insert(0, "…");
            }
            shown.push(last);
            facts.push(format!("before: {}", shown.join(", ")));
        }
        if let Some(cursor) = &parts.cursor {
            facts.push(format!("resume from cursor {cursor}"));
        }
        if facts.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", facts.join(", "))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        f.debug_struct("Error")
            .field("kind", &parts.kind)
            .field("provider", &parts.provider)
            .field("operation", &parts.operation)
            .field("code", &parts.code)
            .field("message", &parts.message)
            .field("request_id", &parts.request_id)
            .field("status", &parts.status)
            .field("attempts", &parts.attempts)
            .field("retryable", &parts.retryable)
            .field("may_have_run", &parts.may_have_run)
            .field("cursor", &parts.cursor)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

/// How many earlier attempts `Display` shows; of more, it shows the last ones.
const MOST_EARLIER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_with_facts_and_recent_attempts() {
        let error = Error::new(ErrorKind::Server, "try later").with(|parts| {
            parts.provider = "tencent";
            parts.operation = "QueryCustomersCredit".into();
            parts.code = Some("InternalError".into());
            parts.request_id = Some("r-1".into());
            parts.status = Some(200);
            parts.attempts = 3;
            parts.earlier_attempts = vec!["HTTP 503".into(), "HTTP 503".into()];
        });
        assert_eq!(
            error.to_string(),
            "tencent QueryCustomersCredit server: InternalError: try later \
             (request id r-1, HTTP 200, 3 attempts, before: HTTP 503, HTTP 503)"
        );
        let error = error.with(|parts| parts.earlier_attempts = vec!["timeout".into(); 1000]);
        let shown = error.to_string();
        assert!(shown.len() < 300, "{shown}");
        assert!(shown.contains("before: …, timeout, "), "{shown}");
    }
}
