//! Why one attempt of a call failed.

use std::time::Duration;

use crate::credentials::CredentialsError;
use crate::error::ErrorKind;
use crate::scrub::shown;

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) struct AttemptError {
    pub(crate) outcome: Outcome,
    pub(crate) kind: ErrorKind,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) full_message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) status: Option<u16>,
    /// Bytes had left, and nothing proves that the operation was not carried out.
    pub(crate) may_have_run: bool,
    pub(crate) hint: Option<Duration>,
}

impl AttemptError {
    pub(crate) fn new(outcome: Outcome, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            outcome,
            kind,
            code: None,
            message: message.into(),
            full_message: None,
            request_id: None,
            status: None,
            may_have_run: outcome == Outcome::Unknown,
            hint: None,
        }
    }

    /// An error of this machine, which another attempt cannot help.
    pub(crate) fn local(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(Outcome::Final, kind, message)
    }

    /// In a word or two, for the list of earlier attempts.
    pub(crate) fn brief(&self) -> String {
        match (&self.code, self.status) {
            (Some(code), _) => code.clone(),
            (None, Some(status)) => format!("HTTP {status}"),
            (None, None) => self.kind.to_string(),
        }
    }
}

/// How far an attempt got, which is all that a retry may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No byte of the request left.
    NotSent,
    /// The provider refused it before any work, for a reason that may pass.
    Refused(Passing),
    /// It may have run.
    Unknown,
    /// Trying again cannot help.
    Final,
}

/// Reasons for a refusal that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Too many requests.
    Throttled,
    /// The time stamp was off. Helped by a correction that was not in use yet.
    Clock { corrected: bool },
    /// The nonce was seen before.
    Nonce,
    /// The token has expired. Helped by another one.
    Token { renewable: bool },
}

impl From<CredentialsError> for AttemptError {
    fn from(error: CredentialsError) -> Self {
        Self::local(ErrorKind::Credentials, shown(&error.to_string(), &[]))
    }
}
