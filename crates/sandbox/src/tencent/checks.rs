//! The checks that both versions of the signature share.

use super::errors::error;
use crate::credentials::Key;
use crate::digest::constant_time_eq;
use crate::request::Request;
use crate::response::ErrorResponse;

/// How many seconds a request's time may differ from the server's.
pub(super) const MAX_CLOCK_SKEW: i64 = 5 * 60;
/// The largest query, in bytes.
pub(super) const MAX_QUERY: usize = 32 << 10;

pub(super) fn find_key<'a>(keys: &'a [Key], id: &str) -> Result<&'a Key, ErrorResponse> {
    keys.iter().find(|key| key.id == id).ok_or(
        error("AuthFailure.SecretIdNotFound", "The SecretId is not found.").unauthenticated(),
    )
}

pub(super) fn check_token(key: &Key, sent: Option<&str>) -> Result<(), ErrorResponse> {
    let Some(token) = &key.session_token else {
        return Ok(());
    };
    if sent.is_some_and(|sent| constant_time_eq(sent.as_bytes(), token.as_bytes())) {
        Ok(())
    } else {
        Err(error("AuthFailure.TokenFailure", "The token is wrong or missing.").unauthenticated())
    }
}

pub(super) fn check_time(seconds: i64, now: i64) -> Result<(), ErrorResponse> {
    if now.abs_diff(seconds) > MAX_CLOCK_SKEW.unsigned_abs() {
        return Err(error(
            "AuthFailure.SignatureExpire",
            "The timestamp is more than five minutes from the server's time.",
        )
        .outside_time_window());
    }
    Ok(())
}

/// The forms of the host that a signature may cover: as it was sent, or without the port, which
/// the vendor's Node SDK omits.
pub(super) fn hosts(request: &Request) -> [&[u8]; 2] {
    let host = request.headers.get("host");
    let host = host.map_or(&b""[..], |host| host.as_bytes().trim_ascii());
    let port = host.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let digits = port.count();
    let bare = match host.split_at(host.len() - digits) {
        ([name @ .., b':'], [_, ..]) => name,
        _ => host,
    };
    [host, bare]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::testing::request;

    #[test]
    fn host_has_two_forms_only_if_it_has_a_port() {
        for (sent, bare) in [
            ("ip.tencentcloudapi.com", "ip.tencentcloudapi.com"),
            ("ip.tencentcloudapi.com:8443", "ip.tencentcloudapi.com"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("localhost:", "localhost:"),
            (":80", ""),
            ("80", "80"),
            ("", ""),
        ] {
            let request = request(("POST", "/", ""), [("host", sent)], "");
            assert_eq!(hosts(&request), [sent.as_bytes(), bare.as_bytes()]);
        }
    }
}
