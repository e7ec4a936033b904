//! A response as it came, and why it has no payload.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::HeaderMap;

use crate::operation::CodeKind;

/// A response as it came, whatever its status.
pub struct RawResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Whether the length of the body was framed; without framing, a truncated body looks complete.
    pub(crate) framed: bool,
}

impl RawResponse {
    /// Creates a response from its parts, for tests of a provider. A byte order mark is removed; bytes
    /// that are not UTF-8 are an error only in a value that is read.
    pub fn new(status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        Self::received(status, headers, body.to_vec(), true)
    }

    /// A response as it came from a connection.
    pub(crate) fn received(
        status: u16,
        headers: HeaderMap,
        mut body: Vec<u8>,
        framed: bool,
    ) -> Self {
        if body.starts_with(b"\xEF\xBB\xBF") {
            body.drain(..3);
        }
        let text = String::from_utf8(body).unwrap_or_else(|error| {
            let body = error.into_bytes();
            let mut text = String::with_capacity(body.len());
            for chunk in body.utf8_chunks() {
                text.push_str(chunk.valid());
                if !chunk.invalid().is_empty() {
                    text.push(crate::lenient::INVALID);
                }
            }
            text
        });
        Self {
            status,
            headers,
            text,
            framed,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("body_length", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// Why a response has no payload.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The provider reports an error.
    Service(Box<ServiceError>),
    /// The response is not of the provider's form, for this reason; the HTTP status decides.
    Unreadable(Cow<'static, str>),
}

/// An error that a provider reports.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServiceError {
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's text; it may repeat what the caller sent.
    pub message: Option<String>,
    /// The id that the provider gave the request.
    pub request_id: Option<String>,
    /// What the code means here, where the tables do not decide.
    pub kind: Option<CodeKind>,
    /// The wait that the provider asks for.
    pub retry_after: Option<Duration>,
    /// A part of the response reports a success, so the operation may have run.
    pub(crate) may_have_run: bool,
}

impl ServiceError {
    /// An error by code and text. Blanks around the code are removed; an empty code or text is none.
    pub fn new(code: Option<impl Into<String>>, message: Option<impl Into<String>>) -> Self {
        let has_text = |text: &String| !text.trim().is_empty();
        Self {
            code: code
                .map(Into::into)
                .filter(has_text)
                .map(|code| code.trim().to_owned()),
            message: message.map(Into::into).filter(has_text),
            ..Self::default()
        }
    }

    /// The id that the provider gave the request.
    #[must_use]
    pub fn request_id(mut self, id: Option<impl Into<String>>) -> Self {
        self.request_id = id.map(Into::into);
        self
    }

    /// What the code means here, where the tables do not decide.
    #[must_use]
    pub fn kind(mut self, kind: CodeKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// The wait that the provider asks for.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }
}

impl From<ServiceError> for ResponseError {
    fn from(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceError")
            .field("code", &self.code)
            .field("kind", &self.kind)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Unreadable(problem) => write!(f, "Unreadable({problem})"),
        }
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => f.write_str(error.code.as_deref().unwrap_or("refused")),
            Self::Unreadable(problem) => write!(f, "the response {problem}"),
        }
    }
}

impl std::error::Error for ResponseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_error_with_blank_code_or_message_has_none() {
        let error = ServiceError::new(Some("\u{a0}InternalError\t"), Some("  "));
        assert_eq!(error.code.as_deref(), Some("InternalError"));
        assert_eq!(error.message, None);
        assert_eq!(ServiceError::new(Some(" "), Some("x")).code, None);
    }
}
