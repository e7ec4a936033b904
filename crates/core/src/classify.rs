//! What the code or the status of an answer means.

use std::borrow::Cow;

use crate::attempt_error::{Outcome, Passing};
use crate::envelope::{agrees, reports_success};
use crate::error::ErrorKind;
use crate::operation::{CodeKind, ErrorCode, OperationInfo};
use crate::provider::{Provider, RawResponse, ResponseError, ServiceError};

/// Where the payload is.
#[derive(Debug, Clone)]
pub(crate) enum PayloadSpan {
    /// In these bytes of the answer's text.
    Within(std::ops::Range<usize>),
    /// The provider says that there is no such record.
    NoRecord,
}

/// The payload, if the answer is a success in every respect.
pub(crate) fn opened<P: Provider>(
    provider: &P,
    answer: &RawResponse,
    info: &OperationInfo,
) -> Result<(PayloadSpan, Option<String>), ResponseError> {
    if let Some(problem) = unreadable(answer) {
        return Err(ResponseError::Unreadable(problem));
    }
    if !agrees(answer.text(), info.answer_envelope()) {
        return Err(disagreeing(answer));
    }
    match provider.parse_response(answer, info) {
        Ok(opened) if answer.is_success() => {
            if opened.payload.trim().is_empty() {
                return Err(ResponseError::Unreadable("has no payload"));
            }
            let start =
                (opened.payload.as_ptr() as usize).wrapping_sub(answer.text().as_ptr() as usize);
            let within = start..start.wrapping_add(opened.payload.len());
            if answer.text().get(within.clone()) != Some(opened.payload) {
                return Err(ResponseError::Unreadable("has no payload of its own"));
            }
            Ok((
                PayloadSpan::Within(within),
                opened.request_id.map(Cow::into_owned),
            ))
        }
        // A success in the body under a status of failure is no success, and no proof either that
        // nothing happened.
        Ok(opened) => Err(ServiceError {
            has_run: true,
            ..ServiceError::default().request_id(opened.request_id)
        }
        .into()),
        Err(ResponseError::Refused(refusal)) => refused(*refusal, answer, info),
        Err(fault) => Err(fault),
    }
}

/// An answer whose envelope says two things at once. Under a status that says nothing about the
/// request it has no meaning at all.
fn disagreeing(answer: &RawResponse) -> ResponseError {
    let status = answer.status();
    if answer.is_success() {
        return ResponseError::Unreadable("has a member twice, with different values");
    }
    let body_decides = (400..500).contains(&status) && !matches!(status, 408 | 429);
    ServiceError {
        has_run: true,
        kind: body_decides.then_some(CodeKind::Other),
        ..ServiceError::default()
    }
    .into()
}

/// "No such record" is a value only under the status that is documented for its code, and only if
/// nothing else in the answer contradicts it.
fn refused(
    mut refusal: ServiceError,
    answer: &RawResponse,
    info: &OperationInfo,
) -> Result<(PayloadSpan, Option<String>), ResponseError> {
    let no_record = no_record(&refusal, info);
    let documented = no_record.is_some_and(|known| known.status == Some(answer.status()));
    if reports_success(answer.text(), info) {
        refusal.has_run = true;
        if documented {
            refusal.kind = Some(CodeKind::Other);
        }
    } else if documented {
        return Ok((PayloadSpan::NoRecord, refusal.request_id));
    }
    Err(refusal.into())
}

/// The entry of a code that means "no such record".
fn no_record(refusal: &ServiceError, info: &OperationInfo) -> Option<&'static ErrorCode> {
    let code = refusal.code.as_deref()?;
    info.no_record
        .contains(&code)
        .then(|| info.error_code(code))?
}

/// Why "no such record" is an error here.
pub(crate) fn no_value(
    refusal: &ServiceError,
    answer: &RawResponse,
    info: &OperationInfo,
) -> Option<String> {
    let status = no_record(refusal, info)?.status;
    Some(match status {
        Some(status) if status == answer.status() => {
            "\"no such record\" contradicts the rest of the answer".to_owned()
        }
        Some(status) => format!("\"no such record\" is documented under HTTP {status} only"),
        None => "no HTTP status is documented for \"no such record\"".to_owned(),
    })
}

/// What is wrong with an answer before its envelope is looked into.
fn unreadable(answer: &RawResponse) -> Option<&'static str> {
    let encoded = answer
        .header("content-encoding")
        .is_some_and(|e| !e.trim().eq_ignore_ascii_case("identity"));
    if encoded {
        return Some("has a content-encoding that was not asked for");
    }
    let charset = answer.header("content-type").and_then(|content_type| {
        content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        })
    });
    if charset.is_some_and(|charset| {
        !matches!(
            charset.as_str(),
            "" | "utf-8" | "utf8" | "us-ascii" | "ascii"
        )
    }) {
        return Some("is in a charset that is not UTF-8");
    }
    answer.text().trim().is_empty().then_some("is empty")
}

