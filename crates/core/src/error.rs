//! What a call can fail with.

use std::borrow::Cow;
use std::fmt;

/// Why a call failed: the kind, and what is known of it.
///
/// `Display` is one line with provider, operation, code, message, request id and attempts. Neither
/// it nor `Debug` holds a secret, a URL query, a body, or a value that the caller sent.
pub struct Error(Box<Parts>);

pub(crate) struct Parts {
    pub(crate) kind: ErrorKind,
    pub(crate) provider: &'static str,
    pub(crate) operation: Cow<'static, str>,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) full_message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) earlier: Vec<String>,
    pub(crate) retryable: bool,
    pub(crate) may_have_run: bool,
    pub(crate) cursor: Option<String>,
}

/// The kinds of failures, by what the caller can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client is set up wrongly. Mend the configuration; nothing was sent.
    Config,
    /// The request breaks a limit, here or in the provider's eyes. Mend the request.
    InvalidRequest,
    /// There are no keys to sign with. Provide them.
    Credentials,
    /// The provider refuses the keys. Check them; repeated failures can lock an account.
    Auth,
    /// The account may not do this. Ask for the permission.
    Permission,
    /// A quota is used up. Wait for the next period, or buy more.
    Quota,
    /// Too many requests. Slow down and try later.
    Throttled,
    /// What the request names does not exist.
    NotFound,
    /// The provider refuses our time. Check the clock of this machine.
    Clock,
    /// The provider failed. Try later.
    Server,
    /// The provider refused for a reason of its own; see the code.
    Service,
    /// The host could not be reached. Check name, network and proxy.
    Connect,
    /// No trusted TLS connection. Check the certificates; trying again does not help, unless what
    /// broke was a connection already in use: then [`Error::may_have_run`] is set.
    Tls,
    /// The connection broke.
    Transport,
    /// It took too long.
    Timeout,
    /// What came back is not HTTP as it should be.
    Protocol,
    /// The answer was a redirect, which is never followed: keys would go with it.
    Redirect,
    /// The answer is larger than allowed.
    TooLarge,
    /// The answer is a success that cannot be read.
    Decode,
    /// A walk over pages cannot go on; the error has the cursor.
    Paging,
}

impl ErrorKind {
    /// The kind in lower case, words joined by `_`.
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
    /// An error before anything was sent.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            provider: "",
            operation: "".into(),
            code: None,
            message: message.into(),
            full_message: None,
            request_id: None,
            status: None,
            attempts: 0,
            earlier: Vec::new(),
            retryable: false,
            may_have_run: false,
            cursor: None,
        }))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(&mut self.0);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The provider, in lower case; empty for an error that concerns none.
    pub fn provider(&self) -> &str {
        self.0.provider
    }

    /// The operation; empty for an error that concerns none.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The provider's error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What went wrong, in the provider's words or ours: at most 1 KiB, control characters
    /// escaped, keys and the caller's own values replaced.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The provider's message as it came, however long. It may repeat what the caller sent, so it
    /// is in no `Display` and no `Debug`.
    pub fn full_message(&self) -> Option<&str> {
        self.0.full_message.as_deref()
    }

    /// The id that the provider gave the request; there is none if no answer came.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The HTTP status of the last answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// How many attempts were made; 0 if nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether trying again later is reasonable and safe.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether the operation may have been carried out, or billed, all the same: bytes had left,
    /// and no answer proves that nothing happened.
    pub fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    /// Where a walk over pages can be taken up again.
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
        if let Some((last, before)) = parts.earlier.split_last() {
            let skipped = before.len().saturating_sub(MOST_EARLIER - 1);
            let mut told: Vec<&str> = before.iter().skip(skipped).map(String::as_str).collect();
            if skipped > 0 {
                told.insert(0, "…");
            }
            told.push(last);
            facts.push(format!("before: {}", told.join(", ")));
        }
        if let Some(cursor) = &parts.cursor {
            facts.push(format!("go on from cursor {cursor}"));
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

/// Of more failed attempts only the last are told.
const MOST_EARLIER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_with_the_useful_facts() {
        let error = Error::new(ErrorKind::Server, "try later").with(|parts| {
            parts.provider = "tencent";
            parts.operation = "QueryCustomersCredit".into();
            parts.code = Some("InternalError".into());
            parts.request_id = Some("r-1".into());
            parts.status = Some(200);
            parts.attempts = 3;
            parts.earlier = vec!["HTTP 503".into(), "HTTP 503".into()];
        });
        assert_eq!(
            error.to_string(),
            "tencent QueryCustomersCredit server: InternalError: try later \
             (request id r-1, HTTP 200, 3 attempts, before: HTTP 503, HTTP 503)"
        );
        let error = error.with(|parts| parts.earlier = vec!["timeout".into(); 1000]);
        let told = error.to_string();
        assert!(told.len() < 300, "{told}");
        assert!(told.contains("before: …, timeout, "), "{told}");
    }
}
