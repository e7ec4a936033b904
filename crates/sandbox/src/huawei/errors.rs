//! Huawei's errors, their formats, and the HTTP statuses of its codes.

use std::borrow::Cow;

use crate::json::{object, string};
use crate::response::ErrorResponse;

/// The body of an error: in IAM's format, or in that of the gateway and BSS.
pub(super) fn error_body(error: &ErrorResponse, id: &str) -> String {
    if error.code == IAM {
        return iam_error_body(error);
    }
    let mut members = vec![
        ("error_code", string(&error.code)),
        ("error_msg", string(&error.message)),
    ];
    // Only the gateway adds the request id.
    if error.code.starts_with("APIG") {
        members.push(("request_id", string(id)));
    }
    object(members)
}

/// IAM's code is the status as a number.
fn iam_error_body(error: &ErrorResponse) -> String {
    let title = match error.status {
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Bad Request",
    };
    let members = [
        ("code", error.status.to_string()),
        ("message", string(&error.message)),
        ("title", string(title)),
    ];
    object([("error", object(members))])
}

/// The code in the log for an error of IAM, whose responses have no code but the status.
const IAM: &str = "IAM";

pub(super) fn iam(status: u16, message: &'static str) -> ErrorResponse {
    ErrorResponse::new(status, IAM, message)
}

pub(super) fn gateway(
    status: u16,
    code: &'static str,
    message: impl Into<Cow<'static, str>>,
) -> ErrorResponse {
    ErrorResponse::new(status, code, message)
}

pub(super) fn unauthorized(why: &str) -> ErrorResponse {
    gateway(
        401,
        "APIGW.0301",
        format!("Incorrect IAM authentication information: {why}"),
    )
    .unauthenticated()
}

pub(super) fn invalid(code: &'static str, message: &'static str) -> ErrorResponse {
    ErrorResponse::new(400, code, message)
}

/// The HTTP status of a code.
pub(super) fn status_of(code: &str) -> u16 {
    let number = code.split_once('.').map_or(code, |(_, number)| number);
    match (code.starts_with("CBC."), number) {
        (true, "0000" | "3002" | "5002" | "6055" | "30050007") => 200,
        (true, "0154") => 401,
        (true, "0151" | "0155" | "0156") => 403,
        (true, "0250") => 429,
        (true, "0999" | "7181" | "99007461") => 500,
        (true, _) => 400,
        (false, "0101" | "0004") => 404,
        (
            false,
            "0301" | "0303" | "0305" | "0307" | "0311" | "0001" | "0061" | "0062" | "0066" | "0067",
        ) => 401,
        (
            false,
            "0302" | "0304" | "0306" | "0310" | "0401" | "0402" | "0404" | "0801" | "0802" | "0002"
            | "0003",
        ) => 403,
        (false, "0308" | "0012") => 429,
        (false, "0501" | "0502") => 405,
        (false, "0601" | "0605" | "0606" | "0608" | "0609" | "0611" | "0612" | "0705" | "0006") => {
            500
        }
        (false, "0610") => 502,
        (false, "0613") => 503,
        (false, "0203") => 504,
        (false, _) => 400,
    }
}