/// Whether only the body tells what became of the operation: under a status of success, under one
/// that comes with codes of every kind, and under every refusal if "no such record" may be one.
pub(crate) fn status_tells_nothing(answer: &RawResponse, info: &OperationInfo) -> bool {
    let refused = (400..500).contains(&answer.status()) && answer.status() != 429;
    by_status(answer.status()).kind == ErrorKind::Service || (refused && !info.no_record.is_empty())
}

pub(crate) fn is_complete(answer: &RawResponse) -> bool {
    let read = serde_json::from_str::<serde::de::IgnoredAny>(answer.text());
    !read.is_err_and(|error| error.is_eof())
}

pub(crate) struct Verdict {
    pub(crate) kind: ErrorKind,
    pub(crate) outcome: Outcome,
    pub(crate) may_have_run: bool,
}

fn verdict(kind: ErrorKind, outcome: Outcome, may_have_run: bool) -> Verdict {
    Verdict {
        kind,
        outcome,
        may_have_run,
    }
}

/// What a documented code means.
pub(crate) fn by_code(
    kind: CodeKind,
    status: u16,
    clock: impl FnOnce() -> Passing,
    token: impl FnOnce() -> Passing,
) -> Verdict {
    let refused = |kind| verdict(kind, Outcome::Final, false);
    match kind {
        CodeKind::Auth => refused(ErrorKind::Auth),
        CodeKind::Permission => refused(ErrorKind::Permission),
        CodeKind::InvalidRequest => refused(ErrorKind::InvalidRequest),
        CodeKind::NotFound => refused(ErrorKind::NotFound),
        CodeKind::Quota => refused(ErrorKind::Quota),
        CodeKind::Throttled => verdict(
            ErrorKind::Throttled,
            Outcome::Refused(Passing::Throttled),
            false,
        ),
        CodeKind::Clock => verdict(ErrorKind::Clock, Outcome::Refused(clock()), false),
        CodeKind::Token => verdict(ErrorKind::Auth, Outcome::Refused(token()), false),
        // An earlier request with this nonce was accepted, so something may have run.
        CodeKind::Nonce => verdict(ErrorKind::Auth, Outcome::Refused(Passing::Nonce), true),
        CodeKind::Server => verdict(ErrorKind::Server, Outcome::Unknown, true),
        CodeKind::NoData => verdict(ErrorKind::NotFound, Outcome::Final, true),
        CodeKind::Other => {
            let outcome = if status >= 500 {
                Outcome::Unknown
            } else {
                Outcome::Final
            };
            verdict(ErrorKind::Service, outcome, true)
        }
    }
}

/// What an HTTP status means when there is no code, or an unknown one.
pub(crate) fn by_status(status: u16) -> Verdict {
    let refused = |kind| verdict(kind, Outcome::Final, false);
    match status {
        401 => refused(ErrorKind::Auth),
        403 => refused(ErrorKind::Permission),
        404 | 405 => refused(ErrorKind::NotFound),
        413 | 414 | 415 | 431 => refused(ErrorKind::InvalidRequest),
        429 => verdict(
            ErrorKind::Throttled,
            Outcome::Refused(Passing::Throttled),
            false,
        ),
        300..400 => verdict(ErrorKind::Redirect, Outcome::Final, true),
        408 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        200..300 | 400..500 => verdict(ErrorKind::Service, Outcome::Final, true),
        500..600 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        _ => verdict(ErrorKind::Protocol, Outcome::Final, true),
    }
}

