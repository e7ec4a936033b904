//! Alibaba's errors, their two formats, and the HTTP statuses of its codes.

use std::borrow::Cow;

use crate::json::{object, string};
use crate::request::Request;
use crate::response::ErrorResponse;

const HOST_ID: &str = "business.aliyuncs.com";

pub(super) fn error(status: u16, code: &'static str, message: &'static str) -> ErrorResponse {
    ErrorResponse::new(status, code, message)
}

pub(super) fn incomplete_signature(message: impl Into<Cow<'static, str>>) -> ErrorResponse {
    ErrorResponse::new(400, "IncompleteSignature", message).unauthenticated()
}

/// The value of a header that must be present and not empty.
pub(super) fn required_header<'a>(
    request: &'a Request,
    name: &'static str,
) -> Result<&'a str, ErrorResponse> {
    request
        .header(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| {
            ErrorResponse::new(
                400,
                "MissingParameter",
                format!("The header {name} is mandatory for this action."),
            )
        })
}

/// The body of an error: in the format of the gateway, or in that of the product, which reports
/// some errors under 200.
pub(super) fn error_body(error: &ErrorResponse, id: &str) -> String {
    let (code, message, id) = (string(&error.code), string(&error.message), string(id));
    if error.status == 200 {
        let success = "false".to_owned();
        return object([
            ("Code", code),
            ("Message", message),
            ("RequestId", id),
            ("Success", success),
        ]);
    }
    let recommend = format!(
        "https://api.aliyun.com/troubleshoot?q={}&product=BssOpenApi",
        error.code
    );
    object([
        ("RequestId", id),
        ("HostId", string(HOST_ID)),
        ("Code", code),
        ("Message", message),
        ("Recommend", string(&recommend)),
    ])
}

/// The HTTP status of a code.
pub(super) fn status_of(code: &str) -> u16 {
    match code {
        "INSUFFICIENT.AVAILABLE.QUOTA" | "-116" => 200,
        "VnoNoDataError" => 401,
        "NotFoundRamAction" => 402,
        "InvalidAccessKeyId.NotFound" | "InvalidApi.NotFound" | "InvalidAction.NotFound" => 404,
        "InternalError" | "InternalFailure" | "UndefinedError" => 500,
        "ServiceUnavailable" | "ServiceUnavailableTemporary" => 503,
        _ if code.starts_with("Forbidden") => 403,
        _ => 400,
    }
}
