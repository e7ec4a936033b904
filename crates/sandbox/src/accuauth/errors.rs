//! AccuAuth's errors and the HTTP statuses of its codes.

use crate::response::ErrorResponse;

pub(super) fn error(code: &'static str, reason: &'static str) -> ErrorResponse {
    ErrorResponse::new(status_of(code), code, reason)
}

pub(super) fn invalid_argument(argument: &str, why: &str) -> ErrorResponse {
    ErrorResponse::new(
        400,
        "INVALID_ARGUMENT",
        format!("argument '{argument}': {why}"),
    )
}

/// The HTTP status of a code.
pub(super) fn status_of(code: &str) -> u16 {
    match code {
        "UNAUTHORIZED" | "KEY_EXPIRED" => 401,
        "NO_PERMISSION" | "OUT_OF_QUOTA" | "RATE_LIMIT_EXCEEDED" => 403,
        "NOT_FOUND" => 404,
        "INTERNAL_ERROR" => 500,
        "SOURCE_SERVICE_UNAVAILABLE" => 512,
        "SOURCE_SERVICE_TIMEOUT" => 513,
        _ => 400,
    }
}
