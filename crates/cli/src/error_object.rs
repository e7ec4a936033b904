//! The JSON object that says why a call or a report failed.

use std::fmt;

use serde::{Deserialize, Serialize};
use standing_core::{Error, ErrorKind};

/// The error object. Every key is always present.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErrorObject {
    pub(crate) provider: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) kind: String,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) retryable: bool,
    pub(crate) may_have_run: bool,
    /// Where a walk over pages can be resumed.
    pub(crate) cursor: Option<String>,
}

impl ErrorObject {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// A metered call of an earlier run that may have been billed.
    pub(crate) fn may_be_billed() -> Self {
        Self {
            may_have_run: true,
            ..Self::new(
                ErrorKind::Transport,
                "an earlier run ended before the response, and the call may have been billed; \
                 --retry-metered repeats it",
            )
        }
    }

    /// A short form, for the customer's row.
    pub(crate) fn in_short(&self) -> String {
        let code = self.code.as_ref().map(|code| format!(" {code}"));
        format!(
            "{}{}: {} (attempts: {})",
            self.kind,
            code.unwrap_or_default(),
            self.message,
            self.attempts
        )
    }

    /// Adds provider and operation where they are not set.
    pub(crate) fn of(mut self, provider: &str, operation: Option<&str>) -> Self {
        self.provider.get_or_insert_with(|| provider.to_owned());
        if let Some(operation) = operation {
            self.operation.get_or_insert_with(|| operation.to_owned());
        }
        self
    }
}

impl From<&Error> for ErrorObject {
    fn from(error: &Error) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            provider: some(error.provider()),
            operation: some(error.operation()),
            kind: error.kind().as_str().to_owned(),
            code: error.code().map(str::to_owned),
            message: error.message().to_owned(),
            request_id: error.request_id().map(str::to_owned),
            status: error.status(),
            attempts: error.attempts(),
            retryable: error.is_retryable(),
            may_have_run: error.may_have_run(),
            cursor: error.cursor().map(str::to_owned),
        }
    }
}

/// A line for people.
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for text in [&self.provider, &self.operation].into_iter().flatten() {
            write!(f, "{text} ")?;
        }
        f.write_str(&self.kind)?;
        if let Some(status) = self.status {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}
