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
    /// Whether bytes had left and nothing proves that the operation was not carried out. This is for the
    /// caller and independent of the outcome, which decides about a retry: after a malformed response a
    /// retry cannot help, although the operation may have run.
    pub(crate) may_have_run: bool,
    /// The wait that the provider asks for.
    pub(crate) retry_after: Option<Duration>,
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
            retry_after: None,
        }
    }

    /// An error of this machine before the attempt starts, which a retry cannot help.
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

/// How an attempt failed, as far as it matters for a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No byte of the request left this machine.
    NotSent,
    /// The provider rejected it before any work, for a reason that can go away.
    Rejected(Rejection),
    /// The operation may have run.
    Unknown,
    /// A retry cannot help.
    Final,
}

/// A reason of a rejection that can go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Too many requests.
    Throttled,
    /// The time stamp was too far off. The call loop sets `corrected` if a better time is known, so
    /// that a retry helps.
    Clock { corrected: bool },
    /// The provider has seen the nonce before.
    NonceReplayed,
    /// The token has expired. The call loop sets `renewable` if the source may have another one, so
    /// that a retry helps.
    TokenExpired { renewable: bool },
}

impl From<CredentialsError> for AttemptError {
    fn from(error: CredentialsError) -> Self {
        Self::local(ErrorKind::Credentials, scrubbed(&error.to_string(), &[]))
    }
}
