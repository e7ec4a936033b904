//! The error of one attempt of a call.

use std::time::Duration;

use crate::credentials::CredentialsError;
use crate::error::ErrorKind;
use crate::scrub::scrubbed;

/// The error of one attempt.
#[derive(Debug)]
pub(crate) struct AttemptError {
    pub(crate) outcome: Outcome,
    pub(crate) kind: ErrorKind,
    pub(crate) code: Option<String>,
    /// Scrubbed, at most 1 KiB.
    pub(crate) message: String,
    /// The provider's message as it came.
    pub(crate) full_message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) status: Option<u16>,
    /// Whether bytes had left and nothing proves that the operation was not carried out.
    pub(crate) may_have_run: bool,
    /// The pause that the provider asks for.
    pub(crate) hint: Option<Duration>,
}

impl AttemptError {
    /// An error without a response. If the outcome is unknown, the operation may have run.
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

    /// An error before anything was sent, which a retry cannot help.
    pub(crate) fn local(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(Outcome::Final, kind, message)
    }

    /// A summary of a word or two, for the list of earlier attempts.
    pub(crate) fn brief(&self) -> String {
        match (&self.code, self.status) {
            (Some(code), _) => code.clone(),
            (None, Some(status)) => format!("HTTP {status}"),
            (None, None) => self.kind.to_string(),
        }
    }
}

/// How far an attempt got. A retry depends on nothing else of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No byte of the request left this machine.
    NotSent,
    /// The provider refused it before any work, for a reason that can pass.
    Refused(Passing),
    /// The operation may have run.
    Unknown,
    /// A retry cannot help.
    Final,
}

/// A reason for a refusal that can pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Too many requests.
    Throttled,
    /// The time stamp was too far off; a retry helps if a new correction of the clock is known.
    Clock { corrected: bool },
    /// The provider has seen the nonce before.
    Nonce,
    /// The token has expired; a retry helps if the source can provide another one.
    Token { renewable: bool },
}

impl From<CredentialsError> for AttemptError {
    fn from(error: CredentialsError) -> Self {
        Self::local(ErrorKind::Credentials, scrubbed(&error.to_string(), &[]))
    }
}
