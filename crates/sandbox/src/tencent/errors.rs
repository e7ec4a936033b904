//! Tencent's errors. All of them have HTTP status 200.

use std::borrow::Cow;
use std::time::Duration;

use crate::response::ErrorResponse;

pub(super) fn error(code: &'static str, message: impl Into<Cow<'static, str>>) -> ErrorResponse {
    ErrorResponse::new(200, code, message)
}

pub(super) fn signature_failure(message: &'static str) -> ErrorResponse {
    error("AuthFailure.SignatureFailure", message).unauthenticated()
}

pub(super) fn invalid_authorization(message: &'static str) -> ErrorResponse {
    error("AuthFailure.InvalidAuthorization", message).unauthenticated()
}

pub(super) fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> ErrorResponse {
    error("InvalidParameter", message)
}

pub(super) fn invalid_value(message: impl Into<Cow<'static, str>>) -> ErrorResponse {
    error("InvalidParameterValue", message)
}

pub(super) fn missing_parameter(name: &str) -> ErrorResponse {
    error(
        "MissingParameter",
        format!("The request is missing a required parameter `{name}`."),
    )
}

pub(super) fn rate_limited(count: u32, limit: u32, wait: Option<Duration>) -> ErrorResponse {
    let message = format!(
        "Your current request times equals to `{count}` in a second, \
         which exceeds the frequency limit `{limit}` for a second. \
         Please reduce the frequency of calls."
    );
    error("RequestLimitExceeded", message).retryable(wait)
}

pub(super) fn request_too_large(part: &str, max: usize) -> ErrorResponse {
    error(
        "RequestSizeLimitExceeded",
        format!("The {part} exceeds the limit of {max} bytes."),
    )
}