/// Whether trying again later is reasonable and safe.
pub(crate) fn retryable(outcome: Outcome, info: &OperationInfo) -> bool {
    match outcome {
        Outcome::NotSent | Outcome::Refused(Passing::Throttled) => true,
        Outcome::Unknown | Outcome::Refused(Passing::Nonce) => info.repeatable(),
        Outcome::Refused(Passing::Clock { corrected }) => corrected,
        Outcome::Refused(Passing::Token { renewable }) => renewable,
        Outcome::Final => false,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::operation::{Method, Service};

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> RawResponse {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        RawResponse::new(status, HeaderMap::from_iter(headers), body.as_bytes())
    }

    static SERVICE: Service = Service::new("p", "s", "h");

    #[test]
    fn what_a_status_means() {
        use ErrorKind::*;
        use Outcome::{Final, Unknown};
        let throttled = Outcome::Refused(Passing::Throttled);
        for (statuses, kind, outcome, may_have_run) in [
            (&[401][..], Auth, Final, false),
            (&[403], Permission, Final, false),
            (&[404, 405], NotFound, Final, false),
            (&[413, 414, 415, 431], InvalidRequest, Final, false),
            (&[429], Throttled, throttled, false),
            (
                &[300, 301, 302, 303, 304, 307, 308, 399],
                Redirect,
                Final,
                true,
            ),
            (&[408, 500, 502, 503, 504, 599], Server, Unknown, true),
            (&[200, 204, 400, 402, 418, 499], Service, Final, true),
            (&[101, 199, 600, 999], Protocol, Final, true),
        ] {
            for status in statuses {
                let verdict = by_status(*status);
                assert_eq!(
                    (verdict.kind, verdict.outcome, verdict.may_have_run),
                    (kind, outcome, may_have_run),
                    "{status}"
                );
                let (lost, info) = (
                    answer(*status, &[], ""),
                    OperationInfo::new(&SERVICE, "O", Method::Post, "/"),
                );
                assert_eq!(
                    status_tells_nothing(&lost, &info),
                    kind == Service,
                    "{status}"
                );
                // Where "no such record" may be said under a refusal, only the body tells which.
                let with_no_record = info.no_record(&["NONE"]);
                let refused = matches!(kind, Auth | Permission | NotFound | InvalidRequest);
                let nothing = status_tells_nothing(&lost, &with_no_record);
                assert_eq!(
                    nothing,
                    kind == Service || refused || *status == 408,
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn what_a_code_means() {
        use Outcome::{Final, Refused, Unknown};
        let clock = Passing::Clock { corrected: true };
        let token = Passing::Token { renewable: true };
        for (code, status, kind, outcome, may_have_run) in [
            (CodeKind::Auth, 200, ErrorKind::Auth, Final, false),
            (
                CodeKind::Permission,
                400,
                ErrorKind::Permission,
                Final,
                false,
            ),
            (
                CodeKind::InvalidRequest,
                500,
                ErrorKind::InvalidRequest,
                Final,
                false,
            ),
            (CodeKind::NotFound, 200, ErrorKind::NotFound, Final, false),
            (CodeKind::Quota, 403, ErrorKind::Quota, Final, false),
            (
                CodeKind::Throttled,
                403,
                ErrorKind::Throttled,
                Refused(Passing::Throttled),
                false,
            ),
            (
                CodeKind::Clock,
                200,
                ErrorKind::Clock,
                Refused(clock),
                false,
            ),
            (CodeKind::Token, 401, ErrorKind::Auth, Refused(token), false),
            (
                CodeKind::Nonce,
                400,
                ErrorKind::Auth,
                Refused(Passing::Nonce),
                true,
            ),
            (CodeKind::Server, 200, ErrorKind::Server, Unknown, true),
            (CodeKind::NoData, 400, ErrorKind::NotFound, Final, true),
            (CodeKind::Other, 400, ErrorKind::Service, Final, true),
            (CodeKind::Other, 503, ErrorKind::Service, Unknown, true),
        ] {
            let verdict = by_code(code, status, || clock, || token);
            assert_eq!(
                (verdict.kind, verdict.outcome, verdict.may_have_run),
                (kind, outcome, may_have_run),
                "{code:?} {status}"
            );
        }
    }

    #[test]
    fn what_may_be_tried_later() {
        const WRITE: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
        const READ: OperationInfo = WRITE.reads();
        for (outcome, read, write) in [
            (Outcome::NotSent, true, true),
            (Outcome::Refused(Passing::Throttled), true, true),
            (Outcome::Refused(Passing::Nonce), true, false),
            (
                Outcome::Refused(Passing::Clock { corrected: false }),
                false,
                false,
            ),
            (
                Outcome::Refused(Passing::Clock { corrected: true }),
                true,
                true,
            ),
            (
                Outcome::Refused(Passing::Token { renewable: false }),
                false,
                false,
            ),
            (
                Outcome::Refused(Passing::Token { renewable: true }),
                true,
                true,
            ),
            (Outcome::Unknown, true, false),
            (Outcome::Final, false, false),
        ] {
            assert_eq!(retryable(outcome, &READ), read, "{outcome:?}");
            assert_eq!(retryable(outcome, &WRITE), write, "{outcome:?}");
            assert_eq!(retryable(outcome, &READ.metered()), write, "{outcome:?}");
        }
    }

    #[test]
    fn what_is_no_plain_json_is_told_before_it_is_looked_into() {
        for (headers, body, problem) in [
            (&[][..], "{}", None),
            (&[("content-encoding", "identity")], "{}", None),
            (
                &[("content-encoding", "gzip")],
                "{}",
                Some("has a content-encoding"),
            ),
            (
                &[("content-type", "application/json; charset=\"UTF-8\"")],
                "{}",
                None,
            ),
            (
                &[("content-type", "text/json;charset=us-ascii")],
                "{}",
                None,
            ),
            (
                &[("content-type", "application/json; charset=GBK")],
                "{}",
                Some("is in a charset"),
            ),
            (
                &[("content-type", "application/json;charset=utf-16")],
                "{}",
                Some("is in a charset"),
            ),
            (&[], "", Some("is empty")),
            (
                &[],
                " 
",
                Some("is empty"),
            ),
        ] {
            let told = unreadable(&answer(200, headers, body));
            match problem {
                Some(problem) => assert!(told.unwrap().starts_with(problem), "{headers:?}"),
                None => assert_eq!(told, None, "{headers:?}"),
            }
        }
    }
}
